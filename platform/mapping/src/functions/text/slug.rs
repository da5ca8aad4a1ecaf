//! `slug`: a text for an address or file name.

use tributary_model::error_code::ErrorCode;

use super::transliteration::{self, Language, Part};
use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "slug",
    summary: "Makes a name of small ASCII letters and digits for addresses and files; everything else becomes one separator, what has no ASCII spelling is dropped.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "language",
            ArgumentKind::Text,
            "de: ä ö ü become ae oe ue; da: å ø become aa oe; default: accents are dropped",
        ),
        Argument::optional(
            "separator",
            ArgumentKind::Text,
            "one or no ASCII character between the words; default -",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""Grüße aus Köln!""#,
            r#"{"language": "de"}"#,
            r#""gruesse-aus-koeln""#,
        ),
        Example::gives(
            r#"" Crème Brûlée (2 St.) ""#,
            r#"{}"#,
            r#""creme-brulee-2-st""#,
        ),
        Example::gives(r#""Order_No""#, r#"{"separator": "_"}"#, r#""order_no""#),
        Example::gives(r#""a--b""#, r#"{"separator": ""}"#, r#""ab""#),
        Example::gives(r#""!?""#, r#"{}"#, r#""""#),
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
struct Slug {
    language: Language,
    separator: Option<char>,
}

impl Operation for Slug {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let mut slug = run.text_buffer(text.len() + 8);
        let mut apart = false;
        let mut push = |sign: char| {
            if !sign.is_ascii_alphanumeric() {
                // an apostrophe does not part a word
                apart |= sign != '\'';
                return;
            }
            if apart && !slug.is_empty() {
                slug.extend(self.separator);
            }
            apart = false;
            slug.push(sign.to_ascii_lowercase());
        };
        transliteration::spell(text, self.language, |part| match part {
            Part::Spelling(letters) => letters.chars().for_each(&mut push),
            Part::Ascii(sign) => push(sign),
            Part::Unknown(_) => push(' '),
        });
        bounds::check_growth(text.len(), slug.len())?;
        Ok(Value::Text(slug.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let language = transliteration::language(arguments)?;
    let separator = arguments.text("separator").unwrap_or("-");
    if separator.len() > 1 || !separator.is_ascii() {
        return arguments.invalid("separator", "one or no ASCII character is needed");
    }
    let separator = separator.chars().next();
    ready(Slug {
        language,
        separator,
    })
}
