//! Signatures of connectors: Ed25519 over a statement of what is signed.
//!
//! Invariants: the signed bytes begin with a text that no other signature of the platform begins
//! with, and every part is preceded by its length, so that no two statements have the same bytes; a
//! key's id is made of the public key and is part of the statement.

use std::fmt;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use secrecy::ExposeSecret as _;

use crate::{VaultError, key_file};

/// What keeps these signatures apart from all others.
const DOMAIN: &[u8] = b"tributary connector signature 1\0";
const FILE: key_file::Form = key_file::Form {
    prefix: "tributary-publisher-key-1:",
    text: "tributary-publisher-key-1:<43 characters of base64url>",
};

/// What a publisher says about a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement<'a> {
    pub publisher: &'a str,
    /// id of the key
    pub key: &'a str,
    pub name: &'a str,
    pub version: &'a str,
    /// `sha256:…` of the component without its signature
    pub digest: &'a str,
    /// `sha256:…` of the manifest's bytes
    pub manifest_digest: &'a str,
}

impl Statement<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = DOMAIN.to_vec();
        for part in [
            self.publisher,
            self.key,
            self.name,
            self.version,
            self.digest,
            self.manifest_digest,
        ] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }
}

/// A publisher's key pair.
pub struct PublisherSigner {
    pair: Ed25519KeyPair,
}

impl fmt::Debug for PublisherSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublisherSigner({})", self.key_id())
    }
}

impl PublisherSigner {
    /// Reads the key of a file, or makes the file (mode 0600) when it does not exist.
    ///
    /// # Errors
    /// As [`crate::Vault::open_or_create`].
    pub fn open_or_create(path: &Path) -> Result<Self, VaultError> {
        let seed = key_file::open_or_create(path, &FILE)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose_secret())
            .map_err(|_| VaultError::Crypto("make the publisher's key"))?;
        Ok(Self { pair })
    }

    /// The public key, 32 bytes in base64url.
    #[must_use]
    pub fn public_key(&self) -> String {
        BASE64URL_NOPAD.encode(self.pair.public_key().as_ref())
    }

    /// Names the key.
    #[must_use]
    pub fn key_id(&self) -> String {
        key_id_of(self.pair.public_key().as_ref())
    }

    /// The signature, base64url.
    #[must_use]
    pub fn sign(&self, statement: &Statement<'_>) -> String {
        BASE64URL_NOPAD.encode(self.pair.sign(&statement.bytes()).as_ref())
    }
}

/// The id of a public key; `None` if the text is no such key.
#[must_use]
pub fn publisher_key_id(public_key: &str) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(public_key.as_bytes()).ok()?;
    (bytes.len() == 32).then(|| key_id_of(&bytes))
}

/// Whether `signature` is `public_key`'s over `statement`.
#[must_use]
pub fn statement_holds(public_key: &str, statement: &Statement<'_>, signature: &str) -> bool {
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    let (Some(key), Some(signature)) = (decode(public_key), decode(signature)) else {
        return false;
    };
    key_id_of(&key) == statement.key
        && UnparsedPublicKey::new(&ED25519, key)
            .verify(&statement.bytes(), &signature)
            .is_ok()
}

fn key_id_of(public_key: &[u8]) -> String {
    let mut id = BASE64URL_NOPAD.encode(digest(&SHA256, public_key).as_ref());
    id.truncate(16);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_holds_for_its_key_and_its_parts_only() {
        let folder = tempfile::tempdir().unwrap();
        let signer = PublisherSigner::open_or_create(&folder.path().join("a.key")).unwrap();
        let again = PublisherSigner::open_or_create(&folder.path().join("a.key")).unwrap();
        let other = PublisherSigner::open_or_create(&folder.path().join("b.key")).unwrap();
        assert_eq!(signer.public_key(), again.public_key());
        let (key, other_key) = (signer.key_id(), other.key_id());
        let statement = Statement {
            publisher: "acme",
            key: &key,
            name: "erp",
            version: "1.0.0",
            digest: "sha256:aa",
            manifest_digest: "sha256:bb",
        };
        let signature = signer.sign(&statement);
        let public = signer.public_key();
        assert!(statement_holds(&public, &statement, &signature));
        assert_eq!(publisher_key_id(&public), Some(key.clone()));
        let changed = [
            Statement {
                publisher: "acm",
                ..statement
            },
            Statement {
                key: &other_key,
                ..statement
            },
            Statement {
                name: "erp2",
                ..statement
            },
            Statement {
                version: "1.0.1",
                ..statement
            },
            Statement {
                digest: "sha256:ab",
                ..statement
            },
            Statement {
                manifest_digest: "sha256:bc",
                ..statement
            },
            // the same letters, cut elsewhere
            Statement {
                name: "erp1",
                version: ".0.0",
                ..statement
            },
        ];
        for changed in &changed {
            assert!(
                !statement_holds(&public, changed, &signature),
                "{changed:?}"
            );
        }
        assert!(!statement_holds(
            &other.public_key(),
            &statement,
            &signature
        ));
        assert!(!statement_holds("", &statement, &signature));
        assert!(!statement_holds(&public, &statement, ""));
        assert!(!statement_holds(&public, &statement, &signature[1..]));
        for at in 0..signature.len() {
            let mut wrong = signature.clone().into_bytes();
            wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(!statement_holds(&public, &statement, &wrong), "{at}");
        }
        assert!(!format!("{signer:?}").contains(&public));
    }
}
