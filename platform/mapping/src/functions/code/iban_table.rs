//! The account numbers (BBAN) inside IBANs by country: how many digits (n), capital letters (a) and
//! digits or letters (c) stand one after the other.
//!
//! Sorted by country. Source: SWIFT IBAN Registry, release 101. Deliberately absent: the check digits
//! that some countries have inside the account number, and which banks exist.

/// The form of the country's account numbers.
pub(super) fn form_of(country: &str) -> Option<&'static str> {
    FORMS
        .binary_search_by(|(code, _)| (*code).cmp(country))
        .ok()
        .and_then(|place| FORMS.get(place))
        .map(|(_, form)| *form)
}

/// How many signs the form has, and the kind of sign at each place.
pub(super) fn signs(form: &str) -> impl Iterator<Item = u8> {
    let mut count = 0_usize;
    form.bytes().flat_map(move |byte| {
        let repeated = match byte {
            b'0'..=b'9' => {
                count = count * 10 + usize::from(byte - b'0');
                0
            }
            _ => std::mem::take(&mut count),
        };
        std::iter::repeat_n(byte, repeated)
    })
}

const FORMS: &[(&str, &str)] = &[
    ("AD", "8n12c"),
    ("AE", "19n"),
    ("AL", "8n16c"),
    ("AT", "16n"),
    ("AZ", "4a20c"),
    ("BA", "16n"),
    ("BE", "12n"),
    ("BG", "4a6n8c"),
    ("BH", "4a14c"),
    ("BI", "23n"),
    ("BR", "23n1a1c"),
    ("BY", "4c4n16c"),
    ("CH", "5n12c"),
    ("CR", "18n"),
    ("CY", "8n16c"),
    ("CZ", "20n"),
    ("DE", "18n"),
    ("DJ", "23n"),
    ("DK", "14n"),
    ("DO", "4c20n"),
    ("EE", "16n"),
    ("EG", "25n"),
    ("ES", "20n"),
    ("FI", "14n"),
    ("FK", "2a12n"),
    ("FO", "14n"),
    ("FR", "10n11c2n"),
    ("GB", "4a14n"),
    ("GE", "2a16n"),
    ("GI", "4a15c"),
    ("GL", "14n"),
    ("GR", "7n16c"),
    ("GT", "24c"),
    ("HN", "4a20n"),
    ("HR", "17n"),
    ("HU", "24n"),
    ("IE", "4a14n"),
    ("IL", "19n"),
    ("IQ", "4a15n"),
    ("IS", "22n"),
    ("IT", "1a10n12c"),
    ("JO", "4a4n18c"),
    ("KW", "4a22c"),
    ("KZ", "3n13c"),
    ("LB", "4n20c"),
    ("LC", "4a24c"),
    ("LI", "5n12c"),
    ("LT", "16n"),
    ("LU", "3n13c"),
    ("LV", "4a13c"),
    ("LY", "21n"),
    ("MC", "10n11c2n"),
    ("MD", "20c"),
    ("ME", "18n"),
    ("MK", "3n10c2n"),
    ("MN", "16n"),
    ("MR", "23n"),
    ("MT", "4a5n18c"),
    ("MU", "4a19n3a"),
    ("NI", "4a20n"),
    ("NL", "4a10n"),
    ("NO", "11n"),
    ("OM", "3n16c"),
    ("PK", "4a16c"),
    ("PL", "24n"),
    ("PS", "4a21c"),
    ("PT", "21n"),
    ("QA", "4a21c"),
    ("RO", "4a16c"),
    ("RS", "18n"),
    ("RU", "14n15c"),
    ("SA", "2n18c"),
    ("SC", "4a20n3a"),
    ("SD", "14n"),
    ("SE", "20n"),
    ("SI", "15n"),
    ("SK", "20n"),
    ("SM", "1a10n12c"),
    ("SO", "19n"),
    ("ST", "21n"),
    ("SV", "4a20n"),
    ("TL", "19n"),
    ("TN", "20n"),
    ("TR", "6n16c"),
    ("UA", "6n19c"),
    ("VA", "18n"),
    ("VG", "4a16n"),
    ("XK", "16n"),
    ("YE", "4a4n18c"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_the_known_lengths() {
        assert!(FORMS.is_sorted_by(|a, b| a.0 < b.0));
        for (country, length) in [("DE", 22), ("NO", 15), ("MT", 31), ("FR", 27), ("RU", 33)] {
            let form = form_of(country).unwrap();
            assert_eq!(signs(form).count() + 4, length, "{country}");
        }
        assert_eq!(form_of("US"), None);
    }
}
