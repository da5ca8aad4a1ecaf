//! Exact decimal numbers: an `i128` of digits and a scale, nothing ever through a float.
//!
//! Invariants: at most 38 digits and at most 38 of them after the point; an operation that cannot
//! keep every digit is an error, except [`Decimal::divide`], [`Decimal::divide_to`] and
//! [`Decimal::round`], which say how they round. Deliberately absent: infinity, NaN, negative zero, currencies.

mod locale;
mod parse;
mod quotient;
mod round;
mod small;
mod text;

use std::cmp::Ordering;

pub use locale::Separators;
pub use round::Rounding;
pub(crate) use small::{PAIRS, Small};

/// Most digits, and most digits after the point.
pub const MAX_DIGITS: u8 = 38;
/// Decimals of a quotient that does not end.
pub const QUOTIENT_SCALE: u8 = 18;
const LIMIT: i128 = 10_i128.pow(38);

const POWERS: [i128; 39] = {
    let mut table = [1_i128; 39];
    let mut i = 1;
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated at compile time, the bound is the array's"
    )]
    while i < 39 {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

/// `10^exponent`, if it has at most 38 digits after the 1.
pub(crate) fn power_of_ten(exponent: u32) -> Option<i128> {
    POWERS.get(exponent as usize).copied()
}

/// An exact decimal number. `1.50` and `1.5` are equal; the scale is kept until it is written.
///
/// Packed: values of the mapping hold one, are copied with every step, and would be twice as large
/// with the alignment of an `i128`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(Rust, packed(8))]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text is no number.
    #[error("not a number")]
    Invalid,
    /// The number has more than 38 digits.
    #[error("more than 38 digits")]
    TooLarge,
    /// A division by zero.
    #[error("division by zero")]
    DivisionByZero,
}

impl Decimal {
    /// 0
    pub const ZERO: Self = Self {
        mantissa: 0,
        scale: 0,
    };

    /// `mantissa / 10^scale`; `None` beyond 38 digits.
    #[must_use]
    pub fn new(mantissa: i128, scale: u8) -> Option<Self> {
        (scale <= MAX_DIGITS && mantissa > -LIMIT && mantissa < LIMIT)
            .then_some(Self { mantissa, scale })
    }

    /// The digits without the point.
    #[must_use]
    pub fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// How many of the digits stand after the point.
    #[must_use]
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The same number without zeros at its end.
    #[must_use]
    pub fn normalize(self) -> Self {
        let Self {
            mut mantissa,
            mut scale,
        } = self;
        if mantissa == 0 {
            return Self::ZERO;
        }
        if let Ok(mut small) = i64::try_from(mantissa) {
            while scale > 0 && small % 10 == 0 {
                small /= 10;
                scale -= 1;
            }
            return Self {
                mantissa: i128::from(small),
                scale,
            };
        }
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Self { mantissa, scale }
    }

    /// Whether it has no digits after the point but zeros.
    #[must_use]
    pub fn is_integer(self) -> bool {
        self.scale == 0 || self.normalize().scale == 0
    }

    /// The number as an integer, if it is one.
    #[must_use]
    pub fn to_i64(self) -> Option<i64> {
        let short = self.normalize();
        if short.scale == 0 {
            i64::try_from(short.mantissa).ok()
        } else {
            None
        }
    }

    /// Whether it has at most `digits` digits before the point; without a division.
    #[must_use]
    pub fn fits_before_point(self, digits: u8) -> bool {
        power_of_ten(u32::from(digits) + u32::from(self.scale))
            .is_none_or(|limit| self.mantissa().abs() < limit)
    }

    /// Digits before the point (0 for numbers below 1).
    #[must_use]
    pub fn integer_digits(self) -> u32 {
        let whole = POWERS
            .get(usize::from(self.scale))
            .map_or(0, |power| self.mantissa / power);
        whole
            .unsigned_abs()
            .checked_ilog10()
            .map_or(0, |log| log + 1)
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self {
            mantissa: self.mantissa.abs(),
            scale: self.scale,
        }
    }

    /// With the other sign.
    #[must_use]
    pub fn negate(self) -> Self {
        Self {
            mantissa: -self.mantissa,
            scale: self.scale,
        }
    }

