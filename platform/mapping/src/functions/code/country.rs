//! `country`: a country of ISO 3166-1.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use super::code_table::Row;
use super::countries::{ALPHA_2, ALPHA_3, COUNTRIES, NAME, NUMERIC};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "country",
    summary: "Finds a country by its alpha-2, alpha-3 or numeric code or its English, German or another usual name. Case, accents and punctuation do not count; UK and EL are taken for GB and GR.",
    input: Kind::Any,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "to",
            ArgumentKind::Text,
            "alpha2 (default), alpha3, numeric (three digits) or name_en",
        ),
        Argument::optional("on_miss", ArgumentKind::OnMiss, "error (default) or null"),
    ],
    fails_with: &[
        ErrorCode::EnumMismatch,
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
    ],
    examples: &[
        Example::gives(r#""Deutschland""#, r#"{}"#, r#""DE""#),
        Example::gives(r#""czech republic""#, r#"{}"#, r#""CZ""#),
        Example::gives(r#""USA""#, r#"{"to": "name_en"}"#, r#""United States""#),
        Example::gives(r#""CH""#, r#"{"to": "alpha3"}"#, r#""CHE""#),
        Example::gives(r#""uk""#, r#"{"to": "numeric"}"#, r#""826""#),
        Example::gives(r#"40"#, r#"{}"#, r#""AT""#),
        Example::gives(r#""Cote d’Ivoire""#, r#"{}"#, r#""CI""#),
        Example::gives(
            r#""XK""#,
            r#"{"to": "numeric", "on_miss": "null"}"#,
            r#"null"#,
        ),
        Example::fails(r#""Atlantis""#, r#"{}"#, ErrorCode::EnumMismatch),
        Example::gives(r#""Atlantis""#, r#"{"on_miss": "null"}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"true"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Country {
    to: usize,
    null_on_miss: bool,
}

impl Operation for Country {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = match value.decoded()? {
            Value::Decimal(number) => {
                run.display(format_args!("{:0>3}", number.normalize().to_string()))
            }
            value => value.text()?.trim(),
        };
        match find(text, run).and_then(|row| row.cell(self.to)) {
            Some(found) => Ok(Value::Text(found)),
            None if self.null_on_miss => Ok(Value::Null),
            None => failure_with_hint(
                ErrorCode::EnumMismatch,
                format!("{:?} is not a country of ISO 3166-1", shorten(text, 60)),
                "send a code such as DE or DEU, or a usual name; or set on_miss: null",
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let to = match arguments.word("to", &["alpha2", "alpha3", "numeric", "name_en"])? {
        "alpha3" => ALPHA_3,
        "numeric" => NUMERIC,
        "name_en" => NAME,
        _ => ALPHA_2,
    };
    ready(Country {
        to,
        null_on_miss: arguments.null_on_miss()?,
    })
}

/// Codes before names; numeric codes also without their zeros.
fn find<'a>(text: &'a str, run: &Run<'a>) -> Option<Row<'static>> {
    if text.len() < 3 && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return COUNTRIES.by_code(run.display(format_args!("{text:0>3}")), run.arena);
    }
    COUNTRIES.find(text, run.arena)
}
