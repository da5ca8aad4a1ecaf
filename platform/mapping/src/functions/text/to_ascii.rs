//! `to_ascii`: a text in ASCII letters.

use tributary_model::error_code::ErrorCode;

use super::transliteration::{self, Language, Part};
use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "to_ascii",
    summary: "Spells a text in ASCII: accents are dropped, ß is ss, letters of other scripts become Latin ones, typographic quotes and dashes plain ones. What has no spelling (such as emoji) is an error unless unknown says otherwise.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "language",
            ArgumentKind::Text,
            "de: ä ö ü become ae oe ue; da: å ø become aa oe; default: accents are dropped",
        ),
        Argument::optional(
            "unknown",
            ArgumentKind::Text,
            "what becomes of characters without a spelling: error (default), drop, keep",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""Müller-Lüdenscheidt, Straße 5""#,
            r#"{"language": "de"}"#,
            r#""Mueller-Luedenscheidt, Strasse 5""#,
        ),
        Example::gives(
            r#""Ärger ÜBEN""#,
            r#"{"language": "de"}"#,
            r#""Aerger UEBEN""#,
        ),
        Example::gives(
            r#""François Šimůnek, Łódź""#,
            r#"{}"#,
            r#""Francois Simunek, Lodz""#,
        ),
        Example::gives(
            r#""Smørrebrød Århus""#,
            r#"{"language": "da"}"#,
            r#""Smoerrebroed Aarhus""#,
        ),
        Example::gives(r#""„Москва“ – 5 €""#, r#"{}"#, r#""\"Moskva\" - 5 EUR""#),
        Example::gives(r#""a\u0308b""#, r#"{"language": "de"}"#, r#""aeb""#),
        Example::fails(r#""gut 👍""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#""gut 👍""#, r#"{"unknown": "drop"}"#, r#""gut ""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ToAscii {
    language: Language,
    unknown: Unknown,
}

impl Operation for ToAscii {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        if text.is_ascii() {
            return Ok(Value::Text(text));
        }
        let mut spelt = run.text_buffer(text.len() + 8);
        let mut unknown = None;
        transliteration::spell(text, self.language, |part| match part {
            Part::Spelling(letters) => spelt.push_str(letters),
            Part::Ascii(sign) => spelt.push(sign),
            Part::Unknown(sign) => match self.unknown {
                Unknown::Keep => spelt.push(sign),
                Unknown::Drop => {}
                Unknown::Error => unknown = unknown.or(Some(sign)),
            },
        });
        if let Some(sign) = unknown {
            return failure_with_hint(
                ErrorCode::ValueInvalid,
                format!("{sign:?} has no spelling in ASCII"),
                "remove it in the source, or say with unknown whether to drop or keep it",
            );
        }
        bounds::check_growth(text.len(), spelt.len())?;
        Ok(Value::Text(spelt.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let language = transliteration::language(arguments)?;
    let unknown = match arguments.text("unknown") {
        None | Some("error") => Unknown::Error,
        Some("drop") => Unknown::Drop,
        Some("keep") => Unknown::Keep,
        Some(_) => return arguments.invalid("unknown", "needs error, drop or keep"),
    };
    ready(ToAscii { language, unknown })
}

/// What becomes of a character without a spelling.
#[derive(Debug)]
enum Unknown {
    Error,
    Drop,
    Keep,
}
