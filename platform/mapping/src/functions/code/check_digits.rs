//! Check digits that several codes share. All take ASCII digits or letters; anything else counts as 0,
//! so the form is checked before.

/// The value of an ASCII digit.
pub(super) fn digit(byte: u8) -> u32 {
    char::from(byte).to_digit(10).unwrap_or(0)
}

/// The sum of the digits, each times its weight.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits
        .iter()
        .zip(weights)
        .map(|(byte, weight)| digit(*byte) * weight)
        .sum()
}

/// Whether the last digit is right by Luhn (ISO/IEC 7812).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let doubled = digit(*byte) * (1 + place as u32 % 2);
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The remainder by 97 of the number that digits and letters (A is 10, Z is 35) write, as ISO/IEC 7064
/// has it.
pub(super) fn mod_97(signs: impl Iterator<Item = u8>) -> u32 {
    signs.fold(0, |rest, sign| match sign {
        b'A'..=b'Z' => (rest * 100 + u32::from(sign - b'A') + 10) % 97,
        sign => (rest * 10 + digit(sign)) % 97,
    })
}

/// Whether the last digit is right by ISO/IEC 7064, MOD 11,10.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((last, others)) = digits.split_last() else {
        return false;
    };
    let product = others.iter().fold(10, |product, byte| {
        let sum = (product + digit(*byte)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (product + digit(*last)) % 10 == 1
}

/// Whether the last digit is right by the rule of GS1 (GTIN, ISBN-13): weights 3 and 1 from the end.
pub(super) fn gs1(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, byte)| digit(*byte) * (1 + 2 * (place as u32 % 2)))
        .sum();
    sum.is_multiple_of(10)
}

/// The remainder of a number of digits by another number.
pub(super) fn remainder(digits: &[u8], by: u32) -> u32 {
    let rest = digits.iter().fold(0_u64, |rest, byte| {
        (rest * 10 + u64::from(digit(*byte))) % u64::from(by)
    });
    u32::try_from(rest).unwrap_or(0)
}
