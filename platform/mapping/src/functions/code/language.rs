//! `language`: a language of ISO 639.

use std::sync::LazyLock;

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use super::code_table::CodeTable;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "language",
    summary: "Finds a language by its code of ISO 639-1 or ISO 639-2 (B and T), its English or German name, or the start of a tag such as de-AT.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "to",
            ArgumentKind::Text,
            "alpha2 (default, ISO 639-1), alpha3 (ISO 639-2/T), alpha3_b (ISO 639-2/B) or name_en",
        ),
        Argument::optional(
            "on_miss",
            ArgumentKind::OnMiss,
            "error (default) or null; also where the language has no code of that kind",
        ),
    ],
    fails_with: &[ErrorCode::EnumMismatch, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""GER""#, r#"{}"#, r#""de""#),
        Example::gives(r#""de""#, r#"{"to": "alpha3"}"#, r#""deu""#),
        Example::gives(r#""deu""#, r#"{"to": "alpha3_b"}"#, r#""ger""#),
        Example::gives(r#""en-US""#, r#"{}"#, r#""en""#),
        Example::gives(r#""Französisch""#, r#"{"to": "name_en"}"#, r#""French""#),
        Example::gives(r#""gsw""#, r#"{"to": "alpha3"}"#, r#""gsw""#),
        Example::fails(r#""gsw""#, r#"{}"#, ErrorCode::EnumMismatch),
        Example::gives(r#""xx""#, r#"{"on_miss": "null"}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

/// alpha-2, alpha-3 (T), alpha-3 (B), English name, German name.
static LANGUAGES: LazyLock<CodeTable> =
    LazyLock::new(|| CodeTable::read(TEXT, &[0, 1, 2], &[3, 4]));

const TEXT: &str = include_str!("data/languages.csv");

#[derive(Debug)]
struct Language {
    to: usize,
    null_on_miss: bool,
}

impl Operation for Language {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?.trim();
        let found = LANGUAGES.find(text, run.arena).or_else(|| {
            // the first part of a tag of BCP 47
            let (start, _) = text.split_once(['-', '_'])?;
            LANGUAGES.by_code(start, run.arena)
        });
        match found.and_then(|row| row.cell(self.to)) {
            Some(found) => Ok(Value::Text(found)),
            None if self.null_on_miss => Ok(Value::Null),
            None => failure_with_hint(
                ErrorCode::EnumMismatch,
                format!("{:?} is not a language with such a code", shorten(text, 60)),
                "send a code of ISO 639 such as de or deu, or set on_miss: null",
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let to = match arguments.word("to", &["alpha2", "alpha3", "alpha3_b", "name_en"])? {
        "alpha3" => 1,
        "alpha3_b" => 2,
        "name_en" => 3,
        _ => 0,
    };
    ready(Language {
        to,
        null_on_miss: arguments.null_on_miss()?,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_whole() {
        super::super::code_table::tests::check(super::TEXT, 5, &[0, 1, 2], &[3, 4]);
    }
}
