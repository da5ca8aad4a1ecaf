//! Digests, identifiers made of names, check digits, masks.

mod blake3;
mod crc32;
mod hash_short;
mod luhn_digit;
mod luhn_valid;
mod mask_email;
mod sha1;
mod sha256;
mod sha512;
mod uuid5;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[
    sha256::FUNCTION,
    sha512::FUNCTION,
    sha1::FUNCTION,
    blake3::FUNCTION,
    hash_short::FUNCTION,
    crc32::FUNCTION,
    uuid5::FUNCTION,
    mask_email::FUNCTION,
    luhn_digit::FUNCTION,
    luhn_valid::FUNCTION,
];
