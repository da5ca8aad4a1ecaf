//! The sealed form of an object, version 1:
//!
//! ```text
//! "TRBV" | 1 | key version u32 BE | salt 32 | commitment 32 | chunk*
//! chunk  = AES-256-GCM(64 KiB of plain text, the last one 0 to 64 KiB) with its 16 byte tag
//! nonce  = 7 zero bytes | chunk number u32 BE | 1 if last else 0
//! aad    = header | tenant | kind | object | key version, each with its length in front
//! ```
//!
//! The data key and the commitment come from HKDF-SHA-256 over the tenant's key with the random
//! salt; the same context is the `info`. A data key is used for one object only, so the counting
//! nonce never repeats. The counter and the last flag make cutting, joining and reordering fail;
//! the commitment (GCM itself does not commit to its key) makes a second key that opens the same
//! bytes infeasible. On opening, the context is what the caller expects, never what the bytes say.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretBox};

use crate::{KEY_BYTES, Key, VaultError};

const MAGIC: &[u8; 5] = b"TRBV\x01";
const SALT_BYTES: usize = 32;
const COMMITMENT_BYTES: usize = 32;
const HEADER_BYTES: usize = MAGIC.len() + 4 + SALT_BYTES + COMMITMENT_BYTES;
const CHUNK_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const LABEL: &[u8] = b"tributary vault object 1";

/// What a sealed object is bound to.
pub(crate) struct Context<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) object: &'a str,
    pub(crate) key_version: u32,
}

impl Context<'_> {
    pub(crate) fn form(&self, reason: &'static str) -> VaultError {
        VaultError::Form {
            kind: self.kind.to_owned(),
            object: self.object.to_owned(),
            reason,
        }
    }

    fn refused(&self) -> VaultError {
        VaultError::Refused {
            kind: self.kind.to_owned(),
            object: self.object.to_owned(),
        }
    }

    /// Unambiguous: every part carries its length.
    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        let version = self.key_version.to_be_bytes();
        let parts: [&[u8]; 4] = [
            self.tenant.as_bytes(),
            self.kind.as_bytes(),
            self.object.as_bytes(),
            &version,
        ];
        for part in parts {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part);
        }
        out
    }
}

/// 64 bytes from HKDF: data key and commitment.
struct Material;

impl KeyType for Material {
    fn len(&self) -> usize {
        KEY_BYTES + COMMITMENT_BYTES
    }
}

struct ObjectKey {
    key: LessSafeKey,
    commitment: [u8; COMMITMENT_BYTES],
}

fn derive(root: &Key, salt: &[u8], context: &[u8]) -> Result<ObjectKey, VaultError> {
    let failed = |_| VaultError::Crypto("derive a key");
    let info = [LABEL, context];
    let mut material = SecretBox::new(Box::new([0_u8; KEY_BYTES + COMMITMENT_BYTES]));
    Salt::new(HKDF_SHA256, salt)
        .extract(root.expose_secret())
        .expand(&info, Material)
        .and_then(|okm| {
            use secrecy::ExposeSecretMut;
            okm.fill(material.expose_secret_mut())
        })
        .map_err(failed)?;
    let (key, commitment) = material.expose_secret().split_at(KEY_BYTES);
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(failed)?;
    let mut committed = [0_u8; COMMITMENT_BYTES];
    committed.copy_from_slice(commitment);
    Ok(ObjectKey {
        key: LessSafeKey::new(key),
        commitment: committed,
    })
}

fn nonce(number: u32, last: bool) -> Nonce {
    let mut bytes = [0_u8; 12];
    for (slot, byte) in bytes.iter_mut().skip(7).zip(number.to_be_bytes()) {
        *slot = byte;
    }
    if let Some(flag) = bytes.last_mut() {
        *flag = u8::from(last);
    }
    Nonce::assume_unique_for_key(bytes)
}

pub(crate) fn seal(root: &Key, context: &Context<'_>, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let failed = |_| VaultError::Crypto("seal");
    let mut salt = [0_u8; SALT_BYTES];
    aws_lc_rs::rand::fill(&mut salt).map_err(failed)?;
    let bound = context.bytes();
    let object = derive(root, &salt, &bound)?;

    let chunks = plain.len().div_ceil(CHUNK_BYTES).max(1);
    let mut out = Vec::with_capacity(HEADER_BYTES + plain.len() + chunks * TAG_BYTES);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&context.key_version.to_be_bytes());
    out.extend_from_slice(&salt);
    out.extend_from_slice(&object.commitment);
    let aad = [out.as_slice(), bound.as_slice()].concat();

    let mut rest = plain;
    let mut number = 0_u32;
    loop {
        let (chunk, after) = rest.split_at(rest.len().min(CHUNK_BYTES));
        let last = after.is_empty();
        let start = out.len();
        out.extend_from_slice(chunk);
        let body = out.get_mut(start..).unwrap_or_default();
        let tag = object
            .key
            .seal_in_place_separate_tag(nonce(number, last), Aad::from(&aad), body)
            .map_err(failed)?;
        out.extend_from_slice(tag.as_ref());
        if last {
            return Ok(out);
        }
        rest = after;
        // 2^32 chunks are 256 TiB
        number = number
            .checked_add(1)
            .ok_or(VaultError::Crypto("seal so many bytes"))?;
    }
}

