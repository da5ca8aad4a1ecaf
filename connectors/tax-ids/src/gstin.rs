//! GSTIN: a state's code, the ten signs of the PAN, a number, a `Z`, and a check character modulo 36.

use tributary_sdk::functions::Fault;

const SIGNS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Codes of states and union territories as the tax numbers have them, with ISO 3166-2.
const STATES: [(&str, &str); 37] = [
    ("01", "IN-JK"),
    ("02", "IN-HP"),
    ("03", "IN-PB"),
    ("04", "IN-CH"),
    ("05", "IN-UK"),
    ("06", "IN-HR"),
    ("07", "IN-DL"),
    ("08", "IN-RJ"),
    ("09", "IN-UP"),
    ("10", "IN-BR"),
    ("11", "IN-SK"),
    ("12", "IN-AR"),
    ("13", "IN-NL"),
    ("14", "IN-MN"),
    ("15", "IN-MZ"),
    ("16", "IN-TR"),
    ("17", "IN-ML"),
    ("18", "IN-AS"),
    ("19", "IN-WB"),
    ("20", "IN-JH"),
    ("21", "IN-OD"),
    ("22", "IN-CG"),
    ("23", "IN-MP"),
    ("24", "IN-GJ"),
    ("26", "IN-DH"),
    ("27", "IN-MH"),
    ("28", "IN-AP"),
    ("29", "IN-KA"),
    ("30", "IN-GA"),
    ("31", "IN-LD"),
    ("32", "IN-KL"),
    ("33", "IN-TN"),
    ("34", "IN-PY"),
    ("35", "IN-AN"),
    ("36", "IN-TS"),
    ("37", "IN-AP"),
    ("38", "IN-LA"),
];

pub(crate) fn read(number: &str) -> Result<String, Fault> {
    let text = super::plain(number);
    let signs = text.as_bytes();
    let form = b"99AAAAA9999A*Z*";
    let fits = signs.len() == form.len()
        && signs.iter().zip(form).all(|(sign, form)| match form {
            b'9' => sign.is_ascii_digit(),
            b'A' => sign.is_ascii_uppercase(),
            b'Z' => *sign == b'Z',
            _ => sign.is_ascii_digit() || sign.is_ascii_uppercase(),
        });
    if !fits {
        return Err(Fault::refused(
            "a GSTIN has 15 signs of the form 27AAPFU0939F1ZV",
        ));
    }
    let wanted = check_character(signs);
    if signs.last().copied() != wanted {
        return Err(Fault::refused(format!(
            "the check character is wrong: {} is right for what stands before it",
            char::from(wanted.unwrap_or(b'?'))
        )));
    }
    Ok(text)
}

/// Code and region of the state of a number that was read.
pub(crate) fn state(number: &str) -> Option<(&'static str, &'static str)> {
    let code = number.get(..2)?;
    STATES.iter().find(|(known, _)| *known == code).copied()
}

fn check_character(signs: &[u8]) -> Option<u8> {
    let mut sum = 0;
    for (place, sign) in signs.iter().take(14).enumerate() {
        let value = SIGNS.iter().position(|known| known == sign)?;
        let product = value * (1 + place % 2);
        sum += product / 36 + product % 36;
    }
    SIGNS.get((36 - sum % 36) % 36).copied()
}

#[cfg(test)]
mod tests {
    use super::{read, state};

    #[test]
    fn numbers_and_their_states() {
        assert_eq!(
            read("27aapfu0939f1zv").as_deref().ok(),
            Some("27AAPFU0939F1ZV")
        );
        assert_eq!(
            read("29 AAGCB7383J 1Z4").as_deref().ok(),
            Some("29AAGCB7383J1Z4")
        );
        assert_eq!(state("27AAPFU0939F1ZV"), Some(("27", "IN-MH")));
        assert_eq!(state("99AAPFU0939F1ZV"), None);
        for wrong in [
            "27AAPFU0939F1ZW",
            "27AAPFU0939F1YV",
            "27AAPFU0939F",
            "",
            "é7AAPFU0939F1ZV",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
