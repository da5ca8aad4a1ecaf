//! The folder that a set of counterparts lives in: what clients must know (`counterparts.json`),
//! the host key, the files that the SFTP server serves.

use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// The file that tells how the counterparts are reached.
pub const FILE: &str = "counterparts.json";

/// `counterparts.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    pub taxman: HttpAccess,
    pub erp: HttpAccess,
    pub sftp: SftpAccess,
    pub pid: u32,
}

/// Access to an HTTP counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAccess {
    pub url: String,
    pub token: String,
}

/// Access to the SFTP server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SftpAccess {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    /// public key in OpenSSH form
    pub host_key: String,
}

impl HttpAccess {
    /// The port of `url`, 0 if it has none.
    #[must_use]
    pub fn port(&self) -> u16 {
        let port = self.url.rsplit(':').next();
        port.and_then(|port| port.parse().ok()).unwrap_or(0)
    }
}

impl Description {
    /// What the last counterparts in this folder left, if anything.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Writes the file so that a reader sees the old or the new one, never a part.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let part = path.with_extension("json.part");
        std::fs::write(&part, self.line()?)
            .and_then(|()| std::fs::rename(&part, path))
            .with_context(|| format!("could not write {}", path.display()))
    }

    /// The description as one line of JSON.
    ///
    /// # Errors
    /// Never in practice: the description is plain data.
    pub fn line(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }
}

/// Copies the files of `from` that are not in `to` or have another size there, so that a client
/// may rename and remove its copies and the originals stay.
///
/// # Errors
/// When a folder cannot be read or written.
pub fn copy_samples(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("could not make {}", to.display()))?;
    let entries = from.read_dir();
    for entry in entries.with_context(|| format!("could not read {}", from.display()))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let copy = to.join(entry.file_name());
        let same = copy
            .metadata()
            .is_ok_and(|copy| copy.len() == metadata.len());
        if metadata.is_file() && !same {
            std::fs::copy(entry.path(), &copy)
                .with_context(|| format!("could not write {}", copy.display()))?;
        }
    }
    Ok(())
}
