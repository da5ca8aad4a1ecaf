//! Keys, envelope encryption, signatures.
//!
//! One key encryption key (KEK) lies in a file outside the data directory; it wraps one key per
//! tenant; each sealed object gets a data key of its own, derived from the tenant's key and a
//! random salt. Whoever has the database and the lake, but not the key file, has noise.
//!
//! Invariants: no key and no plain text in `Debug`, `Display` or an error; sealed bytes open only
//! for the tenant, kind and object they were sealed for, whole and in order ([`seal`]); a key file
//! that others may read is refused ([`key_file`]).
//!
//! Deliberately absent: key rotation and KMS (the formats carry a key version for them), and
//! every network call. The functions are CPU work: argon2 ([`hash_secret`]) takes tens of
//! milliseconds, so async callers move it to a blocking thread.

mod derive;
mod key_file;
mod publisher;
mod seal;
mod secret;
mod signer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret, SecretBox};
use tributary_model::id::TenantId;

pub use publisher::{PublisherSigner, Statement, publisher_key_id, statement_holds};
pub use secret::{hash_secret, random_secret, verify_secret};
pub use signer::TokenSigner;

/// Length of every symmetric key here, bytes (AES-256).
const KEY_BYTES: usize = 32;
/// Version of tenant keys; grows with rotation.
const KEY_VERSION: u32 = 1;
/// `kind` of a wrapped tenant key in the sealed form.
const TENANT_KEY: &str = "tenant-key";

type Key = SecretBox<[u8; KEY_BYTES]>;

/// What can go wrong with keys and sealed bytes. No variant carries key or plain bytes.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key file cannot be read or made.
    #[error("could not {action} the key file {path}")]
    KeyFile {
        /// `read`, `create`, …
        action: &'static str,
        /// the file
        path: PathBuf,
        /// why
        source: std::io::Error,
    },
    /// Group or others may read the key file.
    #[error(
        "the key file {path} has mode {mode:04o}: others may read it; run chmod 600 on it and, if it was exposed, replace it"
    )]
    KeyFileOpen {
        /// the file
        path: PathBuf,
        /// its permission bits
        mode: u32,
    },
    /// The key file does not hold a key.
    #[error("the key file {path} does not hold a key of the form {expected}")]
    KeyFileForm {
        /// the file
        path: PathBuf,
        /// the form in words
        expected: &'static str,
    },
    /// The bytes are no sealed object, or one of a newer version.
    #[error("the sealed {kind} {object:?} has an unknown form: {reason}")]
    Form {
        /// what was opened
        kind: String,
        /// its name
        object: String,
        /// what is wrong with the form
        reason: &'static str,
    },
    /// Another key, another tenant, another object, or changed bytes. Which one cannot be told.
    #[error(
        "the sealed {kind} {object:?} could not be opened: it was altered, or sealed with another key or for another object"
    )]
    Refused {
        /// what was opened
        kind: String,
        /// its name
        object: String,
    },
    /// The crypto library failed, for example without randomness.
    #[error("the crypto library failed to {0}")]
    Crypto(&'static str),
    /// A stored secret hash cannot be read.
    #[error("the stored hash of a client secret has an unknown form")]
    HashForm,
}

/// A tenant's key, sealed with the KEK. Safe to store beside the data.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey(String);

impl WrappedKey {
    /// Takes the text back from the database; it is checked when it is used.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrappedKey(..)")
    }
}

