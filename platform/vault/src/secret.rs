//! Secrets of API clients: made here, shown once, stored as argon2id hashes.
//!
//! Invariant: the plain secret is never stored. Parameters are the library's defaults
//! (19 MiB, 2 passes: OWASP's first choice for argon2id); a hash carries its own, so that they
//! can grow later.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use data_encoding::BASE64URL_NOPAD;
use secrecy::ExposeSecret;

use crate::{VaultError, random_key};

/// A new secret: 32 random bytes as 43 characters of base64url.
///
/// # Errors
/// `Crypto` without randomness.
pub fn random_secret() -> Result<String, VaultError> {
    Ok(BASE64URL_NOPAD.encode(random_key()?.expose_secret()))
}

/// The argon2id hash of `secret` as PHC text with a random salt. Takes tens of milliseconds.
///
/// # Errors
/// `Crypto` without randomness.
pub fn hash_secret(secret: &str) -> Result<String, VaultError> {
    Argon2::default()
        .hash_password(secret.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|_| VaultError::Crypto("hash a secret"))
}

/// Whether `secret` is the one that `hash` was made from. Takes tens of milliseconds, right or
/// wrong; call it with any hash for an unknown client too, so that time does not tell.
///
/// # Errors
/// `HashForm` if `hash` is not PHC text.
pub fn verify_secret(secret: &str, hash: &str) -> Result<bool, VaultError> {
    let hash = PasswordHash::new(hash).map_err(|_| VaultError::HashForm)?;
    Ok(Argon2::default()
        .verify_password(secret.as_bytes(), &hash)
        .is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_secret_passes() {
        let secret = random_secret().unwrap();
        assert_eq!(secret.len(), 43);
        assert_ne!(secret, random_secret().unwrap());
        let hash = hash_secret(&secret).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(!hash.contains(&secret));
        assert!(verify_secret(&secret, &hash).unwrap());
        assert!(!verify_secret("wrong", &hash).unwrap());
        assert!(matches!(
            verify_secret("x", "plain"),
            Err(VaultError::HashForm)
        ));
    }
}
