//! Currencies and their minor units, by ISO 4217.
//!
//! Source: ISO 4217 list one (SIX Financial Information, as maintained 2026-01-01), and the codes
//! withdrawn since 2020, because records of earlier years still carry them. Deliberately absent: the
//! codes without a minor unit (metals, funds, XDR, XTS, XXX) and exchange rates.

use tributary_model::error_code::ErrorCode;

use crate::value::{Made, failure_with_hint};

const NONE: [&str; 17] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
    "VUV", "XAF", "XOF", "XPF",
];

const TWO: [&str; 144] = [
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
    "BGN", "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF",
    "CHE", "CHF", "CHW", "CNY", "COP", "COU", "CRC", "CUC", "CUP", "CVE", "CZK", "DKK", "DOP",
    "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ",
    "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS",
    "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD",
    "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN",
    "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD",
    "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SLL", "SOS", "SRD", "SSP",
    "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH",
    "USD", "USN", "UYU", "UZS", "VED", "VES", "WST", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG",
    "ZWL",
];

const THREE: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

const FOUR: [&str; 2] = ["CLF", "UYW"];

/// The decimals of a currency; `None` if the code has no minor unit or is not one.
pub(super) fn decimals(code: &str) -> Option<u8> {
    let has = |codes: &[&str]| codes.binary_search(&code).is_ok();
    if has(&TWO) {
        Some(2)
    } else if has(&NONE) {
        Some(0)
    } else if has(&THREE) {
        Some(3)
    } else if has(&FOUR) {
        Some(4)
    } else {
        None
    }
}

/// The decimals of the currency that a record names.
pub(super) fn scale(code: &str) -> Made<u8> {
    decimals(code).map_or_else(|| unknown(code), Ok)
}

fn unknown<T>(code: &str) -> Made<T> {
    let shown = tributary_model::issue::shorten(code, 20);
    let capitals = code.trim().to_ascii_uppercase();
    let hint = if decimals(&capitals).is_some() {
        format!("write {capitals}: add trim and upper before")
    } else {
        "correct the code; codes without a minor unit, such as XAU, have no decimals".to_owned()
    };
    failure_with_hint(
        ErrorCode::EnumMismatch,
        format!("{shown:?} is not an ISO 4217 currency with a minor unit"),
        hint,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_apart() {
        let mut all: Vec<&str> = Vec::new();
        let tables: [&[&str]; 4] = [&NONE, &TWO, &THREE, &FOUR];
        for table in tables {
            assert!(table.is_sorted());
            all.extend(table);
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|code| code.len() == 3));
    }

    #[test]
    fn decimals_by_code() {
        let cases = [
            ("EUR", 2),
            ("JPY", 0),
            ("KWD", 3),
            ("CLF", 4),
            ("ISK", 0),
            ("ZWG", 2),
        ];
        for (code, expected) in cases {
            assert_eq!(decimals(code), Some(expected), "{code}");
        }
        for code in ["", "eur", "XAU", "XXX", "EURO", "ÄÖÜ"] {
            assert_eq!(decimals(code), None, "{code}");
        }
    }
}
