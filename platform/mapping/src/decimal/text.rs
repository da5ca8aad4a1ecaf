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

/// The digits with sign and point, right-aligned in `buffer`.
#[expect(
    clippy::indexing_slicing,
    reason = "at most 1 + 39 + 1 + 38 bytes are written into 96"
)]
fn digits(mantissa: i128, scale: u8, buffer: &mut [u8; BUFFER]) -> &[u8] {
    let mut at = BUFFER;
    let mut written = 0_u8;
    let mut put = |at: &mut usize, digit: u8| {
        if written == scale && scale > 0 {
            *at -= 1;
            buffer[*at] = b'.';
        }
        *at -= 1;
        buffer[*at] = b'0' + digit;
        written += 1;
    };
    let mut large = mantissa.unsigned_abs();
    while large > u128::from(u64::MAX) {
        put(&mut at, (large % 10) as u8);
        large /= 10;
    }
    let mut small = large as u64;
    while small > 0 {
        put(&mut at, (small % 10) as u8);
        small /= 10;
    }
    while at == BUFFER || BUFFER - at <= usize::from(scale.min(MAX_DIGITS)) {
        put(&mut at, 0);
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
