//! `min_of` and `max_of`: the smallest or largest of the value and others.

use std::cmp::Ordering;

use tributary_model::error_code::ErrorCode;

use crate::functions::computed::ComputedList;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, alike};
use crate::worker::run::Run;

const SHARED: Signature = Signature {
    input: Kind::Any,
    output: Output::Same,
    arguments: &[Argument::required(
        "values",
        ArgumentKind::ComputedList(Kind::Any),
        "numbers, dates, texts or lists of them, of the kind of the value; a date may be written yyyy-MM-dd, an instant as RFC 3339",
    )],
    fails_with: &[
        ErrorCode::FormulaFailed,
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
    ],
    takes_null: true,
    ..Signature::EMPTY
};

const MIN_SIGNATURE: Signature = Signature {
    name: "min_of",
    summary: "Gives the smallest of the value and the others: numbers, dates or texts. Nulls do not count; null if all are.",
    examples: &[
        Example::gives(r#"5"#, r#"{"values": [3, 4.5]}"#, r#"3"#),
        Example::gives(r#"5"#, r#"{"values": [{"from": "$.limit"}]}"#, r#"5"#),
        Example::gives(r#""b""#, r#"{"values": ["a", "c"]}"#, r#""a""#),
        Example::gives(r#"5"#, r#"{"values": [{"formula": "[7, 2]"}]}"#, r#"2"#),
        Example::gives(r#"null"#, r#"{"values": [3]}"#, r#"3"#),
        Example::gives(r#"null"#, r#"{"values": [null]}"#, r#"null"#),
        Example::fails(r#""x""#, r#"{"values": [3]}"#, ErrorCode::FormulaFailed),
    ],
    ..SHARED
};

const MAX_SIGNATURE: Signature = Signature {
    name: "max_of",
    summary: "Gives the largest of the value and the others: numbers, dates or texts. Nulls do not count; null if all are.",
    examples: &[
        Example::gives(r#"5"#, r#"{"values": [3, 7.5]}"#, r#"7.5"#),
        Example::gives(r#"-5"#, r#"{"values": [0]}"#, r#"0"#),
        Example::gives(r#""b""#, r#"{"values": ["a"]}"#, r#""b""#),
        Example::gives(r#"null"#, r#"{"values": [3]}"#, r#"3"#),
        Example::fails(r#"true"#, r#"{"values": [3]}"#, ErrorCode::FormulaFailed),
    ],
    ..SHARED
};

pub(super) const MIN_OF: Function = Function {
    signature: &MIN_SIGNATURE,
    compile: |arguments| compile(arguments, Ordering::Less),
};

pub(super) const MAX_OF: Function = Function {
    signature: &MAX_SIGNATURE,
    compile: |arguments| compile(arguments, Ordering::Greater),
};

#[derive(Debug)]
struct Extreme {
    values: ComputedList,
    wanted: Ordering,
}

impl Operation for Extreme {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut best = value.decoded()?;
        let Some(others) = self.values.values(run)? else {
            return Ok(Value::Failed);
        };
        for other in others {
            if other.is_null() {
                continue;
            }
            let other = alike(other.decoded()?, best, run);
            if best.is_null() || other.order(best)? == self.wanted {
                best = other;
            }
        }
        Ok(best)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>, wanted: Ordering) -> Compiled {
    let values = ComputedList::compile(arguments, "values")?;
    if values.is_empty() {
        return arguments.invalid("values", "at least one value is needed");
    }
    if arguments.input == Kind::Null {
        arguments.output = Some(Kind::Any);
    }
    ready(Extreme { values, wanted })
}
