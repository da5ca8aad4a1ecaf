//! Our decimals against `rust_decimal`, on numbers that both can hold.

use proptest::prelude::*;
use rust_decimal::{Decimal as Reference, RoundingStrategy};
use tributary_mapping::Decimal;
use tributary_mapping::decimal::Rounding;

fn pair() -> impl Strategy<Value = (Decimal, Reference)> {
    // 14 digits, so that a product still fits the 28 digits of the reference
    (-99_999_999_999_999_i64..=99_999_999_999_999, 0_u8..=9).prop_map(|(mantissa, scale)| {
        let ours = Decimal::new(i128::from(mantissa), scale).unwrap();
        (ours, Reference::new(mantissa, u32::from(scale)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn text_is_the_same_and_round_trips((ours, theirs) in pair()) {
        prop_assert_eq!(ours.to_string(), theirs.to_string());
        let again = Decimal::parse(&ours.to_string()).unwrap();
        prop_assert_eq!((again.mantissa(), again.scale()), (ours.mantissa(), ours.scale()));
        prop_assert_eq!(ours.normalize().to_string(), theirs.normalize().to_string());
    }

    #[test]
    fn sums_products_and_order((a, ra) in pair(), (b, rb) in pair()) {
        prop_assert_eq!(a.add(b).unwrap().normalize().to_string(), (ra + rb).normalize().to_string());
        prop_assert_eq!(a.subtract(b).unwrap().normalize().to_string(), (ra - rb).normalize().to_string());
        prop_assert_eq!(a.multiply(b).unwrap().normalize().to_string(), (ra * rb).normalize().to_string());
        prop_assert_eq!(a.cmp(&b), ra.cmp(&rb));
        if !rb.is_zero() {
            prop_assert_eq!(a.remainder(b).unwrap().normalize().to_string(), (ra % rb).normalize().to_string());
        }
    }

    #[test]
    fn rounding((a, ra) in pair(), scale in 0_u8..=9) {
        let modes = [
            (Rounding::HalfUp, RoundingStrategy::MidpointAwayFromZero),
            (Rounding::HalfEven, RoundingStrategy::MidpointNearestEven),
            (Rounding::HalfDown, RoundingStrategy::MidpointTowardZero),
            (Rounding::Up, RoundingStrategy::AwayFromZero),
            (Rounding::Down, RoundingStrategy::ToZero),
            (Rounding::Ceiling, RoundingStrategy::ToPositiveInfinity),
            (Rounding::Floor, RoundingStrategy::ToNegativeInfinity),
        ];
        for (mode, strategy) in modes {
            let theirs = ra.round_dp_with_strategy(u32::from(scale), strategy);
            prop_assert_eq!(a.round(scale, mode).normalize().to_string(), theirs.normalize().to_string(), "{:?}", mode);
        }
    }

    #[test]
    fn a_quotient_times_its_divisor_is_near((a, _) in pair(), (b, _) in pair()) {
        prop_assume!(b != Decimal::ZERO);
        let quotient = a.divide(b).unwrap();
        prop_assert!(quotient.scale() <= 18);
        if let Ok(back) = quotient.multiply(b) {
            let error = back.subtract(a).unwrap().abs();
            // half a unit of the 18th decimal, times the divisor
            let bound = Decimal::parse("0.0000000000000000005").unwrap().multiply(b.abs()).unwrap();
            prop_assert!(error <= bound, "{} / {} = {}", a, b, quotient);
        }
    }

    #[test]
    fn any_text_is_read_or_refused_like_the_reference(text in "[-+]?[0-9]{0,12}(\\.[0-9]{0,8})?") {
        let ours = Decimal::parse(&text).ok().map(|number| number.normalize().to_string());
        // the reference takes "1." and ".5", which are no numbers here
        let strict = !text.ends_with('.') && !text.trim_start_matches(['+', '-']).starts_with('.');
        let theirs = text.parse::<Reference>().ok().filter(|_| strict).map(|number| number.normalize().to_string());
        prop_assert_eq!(ours, theirs);
    }
}
