//! `get`: what stands inside a value, by computed steps.

use tributary_model::error_code::ErrorCode;

use super::bounds::whole;
use super::object::members_of;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "get",
    summary: "Goes into a value step by step: a text is the name of a member, a number the place in a list (from 0, negative from the end). Null where nothing stands there.",
    input: Kind::Json,
    output: Output::Is(Kind::Any),
    arguments: &[Argument::required(
        "at",
        ArgumentKind::ComputedList(Kind::Any),
        "the steps",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(r#"{"EUR":1.5}"#, r#"{"at": ["EUR"]}"#, r#"1.5"#),
        Example::gives(r#"{"a":[{"b":7}]}"#, r#"{"at": ["a", -1, "b"]}"#, r#"7"#),
        Example::gives(
            r#"[["x"]]"#,
            r#"{"at": [{"formula": "1 - 1"}, 0]}"#,
            r#""x""#,
        ),
        Example::gives(r#"{"a":1}"#, r#"{"at": ["b", "c"]}"#, r#"null"#),
        Example::gives(r#"{"a":1}"#, r#"{"at": [{"from": "$.none"}]}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{"at": ["a"]}"#, r#"null"#),
        Example::fails(r#"{"a":1}"#, r#"{"at": [true]}"#, ErrorCode::ValueInvalid),
        Example::fails(r#"[1]"#, r#"{"at": [0.5]}"#, ErrorCode::NumberInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Get {
    at: Vec<Expression>,
}

impl Operation for Get {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut found = value;
        for step in &self.at {
            found = match evaluate(step, run)?.decoded()? {
                Value::Failed => return Ok(Value::Failed),
                Value::Null => return Ok(Value::Null),
                Value::Text(name) => member(found, name, run)?,
                Value::Decimal(index) => element(found, Value::Decimal(index), run)?,
                other => {
                    return failure_with_hint(
                        ErrorCode::ValueInvalid,
                        format!("a {} is no step into a value", other.kind_word()),
                        "name a member with a text, or the place in a list with a number",
                    );
                }
            };
        }
        Ok(found)
    }
}

fn member<'a>(value: Value<'a>, name: &str, run: &Run<'a>) -> Made<Value<'a>> {
    if !matches!(value, Value::Json(text) if text.starts_with('{')) {
        return Ok(Value::Null);
    }
    let members = members_of(value, run)?;
    let found = members.iter().find(|(other, _)| *other == name);
    Ok(found.map_or(Value::Null, |(_, value)| *value))
}

fn element<'a>(value: Value<'a>, index: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
    let index = whole(index, "at")?;
    let elements = match value {
        Value::List(elements) => elements,
        Value::Json(text) if text.starts_with('[') => value.elements(run)?,
        _ => return Ok(Value::Null),
    };
    let place = if index < 0 {
        index.saturating_add(elements.len() as i64)
    } else {
        index
    };
    let found = usize::try_from(place)
        .ok()
        .and_then(|place| elements.get(place));
    Ok(found.copied().unwrap_or(Value::Null))
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let at = arguments.computed_list("at", Kind::Any)?;
    ready(Get {
        at: at.into_iter().map(|(step, _)| step).collect(),
    })
}
