//! `repeat`: a text several times.

use tributary_model::error_code::ErrorCode;

use crate::formula::expression::Expression;
use crate::functions::bounds;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "repeat",
    summary: "Repeats a text; the result has at most 1 MiB.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "times",
        ArgumentKind::Computed(Kind::Number),
        "how often, from 0",
    )],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::ValueMissing,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::RecordTooLarge,
    ],
    examples: &[
        Example::gives(r#""ab""#, r#"{"times": 3}"#, r#""ababab""#),
        Example::gives(r#""-""#, r#"{"times": 0}"#, r#""""#),
        Example::gives(r#""""#, r#"{"times": 4000000000}"#, r#""""#),
        Example::gives(r#""x""#, r#"{"times": {"formula": "1 + 1"}}"#, r#""xx""#),
        Example::fails(r#""ab""#, r#"{"times": 600000}"#, ErrorCode::RecordTooLarge),
        Example::fails(r#""ab""#, r#"{"times": -1}"#, ErrorCode::NumberRange),
        Example::gives(r#"null"#, r#"{"times": 2}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Repeat {
    times: Expression,
}

impl Operation for Repeat {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let times = match given::count(&self.times, "times", run)? {
            Ok(times) => times,
            Err(nothing) => return Ok(nothing),
        };
        if text.is_empty() || times == 1 {
            return Ok(Value::Text(text));
        }
        let size = text.len().saturating_mul(times);
        bounds::check_growth(text.len(), size)?;
        let mut repeated = run.text_buffer(size);
        for _ in 0..times {
            repeated.push_str(text);
        }
        Ok(Value::Text(repeated.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (times, _) = arguments.computed("times", Kind::Number)?;
    ready(Repeat { times })
}
