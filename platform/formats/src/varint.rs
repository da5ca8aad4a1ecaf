//! Unsigned numbers in few bytes: LEB128, least significant group first, as in the containers of
//! [`crate::pack`] and what is spilled while rows are grouped.
//!
//! Invariant: reading never panics; a number of more than 64 bits is damage, not a wrapped value.

/// Why there is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VarintFault {
    /// the bytes end inside of the number
    Truncated,
    /// it has more than 64 bits
    TooLarge,
}

/// Appends `value`: one byte for each seven bits.
pub fn write(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7F).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// Reads the number at `*at` and moves `*at` behind it; after a fault `*at` is where it was found.
///
/// # Errors
/// [`VarintFault`].
pub fn read(bytes: &[u8], at: &mut usize) -> Result<u64, VarintFault> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = bytes.get(*at).copied().ok_or(VarintFault::Truncated)?;
        let bits = u64::from(byte & 0x7F);
        if bits << shift >> shift != bits {
            return Err(VarintFault::TooLarge);
        }
        value |= bits << shift;
        *at += 1;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(VarintFault::TooLarge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(values in prop::collection::vec(any::<u64>(), 0..20)) {
            let mut bytes = Vec::new();
            for value in &values {
                write(&mut bytes, *value);
            }
            let mut at = 0;
            for value in values {
                prop_assert_eq!(read(&bytes, &mut at), Ok(value));
            }
            prop_assert_eq!(read(&bytes, &mut at), Err(VarintFault::Truncated));
            prop_assert_eq!(at, bytes.len());
        }
    }

    #[test]
    fn more_than_64_bits_are_refused() {
        let mut at = 0;
        assert_eq!(read(&[0xFF; 11], &mut at), Err(VarintFault::TooLarge));
        let mut largest = vec![0xFF; 9];
        largest.push(1);
        assert_eq!(read(&largest, &mut 0), Ok(u64::MAX));
        largest[9] = 2;
        assert_eq!(read(&largest, &mut 0), Err(VarintFault::TooLarge));
    }
}
