//! Decimals that fit two registers: the quick lane of arithmetic. What does not fit is no error but
//! [`Small::NONE`], and the caller goes the way of [`Decimal`], which decides.

use super::{Decimal, Rounding, parse};

/// Marks that there is no number.
const NO_SCALE: u8 = u8::MAX;
/// Most digits after the point.
const MAX_SCALE: u8 = 18;

const POWERS: [i64; 19] = {
    let mut table = [1_i64; 19];
    let mut place = 1;
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated at compile time, the bound is the array's"
    )]
    while place < 19 {
        table[place] = table[place - 1] * 10;
        place += 1;
    }
    table
};

/// `10^places` for 0 to 18.
#[inline]
fn power(places: u8) -> Option<i64> {
    POWERS.get(usize::from(places)).copied()
}

/// A decimal number of at most 63 bits and 18 decimals, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Small {
    mantissa: i64,
    scale: u8,
}

impl Small {
    pub(crate) const NONE: Self = Self {
        mantissa: 0,
        scale: NO_SCALE,
    };

    #[inline]
    fn new(mantissa: Option<i64>, scale: u8) -> Self {
        match mantissa {
            Some(mantissa) if scale <= MAX_SCALE => Self { mantissa, scale },
            _ => Self::NONE,
        }
    }

    #[inline]
    pub(crate) fn is_none(self) -> bool {
        self.scale == NO_SCALE
    }

    /// Reads a plain number without exponent.
    #[inline]
    pub(crate) fn parse(text: &str, decimal: u8) -> Self {
        match parse::short(text, decimal) {
            Some(number) => Self::from_decimal(number),
            None => Self::NONE,
        }
    }

    #[inline]
    pub(crate) fn from_decimal(number: Decimal) -> Self {
        Self::new(i64::try_from(number.mantissa()).ok(), number.scale())
    }

    /// The same number in the general type.
    #[inline]
    pub(crate) fn decimal(self) -> Decimal {
        Decimal {
            mantissa: i128::from(self.mantissa),
            scale: self.scale,
        }
    }

    #[inline]
    pub(crate) fn add(self, other: Self) -> Self {
        if self.is_none() || other.is_none() {
            return Self::NONE;
        }
        let scale = self.scale.max(other.scale);
        let sum = match (self.at(scale), other.at(scale)) {
            (Some(left), Some(right)) => left.checked_add(right),
            _ => None,
        };
        Self::new(sum, scale)
    }

    #[inline]
    pub(crate) fn negate(self) -> Self {
        if self.is_none() {
            return self;
        }
        Self::new(self.mantissa.checked_neg(), self.scale)
    }

    #[inline]
    pub(crate) fn multiply(self, other: Self) -> Self {
        if self.is_none() || other.is_none() {
            return Self::NONE;
        }
        Self::new(
            self.mantissa.checked_mul(other.mantissa),
            self.scale + other.scale,
        )
    }

    /// Exact division by `10^places`.
    #[inline]
    pub(crate) fn shift_right(self, places: u8) -> Self {
        if self.is_none() {
            return self;
        }
        Self::new(Some(self.mantissa), self.scale.saturating_add(places))
    }

    /// The number if it is written without decimals.
    #[inline]
    pub(crate) fn whole(self) -> Self {
        if self.scale == 0 { self } else { Self::NONE }
    }

    /// Rounded half away from zero; other modes are not in the quick lane.
    #[inline]
    pub(crate) fn round(self, scale: u8, mode: Rounding) -> Self {
        if self.is_none() || self.scale <= scale {
            return self;
        }
        match (mode, power(self.scale - scale)) {
            (Rounding::HalfUp, Some(unit)) => {
                let half = if self.mantissa < 0 {
                    -unit / 2
                } else {
                    unit / 2
                };
                Self::new(self.mantissa.checked_add(half).map(|sum| sum / unit), scale)
            }
            _ => Self::NONE,
        }
    }

    /// Whether it lies between two bounds; `None` if that needs a closer look.
    #[inline]
    pub(crate) fn is_between(self, min: Small, max: Small) -> Option<bool> {
        let scale = self.scale.max(min.scale).max(max.scale);
        let number = self.at(scale)?;
        Some(number >= min.at(scale)? && number <= max.at(scale)?)
    }

    /// The mantissa at a scale that is not smaller.
    #[inline]
    fn at(self, scale: u8) -> Option<i64> {
        if self.scale == scale {
            return Some(self.mantissa);
        }
        self.mantissa
            .checked_mul(power(scale.checked_sub(self.scale)?)?)
    }

