//! Compiled components on disk. Loading native code means running it, so each file carries a MAC
//! over (digest of the component, engine fingerprint, code) under a key that is not in the folder.
//! A file that does not verify is passed over and written anew.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::config::HostError;

const MAC_BYTES: usize = 32;

pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; 32],
}

impl Cache {
    pub(crate) fn open(folder: &Path, key: [u8; 32]) -> Result<Self, HostError> {
        std::fs::create_dir_all(folder).map_err(|source| HostError::Cache {
            path: folder.to_owned(),
            source,
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            key,
        })
    }

    /// The compiled component, if it is there and ours.
    pub(crate) fn get(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let fingerprint = fingerprint(engine);
        let file = std::fs::read(self.path(digest, fingerprint)).ok()?;
        let (mac, code) = file.split_at_checked(MAC_BYTES)?;
        let expected = self.mac(digest, fingerprint, code);
        let given: [u8; MAC_BYTES] = mac.try_into().ok()?;
        // blake3's comparison takes the same time wherever the difference is.
        if expected != blake3::Hash::from_bytes(given) {
            tracing::warn!(
                connector.digest = digest,
                "compiled component not authentic, compiling anew"
            );
            return None;
        }
        publish(engine, code).ok()
    }

    /// Keeps a compiled component; a full disk only costs the next start some time.
    pub(crate) fn put(&self, engine: &Engine, digest: &str, code: &[u8]) {
        let fingerprint = fingerprint(engine);
        let mac = self.mac(digest, fingerprint, code);
        let path = self.path(digest, fingerprint);
        let scratch = path.with_extension(format!("{}.tmp", std::process::id()));
        let written = std::fs::File::create(&scratch)
            .and_then(|mut file| {
                file.write_all(mac.as_bytes())?;
                file.write_all(code)
            })
            .and_then(|()| std::fs::rename(&scratch, &path));
        if let Err(reason) = written {
            tracing::warn!(
                connector.digest = digest,
                %reason,
                "compiled component not kept"
            );
        }
    }

    fn path(&self, digest: &str, fingerprint: u64) -> PathBuf {
        let digest = digest.replace(':', "-");
        self.folder
            .join(format!("{digest}-{fingerprint:016x}.cwasm"))
    }

    fn mac(&self, digest: &str, fingerprint: u64, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(digest.len() as u64).to_le_bytes());
        hasher.update(digest.as_bytes());
        hasher.update(&fingerprint.to_le_bytes());
        hasher.update(code);
        hasher.finalize()
    }
}

/// Makes native code runnable. Only for code that this host's compiler gave, or that the cache found
/// to be so: anything else would run in our name.
pub(crate) fn publish(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    #[expect(
        unsafe_code,
        reason = "the two callers show that this host's compiler gave these very bytes"
    )]
    unsafe {
        Component::deserialize(engine, code)
    }
}

/// Changes with wasmtime's version, its settings and the processor's features.
fn fingerprint(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}
