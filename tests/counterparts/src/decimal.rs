//! Exact money: cents in an integer, rates in thousandths of a per cent. No float anywhere.

use std::fmt;

/// An amount in hundredths of the currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Cents(pub i128);

/// Why a text is not a number that TAXMAN takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFault {
    Form,
    Decimals,
    Range,
}

/// Reads a JSON number as an integer of `decimals` places: `12.5` with 2 is 1250. Zeros behind the
/// last allowed place are fine, other digits are not. At most 15 digits before the point.
///
/// # Errors
/// What is wrong with it; an exponent counts as a wrong form.
pub fn parse(text: &str, decimals: usize) -> Result<i128, NumberFault> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty()
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit())
    {
        return Err(NumberFault::Form);
    }
    if whole.len() > 15 {
        return Err(NumberFault::Range);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        return Err(NumberFault::Decimals);
    }
    let mut value = 0_i128;
    for byte in whole.bytes().chain(fraction.bytes()) {
        value = value * 10 + i128::from(byte - b'0');
    }
    for _ in fraction.len()..decimals {
        value *= 10;
    }
    Ok(if negative { -value } else { value })
}

impl Cents {
    /// The tax on this amount, rounded half up (away from zero) to cents. The rate is in
    /// thousandths of a per cent: 19 % is 19 000.
    #[must_use]
    pub fn tax(self, rate: u32) -> Self {
        let exact = self.0 * i128::from(rate);
        let half = if exact < 0 { -50_000 } else { 50_000 };
        Self((exact + half) / 100_000)
    }
}

impl std::ops::AddAssign for Cents {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::ops::SubAssign for Cents {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let value = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", value / 100, value % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        assert_eq!(parse("12.5", 2), Ok(1250));
        assert_eq!(parse("-0.01", 2), Ok(-1));
        assert_eq!(parse("7", 2), Ok(700));
        assert_eq!(parse("1.2300", 2), Ok(123));
        assert_eq!(parse("1.234", 2), Err(NumberFault::Decimals));
        assert_eq!(parse("1e3", 2), Err(NumberFault::Form));
        assert_eq!(parse("1234567890123456", 2), Err(NumberFault::Range));
    }

    #[test]
    fn tax_is_rounded_half_up_per_line() {
        assert_eq!(Cents(1000).tax(19_000), Cents(190));
        assert_eq!(Cents(50).tax(19_000), Cents(10)); // 9.5
        assert_eq!(Cents(-50).tax(19_000), Cents(-10));
        assert_eq!(Cents(47).tax(19_000), Cents(9)); // 8.93
        assert_eq!(Cents(200).tax(6_250), Cents(13)); // 12.5
        assert_eq!(Cents(-1205).to_string(), "-12.05");
    }
}
