//! Hashes and keyed hashes, and how they are written.

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use tributary_model::http_auth::{DigestEncoding, HmacAlgorithm};

pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

pub(super) fn sha512(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA512, bytes).as_ref().to_vec()
}

pub(super) fn hmac(algorithm: HmacAlgorithm, key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let algorithm = match algorithm {
        HmacAlgorithm::Sha256 => hmac::HMAC_SHA256,
        HmacAlgorithm::Sha512 => hmac::HMAC_SHA512,
        HmacAlgorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
    };
    let key = hmac::Key::new(algorithm, key);
    hmac::sign(&key, bytes).as_ref().to_vec()
}

pub(super) fn written(bytes: &[u8], encoding: DigestEncoding) -> String {
    match encoding {
        DigestEncoding::Hex => HEXLOWER.encode(bytes),
        DigestEncoding::Base64 => BASE64.encode(bytes),
        DigestEncoding::Base64url => BASE64URL_NOPAD.encode(bytes),
    }
}
