//! `between`: whether a value lies within bounds.

use tributary_model::error_code::ErrorCode;

use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, alike};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "between",
    summary: "Tells whether a number, date or text lies between two others; both belong to the range.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    arguments: &[
        Argument::required(
            "min",
            ArgumentKind::Computed(Kind::Any),
            "the smallest, of the kind of the value; a date may be written yyyy-MM-dd, an instant as RFC 3339",
        ),
        Argument::required("max", ArgumentKind::Computed(Kind::Any), "the largest"),
    ],
    fails_with: &[
        ErrorCode::FormulaFailed,
        ErrorCode::ValueMissing,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
    ],
    examples: &[
        Example::gives(r#"5"#, r#"{"min": 1, "max": 5}"#, r#"true"#),
        Example::gives(r#"5.01"#, r#"{"min": 1, "max": 5}"#, r#"false"#),
        Example::gives(r#""M""#, r#"{"min": "A", "max": "Z"}"#, r#"true"#),
        Example::gives(r#"5"#, r#"{"min": 9, "max": 1}"#, r#"false"#),
        Example::gives(r#"null"#, r#"{"min": 1, "max": 5}"#, r#"null"#),
        Example::fails(
            r#""5""#,
            r#"{"min": 1, "max": 5}"#,
            ErrorCode::FormulaFailed,
        ),
        Example::fails(
            r#"5"#,
            r#"{"min": 1, "max": {"from": "$.limit"}}"#,
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
struct Between {
    min: Computed,
    max: Computed,
}

impl Operation for Between {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let (Some(min), Some(max)) = (self.min.value(run)?, self.max.value(run)?) else {
            return Ok(Value::Failed);
        };
        let (min, max) = (alike(min, value, run), alike(max, value, run));
        let inside = value.order(min)?.is_ge() && value.order(max)?.is_le();
        Ok(Value::Bool(inside))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Between {
        min: Computed::required(arguments, "min", Kind::Any)?,
        max: Computed::required(arguments, "max", Kind::Any)?,
    })
}
