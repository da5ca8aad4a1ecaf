//! The forms of postal codes by country: 9 a digit, @ a letter, * one of both, all else is put in; and
//! the sign that people write before the code besides the country's alpha-2 code.
//!
//! Sorted by country. Source: Universal Postal Union, postal addressing systems of the member countries.
//! Deliberately absent: which codes exist.

/// The country's sign and the forms of its postal codes; none: there is no rule.
pub(super) fn forms_of(country: &str) -> Option<(&'static str, &'static [&'static str])> {
    FORMS
        .binary_search_by(|(code, _, _)| (*code).cmp(country))
        .ok()
        .and_then(|place| FORMS.get(place))
        .map(|(_, sign, forms)| (*sign, *forms))
}

const FOUR: &[&str] = &["9999"];
const FIVE: &[&str] = &["99999"];
const SIX: &[&str] = &["999999"];
const BRITISH: &[&str] = &[
    "@9 9@@", "@99 9@@", "@9@ 9@@", "@@9 9@@", "@@99 9@@", "@@9@ 9@@",
];

#[rustfmt::skip]
const FORMS: &[(&str, &str, &[&str])] = &[
    ("AD", "AND", &["AD999"]), ("AL", "AL", FOUR), ("AR", "RA", &["9999", "@9999@@@"]),
    ("AT", "A", FOUR), ("AU", "AUS", FOUR), ("BA", "BIH", FIVE), ("BE", "B", FOUR),
    ("BG", "BG", FOUR), ("BR", "BR", &["99999-999"]), ("BY", "BY", SIX), ("CA", "CDN", &["@9@ 9@9"]),
    ("CH", "CH", FOUR), ("CL", "RCH", &["9999999"]), ("CN", "CHN", SIX), ("CO", "CO", SIX),
    ("CY", "CY", FOUR), ("CZ", "CZ", &["999 99"]), ("DE", "D", FIVE), ("DK", "DK", FOUR),
    ("EE", "EST", FIVE), ("EG", "ET", FIVE), ("ES", "E", FIVE), ("FI", "FIN", FIVE),
    ("FR", "F", FIVE), ("GB", "UK", BRITISH), ("GR", "EL", &["999 99"]), ("HR", "HR", FIVE),
    ("HU", "H", FOUR), ("ID", "RI", FIVE), ("IE", "IRL", &["@9* ****"]), ("IL", "IL", &["9999999", "99999"]),
    ("IN", "IND", SIX), ("IS", "IS", &["999"]), ("IT", "I", FIVE), ("JP", "J", &["999-9999"]),
    ("KR", "ROK", FIVE), ("KZ", "KZ", SIX), ("LI", "FL", FOUR), ("LT", "LT", &["LT-99999"]),
    ("LU", "L", FOUR), ("LV", "LV", &["LV-9999"]), ("MA", "MA", FIVE), ("MC", "MC", FIVE),
    ("ME", "MNE", FIVE), ("MK", "NMK", FOUR), ("MT", "M", &["@@@ 9999"]), ("MX", "MEX", FIVE),
    ("MY", "MAL", FIVE), ("NL", "NL", &["9999 @@"]), ("NO", "N", FOUR), ("NZ", "NZ", FOUR),
    ("PH", "RP", FOUR), ("PL", "PL", &["99-999"]), ("PT", "P", &["9999-999"]), ("RO", "RO", SIX),
    ("RS", "SRB", FIVE), ("RU", "RUS", SIX), ("SA", "KSA", &["99999", "99999-9999"]), ("SE", "S", &["999 99"]),
    ("SG", "SGP", SIX), ("SI", "SLO", FOUR), ("SK", "SK", &["999 99"]), ("SM", "RSM", FIVE),
    ("TH", "T", FIVE), ("TN", "TN", FOUR), ("TR", "TR", FIVE), ("TW", "RC", &["999", "99999", "999999"]),
    ("UA", "UA", FIVE), ("US", "USA", &["99999", "99999-9999"]), ("VA", "V", FIVE), ("VN", "VN", &["99999", "999999"]),
    ("ZA", "ZA", FOUR),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(FORMS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(forms_of("DE").is_some() && forms_of("AE").is_none());
    }
}
