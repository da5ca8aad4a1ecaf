//! The ASCII spelling of a character: by the rules of a language where it has some, otherwise after
//! the tables of the deunicode library. Deliberately absent: pictures such as emoji, whose spelling
//! would be a word that nobody wrote.

use unicode_normalization::UnicodeNormalization;

use crate::functions::Arguments;

/// Whose rules come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Any,
    German,
    Danish,
}

/// What stands for one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Ascii(char),
    Spelling(&'static str),
    Unknown(char),
}

/// Letters with a spelling of their own in a language: the letter, then its spelling as a capital
/// before small letters, and among capitals.
const GERMAN: [(char, &str, &str); 7] = [
    ('ä', "ae", "ae"),
    ('ö', "oe", "oe"),
    ('ü', "ue", "ue"),
    ('Ä', "Ae", "AE"),
    ('Ö', "Oe", "OE"),
    ('Ü', "Ue", "UE"),
    ('ẞ', "SS", "SS"),
];
const DANISH: [(char, &str, &str); 6] = [
    ('å', "aa", "aa"),
    ('æ', "ae", "ae"),
    ('ø', "oe", "oe"),
    ('Å', "Aa", "AA"),
    ('Æ', "Ae", "AE"),
    ('Ø', "Oe", "OE"),
];

/// Signs whose spelling is not, or should not be, the library's: those spelt with letters, and the low
/// quotes with which German texts begin.
const SIGNS: [(char, &str); 9] = [
    ('„', "\""),
    ('‚', "'"),
    ('€', "EUR"),
    ('£', "GBP"),
    ('×', "x"),
    ('©', "(C)"),
    ('®', "(R)"),
    ('™', "(TM)"),
    ('№', "No."),
];

/// The language given by `language`.
pub(super) fn language(arguments: &mut Arguments<'_, '_>) -> Option<Language> {
    match arguments.text("language") {
        None => Some(Language::Any),
        Some("de") => Some(Language::German),
        Some("da") => Some(Language::Danish),
        Some(_) => arguments.invalid("language", "needs de or da"),
    }
}

/// Spells `text`, character by character.
pub(super) fn spell(text: &str, language: Language, mut push: impl FnMut(Part)) {
    let rules: &[(char, &str, &str)] = match language {
        Language::Any => &[],
        Language::German => &GERMAN,
        Language::Danish => &DANISH,
    };
    let mut after_capital = false;
    let mut signs = text.nfc().peekable();
    while let Some(sign) = signs.next() {
        let before = signs.peek().copied();
        let rule = rules.iter().find(|(letter, _, _)| *letter == sign);
        push(match rule {
            Some((_, capital, capitals)) => {
                let among_capitals = match before {
                    Some(next) if next.is_alphabetic() => next.is_uppercase(),
                    _ => after_capital,
                };
                Part::Spelling(if among_capitals { capitals } else { capital })
            }
            None => part(sign),
        });
        after_capital = sign.is_uppercase();
    }
}

fn part(sign: char) -> Part {
    if sign.is_ascii() {
        return Part::Ascii(sign);
    }
    // an accent that could not be joined with its letter, and what is not seen at all
    if matches!(sign, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    {
        return Part::Spelling("");
    }
    if let Some((_, spelling)) = SIGNS.iter().find(|(other, _)| *other == sign) {
        return Part::Spelling(spelling);
    }
    let letter = sign.is_alphanumeric();
    match deunicode::deunicode_char(sign) {
        Some(spelling) if letter && !spelling.is_empty() => Part::Spelling(spelling),
        Some(spelling) if !letter && is_punctuation(sign) && !has_letters(spelling) => {
            Part::Spelling(spelling)
        }
        _ => Part::Unknown(sign),
    }
}

/// Whether a sign that is no letter lies in the blocks of punctuation, operators, lines and their
/// variants, not in those of pictures.
fn is_punctuation(sign: char) -> bool {
    matches!(sign, ..'\u{2600}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}')
}

fn has_letters(text: &str) -> bool {
    text.contains(|sign: char| sign.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(text: &str, language: Language) -> String {
        let mut out = String::new();
        spell(text, language, |part| match part {
            Part::Ascii(sign) => out.push(sign),
            Part::Spelling(spelling) => out.push_str(spelling),
            Part::Unknown(sign) => out.push_str(&format!("<{sign}>")),
        });
        out
    }

    #[test]
    fn spellings() {
        let cases = [
            ("Ä", Language::German, "Ae"),
            ("ÄÖ", Language::German, "AEOE"),
            ("HÄ.", Language::German, "HAE."),
            ("Ärzte", Language::German, "Aerzte"),
            ("STRAẞE Straße", Language::German, "STRASSE Strasse"),
            ("Ärzte", Language::Any, "Arzte"),
            ("Ægir ÆRØ", Language::Danish, "Aegir AEROE"),
            ("Þór Œuvre", Language::Any, "Thor OEuvre"),
            ("Αθήνα", Language::Any, "Athena"),
            ("北京", Language::Any, "Bei Jing "),
            ("½ m²", Language::Any, "1/2 m2"),
            ("a\u{a0}b…\u{200b}", Language::Any, "a b..."),
            ("☃ 👍", Language::Any, "<☃> <👍>"),
        ];
        for (text, language, expected) in cases {
            assert_eq!(spelt(text, language), expected, "{text}");
        }
    }
}