    /// Exact sum.
    ///
    /// # Errors
    /// [`DecimalError::TooLarge`].
    #[expect(
        clippy::should_implement_trait,
        reason = "it can fail, which the operator's trait cannot say"
    )]
    pub fn add(self, other: Self) -> Result<Self, DecimalError> {
        let sum = aligned(self, other)
            .and_then(|(left, right, scale)| held(left.checked_add(right)?, scale))
            .or_else(|| far_sum(self.normalize(), other.normalize()));
        sum.ok_or(DecimalError::TooLarge)
    }

    /// Exact difference.
    ///
    /// # Errors
    /// [`DecimalError::TooLarge`].
    pub fn subtract(self, other: Self) -> Result<Self, DecimalError> {
        self.add(other.negate())
    }

    /// Exact product.
    ///
    /// # Errors
    /// [`DecimalError::TooLarge`].
    pub fn multiply(self, other: Self) -> Result<Self, DecimalError> {
        if let Some(product) = product(self, other) {
            return Ok(product);
        }
        short_product(self, other).ok_or(DecimalError::TooLarge)
    }

    /// Quotient: exact if it ends within 18 decimals, otherwise rounded half-even there.
    ///
    /// # Errors
    /// [`DecimalError::DivisionByZero`], [`DecimalError::TooLarge`].
    pub fn divide(self, other: Self) -> Result<Self, DecimalError> {
        if other.mantissa == 0 {
            return Err(DecimalError::DivisionByZero);
        }
        let (left, right) = (self.normalize(), other.normalize());
        let negative = (left.mantissa < 0) != (right.mantissa < 0);
        let quotient = quotient(left, right).ok_or(DecimalError::TooLarge)?;
        Ok(if negative {
            quotient.negate()
        } else {
            quotient
        }
        .normalize())
    }

    /// What is left of `self` after taking away `other` as often as it fits; has the sign of `self`.
    ///
    /// # Errors
    /// [`DecimalError::DivisionByZero`], [`DecimalError::TooLarge`].
    pub fn remainder(self, other: Self) -> Result<Self, DecimalError> {
        if other.mantissa == 0 {
            return Err(DecimalError::DivisionByZero);
        }
        let rest = match aligned(self, other) {
            Some((left, right, scale)) => held(left % right, scale),
            None => long_remainder(self.normalize(), other.normalize()),
        };
        rest.ok_or(DecimalError::TooLarge)
    }

    /// Division by `10^places`: like [`Self::divide`], but zeros at the end stay.
    ///
    /// # Errors
    /// [`DecimalError::TooLarge`].
    pub fn shift_right(self, places: u8) -> Result<Self, DecimalError> {
        let scale = self.scale.saturating_add(places);
        if scale <= QUOTIENT_SCALE {
            return Ok(Self {
                mantissa: self.mantissa,
                scale,
            });
        }
        let divisor = power_of_ten(u32::from(places)).and_then(|power| Self::new(power, 0));
        self.divide(divisor.ok_or(DecimalError::TooLarge)?)
    }
}

/// Both mantissas at the larger of the two scales.
fn aligned(left: Decimal, right: Decimal) -> Option<(i128, i128, u8)> {
    if left.scale < right.scale {
        let factor = power_of_ten(u32::from(right.scale - left.scale))?;
        Some((
            left.mantissa.checked_mul(factor)?,
            right.mantissa,
            right.scale,
        ))
    } else {
        let factor = power_of_ten(u32::from(left.scale - right.scale))?;
        Some((
            left.mantissa,
            right.mantissa.checked_mul(factor)?,
            left.scale,
        ))
    }
}

/// A sum whose terms do not fit one scale: the one with fewer decimals is added in parts, because the
/// sum of different signs may fit all the same.
#[cold]
fn far_sum(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (coarse, fine) = if left.scale < right.scale {
        (left, right)
    } else {
        (right, left)
    };
    let factor = power_of_ten(u32::from(fine.scale - coarse.scale))?;
    let Some(whole) = coarse.mantissa.checked_add(fine.mantissa / factor) else {
        // both have one scale: their sum fits if it ends with a zero after the point
        let (left, right) = (coarse.mantissa, fine.mantissa);
        let last = left % 10 + right % 10;
        let short = (last % 10 == 0 && factor == 1).then_some(left / 10 + right / 10 + last / 10);
        return held(short?, fine.scale.checked_sub(1)?);
    };
    let sum = whole
        .checked_mul(factor)?
        .checked_add(fine.mantissa % factor)?;
    held(sum, fine.scale)
}

fn product(left: Decimal, right: Decimal) -> Option<Decimal> {
    let scale = left.scale + right.scale;
    // two i64 always fit an i128: the common case needs no 128-bit overflow check
    let mantissa = match (i64::try_from(left.mantissa), i64::try_from(right.mantissa)) {
        (Ok(a), Ok(b)) => i128::from(a) * i128::from(b),
        _ => left.mantissa.checked_mul(right.mantissa)?,
    };
    held(mantissa, scale)
}

/// The number, without zeros at its end if it cannot be held with them.
fn held(mantissa: i128, scale: u8) -> Option<Decimal> {
    Decimal::new(mantissa, scale).or_else(|| {
        let short = Decimal { mantissa, scale }.normalize();
        Decimal::new(short.mantissa, short.scale)
    })
}

/// A product that only fits without the zeros at its end: every one of them is a two and a five of the
/// factors, which are taken out before.
#[cold]
fn short_product(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (mut a, mut b) = (left.mantissa, right.mantissa);
    let mut scale = left.scale + right.scale;
    while scale > 0 {
        (a, b) = if a % 10 == 0 {
            (a / 10, b)
        } else if b % 10 == 0 {
            (a, b / 10)
        } else if a % 2 == 0 && b % 5 == 0 {
            (a / 2, b / 5)
        } else if a % 5 == 0 && b % 2 == 0 {
            (a / 5, b / 2)
        } else {
            break;
        };
        scale -= 1;
    }
    Decimal::new(a.checked_mul(b)?, scale)
}

