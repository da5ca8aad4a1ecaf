//! JSON numbers of any length, compared exactly.
//!
//! Deliberately absent: arithmetic. An exponent beyond 18 digits counts as 10^18 - 1.

use std::cmp::Ordering;

use crate::decimal::Decimal;

/// A number of a query.
#[derive(Debug, Clone)]
pub(super) struct Number {
    text: String,
    exact: Option<Decimal>,
}

/// A number of either side of a comparison.
#[derive(Debug, Clone, Copy)]
pub(super) enum NumberRef<'v> {
    Exact(Decimal),
    /// has more digits than a [`Decimal`] holds
    Long(&'v str),
}

impl Number {
    /// `text` is a JSON number.
    pub(super) fn new(text: String) -> Self {
        let exact = Decimal::parse(&text).ok();
        Self { text, exact }
    }

    pub(super) fn borrow(&self) -> NumberRef<'_> {
        self.exact
            .map_or(NumberRef::Long(&self.text), NumberRef::Exact)
    }
}

impl<'v> NumberRef<'v> {
    /// `text` is a JSON number.
    pub(super) fn new(text: &'v str) -> Self {
        Decimal::parse(text).map_or(Self::Long(text), Self::Exact)
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Exact(left), Self::Exact(right)) => left.cmp(&right),
            (left, right) => left.digits().cmp(&right.digits()),
        }
    }

    fn digits(self) -> Digits {
        match self {
            Self::Exact(number) => {
                let mantissa = number.mantissa();
                Digits::new(
                    mantissa < 0,
                    mantissa.unsigned_abs().to_string().as_str(),
                    -i64::from(number.scale()),
                )
            }
            Self::Long(text) => {
                let unsigned = text.strip_prefix('-').unwrap_or(text);
                let (mantissa, exponent) =
                    unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
                let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
                let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
                Digits::new(
                    text.starts_with('-'),
                    &format!("{whole}{fraction}"),
                    parse_exponent(exponent).saturating_sub(places),
                )
            }
        }
    }
}

/// The exponent, cut to what leaves room for adding the digits.
fn parse_exponent(text: &str) -> i64 {
    const LARGEST: i64 = 10_i64.pow(18) - 1;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let size = digits.trim_start_matches('0');
    let size = if size.is_empty() {
        0
    } else {
        size.parse().map_or(LARGEST, |size: i64| size.min(LARGEST))
    };
    if text.starts_with('-') { -size } else { size }
}

/// `0.d1d2d3… * 10^exponent`; the first and the last digit are not 0.
#[derive(Debug, PartialEq, Eq)]
struct Digits {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Digits {
    /// `digits * 10^exponent`
    fn new(negative: bool, digits: &str, exponent: i64) -> Self {
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Self {
                negative: false,
                digits: String::new(),
                exponent: 0,
            };
        }
        let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        Self {
            negative,
            digits: digits.trim_end_matches('0').to_owned(),
            exponent: exponent.saturating_add(length),
        }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let size = || {
            self.exponent
                .cmp(&other.exponent)
                .then_with(|| self.digits.cmp(&other.digits))
        };
        match (self.sign(), other.sign()) {
            (1, 1) => size(),
            (-1, -1) => size().reverse(),
            (left, right) => left.cmp(&right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_are_compared_exactly() {
        let long = "1234567890123456789012345678901234567890";
        let cases = [
            ("1", "1.0", Ordering::Equal),
            ("-0", "0", Ordering::Equal),
            ("1e2", "100", Ordering::Equal),
            ("0.1", "0.10000000000000000001", Ordering::Less),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            (
                long,
                "1234567890123456789012345678901234567891",
                Ordering::Less,
            ),
            (
                long,
                "1.234567890123456789012345678901234567890e39",
                Ordering::Equal,
            ),
            ("1e400", "9", Ordering::Greater),
            ("-1e400", "9", Ordering::Less),
            ("-1e400", "-1e401", Ordering::Greater),
            ("1e-400", "0", Ordering::Greater),
            ("0e999999999999999999999", "0", Ordering::Equal),
            ("1e999999999999999999999", "1e400", Ordering::Greater),
            ("1e-999999999999999999999", "1e-400", Ordering::Less),
            ("10e39", "1e40", Ordering::Equal),
        ];
        for (left, right, expected) in cases {
            let (a, b) = (NumberRef::new(left), NumberRef::new(right));
            assert_eq!(a.compare(b), expected, "{left} {right}");
            assert_eq!(b.compare(a), expected.reverse(), "{right} {left}");
            let owned = Number::new(left.to_owned());
            assert_eq!(owned.borrow().compare(b), expected, "{left} {right}");
        }
    }
}
