//! A total split by weights into shares that add up to it: the largest remainder method
//! (Hare-Niemeyer), on whole units.
//!
//! Invariants: the sum of the shares is the total; no share is further than one unit from its exact
//! value; equal remainders are served in the order of the weights, so that the result is the same
//! every time.

use crate::decimal::{Decimal, power_of_ten};

/// Why there are no shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SplitError {
    /// the weights add up to zero
    NoWeight,
    Negative(Decimal),
    /// a product of total and weight does not fit
    TooLarge,
    /// the total is no whole number of units
    Fraction,
}

/// The shares of `total`, in units of `10^-scale`, one for each weight.
pub(super) fn split(
    total: Decimal,
    scale: u8,
    weights: &[Decimal],
) -> Result<Vec<Decimal>, SplitError> {
    let units = units(total, scale)?;
    let weights = aligned(weights)?;
    let mut sum = 0_u128;
    for weight in &weights {
        sum = sum.checked_add(*weight).ok_or(SplitError::TooLarge)?;
    }
    if sum == 0 {
        return Err(SplitError::NoWeight);
    }
    let size = units.unsigned_abs();
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = size;
    for (place, weight) in weights.iter().enumerate() {
        let product = size.checked_mul(*weight).ok_or(SplitError::TooLarge)?;
        let share = product / sum;
        left -= share;
        shares.push(share);
        remainders.push((product % sum, place));
    }
    // the rest is less than the number of weights
    remainders.sort_by_key(|(remainder, place)| (std::cmp::Reverse(*remainder), *place));
    for (_, place) in remainders {
        if left == 0 {
            break;
        }
        if let Some(share) = shares.get_mut(place) {
            *share += 1;
            left -= 1;
        }
    }
    shares
        .into_iter()
        .map(|share| {
            let share = i128::try_from(share).ok()?;
            Decimal::new(if units < 0 { -share } else { share }, scale)
        })
        .collect::<Option<Vec<Decimal>>>()
        .ok_or(SplitError::TooLarge)
}

fn units(total: Decimal, scale: u8) -> Result<i128, SplitError> {
    let short = total.normalize();
    let places = scale
        .checked_sub(short.scale())
        .ok_or(SplitError::Fraction)?;
    power_of_ten(u32::from(places))
        .and_then(|factor| short.mantissa().checked_mul(factor))
        .ok_or(SplitError::TooLarge)
}

/// The weights as whole numbers in the same proportion.
fn aligned(weights: &[Decimal]) -> Result<Vec<u128>, SplitError> {
    let scale = weights.iter().map(|w| w.normalize().scale()).max();
    let mut whole = Vec::with_capacity(weights.len());
    for weight in weights {
        if *weight < Decimal::ZERO {
            return Err(SplitError::Negative(*weight));
        }
        let mantissa = units(*weight, scale.unwrap_or(0)).map_err(|_| SplitError::TooLarge)?;
        whole.push(mantissa.unsigned_abs());
    }
    // small numbers leave room for the products
    let divisor = whole.iter().copied().fold(0, greatest_common_divisor);
    if divisor > 1 {
        for weight in &mut whole {
            *weight /= divisor;
        }
    }
    Ok(whole)
}

fn greatest_common_divisor(mut left: u128, mut right: u128) -> u128 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    fn shares(total: &str, scale: u8, weights: &[&str]) -> Result<String, SplitError> {
        let weights: Vec<Decimal> = weights.iter().map(|weight| number(weight)).collect();
        let shares = split(number(total), scale, &weights)?;
        let texts: Vec<String> = shares.iter().map(ToString::to_string).collect();
        Ok(texts.join(" "))
    }

    #[test]
    fn nothing_is_lost() {
        let cases: [(&str, u8, &[&str], &str); 7] = [
            ("100", 2, &["1", "1", "1"], "33.34 33.33 33.33"),
            ("-100", 2, &["1", "1", "1"], "-33.34 -33.33 -33.33"),
            ("0.05", 2, &["3", "7"], "0.02 0.03"),
            ("10", 0, &["0", "1"], "0 10"),
            ("0", 2, &["1", "2"], "0.00 0.00"),
            ("1.000", 0, &["0.25", "0.75"], "0 1"),
            (
                "99999999999999999999999999999999.99",
                2,
                &["50000000000000000000", "50000000000000000000"],
                "50000000000000000000000000000000.00 49999999999999999999999999999999.99",
            ),
        ];
        for (total, scale, weights, expected) in cases {
            assert_eq!(shares(total, scale, weights).unwrap(), expected, "{total}");
        }
        assert_eq!(shares("1", 2, &[]), Err(SplitError::NoWeight));
        assert_eq!(shares("1", 2, &["0", "0.0"]), Err(SplitError::NoWeight));
        assert_eq!(shares("1.005", 2, &["1"]), Err(SplitError::Fraction));
        assert_eq!(
            shares("1", 2, &["1", "-1"]),
            Err(SplitError::Negative(number("-1")))
        );
    }

    proptest! {
        #[test]
        fn the_shares_add_up(total in -1_000_000_i64..1_000_000, weights in proptest::collection::vec(0_i64..1000, 1..40)) {
            let total = Decimal::new(i128::from(total), 2).unwrap();
            let weights: Vec<Decimal> = weights.into_iter().map(Decimal::from).collect();
            let sum: i128 = weights.iter().map(|w| w.mantissa()).sum();
            match split(total, 2, &weights) {
                Err(error) => prop_assert_eq!((error, sum), (SplitError::NoWeight, 0)),
                Ok(shares) => {
                    let found = shares.iter().try_fold(Decimal::ZERO, |sum, share| sum.add(*share)).unwrap();
                    prop_assert_eq!(found, total);
                    for (share, weight) in shares.iter().zip(&weights) {
                        // |share * sum - total * weight| < one unit * sum
                        let exact = total.mantissa() * weight.mantissa();
                        prop_assert!((share.mantissa() * sum - exact).abs() < sum);
                    }
                }
            }
        }
    }
}
