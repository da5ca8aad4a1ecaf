//! Text to number, digit by digit: `[+-] digits [. digits] [e [+-] digits]`, which includes every
//! JSON number.

use super::{Decimal, DecimalError, MAX_DIGITS, power_of_ten};

impl Decimal {
    /// Reads a plain number (point for decimals, no grouping, an exponent is allowed).
    ///
    /// # Errors
    /// [`DecimalError::Invalid`], [`DecimalError::TooLarge`].
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        if let Some(number) = short(text, b'.') {
            return Ok(number);
        }
        let bytes = text.as_bytes();
        let (negative, digits) = match bytes.split_first() {
            Some((b'-', rest)) => (true, rest),
            Some((b'+', rest)) => (false, rest),
            _ => (false, bytes),
        };
        let mut sum = Digits::default();
        let mut rest = digits;
        while let Some((byte, tail)) = rest.split_first() {
            match byte {
                b'0'..=b'9' => sum.push(*byte)?,
                b'.' if !sum.point => sum.point = true,
                b'e' | b'E' => {
                    return sum.finish(negative)?.with_exponent(tail);
                }
                _ => return Err(DecimalError::Invalid),
            }
            rest = tail;
        }
        sum.finish(negative)
    }

    /// `self * 10^exponent`, the exponent as text.
    fn with_exponent(self, text: &[u8]) -> Result<Self, DecimalError> {
        let text = std::str::from_utf8(text).map_err(|_| DecimalError::Invalid)?;
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DecimalError::Invalid);
        }
        if self.mantissa == 0 {
            return Ok(Self::ZERO);
        }
        let exponent: i32 = text.parse().map_err(|_| DecimalError::TooLarge)?;
        let short = self.normalize();
        let scale = i32::from(short.scale)
            .checked_sub(exponent)
            .ok_or(DecimalError::TooLarge)?;
        if scale >= 0 {
            let scale = u8::try_from(scale).map_err(|_| DecimalError::TooLarge)?;
            return Self::new(short.mantissa, scale).ok_or(DecimalError::TooLarge);
        }
        power_of_ten(scale.unsigned_abs())
            .and_then(|factor| short.mantissa.checked_mul(factor))
            .and_then(|mantissa| Self::new(mantissa, 0))
            .ok_or(DecimalError::TooLarge)
    }
}

/// The common case, quickly: at most 18 digits with or without a minus and a decimal sign, nothing else.
/// `None` says that the text needs a closer look, not that it is wrong.
#[inline]
pub(super) fn short(text: &str, decimal: u8) -> Option<Decimal> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let mut size = 0_u64;
    let mut point = None;
    for (place, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            size = size * 10 + u64::from(digit);
        } else if *byte == decimal && point.is_none() {
            point = Some(place);
        } else {
            return None;
        }
    }
    let after = match point {
        None if digits.len() > 18 => return None,
        None => 0,
        Some(0) => return None,
        Some(place) => digits.len() - place - 1,
    };
    if point.is_some() && after == 0 {
        return None;
    }
    let size = i128::from(size);
    Some(Decimal {
        mantissa: if negative { -size } else { size },
        scale: u8::try_from(after).ok()?,
    })
}

/// Digits as they come, most significant first.
#[derive(Default)]
pub(super) struct Digits {
    /// the first 18 digits; most numbers end here
    small: u64,
    /// all digits, once there are more than 18
    large: u128,
    /// significant digits taken
    taken: u8,
    scale: u8,
    any_before: bool,
    any_after: bool,
    pub(super) point: bool,
}

impl Digits {
    pub(super) fn push(&mut self, byte: u8) -> Result<(), DecimalError> {
        let digit = byte.wrapping_sub(b'0');
        if self.point {
            self.any_after = true;
            self.scale = self.scale.checked_add(1).ok_or(DecimalError::TooLarge)?;
        } else {
            self.any_before = true;
        }
        if self.taken == 0 && digit == 0 {
            return Ok(());
        }
        if self.taken < 18 {
            self.small = self.small * 10 + u64::from(digit);
        } else {
            if self.taken == 18 {
                self.large = u128::from(self.small);
            }
            if self.taken >= MAX_DIGITS {
                return self.beyond(digit);
            }
            self.large = self.large * 10 + u128::from(digit);
        }
        self.taken += 1;
        Ok(())
    }

    /// The 39th digit and on: zeros after the point change nothing.
    fn beyond(&mut self, digit: u8) -> Result<(), DecimalError> {
        if digit != 0 || !self.point {
            return Err(DecimalError::TooLarge);
        }
        self.scale -= 1;
        Ok(())
    }

    pub(super) fn finish(self, negative: bool) -> Result<Decimal, DecimalError> {
        if !self.any_before || (self.point && !self.any_after) {
            return Err(DecimalError::Invalid);
        }
        let size = if self.taken <= 18 {
            i128::from(self.small)
        } else {
            i128::try_from(self.large).map_err(|_| DecimalError::TooLarge)?
        };
        let mantissa = if negative { -size } else { size };
        if self.scale <= MAX_DIGITS {
            return Decimal::new(mantissa, self.scale).ok_or(DecimalError::TooLarge);
        }
        let short = Decimal {
            mantissa,
            scale: self.scale,
        }
        .normalize();
        Decimal::new(short.mantissa, short.scale).ok_or(DecimalError::TooLarge)
    }
}