pub(crate) fn open(
    root: &Key,
    context: &Context<'_>,
    sealed: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let (header, mut rest) = sealed
        .split_at_checked(HEADER_BYTES)
        .ok_or_else(|| context.form("it is too short"))?;
    let fields = header
        .strip_prefix(MAGIC)
        .ok_or_else(|| context.form("it does not start with TRBV version 1"))?;
    let (version, fields) = fields.split_at(4);
    if version != context.key_version.to_be_bytes() {
        return Err(context.form("it was sealed with another key version"));
    }
    let (salt, commitment) = fields.split_at(SALT_BYTES);
    let bound = context.bytes();
    let object = derive(root, salt, &bound)?;
    if verify_slices_are_equal(commitment, &object.commitment).is_err() {
        return Err(context.refused());
    }
    let aad = [header, bound.as_slice()].concat();

    let mut plain = Vec::with_capacity(rest.len());
    let mut number = 0_u32;
    loop {
        let (chunk, after) = rest.split_at(rest.len().min(CHUNK_BYTES + TAG_BYTES));
        let last = after.is_empty();
        let start = plain.len();
        plain.extend_from_slice(chunk);
        let body = plain.get_mut(start..).unwrap_or_default();
        let opened = object
            .key
            .open_in_place(nonce(number, last), Aad::from(&aad), body)
            .map_err(|_| context.refused())?
            .len();
        plain.truncate(start + opened);
        if last {
            return Ok(plain);
        }
        rest = after;
        number = number.checked_add(1).ok_or_else(|| context.refused())?;
    }
}

pub(crate) fn fingerprint(root: &Key, context: &Context<'_>, plain: &[u8]) -> [u8; 32] {
    // a key of its own for this purpose, so that a fingerprint says nothing about data keys
    let root_key = hmac::Key::new(hmac::HMAC_SHA256, root.expose_secret());
    let purpose = hmac::sign(&root_key, b"tributary vault fingerprint 1");
    let key = hmac::Key::new(hmac::HMAC_SHA256, purpose.as_ref());
    let mut signing = hmac::Context::with_key(&key);
    signing.update(&context.bytes());
    signing.update(plain);
    let mut out = [0_u8; 32];
    for (slot, byte) in out.iter_mut().zip(signing.sign().as_ref()) {
        *slot = *byte;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random_key;

    const CONTEXT: Context<'static> = Context {
        tenant: "acme",
        kind: "lake",
        object: "a/b",
        key_version: 1,
    };

    #[test]
    fn any_length_comes_back() {
        let key = random_key().unwrap();
        for len in [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            3 * CHUNK_BYTES,
        ] {
            let plain: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let sealed = seal(&key, &CONTEXT, &plain).unwrap();
            assert_eq!(open(&key, &CONTEXT, &sealed).unwrap(), plain, "{len} bytes");
            assert_ne!(sealed, seal(&key, &CONTEXT, &plain).unwrap(), "salted");
        }
    }

    #[test]
    fn every_flipped_byte_of_header_and_chunk_is_refused() {
        let key = random_key().unwrap();
        let sealed = seal(&key, &CONTEXT, b"order 4711").unwrap();
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(open(&key, &CONTEXT, &altered).is_err(), "byte {place}");
        }
    }

    #[test]
    fn cut_swapped_and_repeated_chunks_are_refused() {
        let key = random_key().unwrap();
        let sealed = seal(&key, &CONTEXT, &vec![7; 3 * CHUNK_BYTES]).unwrap();
        let (header, body) = sealed.split_at(HEADER_BYTES);
        let chunks: Vec<&[u8]> = body.chunks(CHUNK_BYTES + TAG_BYTES).collect();
        assert_eq!(chunks.len(), 3);
        for order in [
            &[0][..],
            &[0, 1],
            &[1, 0, 2],
            &[0, 1, 1],
            &[0, 1, 2, 2],
            &[],
        ] {
            let mut altered = header.to_vec();
            for index in order {
                altered.extend_from_slice(chunks[*index]);
            }
            assert!(open(&key, &CONTEXT, &altered).is_err(), "{order:?}");
        }
    }

    #[test]
    fn another_context_or_key_is_refused_even_if_its_parts_join_to_the_same_text() {
        let key = random_key().unwrap();
        let sealed = seal(&key, &CONTEXT, b"x").unwrap();
        for (tenant, kind, object) in [
            ("other", "lake", "a/b"),
            ("acme", "connection", "a/b"),
            ("acme", "lake", "a/c"),
            ("acmelake", "", "a/b"),
            ("acme", "lakea", "/b"),
        ] {
            let context = Context {
                tenant,
                kind,
                object,
                key_version: 1,
            };
            let refused = open(&key, &context, &sealed);
            assert!(
                matches!(refused, Err(VaultError::Refused { .. })),
                "{tenant} {kind} {object}"
            );
        }
        let stranger = random_key().unwrap();
        assert!(matches!(
            open(&stranger, &CONTEXT, &sealed),
            Err(VaultError::Refused { .. })
        ));
    }

    #[test]
    fn fingerprints_tell_equal_from_different_only() {
        let key = random_key().unwrap();
        let one = fingerprint(&key, &CONTEXT, b"secret");
        assert_eq!(one, fingerprint(&key, &CONTEXT, b"secret"));
        assert_ne!(one, fingerprint(&key, &CONTEXT, b"secret2"));
        assert_ne!(
            one,
            fingerprint(&random_key().unwrap(), &CONTEXT, b"secret")
        );
    }
}
