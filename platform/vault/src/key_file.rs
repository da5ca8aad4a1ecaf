//! Files that hold a key, the KEK for one: one line, a prefix such as `tributary-key-1:` and 32 bytes
//! in base64url.
//!
//! Invariants: made with mode 0600 and never replaced: a file that exists is read, whoever made
//! it; a file that group or others may read is refused.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret, SecretBox, SecretString};

use crate::{KEY_BYTES, Key, VaultError, random_key, random_secret};

/// How the line of a kind of key file looks.
pub(crate) struct Form {
    pub(crate) prefix: &'static str,
    /// in words, for errors
    pub(crate) text: &'static str,
}

/// The platform's key encryption key.
pub(crate) const PLATFORM: Form = Form {
    prefix: "tributary-key-1:",
    text: "tributary-key-1:<43 characters of base64url>",
};
/// More than a key file can be; keeps a wrong path (a device, a database) from being read in.
const MOST_BYTES: u64 = 4096;

pub(crate) fn open_or_create(path: &Path, form: &Form) -> Result<Key, VaultError> {
    match File::open(path) {
        Ok(file) => read(path, form, file),
        Err(source) if source.kind() == ErrorKind::NotFound => {
            create(path, form)?;
            // read back what is there now: another process may have been faster
            let file = File::open(path).map_err(|e| failed("read", path, e))?;
            read(path, form, file)
        }
        Err(source) => Err(failed("read", path, source)),
    }
}

fn read(path: &Path, form: &Form, file: File) -> Result<Key, VaultError> {
    // the mode of the opened file, not of the path: the path could be swapped in between
    let meta = file.metadata().map_err(|e| failed("read", path, e))?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::KeyFileOpen {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = String::new();
    file.take(MOST_BYTES)
        .read_to_string(&mut text)
        .map_err(|e| failed("read", path, e))?;
    let text = SecretString::from(text);
    parse(text.expose_secret(), form).ok_or_else(|| VaultError::KeyFileForm {
        path: path.to_owned(),
        expected: form.text,
    })
}

fn parse(text: &str, form: &Form) -> Option<Key> {
    let encoded = text.trim_end().strip_prefix(form.prefix)?;
    let bytes = SecretBox::new(
        BASE64URL_NOPAD
            .decode(encoded.as_bytes())
            .ok()?
            .into_boxed_slice(),
    );
    let key: [u8; KEY_BYTES] = bytes.expose_secret().as_ref().try_into().ok()?;
    Some(SecretBox::new(Box::new(key)))
}

/// Writes a new key beside `path` and links it there: never half a file, never over another one.
fn create(path: &Path, form: &Form) -> Result<(), VaultError> {
    let folder = folder_of(path);
    fs::create_dir_all(&folder).map_err(|e| failed("create the folder of", path, e))?;
    let key = random_key()?;
    let line = SecretString::from(format!(
        "{}{}\n",
        form.prefix,
        BASE64URL_NOPAD.encode(key.expose_secret())
    ));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // a random name: whoever starts at the same moment writes a draft of its own
    let draft = folder.join(format!(".{name}.{}", random_secret()?));
    let outcome = write_draft(&draft, line.expose_secret()).and_then(|()| {
        match fs::hard_link(&draft, path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    });
    // the draft has done its part whether or not the link worked
    let removed = fs::remove_file(&draft);
    outcome
        .and(removed)
        .and_then(|()| File::open(&folder)?.sync_all())
        .map_err(|e| failed("create", path, e))
}

fn write_draft(draft: &Path, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> VaultError {
    VaultError::KeyFile {
        action,
        path: path.to_owned(),
        source,
    }
}
