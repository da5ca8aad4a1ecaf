//! Quotients rounded once, at a scale of the caller's choice, and multiples of a step.
//!
//! Invariant: what is rounded is the exact quotient, never one that was rounded before.

use std::cmp::Ordering;

use super::{Decimal, DecimalError, MAX_DIGITS, Rounding, power_of_ten};

/// An exact quotient cut to some decimals.
struct Cut {
    kept: u128,
    /// how the lost part compares with half a unit; none if nothing is lost
    lost: Option<Ordering>,
}

impl Decimal {
    /// The quotient with `scale` decimals; only the exact quotient is rounded.
    ///
    /// # Errors
    /// [`DecimalError::DivisionByZero`], [`DecimalError::TooLarge`].
    pub fn divide_to(self, divisor: Self, scale: u8, mode: Rounding) -> Result<Self, DecimalError> {
        if divisor.mantissa == 0 {
            return Err(DecimalError::DivisionByZero);
        }
        if scale > MAX_DIGITS {
            return Err(DecimalError::TooLarge);
        }
        let (left, right) = (self.normalize(), divisor.normalize());
        let negative = (left.mantissa < 0) != (right.mantissa < 0);
        let cut = cut(left, right, scale).ok_or(DecimalError::TooLarge)?;
        let odd = cut.kept % 2 != 0;
        let away = cut
            .lost
            .is_some_and(|half| mode.moves_away(half, odd, negative));
        let size = i128::try_from(cut.kept)
            .ok()
            .and_then(|kept| kept.checked_add(i128::from(away)))
            .ok_or(DecimalError::TooLarge)?;
        Self::new(if negative { -size } else { size }, scale).ok_or(DecimalError::TooLarge)
    }

    /// The multiple of `step` nearest to the number, by the mode.
    ///
    /// # Errors
    /// [`DecimalError::DivisionByZero`], [`DecimalError::TooLarge`].
    pub fn round_to_multiple(self, step: Self, mode: Rounding) -> Result<Self, DecimalError> {
        self.divide_to(step.abs(), 0, mode)?.multiply(step.abs())
    }

    /// What is left of `self` after taking away `divisor` as often as it fits below; has the sign
    /// of `divisor`.
    ///
    /// # Errors
    /// [`DecimalError::DivisionByZero`], [`DecimalError::TooLarge`].
    pub fn modulo(self, divisor: Self) -> Result<Self, DecimalError> {
        let rest = self.remainder(divisor)?;
        if rest.mantissa != 0 && (rest.mantissa < 0) != (divisor.mantissa < 0) {
            return rest.add(divisor);
        }
        Ok(rest)
    }

    /// The product of `exponent` factors `self`; 1 for none.
    ///
    /// # Errors
    /// [`DecimalError::TooLarge`].
    pub fn power(self, exponent: u32) -> Result<Self, DecimalError> {
        let (mut result, mut square, mut left) = (Self::from(1), self, exponent);
        while left > 0 {
            if left % 2 == 1 {
                result = result.multiply(square)?;
            }
            left /= 2;
            if left > 0 {
                square = square.multiply(square)?;
            }
        }
        Ok(result)
    }
}

/// The absolute quotient at a scale; `None` if it does not fit.
fn cut(left: Decimal, right: Decimal, scale: u8) -> Option<Cut> {
    let (dividend, divisor) = (left.mantissa.unsigned_abs(), right.mantissa.unsigned_abs());
    let (mut whole, mut rest) = (dividend / divisor, dividend % divisor);
    // decimal places between the quotient of the mantissas and the wanted one
    let places = i32::from(scale) - i32::from(left.scale) + i32::from(right.scale);
    for _ in 0..places {
        let (digit, next) = next_digit(rest, divisor);
        whole = whole.checked_mul(10)?.checked_add(digit)?;
        rest = next;
    }
    if places >= 0 {
        let lost = (rest != 0).then(|| rest.cmp(&(divisor - rest)));
        return Some(Cut { kept: whole, lost });
    }
    let unit = power_of_ten(places.unsigned_abs()).map(i128::unsigned_abs);
    // a unit beyond 10^38 is more than twice any whole part
    let Some(unit) = unit else {
        let lost = (whole != 0 || rest != 0).then_some(Ordering::Less);
        return Some(Cut { kept: 0, lost });
    };
    let (kept, below) = (whole / unit, whole % unit);
    let half = below.cmp(&(unit - below));
    let half = if half.is_eq() && rest != 0 {
        Ordering::Greater
    } else {
        half
    };
    let lost = (below != 0 || rest != 0).then_some(half);
    Some(Cut { kept, lost })
}

