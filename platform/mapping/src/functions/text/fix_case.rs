//! `fix_case`: a name in mixed case.

use bumpalo::collections::String as ArenaString;
use tributary_model::error_code::ErrorCode;

use super::capitalize::push_capital;
use super::lower::lower_case;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "fix_case",
    summary: "Corrects the case of a name that is written all in capitals or all in small letters; a name in mixed case stays. Knows van, von, de and their like, Mc, O’ and D’, legal forms and the numbers II to XIII.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""MCDONALD""#, r#"{}"#, r#""McDonald""#),
        Example::gives(r#""o'neil""#, r#"{}"#, r#""O'Neil""#),
        Example::gives(
            r#""LUDWIG VAN BEETHOVEN""#,
            r#"{}"#,
            r#""Ludwig van Beethoven""#,
        ),
        Example::gives(r#""meyer-landrut""#, r#"{}"#, r#""Meyer-Landrut""#),
        Example::gives(
            r#""MÜLLER & SÖHNE GMBH""#,
            r#"{}"#,
            r#""Müller & Söhne GmbH""#,
        ),
        Example::gives(r#""HENRY VIII""#, r#"{}"#, r#""Henry VIII""#),
        Example::gives(
            r#""MILLER AG & CO. KG""#,
            r#"{}"#,
            r#""Miller AG & Co. KG""#,
        ),
        Example::gives(r#""vi nguyen SE""#, r#"{}"#, r#""vi nguyen SE""#),
        Example::gives(
            r#""NGUYEN VI, ALLIANZ SE""#,
            r#"{}"#,
            r#""Nguyen Vi, Allianz SE""#,
        ),
        Example::gives(r#""VAN DER BERG""#, r#"{}"#, r#""Van der Berg""#),
        Example::gives(r#""MCDONALD’S KING'S""#, r#"{}"#, r#""McDonald’s King's""#),
        Example::gives(r#""eBay van Damme""#, r#"{}"#, r#""eBay van Damme""#),
        Example::gives(r#""""#, r#"{}"#, r#""""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct FixCase;

impl Operation for FixCase {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let (mut upper, mut lower) = (false, false);
        for sign in text.chars() {
            upper |= sign.is_uppercase();
            lower |= sign.is_lowercase();
        }
        if upper == lower {
            return Ok(Value::Text(text));
        }
        let mut fixed = run.text_buffer(text.len() + 4);
        let small = lower_case(text, run);
        let mut words = small.split_inclusive(ENDS).peekable();
        let mut place = Place::First;
        while let Some(word) = words.next() {
            if place != Place::First && words.peek().is_none() {
                place = Place::Last;
            }
            push_word(word, place, &mut fixed);
            place = Place::Inside;
        }
        if fixed.as_str() == text {
            return Ok(Value::Text(text));
        }
        Ok(Value::Text(fixed.into_bump_str()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(FixCase)
}

/// The signs that end a word.
const ENDS: [char; 8] = [' ', '\u{a0}', '-', '/', '.', '(', '&', ','];

/// Words inside a name that stay small.
const SMALL: [&str; 28] = [
    "and", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du", "el",
    "et", "la", "le", "of", "op", "ten", "ter", "the", "und", "van", "vom", "von", "zu", "zur",
];

/// Words that have a writing of their own, but only after another word.
const FIXED: [(&str, &str); 18] = [
    ("ag", "AG"),
    ("bv", "BV"),
    ("gmbh", "GmbH"),
    ("iii", "III"),
    ("kg", "KG"),
    ("kgaa", "KGaA"),
    ("llc", "LLC"),
    ("llp", "LLP"),
    ("mbh", "mbH"),
    ("nv", "NV"),
    ("ohg", "OHG"),
    ("plc", "PLC"),
    ("ug", "UG"),
    ("usa", "USA"),
    ("vii", "VII"),
    ("viii", "VIII"),
    ("xii", "XII"),
    ("xiii", "XIII"),
];

/// Those that elsewhere may be a name or a part of one, and so have it only at the end.
const FIXED_AT_END: [(&str, &str); 7] = [
    ("ii", "II"),
    ("iv", "IV"),
    ("ix", "IX"),
    ("sa", "SA"),
    ("se", "SE"),
    ("vi", "VI"),
    ("xi", "XI"),
];

/// Where a word stands in the name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Inside,
    Last,
}

/// Appends a small word with the sign that ends it.
fn push_word(word: &str, place: Place, out: &mut ArenaString<'_>) {
    let letters = word.trim_end_matches(|sign: char| !sign.is_alphanumeric());
    let end = word.get(letters.len()..).unwrap_or_default();
    let at_end: &[_] = if place == Place::Last {
        &FIXED_AT_END
    } else {
        &[]
    };
    let fixed = FIXED
        .iter()
        .chain(at_end)
        .find(|(small, _)| *small == letters);
    if place == Place::First {
        push_name(letters, out);
    } else if let Some((_, writing)) = fixed {
        out.push_str(writing);
    } else if SMALL.contains(&letters) {
        out.push_str(letters);
    } else {
        push_name(letters, out);
    }
    out.push_str(end);
}

/// Appends a small word with its capitals: the first letter, the one after Mc, and the one after the
/// apostrophe of a single letter (O'Neil, but King's).
fn push_name(letters: &str, out: &mut ArenaString<'_>) {
    let second = letters.chars().nth(1);
    let apostrophe = matches!(second, Some('\'' | '’'));
    let celtic = letters.starts_with("mc") && letters.chars().count() > 3;
    for (place, sign) in letters.chars().enumerate() {
        if place == 0 || (place == 2 && (apostrophe || celtic)) {
            push_capital(sign, out);
        } else {
            out.push(sign);
        }
    }
}
