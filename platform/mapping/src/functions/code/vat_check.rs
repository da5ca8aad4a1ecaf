//! The forms of VAT identification numbers and their check digits, by prefix.
//!
//! Sources: the VIES frequently asked questions of the European Commission for the forms, the national
//! rules for the check digits. Without a check of digits: BG, CY, CZ, LT, LV. Deliberately absent:
//! whether a number was given out, which only VIES or the tax office knows.

use super::check_digits::{digit, luhn, mod_11_10, mod_97, remainder, weighted};

/// What is wrong with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Prefix,
    Form,
    CheckDigit,
}

/// The rule of one prefix.
struct Rule {
    prefix: &'static str,
    /// 9 a digit, @ a letter, * one of both, ? a letter or + or *; others stand for themselves
    forms: &'static [&'static str],
    check: fn(&[u8]) -> bool,
}

/// Whether there is a rule for the prefix.
pub(super) fn is_prefix(prefix: &str) -> bool {
    RULES.iter().any(|rule| rule.prefix == prefix)
}

/// Checks the number after its prefix, written in capitals and without separators.
pub(super) fn check(prefix: &str, number: &str) -> Result<(), Fault> {
    let Some(rule) = RULES.iter().find(|rule| rule.prefix == prefix) else {
        return Err(Fault::Prefix);
    };
    if !rule.forms.iter().any(|form| has_form(number, form)) {
        return Err(Fault::Form);
    }
    if (rule.check)(number.as_bytes()) {
        Ok(())
    } else {
        Err(Fault::CheckDigit)
    }
}

fn has_form(number: &str, form: &str) -> bool {
    number.len() == form.len()
        && number
            .bytes()
            .zip(form.bytes())
            .all(|(sign, kind)| match kind {
                b'9' => sign.is_ascii_digit(),
                b'@' => sign.is_ascii_uppercase(),
                b'*' => sign.is_ascii_digit() || sign.is_ascii_uppercase(),
                b'?' => sign.is_ascii_uppercase() || sign == b'+' || sign == b'*',
                other => sign == other,
            })
}

const fn rule(
    prefix: &'static str,
    forms: &'static [&'static str],
    check: fn(&[u8]) -> bool,
) -> Rule {
    Rule {
        prefix,
        forms,
        check,
    }
}

const EIGHT: &str = "99999999";
const NINE: &str = "999999999";
const TEN: &str = "9999999999";
const ELEVEN: &str = "99999999999";
const TWELVE: &str = "999999999999";
const BRITISH: &[&str] = &[NINE, TWELVE, "GD999", "HA999"];
const SWISS: &[&str] = &[
    "E999999999",
    "E999999999MWST",
    "E999999999TVA",
    "E999999999IVA",
];
const ROMANIAN: &[&str] = &[
    "99", "999", "9999", "99999", "999999", "9999999", EIGHT, NINE, TEN,
];