/// The next digit of a long division, and the rest after it. Both numbers are below 10^38, so ten
/// times the rest may not fit, but twice the divisor does.
fn next_digit(rest: u128, divisor: u128) -> (u128, u128) {
    if let Some(tenfold) = rest.checked_mul(10) {
        return (tenfold / divisor, tenfold % divisor);
    }
    let (mut digit, mut left) = (0, 0);
    for _ in 0..10 {
        left += rest;
        if left >= divisor {
            left -= divisor;
            digit += 1;
        }
    }
    (digit, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn quotients_are_rounded_once() {
        let cases = [
            ("1", "3", 2, Rounding::HalfUp, "0.33"),
            ("2", "3", 2, Rounding::HalfUp, "0.67"),
            ("-2", "3", 2, Rounding::Floor, "-0.67"),
            ("-2", "3", 2, Rounding::Ceiling, "-0.66"),
            ("1", "8", 2, Rounding::HalfEven, "0.12"),
            ("3", "8", 2, Rounding::HalfEven, "0.38"),
            ("1", "8", 2, Rounding::HalfDown, "0.12"),
            // 0.1249999999999999999 would become 0.125 at 18 decimals, and then 0.13
            (
                "1249999999999999999",
                "10000000000000000000",
                2,
                Rounding::HalfUp,
                "0.12",
            ),
            ("1000", "1", 0, Rounding::Up, "1000"),
            ("0.004", "1", 2, Rounding::Up, "0.01"),
            (
                "0.00000000000000000000000000000000000001",
                "99999999999999999999999999999999999999",
                0,
                Rounding::Up,
                "1",
            ),
            (
                "1",
                "99999999999999999999999999999999999999",
                38,
                Rounding::HalfUp,
                "0.00000000000000000000000000000000000001",
            ),
            (
                "50000000000000000000000000000000000000",
                "99999999999999999999999999999999999999",
                0,
                Rounding::HalfUp,
                "1",
            ),
            (
                "49999999999999999999999999999999999999",
                "99999999999999999999999999999999999999",
                1,
                Rounding::HalfUp,
                "0.5",
            ),
        ];
        for (left, right, scale, mode, expected) in cases {
            let found = number(left).divide_to(number(right), scale, mode).unwrap();
            assert_eq!(found.to_string(), expected, "{left} / {right} {mode:?}");
        }
        let nothing = number("1").divide_to(Decimal::ZERO, 2, Rounding::HalfUp);
        assert_eq!(nothing, Err(DecimalError::DivisionByZero));
        let large = number("99999999999999999999999999999999999999");
        let beyond = large.divide_to(number("0.1"), 2, Rounding::HalfUp);
        assert_eq!(beyond, Err(DecimalError::TooLarge));
    }

    #[test]
    fn multiples_modulo_and_powers() {
        let rounded = |text: &str, step: &str, mode| {
            number(text)
                .round_to_multiple(number(step), mode)
                .unwrap()
                .to_string()
        };
        assert_eq!(rounded("1.23", "0.05", Rounding::HalfUp), "1.25");
        assert_eq!(rounded("1.224", "0.05", Rounding::HalfUp), "1.20");
        assert_eq!(rounded("-1.225", "0.05", Rounding::HalfUp), "-1.25");
        assert_eq!(rounded("17", "12", Rounding::Ceiling), "24");
        let modulo =
            |left: &str, right: &str| number(left).modulo(number(right)).unwrap().to_string();
        assert_eq!(modulo("7", "3"), "1");
        assert_eq!(modulo("-7", "3"), "2");
        assert_eq!(modulo("7", "-3"), "-2");
        assert_eq!(modulo("-6", "3"), "0");
        assert_eq!(
            number("1.05").power(12).unwrap(),
            number("1.795856326022129150390625")
        );
        assert_eq!(number("7").power(0).unwrap(), number("1"));
        assert_eq!(number("10").power(38), Err(DecimalError::TooLarge));
        assert_eq!(number("-1").power(4_000_000_001).unwrap(), number("-1"));
    }
}
