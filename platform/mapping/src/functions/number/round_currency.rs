//! `round_currency`: an amount rounded to the minor unit of its currency.

use tributary_model::error_code::ErrorCode;

use super::{MODE, currency};
use crate::decimal::Rounding;
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "round_currency",
    summary: "Rounds an amount to the minor unit of its currency by ISO 4217: cents for EUR, whole yen for JPY.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::required(
            "currency",
            ArgumentKind::Computed(Kind::Text),
            "ISO 4217 code",
        ),
        MODE,
    ],
    fails_with: &[
        ErrorCode::NumberInvalid,
        ErrorCode::ValueInvalid,
        ErrorCode::ValueMissing,
        ErrorCode::EnumMismatch,
    ],
    examples: &[
        Example::gives(r#"12.345"#, r#"{"currency": "EUR"}"#, r#"12.35"#),
        Example::gives(
            r#"1234.5"#,
            r#"{"currency": "JPY", "mode": "half_even"}"#,
            r#"1234"#,
        ),
        Example::gives(r#"0.12345"#, r#"{"currency": "KWD"}"#, r#"0.123"#),
        Example::gives(r#"null"#, r#"{"currency": "EUR"}"#, r#"null"#),
        Example::fails(
            r#"12.3"#,
            r#"{"currency": "EURO"}"#,
            ErrorCode::EnumMismatch,
        ),
        Example::fails(
            r#"12.3"#,
            r#"{"currency": {"from": "$.currency"}}"#,
            ErrorCode::ValueMissing,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct RoundCurrency {
    currency: Computed,
    mode: Rounding,
}

impl Operation for RoundCurrency {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let amount = value.decimal()?;
        let Some(code) = self.currency.text(run)? else {
            return Ok(Value::Failed);
        };
        let scale = currency::scale(code)?;
        Ok(Value::Decimal(amount.round(scale, self.mode)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(RoundCurrency {
        currency: Computed::required(arguments, "currency", Kind::Text)?,
        mode: arguments.rounding(),
    })
}