const RULES: &[Rule] = &[
    rule("AT", &["U99999999"], austria),
    rule("BE", &[TEN], belgium),
    rule("BG", &[NINE, TEN], not_checked),
    rule("CH", SWISS, switzerland),
    rule("CY", &["99999999@"], not_checked),
    rule("CZ", &[EIGHT, NINE, TEN], not_checked),
    rule("DE", &[NINE], |n| n.first() != Some(&b'0') && mod_11_10(n)),
    rule("DK", &[EIGHT], |n| {
        n.first() != Some(&b'0') && weighted(n, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
    }),
    rule("EE", &[NINE], |n| {
        weighted(n, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
    }),
    rule("EL", &[NINE], greece),
    rule("ES", &["@99999999", "99999999@", "@9999999@"], spain),
    rule("FI", &[EIGHT], |n| {
        weighted(n, &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11)
    }),
    rule("FR", &["**999999999"], france),
    rule("GB", BRITISH, britain),
    rule("HR", &[ELEVEN], mod_11_10),
    rule("HU", &[EIGHT], |n| {
        weighted(n, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10)
    }),
    rule("IE", &["9999999@", "9999999@@", "9?99999@"], ireland),
    rule("IT", &[ELEVEN], |n| !n.starts_with(b"0000000") && luhn(n)),
    rule("LT", &[NINE, TWELVE], not_checked),
    rule("LU", &[EIGHT], |n| {
        n.split_at_checked(6)
            .is_some_and(|(head, tail)| remainder(head, 89) == remainder(tail, 100))
    }),
    rule("LV", &[ELEVEN], not_checked),
    rule("MT", &[EIGHT], |n| {
        weighted(n, &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37)
    }),
    rule("NL", &["999999999B99"], netherlands),
    rule("NO", &[NINE, "999999999MVA"], |n| {
        weighted(n, &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
    }),
    rule("PL", &[TEN], |n| {
        let (sum, last) = (
            weighted(n, &[6, 5, 7, 2, 3, 4, 5, 6, 7]),
            n.last().map(|d| digit(*d)),
        );
        Some(sum % 11) == last
    }),
    rule("PT", &[NINE], portugal),
    rule("RO", ROMANIAN, romania),
    rule("SE", &[TWELVE], |n| {
        n.split_at_checked(10)
            .is_some_and(|(head, tail)| luhn(head) && tail != b"00")
    }),
    rule("SI", &[EIGHT], slovenia),
    rule("SK", &[TEN], |n| remainder(n, 11) == 0),
    rule("XI", BRITISH, britain),
];

fn not_checked(_number: &[u8]) -> bool {
    true
}

/// The digit at a place, 0 beyond the end.
fn at(number: &[u8], place: usize) -> u32 {
    number.get(place).map_or(0, |byte| digit(*byte))
}

fn austria(number: &[u8]) -> bool {
    let sum: u32 = (1..8)
        .map(|place| match (place % 2, at(number, place)) {
            (0, value) => value / 5 + value * 2 % 10,
            (_, value) => value,
        })
        .sum();
    (10 - (sum + 4) % 10) % 10 == at(number, 8)
}

fn belgium(number: &[u8]) -> bool {
    let known = matches!(number.first(), Some(b'0' | b'1'));
    let parts = number.split_at_checked(8);
    known && parts.is_some_and(|(head, tail)| 97 - remainder(head, 97) == remainder(tail, 100))
}

/// The enterprise number (UID), after the E of CHE.
fn switzerland(number: &[u8]) -> bool {
    let digits = number.get(1..10).unwrap_or_default();
    weighted(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 1]).is_multiple_of(11)
}

fn greece(number: &[u8]) -> bool {
    let sum = weighted(number, &[256, 128, 64, 32, 16, 8, 4, 2]);
    sum % 11 % 10 == at(number, 8)
}

/// Natural persons by the letters of the identity card, companies by a digit or letter.
fn spain(number: &[u8]) -> bool {
    const LETTERS: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let (Some(first), Some((last, head))) = (number.first(), number.split_last()) else {
        return false;
    };
    let letter = |before: u32, digits: &[u8]| {
        let power = 10_u32.pow(digits.len() as u32);
        let rest = (before * (power % 23) + remainder(digits, 23)) % 23;
        LETTERS.get(rest as usize) == Some(last)
    };
    let rest = head.get(1..).unwrap_or_default();
    match first {
        b'0'..=b'9' => letter(0, head),
        b'X' | b'K' | b'L' | b'M' => letter(0, rest),
        b'Y' => letter(1, rest),
        b'Z' => letter(2, rest),
        b'A'..=b'H' | b'J' | b'N' | b'P'..=b'S' | b'U'..=b'W' => {
            let sum: u32 = rest
                .iter()
                .enumerate()
                .map(|(place, byte)| {
                    let value = digit(*byte) * (2 - place as u32 % 2);
                    value / 10 + value % 10
                })
                .sum();
            let check = (10 - sum % 10) % 10;
            // which kinds of company have a digit and which a letter is told differently: both do
            u32::from(*last) == u32::from(b'0') + check
                || b"JABCDEFGHI".get(check as usize) == Some(last)
        }
        _ => false,
    }
}

/// Two signs as a key of the SIREN after them: digits in the old style, letters in the new one.
fn france(number: &[u8]) -> bool {
    const SIGNS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let Some((key, siren)) = number.split_at_checked(2) else {
        return false;
    };
    // the numbers of Monaco begin with 000 and have no check digit of their own
    if !siren.starts_with(b"000") && !luhn(siren) {
        return false;
    }
    if key.iter().all(u8::is_ascii_digit) {
        return remainder(key, 100) == (remainder(siren, 97) * 100 + 12) % 97;
    }
    let place = |sign: Option<&u8>| {
        SIGNS
            .iter()
            .position(|known| Some(known) == sign)
            .map(|place| place as u32)
    };
    let (Some(first), Some(second)) = (place(key.first()), place(key.last())) else {
        return false;
    };
    let key = match first {
        0..=9 => (first * 24 + second).checked_sub(10),
        _ => (first * 34 + second).checked_sub(100),
    };
    key.is_some_and(|key| (remainder(siren, 11) + 1 + key / 11) % 11 == key % 11)
}

/// Government departments (GD 000-499) and health authorities (HA 500-999) have no check digits.
fn britain(number: &[u8]) -> bool {
    match number {
        [b'G', b'D', first, ..] => digit(*first) < 5,
        [b'H', b'A', first, ..] => digit(*first) >= 5,
        _ => {
            let rest = weighted(number, &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
            // numbers from 100 on may be of the later series, which are moved by 55
            rest == 0 || (number.first() != Some(&b'0') && matches!(rest, 42 | 55))
        }
    }
}

fn ireland(number: &[u8]) -> bool {
    const LETTERS: &[u8] = b"WABCDEFGHIJKLMNOPQRSTUV";
    let second = match number.get(8) {
        None => Some(0),
        Some(sign) => LETTERS.iter().position(|known| known == sign),
    };
    let (Some(second), Some(digits)) = (second, number.get(..7)) else {
        return false;
    };
    let sum = if at(number, 1) == 0 && number.get(1) != Some(&b'0') {
        // the old style: the first digit belongs to the end
        let rest = number.get(2..7).unwrap_or_default();
        weighted(rest, &[7, 6, 5, 4, 3]) + at(number, 0) * 2
    } else {
        weighted(digits, &[8, 7, 6, 5, 4, 3, 2])
    };
    let check = (sum + 9 * second as u32) % 23;
    LETTERS.get(check as usize) == number.get(7)
}

/// By the citizen number, or since 2020 by MOD 97 of the whole.
fn netherlands(number: &[u8]) -> bool {
    let sum = weighted(number, &[9, 8, 7, 6, 5, 4, 3, 2]);
    let old = sum % 11 == at(number, 8) && sum > 0 && !number.ends_with(b"00");
    old || mod_97(b"NL".iter().chain(number).copied()) == 1
}

fn portugal(number: &[u8]) -> bool {
    let sum = weighted(number, &[9, 8, 7, 6, 5, 4, 3, 2]);
    number.first() != Some(&b'0') && (11 - sum % 11) % 11 % 10 == at(number, 8)
}

fn romania(number: &[u8]) -> bool {
    let weights = [7, 5, 3, 2, 1, 7, 5, 3, 2];
    let Some((last, head)) = number.split_last() else {
        return false;
    };
    let from = weights.len().saturating_sub(head.len());
    let sum = weighted(head, weights.get(from..).unwrap_or_default());
    number.first() != Some(&b'0') && sum * 10 % 11 % 10 == digit(*last)
}

fn slovenia(number: &[u8]) -> bool {
    let rest = weighted(number, &[8, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if rest == 1 { 0 } else { 11 - rest };
    number.first() != Some(&b'0') && check == at(number, 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that companies publish on their invoices and web pages.
    const PUBLISHED: &[(&str, &str)] = &[
        ("AT", "U13585627"),
        ("BE", "0403019261"),
        ("CH", "E107787577IVA"),
        ("DE", "136695976"),
        ("DK", "13585628"),
        ("EE", "100931558"),
        ("EL", "094259216"),
        ("ES", "54362315K"),
        ("ES", "X2482300W"),
        ("ES", "J99216582"),
        ("FI", "20774740"),
        ("FR", "40303265045"),
        ("FR", "K7399859412"),
        ("GB", "980780684"),
        ("HR", "33392005961"),
        ("HU", "12892312"),
        ("IE", "6433435F"),
        ("IE", "6433435OA"),
        ("IE", "8D79739I"),
        ("IT", "00743110157"),
        ("LU", "15027442"),
        ("MT", "11679112"),
        ("NL", "004495445B01"),
        ("NO", "995525828MVA"),
        ("PL", "8567346215"),
        ("PT", "501964843"),
        ("RO", "18547290"),
        ("SE", "123456789701"),
        ("SI", "50223054"),
        ("SK", "2022749619"),
    ];

    #[test]
    fn a_published_number_is_taken_and_with_another_digit_refused() {
        for (prefix, number) in PUBLISHED {
            assert_eq!(check(prefix, number), Ok(()), "{prefix}{number}");
            let changed = match number.as_bytes()[2] {
                b'9' => b'8',
                digit => digit + 1,
            };
            let mut other = number.as_bytes().to_vec();
            other[2] = changed;
            let other = String::from_utf8(other).unwrap();
            assert_eq!(
                check(prefix, &other),
                Err(Fault::CheckDigit),
                "{prefix}{other}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(check("US", "123456789"), Err(Fault::Prefix));
        for (prefix, number) in [
            ("DE", ""),
            ("DE", "12345678"),
            ("DE", "12345678ä"),
            ("IE", "é433435F"),
        ] {
            assert_eq!(check(prefix, number), Err(Fault::Form), "{prefix}{number}");
        }
    }
}