/// The key encryption key. Held by the platform's own process only.
pub struct Vault {
    kek: Key,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl Vault {
    /// Reads the KEK from `key_file`, or makes the file (mode 0600, 32 random bytes, written
    /// as text) when it does not exist. Two processes that start at once end with the same key.
    ///
    /// # Errors
    /// `KeyFile`, `KeyFileOpen`, `KeyFileForm` as described there.
    pub fn open_or_create(key_file: &Path) -> Result<Self, VaultError> {
        Ok(Self {
            kek: key_file::open_or_create(key_file, &key_file::PLATFORM)?,
        })
    }

    /// A new random key for `tenant`, wrapped for storage.
    ///
    /// # Errors
    /// `Crypto` without randomness.
    pub fn new_tenant_key(&self, tenant: &TenantId) -> Result<WrappedKey, VaultError> {
        let key = random_key()?;
        let context = self.wrap_context(tenant);
        let sealed = seal::seal(&self.kek, &context, key.expose_secret())?;
        Ok(WrappedKey(BASE64URL_NOPAD.encode(&sealed)))
    }

    /// Unwraps the tenant's key.
    ///
    /// # Errors
    /// `Form` or `Refused` when `wrapped` is not this tenant's key under this KEK.
    pub fn tenant(
        &self,
        tenant: &TenantId,
        wrapped: &WrappedKey,
    ) -> Result<TenantVault, VaultError> {
        let context = self.wrap_context(tenant);
        let sealed = BASE64URL_NOPAD
            .decode(wrapped.0.as_bytes())
            .map_err(|_| context.form("the text is not base64url"))?;
        let plain = SecretBox::new(seal::open(&self.kek, &context, &sealed)?.into_boxed_slice());
        let key: [u8; KEY_BYTES] = plain
            .expose_secret()
            .as_ref()
            .try_into()
            .map_err(|_| context.form("the key is not 32 bytes long"))?;
        Ok(TenantVault {
            tenant: tenant.clone(),
            key: Arc::new(SecretBox::new(Box::new(key))),
        })
    }

    /// The key pair that signs the platform's own tokens, derived from the KEK: the same after
    /// each start and on each node that has the key file.
    ///
    /// # Errors
    /// `Crypto` if the library fails.
    pub fn token_signer(&self) -> Result<TokenSigner, VaultError> {
        TokenSigner::derive(&self.kek)
    }

    /// A key of its own for `purpose`, for example to authenticate a cache: the same after each
    /// start, and useless for anything else.
    ///
    /// # Errors
    /// `Crypto` if the library fails.
    pub fn derived_key(&self, purpose: &str) -> Result<[u8; KEY_BYTES], VaultError> {
        derive::derive(&self.kek, purpose)
    }

    fn wrap_context<'a>(&self, tenant: &'a TenantId) -> seal::Context<'a> {
        seal::Context {
            tenant: tenant.as_str(),
            kind: TENANT_KEY,
            object: tenant.as_str(),
            key_version: KEY_VERSION,
        }
    }
}

/// One tenant's key. A clone shares the key's memory, which is wiped with the last one.
#[derive(Clone)]
pub struct TenantVault {
    tenant: TenantId,
    key: Arc<Key>,
}

impl fmt::Debug for TenantVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantVault({})", self.tenant)
    }
}

impl TenantVault {
    /// Whose key it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Seals `plain` for this tenant, `kind` (for example `connection` or `lake`) and `object`
    /// (its name). The result is 75 bytes plus 16 per 64 KiB longer and differs each time.
    ///
    /// # Errors
    /// `Crypto` without randomness.
    pub fn seal(&self, kind: &str, object: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        seal::seal(&self.key, &self.context(kind, object), plain)
    }

    /// Opens what [`Self::seal`] made for the same kind and object.
    ///
    /// # Errors
    /// `Form` if the bytes are no sealed object, `Refused` if they are not this one.
    pub fn open(&self, kind: &str, object: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        seal::open(&self.key, &self.context(kind, object), sealed)
    }

    /// A keyed digest of `plain`: tells whether two secrets are equal without telling which.
    /// Meaningless without the tenant's key.
    #[must_use]
    pub fn fingerprint(&self, kind: &str, object: &str, plain: &[u8]) -> [u8; 32] {
        seal::fingerprint(&self.key, &self.context(kind, object), plain)
    }

    fn context<'a>(&'a self, kind: &'a str, object: &'a str) -> seal::Context<'a> {
        seal::Context {
            tenant: self.tenant.as_str(),
            kind,
            object,
            key_version: KEY_VERSION,
        }
    }
}

fn random_key() -> Result<Key, VaultError> {
    let mut key = Box::new([0_u8; KEY_BYTES]);
    aws_lc_rs::rand::fill(key.as_mut()).map_err(|_| VaultError::Crypto("make a key"))?;
    Ok(SecretBox::new(key))
}