/// A remainder of numbers that are too far apart for one scale.
#[cold]
fn long_remainder(left: Decimal, right: Decimal) -> Option<Decimal> {
    if let Some((left, right, scale)) = aligned(left, right) {
        return Decimal::new(left % right, scale);
    }
    if right.scale < left.scale {
        // the divisor has more digits than any number at the dividend's scale
        return Some(left);
    }
    let divisor = right.mantissa.unsigned_abs();
    let mut rest = left.mantissa.unsigned_abs() % divisor;
    for _ in left.scale..right.scale {
        (_, rest) = next_digit(rest, divisor);
    }
    let rest = i128::try_from(rest).ok()?;
    let signed = if left.mantissa < 0 { -rest } else { rest };
    Decimal::new(signed, right.scale)
}

/// Long division of the absolute values, digit by digit, to 18 decimals; what is left decides how it is
/// rounded there, so that no digit more than the result's is ever held.
fn quotient(left: Decimal, right: Decimal) -> Option<Decimal> {
    let divisor = right.mantissa.unsigned_abs();
    let dividend = left.mantissa.unsigned_abs();
    let mut whole = dividend / divisor;
    let mut rest = dividend % divisor;
    let wanted = i32::from(QUOTIENT_SCALE);
    let mut scale = i32::from(left.scale) - i32::from(right.scale);
    while scale < 0 || (rest != 0 && scale < wanted) {
        let (digit, next) = next_digit(rest, divisor);
        match whole
            .checked_mul(10)
            .and_then(|whole| whole.checked_add(digit))
        {
            Some(longer) => (whole, rest) = (longer, next),
            None => return without_tail(whole, rest, divisor, scale),
        }
        scale += 1;
    }
    if scale > wanted || rest != 0 {
        let unit = power_of_ten(u32::try_from(scale - wanted).ok()?)?.unsigned_abs();
        let low = whole % unit;
        whole /= unit;
        scale = wanted;
        let tie = if unit == 1 {
            rest.cmp(&(divisor - rest))
        } else {
            low.cmp(&(unit / 2)).then(rest.cmp(&0))
        };
        if tie.is_gt() || (tie.is_eq() && whole % 2 == 1) {
            whole += 1;
        }
    }
    held_long(whole, u8::try_from(scale).ok()?)
}

/// A quotient whose digits are full: it can be held if nothing but zeros would follow.
#[cold]
fn without_tail(whole: u128, mut rest: u128, divisor: u128, scale: i32) -> Option<Decimal> {
    let scale = u8::try_from(scale).ok()?;
    let places = QUOTIENT_SCALE.checked_sub(scale)?;
    let mut tail = 0_u128;
    for _ in 0..places {
        let digit;
        (digit, rest) = next_digit(rest, divisor);
        tail = tail * 10 + digit;
    }
    let half = rest.cmp(&(divisor - rest));
    if half.is_gt() || (half.is_eq() && tail % 2 == 1) {
        tail += 1;
    }
    let carried = power_of_ten(u32::from(places))?.unsigned_abs();
    let whole = match tail {
        0 => whole,
        _ if tail == carried => whole + 1,
        _ => return None,
    };
    held_long(whole, scale)
}

/// Of 39 digits the last may be a zero.
fn held_long(mut whole: u128, mut scale: u8) -> Option<Decimal> {
    while whole >= LIMIT.unsigned_abs() && scale > 0 && whole.is_multiple_of(10) {
        (whole, scale) = (whole / 10, scale - 1);
    }
    held(i128::try_from(whole).ok()?, scale)
}

/// Ten times the rest over the divisor: the digit, and the rest again.
fn next_digit(rest: u128, divisor: u128) -> (u128, u128) {
    if let Some(ten) = rest.checked_mul(10) {
        return (ten / divisor, ten % divisor);
    }
    let (mut digit, mut sum) = (0, 0);
    for _ in 0..10 {
        sum += rest;
        if sum >= divisor {
            sum -= divisor;
            digit += 1;
        }
    }
    (digit, sum)
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self {
            mantissa: i128::from(number),
            scale: 0,
        }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.mantissa().cmp(&other.mantissa());
        }
        if let Some((left, right, _)) = aligned(*self, *other) {
            return left.cmp(&right);
        }
        // Aligning overflowed. Then the number with fewer decimals has so many digits that its
        // whole part alone decides, unless the signs already do.
        let whole = |number: &Self| number.round(0, Rounding::Down).mantissa;
        whole(self).cmp(&whole(other)).then_with(|| {
            let fraction = |number: &Self| {
                number
                    .subtract(number.round(0, Rounding::Down))
                    .map_or(0, |rest| {
                        power_of_ten(u32::from(MAX_DIGITS - rest.scale))
                            .map_or(0, |factor| rest.mantissa * factor)
                    })
            };
            fraction(self).cmp(&fraction(other))
        })
    }
}

#[cfg(test)]
mod tests;
