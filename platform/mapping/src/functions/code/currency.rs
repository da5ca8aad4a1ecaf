//! `currency`: a currency of ISO 4217.

use tributary_model::error_code::ErrorCode;

use super::currency_table::{Currency, currency, currency_numbered, scale_of};
use crate::decimal::Decimal;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "currency",
    summary: "Finds a currency of ISO 4217 by its code (any case) or its three digits. Codes withdrawn since 2021 (ANG, BGN, CUC, HRK, SLL, ZWL) are unknown unless withdrawn is true.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "to",
            ArgumentKind::Text,
            "code (default), numeric, name_en, or scale: the decimals of an amount as a number, null if ISO 4217 names none",
        ),
        Argument::optional("on_miss", ArgumentKind::OnMiss, "error (default) or null"),
        Argument::optional(
            "withdrawn",
            ArgumentKind::Flag,
            "true: withdrawn codes are found too",
        ),
    ],
    fails_with: &[ErrorCode::EnumMismatch, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"" eur ""#, r#"{}"#, r#""EUR""#),
        Example::gives(r#""756""#, r#"{}"#, r#""CHF""#),
        Example::gives(r#""JPY""#, r#"{"to": "scale"}"#, r#"0"#),
        Example::gives(r#""XAU""#, r#"{"to": "scale"}"#, r#"null"#),
        Example::gives(r#""SEK""#, r#"{"to": "numeric"}"#, r#""752""#),
        Example::gives(r#""USD""#, r#"{"to": "name_en"}"#, r#""US Dollar""#),
        Example::fails(r#""EURO""#, r#"{}"#, ErrorCode::EnumMismatch),
        Example::fails(r#""BGN""#, r#"{}"#, ErrorCode::EnumMismatch),
        Example::gives(r#""BGN""#, r#"{"withdrawn": true}"#, r#""BGN""#),
        Example::gives(r#""€""#, r#"{"on_miss": "null"}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct CurrencyCode {
    to: &'static str,
    null_on_miss: bool,
    withdrawn: bool,
}

impl Operation for CurrencyCode {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?.trim();
        let found = find(text).filter(|found| self.withdrawn || !found.withdrawn);
        match (found, self.to) {
            (Some(found), "numeric") => Ok(Value::Text(found.number)),
            (Some(found), "name_en") => Ok(Value::Text(found.name)),
            (Some(found), "scale") => Ok(scale_of(found.code).map_or(Value::Null, |scale| {
                Value::Decimal(Decimal::from(i64::from(scale)))
            })),
            (Some(found), _) => Ok(Value::Text(found.code)),
            (None, _) if self.null_on_miss => Ok(Value::Null),
            (None, _) => {
                let shown = tributary_model::issue::shorten(text, 40);
                failure_with_hint(
                    ErrorCode::EnumMismatch,
                    format!("{shown:?} is not a currency of ISO 4217 in use"),
                    "send a code such as EUR; set withdrawn for records of the past, or on_miss: null",
                )
            }
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let to = arguments.word("to", &["code", "numeric", "name_en", "scale"])?;
    if to == "scale" {
        arguments.output = Some(Kind::Number);
    }
    ready(CurrencyCode {
        to,
        null_on_miss: arguments.null_on_miss()?,
        withdrawn: arguments.flag("withdrawn"),
    })
}

fn find(text: &str) -> Option<&'static Currency> {
    let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
    if bytes.iter().all(u8::is_ascii_digit) {
        return currency_numbered(text);
    }
    let capitals = bytes.map(|byte| byte.to_ascii_uppercase());
    currency(std::str::from_utf8(&capitals).ok()?)
}
