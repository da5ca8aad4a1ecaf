//! `round`: a number cut to some decimals.

use tributary_model::error_code::ErrorCode;

use crate::decimal::{Rounding, Small};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "round",
    summary: "Rounds a number to some decimals. A number with fewer stays as it is.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::required("scale", ArgumentKind::Integer, "decimals to keep, 0 to 38"),
        Argument::optional(
            "mode",
            ArgumentKind::Rounding,
            "half_up (default), half_even, half_down, up, down, ceiling, floor",
        ),
    ],
    fails_with: &[ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(r#"2.345"#, r#"{"scale": 2}"#, r#"2.35"#),
        Example::gives(r#"-2.345"#, r#"{"scale": 2}"#, r#"-2.35"#),
        Example::gives(
            r#"2.345"#,
            r#"{"scale": 2, "mode": "half_even"}"#,
            r#"2.34"#,
        ),
        Example::gives(r#"2.9"#, r#"{"scale": 0, "mode": "down"}"#, r#"2"#),
        Example::gives(r#"7"#, r#"{"scale": 2}"#, r#"7"#),
        Example::fails(r#""2.5""#, r#"{"scale": 0}"#, ErrorCode::NumberInvalid),
        Example::gives(r#"null"#, r#"{"scale": 2}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Round {
    scale: u8,
    mode: Rounding,
}

impl Operation for Round {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, self.scale, self.mode)
    }

    fn number(&self, number: Small) -> Small {
        number.round(self.scale, self.mode)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let scale = arguments.integer("scale")?;
    let Some(scale) = u8::try_from(scale)
        .ok()
        .filter(|scale| *scale <= crate::decimal::MAX_DIGITS)
    else {
        return arguments.invalid("scale", "0 to 38 decimals");
    };
    let mode = arguments
        .text("mode")
        .and_then(Rounding::parse)
        .unwrap_or_default();
    ready(Round { scale, mode })
}

fn apply(value: Value<'_>, scale: u8, mode: Rounding) -> Made<Value<'_>> {
    Ok(Value::Decimal(value.decimal()?.round(scale, mode)))
}
