//! Objects as files below one folder.
//!
//! Invariants: a file is written under a draft name, made durable, then linked to its key; the
//! link fails when the key exists, so nothing is replaced. Folders are durable before the call
//! returns. Drafts of a crashed process start with a dot, which no key part can.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::key::ObjectKey;

#[derive(Debug)]
pub(crate) struct Local {
    root: PathBuf,
    drafts: AtomicU64,
}

impl Local {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            drafts: AtomicU64::new(0),
        }
    }

    /// `AlreadyExists` if the key is taken.
    pub(crate) fn create(&self, key: &ObjectKey, bytes: &[u8]) -> io::Result<()> {
        let path = self.root.join(key.path());
        let folder = folder_of(&path)?;
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let draft = folder.join(format!(".draft-{}-{number}", std::process::id()));
        match write_draft(&draft, bytes) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                create_folders(folder)?;
                write_draft(&draft, bytes)?;
            }
            other => other?,
        }
        let linked = fs::hard_link(&draft, &path);
        // the draft goes whether or not the key was free
        let removed = fs::remove_file(&draft);
        linked.and(removed)?;
        sync(folder)
    }

    pub(crate) fn read(&self, key: &ObjectKey) -> io::Result<Vec<u8>> {
        fs::read(self.root.join(key.path()))
    }

    /// Fine if there is no such file. A folder that is empty then goes too.
    pub(crate) fn remove(&self, key: &ObjectKey) -> io::Result<()> {
        let path = self.root.join(key.path());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // not empty, or gone already: both are fine
        let _ = fs::remove_dir(folder_of(&path)?);
        Ok(())
    }

    pub(crate) fn sync_folder(&self, key: &ObjectKey) -> io::Result<()> {
        sync(folder_of(&self.root.join(key.path()))?)
    }
}

fn write_draft(draft: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = match options.open(draft) {
        // left by a process of the same number that crashed: nobody links it any more
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(draft)?;
            options.open(draft)?
        }
        other => other?,
    };
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes `folder` and the missing ones above, each durable in its parent.
fn create_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder_of(folder)?;
    create_folders(parent)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    sync(parent)
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(parent) => Ok(parent),
        None => Err(io::Error::new(
            ErrorKind::InvalidInput,
            "the path has no folder",
        )),
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
