//! `range`: checks that a number lies between bounds.

use tributary_model::error_code::ErrorCode;

use crate::decimal::{Decimal, Small};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "range",
    summary: "Passes a number on if it lies between the bounds; both belong to the range.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::optional("min", ArgumentKind::Decimal, "smallest allowed"),
        Argument::optional("max", ArgumentKind::Decimal, "largest allowed"),
    ],
    fails_with: &[ErrorCode::NumberRange, ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(r#"5"#, r#"{"min": 1, "max": 10}"#, r#"5"#),
        Example::gives(r#"10"#, r#"{"max": 10}"#, r#"10"#),
        Example::fails(r#"0"#, r#"{"min": "0.001"}"#, ErrorCode::NumberRange),
        Example::fails(r#"11"#, r#"{"max": 10}"#, ErrorCode::NumberRange),
        Example::gives(r#"null"#, r#"{"min": 1}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Range {
    min: Option<Decimal>,
    max: Option<Decimal>,
    /// both, if both are given and small
    bounds: (Small, Small),
}

impl Operation for Range {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, self.min, self.max)
    }

    fn number(&self, number: Small) -> Small {
        let (min, max) = self.bounds;
        if !number.is_none()
            && !min.is_none()
            && !max.is_none()
            && number.is_between(min, max) == Some(true)
        {
            return number;
        }
        Small::NONE
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (min, max) = (arguments.decimal("min"), arguments.decimal("max"));
    match (min, max) {
        (None, None) => arguments.invalid("min", "min or max is needed"),
        (Some(low), Some(high)) if low > high => arguments.invalid("min", "min is larger than max"),
        _ => {
            let small = |bound: Option<Decimal>| bound.map_or(Small::NONE, Small::from_decimal);
            ready(Range {
                min,
                max,
                bounds: (small(min), small(max)),
            })
        }
    }
}

fn apply<'a>(value: Value<'a>, min: Option<Decimal>, max: Option<Decimal>) -> Made<Value<'a>> {
    let number = value.decimal()?;
    if let Some(min) = min.filter(|min| number < *min) {
        return failure(
            ErrorCode::NumberRange,
            format!("{number} is smaller than {min}"),
        );
    }
    if let Some(max) = max.filter(|max| number > *max) {
        return failure(
            ErrorCode::NumberRange,
            format!("{number} is larger than {max}"),
        );
    }
    Ok(Value::Decimal(number))
}
