//! `join`: texts in one.

use tributary_model::error_code::ErrorCode;

use super::bounds::{MOST_BYTES, check_bytes};
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "join",
    summary: "Joins texts with a separator between them. Nulls are left out, or with keep_nulls count as empty texts.",
    input: Kind::List,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "separator",
            ArgumentKind::Computed(Kind::Text),
            "what stands between two; default: nothing",
        ),
        Argument::optional(
            "keep_nulls",
            ArgumentKind::Flag,
            "true: a null is an empty text",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#"["a", null, "b"]"#, r#"{"separator": ", "}"#, r#""a, b""#),
        Example::gives(
            r#"["a", null, "b"]"#,
            r#"{"separator": "|", "keep_nulls": true}"#,
            r#""a||b""#,
        ),
        Example::gives(r#"["a", "b"]"#, r#"{}"#, r#""ab""#),
        Example::gives(r#"[]"#, r#"{"separator": ", "}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"separator": ", "}"#, r#"null"#),
        Example::fails(r#"[1]"#, r#"{"separator": ", "}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""a""#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Join {
    separator: Expression,
    keep_nulls: bool,
}

impl Operation for Join {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let elements = value.elements(run)?;
        let separator = match evaluate(&self.separator, run)? {
            Value::Failed => return Ok(Value::Failed),
            Value::Null => "",
            separator => separator.text()?,
        };
        let mut joined = run.text_buffer(elements.len() * 16);
        let mut first = true;
        for element in elements {
            let text = match element {
                Value::Null if self.keep_nulls => "",
                Value::Null => continue,
                element => element.text()?,
            };
            if !first {
                joined.push_str(separator);
            }
            first = false;
            joined.push_str(text);
            check_bytes(joined.len(), MOST_BYTES)?;
        }
        Ok(Value::Text(joined.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (separator, _) = arguments.computed("separator", Kind::Text)?;
    ready(Join {
        separator,
        keep_nulls: arguments.flag("keep_nulls"),
    })
}
