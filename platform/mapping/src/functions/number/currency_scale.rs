//! `currency_scale`: the decimals of a currency.

use tributary_model::error_code::ErrorCode;

use super::currency;
use crate::decimal::Decimal;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "currency_scale",
    summary: "Gives the number of decimals of a currency by ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD.",
    input: Kind::Text,
    output: Output::Is(Kind::Number),
    fails_with: &[ErrorCode::EnumMismatch, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""EUR""#, r#"{}"#, r#"2"#),
        Example::gives(r#""JPY""#, r#"{}"#, r#"0"#),
        Example::gives(r#""KWD""#, r#"{}"#, r#"3"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""eur""#, r#"{}"#, ErrorCode::EnumMismatch),
        Example::fails(r#""XAU""#, r#"{}"#, ErrorCode::EnumMismatch),
        Example::fails(r#"978"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct CurrencyScale;

impl Operation for CurrencyScale {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let scale = currency::scale(value.text()?)?;
        Ok(Value::Decimal(Decimal::from(i64::from(scale))))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(CurrencyScale)
}
