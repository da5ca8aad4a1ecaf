//! Decimals against known texts and an independent decimal implementation.

use super::*;

fn number(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

#[test]
fn text_round_trips() {
    for text in [
        "0",
        "0.00",
        "1.50",
        "-0.05",
        "123456789012345678901234567890.12345678",
        "-1",
        "0.00000000000000000000000000000000000001",
    ] {
        assert_eq!(number(text).to_string(), text);
    }
    assert_eq!(number("+007.10").to_string(), "7.10");
    assert_eq!(number("1e3").to_string(), "1000");
    assert_eq!(number("1.5E-2").to_string(), "0.015");
    assert_eq!(number("0e999999").to_string(), "0");
    assert_eq!(
        number("1.0000000000000000000000000000000000000000000"),
        number("1")
    );
}

#[test]
fn what_is_no_number_is_refused() {
    for text in [
        "", "-", ".", "1.", ".5", "1..2", "1,5", "0x1", "1e", "1e+", "e5", "NaN", "1 ", "--1", "١",
    ] {
        assert_eq!(Decimal::parse(text), Err(DecimalError::Invalid), "{text:?}");
    }
    for text in [
        "999999999999999999999999999999999999999",
        "1e39",
        "1e-39",
        "1e99999999999",
    ] {
        assert_eq!(
            Decimal::parse(text),
            Err(DecimalError::TooLarge),
            "{text:?}"
        );
    }
}

#[test]
fn locales_check_grouping_by_position() {
    let cases = [
        (Separators::GERMAN, "1.234", Some("1234")),
        (Separators::GERMAN, "1.234,50", Some("1234.50")),
        (Separators::GERMAN, "1234,5", Some("1234.5")),
        (Separators::GERMAN, "-12.345.678,9", Some("-12345678.9")),
        (Separators::GERMAN, "1.23", None),
        (Separators::GERMAN, "1234.567", None),
        (Separators::GERMAN, "1.234.56", None),
        (Separators::GERMAN, "1,234.5", None),
        (Separators::GERMAN, ".234", None),
        (Separators::GERMAN, "1,", None),
        (Separators::GERMAN, "0.500", None),
        (Separators::GERMAN, "-0.500", None),
        (Separators::GERMAN, "00.500", None),
        (Separators::GERMAN, "012.500,5", None),
        (Separators::GERMAN, "0,500", Some("0.500")),
        (Separators::GERMAN, "100.500", Some("100500")),
        (Separators::ENGLISH, "0,500", None),
        (Separators::ENGLISH, "+0,500.25", None),
        (Separators::SWISS, "0'500", None),
        (Separators::FRENCH, "0\u{202f}500", None),
        (Separators::ENGLISH, "1,234.5", Some("1234.5")),
        (Separators::ENGLISH, "1,2.3", None),
        (Separators::PLAIN, "1,234", None),
        (Separators::SWISS, "1'234'567.05", Some("1234567.05")),
        (Separators::SWISS, "1\u{2019}234.5", Some("1234.5")),
        (Separators::SWISS, "1'234\u{2019}567", None),
        (Separators::FRENCH, "1\u{202f}234,5", Some("1234.5")),
    ];
    for (separators, text, expected) in cases {
        let got = Decimal::parse_in(text, separators)
            .ok()
            .map(|n| n.to_string());
        assert_eq!(got.as_deref(), expected, "{text:?} in {separators:?}");
    }
}

#[test]
fn rounding_modes() {
    let cases = [
        ("2.5", ["3", "2", "2", "3", "2", "3", "2"]),
        ("-2.5", ["-3", "-2", "-2", "-3", "-2", "-2", "-3"]),
        ("3.5", ["4", "4", "3", "4", "3", "4", "3"]),
        ("0.4", ["0", "0", "0", "1", "0", "1", "0"]),
        ("-0.6", ["-1", "-1", "-1", "-1", "0", "0", "-1"]),
        ("7", ["7", "7", "7", "7", "7", "7", "7"]),
    ];
    for (text, expected) in cases {
        for ((word, mode), want) in Rounding::WORDS.into_iter().zip(expected) {
            assert_eq!(number(text).round(0, mode), number(want), "{text} {word}");
        }
    }
    assert_eq!(
        number("56.9715").round(2, Rounding::HalfUp).to_string(),
        "56.97"
    );
}

#[test]
fn division() {
    let cases = [
        ("1", "8", "0.125"),
        ("10", "4", "2.5"),
        ("1", "3", "0.333333333333333333"),
        ("2", "3", "0.666666666666666667"),
        ("-2", "3", "-0.666666666666666667"),
        ("1000", "0.001", "1000000"),
        ("0", "7", "0"),
        ("0.0000000000000000005", "1", "0"),
        ("0.0000000000000000015", "1", "0.000000000000000002"),
    ];
    for (left, right, expected) in cases {
        assert_eq!(
            number(left).divide(number(right)).unwrap().to_string(),
            expected,
            "{left} / {right}"
        );
    }
    assert_eq!(
        number("1").divide(Decimal::ZERO),
        Err(DecimalError::DivisionByZero)
    );
}

#[test]
fn order_holds_where_scales_cannot_be_aligned() {
    let large = number("99999999999999999999999999999999999999");
    let small = number("0.00000000000000000000000000000000000001");
    assert!(large > small);
    assert!(large.negate() < small);
    assert!(small > Decimal::ZERO);
    assert_eq!(number("1.50"), number("1.5"));
    assert!(number("5.0000000000000000000000000000000000001") > number("5"));
}

#[test]
fn overflow_is_an_error_and_zeros_are_not() {
    let large = number("99999999999999999999999999999999999999");
    assert_eq!(large.add(number("1")), Err(DecimalError::TooLarge));
    assert_eq!(large.multiply(number("10")), Err(DecimalError::TooLarge));
    let zeros = number("1.0000000000000000000000000");
    assert_eq!(zeros.multiply(zeros).unwrap(), number("1"));
}

#[test]
fn fixed_scale_never_rounds() {
    let mut out = Vec::new();
    assert!(number("1.5").write_fixed(3, &mut out));
    assert!(number("1.5000").write_fixed(2, &mut out));
    assert!(!number("1.505").write_fixed(2, &mut out));
    assert_eq!(out, b"1.5001.50");
}

#[test]
fn serde_keeps_the_digits() {
    let text = "[12345678901234567890.123456789012345678,0.10]";
    let numbers: Vec<Decimal> = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&numbers).unwrap(), text);
    assert_eq!(
        serde_json::from_str::<Decimal>("\"1.10\"")
            .unwrap()
            .to_string(),
        "1.10"
    );
    assert!(serde_json::from_str::<Decimal>("true").is_err());
}
