//! `to_minor_units`: an amount as a whole number of cents.

use tributary_model::error_code::ErrorCode;

use super::{currency, made};
use crate::decimal::Decimal;
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "to_minor_units",
    summary: "Gives an amount in the minor unit of its currency, as payment APIs want it: 12.34 EUR is 1234. Never rounds: an amount with more decimals is an error.",
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
        Example::gives(r#"12.34"#, r#"{"currency": "EUR"}"#, r#"1234"#),
        Example::gives(r#"500"#, r#"{"currency": "JPY"}"#, r#"500"#),
        Example::gives(r#"-0.5"#, r#"{"currency": "BHD"}"#, r#"-500"#),
        Example::gives(r#"12.3400"#, r#"{"currency": "EUR"}"#, r#"1234"#),
        Example::gives(r#"null"#, r#"{"currency": "EUR"}"#, r#"null"#),
        Example::fails(
            r#"12.345"#,
            r#"{"currency": "EUR"}"#,
            ErrorCode::NumberInvalid,
        ),
        Example::fails(r#"12"#, r#"{"currency": "XXX"}"#, ErrorCode::EnumMismatch),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ToMinorUnits {
    currency: Computed,
}

impl Operation for ToMinorUnits {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let amount = value.decimal()?;
        let Some(code) = self.currency.text(run)? else {
            return Ok(Value::Failed);
        };
        let scale = currency::scale(code)?;
        if amount.normalize().scale() > scale {
            return failure_with_hint(
                ErrorCode::NumberInvalid,
                format!("{amount} has more than the {scale} decimals of {code}"),
                "add round_currency before, if the amount may be rounded",
            );
        }
        let units = Decimal::from(10_i64.pow(u32::from(scale)));
        made(amount.multiply(units).map(Decimal::normalize))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ToMinorUnits {
        currency: Computed::required(arguments, "currency", Kind::Text)?,
    })
}
