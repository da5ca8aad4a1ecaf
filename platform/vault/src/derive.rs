//! Keys for single purposes, derived from the KEK (HKDF-SHA-256, RFC 5869).
//!
//! Invariant: the purpose is part of the derivation, so that no two purposes share a key and none
//! is the KEK.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use secrecy::ExposeSecret as _;

use crate::{KEY_BYTES, Key, VaultError};

const SALT: &[u8] = b"tributary vault";

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

pub(crate) fn derive(kek: &Key, purpose: &str) -> Result<[u8; KEY_BYTES], VaultError> {
    let mut key = [0_u8; KEY_BYTES];
    Salt::new(HKDF_SHA256, SALT)
        .extract(kek.expose_secret())
        .expand(&[b"purpose ", purpose.as_bytes()], Length)
        .and_then(|derived| derived.fill(&mut key))
        .map_err(|_| VaultError::Crypto("derive a key"))?;
    Ok(key)
}
