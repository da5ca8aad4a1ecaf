//! The Ed25519 key pair of the platform's own tokens.
//!
//! Invariant: derived from the KEK, so there is no second secret file to guard, and a new key
//! file means new tokens. Deliberately absent: making and checking tokens (that is `api`).

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretSlice};

use crate::{KEY_BYTES, Key, VaultError};

const SALT: &[u8] = b"tributary vault";
const LABEL: &[u8] = b"token signing key, ed25519, 1";

/// Signs tokens; gives the key in the forms that JWT libraries take.
pub struct TokenSigner {
    kid: String,
    pkcs8: SecretSlice<u8>,
    public: Vec<u8>,
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSigner({})", self.kid)
    }
}

struct Seed;

impl KeyType for Seed {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

impl TokenSigner {
    pub(crate) fn derive(kek: &Key) -> Result<Self, VaultError> {
        let failed = |_| VaultError::Crypto("derive the token signing key");
        let mut seed = SecretBox::new(Box::new([0_u8; KEY_BYTES]));
        Salt::new(HKDF_SHA256, SALT)
            .extract(kek.expose_secret())
            .expand(&[LABEL], Seed)
            .and_then(|okm| okm.fill(seed.expose_secret_mut()))
            .map_err(failed)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose_secret())
            .map_err(|_| VaultError::Crypto("make the token signing key"))?;
        let pkcs8 = pair.to_pkcs8v1().map_err(failed)?;
        let public = pair.public_key().as_ref().to_vec();
        let digest = digest::digest(&digest::SHA256, &public);
        let mut kid = BASE64URL_NOPAD.encode(digest.as_ref());
        kid.truncate(16);
        Ok(Self {
            kid,
            pkcs8: SecretSlice::from(pkcs8.as_ref().to_vec()),
            public,
        })
    }

    /// Names the key in a token's header: 16 characters of the public key's SHA-256.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The private key, PKCS#8 v1 DER. Expose it only to hand it to the JWT library.
    #[must_use]
    pub fn pkcs8_der(&self) -> &SecretSlice<u8> {
        &self.pkcs8
    }

    /// The public key, 32 raw bytes.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// The public key as SubjectPublicKeyInfo DER.
    ///
    /// # Errors
    /// `Crypto` if the library fails.
    pub fn public_key_der(&self) -> Result<Vec<u8>, VaultError> {
        let failed = "encode the public key";
        let pair = Ed25519KeyPair::from_pkcs8(self.pkcs8.expose_secret())
            .map_err(|_| VaultError::Crypto(failed))?;
        let der = pair
            .public_key()
            .as_der()
            .map_err(|_| VaultError::Crypto(failed))?;
        Ok(der.as_ref().to_vec())
    }
}
