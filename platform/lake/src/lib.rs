//! Objects: compressed, sealed per tenant, immutable, in a local directory.
//!
//! Invariants: an object exists whole and durable under its key or not at all; nothing is ever
//! overwritten; a key names its tenant, and only that tenant's vault reads or writes it; no key
//! text leads out of the lake's folder ([`key`]). All file work runs on blocking threads.
//!
//! The ledger is the truth: an object without a ledger row is garbage of a crashed attempt, and
//! a row is written only after [`Lake::put`] has returned.
//!
//! What is larger than an object should be, files that customers send, lies in pieces ([`pieces`]).
//!
//! Deliberately absent: S3 (comes as a second place behind the same calls), listing and
//! retention. Only what a customer sent and takes back is removed ([`Lake::remove`]).

mod key;
mod local;
mod pieces;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tributary_model::id::TenantId;
use tributary_vault::{TenantVault, VaultError};

pub use key::{KeyError, Layer, ObjectFolder, ObjectKey, Sent};
pub use pieces::{PIECE_BYTES, PieceWriter};

/// `kind` under which objects are sealed.
const SEAL_KIND: &str = "lake";
/// Level 1: measured, higher levels cost more time than the disk they save.
const ZSTD_LEVEL: i32 = 1;

/// What can go wrong with an object.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The disk refused.
    #[error("could not {action} object {key:?}")]
    Io {
        /// `write`, `read`, …
        action: &'static str,
        /// the object
        key: String,
        /// why
        source: std::io::Error,
    },
    /// There is no such object.
    #[error("there is no object {0:?}")]
    Missing(String),
    /// Another content is stored under that key. Objects never change.
    #[error("object {0:?} exists with another content")]
    Exists(String),
    /// The key belongs to another tenant than the caller's.
    #[error("object {key:?} does not belong to tenant {tenant}")]
    Foreign {
        /// the object
        key: String,
        /// who asked
        tenant: TenantId,
    },
    /// The text is no key of the lake.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The object could not be sealed or opened.
    #[error("object {key:?} is not readable")]
    Vault {
        /// the object
        key: String,
        /// why
        source: VaultError,
    },
    /// The worker thread died; the object was not written or not read.
    #[error("the thread that worked on object {0:?} died")]
    Thread(String),
}

/// What a ledger row keeps about an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectInfo {
    /// the key's text
    pub key: String,
    /// length of the plain bytes
    pub bytes: u64,
    /// BLAKE3 of the plain bytes, 64 hex digits
    pub digest: String,
}

/// The object store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lake {
    local: Arc<local::Local>,
}

impl Lake {
    /// A lake in the folder `root`, which is made when the first object is put.
    #[must_use]
    pub fn local(root: PathBuf) -> Self {
        Self {
            local: Arc::new(local::Local::new(root)),
        }
    }

    /// Compresses, seals and stores `plain`; when it returns, the object survives a power
    /// failure. Putting the same content again is fine (a retry after a lost answer).
    ///
    /// # Errors
    /// `Foreign` if the vault is another tenant's, `Exists` if the key holds another content,
    /// `Io`, `Vault`, `Thread`.
    pub async fn put(
        &self,
        vault: &TenantVault,
        key: &ObjectKey,
        plain: Bytes,
    ) -> Result<ObjectInfo, LakeError> {
        check_tenant(key, vault.tenant())?;
        let (local, vault, key) = (Arc::clone(&self.local), vault.clone(), key.clone());
        let name = key.to_string();
        tokio::task::spawn_blocking(move || put_blocking(&local, &vault, &key, &plain))
            .await
            .map_err(|_| LakeError::Thread(name))?
    }

    /// The plain bytes of the object `key`, for `tenant`.
    ///
    /// # Errors
    /// `Key` if the text is no key, `Foreign` if it or the vault is another tenant's, `Missing`,
    /// `Vault` if the object was altered, `Io`, `Thread`.
    pub async fn get(
        &self,
        vault: &TenantVault,
        key: &str,
        tenant: &TenantId,
    ) -> Result<Bytes, LakeError> {
        let key = ObjectKey::parse(key)?;
        check_tenant(&key, tenant)?;
        check_tenant(&key, vault.tenant())?;
        let (local, vault) = (Arc::clone(&self.local), vault.clone());
        let name = key.to_string();
        tokio::task::spawn_blocking(move || get_blocking(&local, &vault, &key))
            .await
            .map_err(|_| LakeError::Thread(name))?
    }
}

impl Lake {
    /// Removes the object `key`; one that is not there is fine. The ledger must have stopped naming it.
    ///
    /// # Errors
    /// `Foreign` if it is another tenant's, `Io`, `Thread`.
    pub async fn remove(&self, tenant: &TenantId, key: &ObjectKey) -> Result<(), LakeError> {
        check_tenant(key, tenant)?;
        let (local, key) = (Arc::clone(&self.local), key.clone());
        let name = key.to_string();
        let removed = tokio::task::spawn_blocking(move || {
            local.remove(&key).map_err(|source| LakeError::Io {
                action: "remove",
                key: key.to_string(),
                source,
            })
        });
        removed.await.map_err(|_| LakeError::Thread(name))?
    }
}

fn check_tenant(key: &ObjectKey, tenant: &TenantId) -> Result<(), LakeError> {
    if key.tenant() == tenant {
        Ok(())
    } else {
        Err(LakeError::Foreign {
            key: key.to_string(),
            tenant: tenant.clone(),
        })
    }
}

fn put_blocking(
    local: &local::Local,
    vault: &TenantVault,
    key: &ObjectKey,
    plain: &[u8],
) -> Result<ObjectInfo, LakeError> {
    let io = |action, source| LakeError::Io {
        action,
        key: key.to_string(),
        source,
    };
    let info = ObjectInfo {
        key: key.to_string(),
        bytes: plain.len() as u64,
        digest: blake3::hash(plain).to_hex().to_string(),
    };
    let packed = zstd::bulk::compress(plain, ZSTD_LEVEL).map_err(|e| io("compress", e))?;
    let sealed = vault
        .seal(SEAL_KIND, key.as_str(), &packed)
        .map_err(|source| LakeError::Vault {
            key: key.to_string(),
            source,
        })?;
    match local.create(key, &sealed) {
        Ok(()) => Ok(info),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let stored = get_blocking(local, vault, key)?;
            if stored == plain {
                // the first writer may have died before its folder was durable
                local.sync_folder(key).map_err(|e| io("write", e))?;
                Ok(info)
            } else {
                Err(LakeError::Exists(key.to_string()))
            }
        }
        Err(e) => Err(io("write", e)),
    }
}

fn get_blocking(
    local: &local::Local,
    vault: &TenantVault,
    key: &ObjectKey,
) -> Result<Bytes, LakeError> {
    let sealed = local.read(key).map_err(|source| {
        if source.kind() == std::io::ErrorKind::NotFound {
            LakeError::Missing(key.to_string())
        } else {
            LakeError::Io {
                action: "read",
                key: key.to_string(),
                source,
            }
        }
    })?;
    let packed = vault
        .open(SEAL_KIND, key.as_str(), &sealed)
        .map_err(|source| LakeError::Vault {
            key: key.to_string(),
            source,
        })?;
    // whatever opens was compressed here, so its length needs no bound
    zstd::stream::decode_all(packed.as_slice())
        .map(Bytes::from)
        .map_err(|source| LakeError::Io {
            action: "decompress",
            key: key.to_string(),
            source,
        })
}
