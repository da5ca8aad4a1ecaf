//! `from_minor_units`: a whole number of cents as an amount.

use tributary_model::error_code::ErrorCode;

use super::{currency, made};
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "from_minor_units",
    summary: "Makes an amount of a number of minor units of its currency: 1234 is 12.34 EUR, or 1234 JPY.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::required(
        "currency",
        ArgumentKind::Computed(Kind::Text),
        "ISO 4217 code",
    )],
    fails_with: &[
        ErrorCode::NumberInvalid,
        ErrorCode::ValueInvalid,
        ErrorCode::ValueMissing,
        ErrorCode::EnumMismatch,
        ErrorCode::FormulaFailed,
    ],
    examples: &[
        Example::gives(r#"1234"#, r#"{"currency": "EUR"}"#, r#"12.34"#),
        Example::gives(r#"1234"#, r#"{"currency": "JPY"}"#, r#"1234"#),
        Example::gives(r#"-5"#, r#"{"currency": "TND"}"#, r#"-0.005"#),
        Example::gives(r#"null"#, r#"{"currency": "EUR"}"#, r#"null"#),
        Example::fails(
            r#"12.34"#,
            r#"{"currency": "EUR"}"#,
            ErrorCode::NumberInvalid,
        ),
        Example::fails(r#"1"#, r#"{"currency": ""}"#, ErrorCode::EnumMismatch),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct FromMinorUnits {
    currency: Computed,
}

impl Operation for FromMinorUnits {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let units = value.decimal()?;
        let Some(code) = self.currency.text(run)? else {
            return Ok(Value::Failed);
        };
        let scale = currency::scale(code)?;
        if !units.is_integer() {
            return failure_with_hint(
                ErrorCode::NumberInvalid,
                format!("{units} is not a whole number of minor units"),
                "is it an amount already?",
            );
        }
        made(units.normalize().shift_right(scale))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(FromMinorUnits {
        currency: Computed::required(arguments, "currency", Kind::Text)?,
    })
}
