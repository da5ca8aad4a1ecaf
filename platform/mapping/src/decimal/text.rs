//! Number to text: digits, never an exponent. Serde writes and reads a JSON number digit by digit.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Decimal, DecimalError, MAX_DIGITS, power_of_ten};

/// Sign, 38 digits, point, and zeros in front of a small fraction.
const BUFFER: usize = 96;

impl Decimal {
    /// Appends the number with all digits it has (`1.50` stays `1.50`).
    pub fn write(self, out: &mut Vec<u8>) {
        let mut buffer = [0_u8; BUFFER];
        out.extend_from_slice(digits(self.mantissa(), self.scale(), &mut buffer));
    }

    /// Appends the number with exactly `scale` decimals, filled up with zeros; `false` and nothing
    /// appended if it has more decimals than that, or would have more than 38 digits.
    pub fn write_fixed(self, scale: u8, out: &mut Vec<u8>) -> bool {
        let fitted = if self.scale() > scale {
            self.normalize()
        } else {
            self
        };
        let Some(missing) = scale.checked_sub(fitted.scale()) else {
            return false;
        };
        let padded = power_of_ten(u32::from(missing))
            .and_then(|factor| fitted.mantissa().checked_mul(factor));
        let Some(number) = padded.and_then(|mantissa| Self::new(mantissa, scale)) else {
            return false;
        };
        number.write(out);
        true
    }
}

/// `00` to `99`, for two digits at a time.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated at compile time, the bound is the array's"
    )]
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// The digits with sign and point, right-aligned in `buffer`.
#[expect(
    clippy::indexing_slicing,
    reason = "at most 1 + 39 + 1 + 38 bytes are written into 96, and a remainder of 100 is below 100"
)]
fn digits(mantissa: i128, scale: u8, buffer: &mut [u8; BUFFER]) -> &[u8] {
    let mut at = BUFFER;
    let mut large = mantissa.unsigned_abs();
    while large > u128::from(u64::MAX) {
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[(large % 100) as usize]);
        large /= 100;
    }
    let mut small = large as u64;
    while small >= 10 {
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[(small % 100) as usize]);
        small /= 100;
    }
    if small > 0 || at == BUFFER {
        at -= 1;
        buffer[at] = b'0' + small as u8;
    }
    let scale = usize::from(scale.min(MAX_DIGITS));
    while BUFFER - at <= scale {
        at -= 1;
        buffer[at] = b'0';
    }
    if scale > 0 {
        // the whole part moves one place to make room for the point
        let point = BUFFER - scale - 1;
        buffer.copy_within(at..=point, at - 1);
        at -= 1;
        buffer[point] = b'.';
    }
    if mantissa < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0_u8; BUFFER];
        let text = digits(self.mantissa(), self.scale(), &mut buffer);
        f.pad(std::str::from_utf8(text).unwrap_or_default())
    }
}

impl std::str::FromStr for Decimal {
    type Err = DecimalError;
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    /// Takes a JSON number or a text that holds one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let inner = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(text);
        Self::parse(inner)
            .map_err(|error| D::Error::custom(format!("{inner:?} is no decimal: {error}")))
    }
}