    /// Appends the number with exactly `scale` decimals if it has at most `digits` digits in all;
    /// nothing and `false` otherwise.
    #[inline]
    pub(crate) fn write_sized(self, digits: u8, scale: u8, out: &mut Vec<u8>) -> bool {
        let Some(mantissa) = self.at(scale) else {
            return false;
        };
        let fits = power(digits).is_none_or(|limit| mantissa.unsigned_abs() < limit.unsigned_abs());
        if fits {
            write(mantissa, scale, out);
        }
        fits
    }

    /// Appends a whole number; nothing and `false` if it has decimals.
    #[inline]
    pub(crate) fn write_whole(self, out: &mut Vec<u8>) -> bool {
        if self.scale == 0 {
            write(self.mantissa, 0, out);
        }
        self.scale == 0
    }
}

/// Sign, 19 digits, point, and zeros in front of a small fraction.
const BUFFER: usize = 24;

/// The digits of 0 to 99, two each.
pub(crate) const PAIRS: [[u8; 2]; 100] = {
    let mut table = [[b'0'; 2]; 100];
    let mut number = 0;
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated at compile time, the bound is the array's"
    )]
    while number < 100 {
        table[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    table
};

#[expect(
    clippy::indexing_slicing,
    reason = "a sign, at most 19 digits and a point are written into 24; a remainder of 100 is below 100"
)]
fn write(mantissa: i64, scale: u8, out: &mut Vec<u8>) {
    let mut buffer = [b'0'; BUFFER];
    let mut at = BUFFER;
    let mut rest = mantissa.unsigned_abs();
    // the decimals first, so that nothing is divided by anything but constants
    let mut places = scale.min(MAX_SCALE);
    let has_point = places > 0;
    while places >= 2 {
        [buffer[at - 2], buffer[at - 1]] = PAIRS[(rest % 100) as usize];
        rest /= 100;
        at -= 2;
        places -= 2;
    }
    if places > 0 {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if has_point {
        at -= 1;
        buffer[at] = b'.';
    }
    while rest >= 10 {
        [buffer[at - 2], buffer[at - 1]] = PAIRS[(rest % 100) as usize];
        rest /= 100;
        at -= 2;
    }
    // one digit is left, or none of a number with an even count of them
    if rest > 0 || at == BUFFER || buffer[at] == b'.' {
        at -= 1;
        buffer[at] = b'0' + rest as u8;
    }
    if mantissa < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    out.extend_from_slice(&buffer[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(text: &str) -> Small {
        Small::parse(text, b'.')
    }

    fn shown(number: Small) -> Option<String> {
        (!number.is_none()).then(|| number.decimal().to_string())
    }

    #[test]
    fn it_says_the_same_as_the_general_type_or_nothing() {
        let texts = [
            "0",
            "1",
            "-1",
            "0.5",
            "-0.5",
            "19.99",
            "-19.995",
            "100",
            "0.000000000000000001",
            "999999999999999999",
            "-999999999999999999",
            "123456789.123456789",
        ];
        for left in texts {
            let exact = Decimal::parse(left).unwrap();
            for right in texts {
                let other = Decimal::parse(right).unwrap();
                let sum = small(left).add(small(right));
                if !sum.is_none() {
                    assert_eq!(sum.decimal(), exact.add(other).unwrap(), "{left} + {right}");
                }
                let product = small(left).multiply(small(right));
                if !product.is_none() {
                    let general = exact.multiply(other).unwrap();
                    assert_eq!(product.decimal(), general, "{left} * {right}");
                }
            }
            for scale in 0..6 {
                let rounded = small(left).round(scale, Rounding::HalfUp);
                assert_eq!(
                    rounded.decimal(),
                    exact.round(scale, Rounding::HalfUp),
                    "{left}"
                );
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                if rounded.write_sized(18, scale, &mut ours) {
                    assert!(
                        exact
                            .round(scale, Rounding::HalfUp)
                            .write_fixed(scale, &mut theirs)
                    );
                    assert_eq!(ours, theirs, "{left}");
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(shown(small("12345678901234567890")), None);
        assert_eq!(shown(small("1e3")), None);
        let large = small("999999999999999999");
        assert_eq!(shown(large.multiply(large)), None);
        assert_eq!(shown(large.add(small("0.5"))), None);
        assert_eq!(shown(Small::NONE.add(large)), None);
        assert_eq!(
            shown(large.round(0, Rounding::HalfEven)).unwrap(),
            "999999999999999999"
        );
        assert_eq!(shown(small("0.5").round(0, Rounding::HalfEven)), None);
        let mut out = Vec::new();
        assert!(!small("100").write_sized(4, 2, &mut out));
        assert!(!small("0.123").write_sized(18, 2, &mut out));
        assert!(!small("0.5").write_whole(&mut out));
        assert!(out.is_empty());
    }
}
