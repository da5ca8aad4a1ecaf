//! `enum`: checks that a text is one of a list.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "enum",
    summary: "Passes a text on if it is one of the list.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "values",
        ArgumentKind::Texts,
        "the allowed texts",
    )],
    fails_with: &[ErrorCode::EnumMismatch, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""A""#, r#"{"values": ["A", "B"]}"#, r#""A""#),
        Example::fails(
            r#""a""#,
            r#"{"values": ["A", "B"]}"#,
            ErrorCode::EnumMismatch,
        ),
        Example::gives(r#""B""#, r#"{"values": ["A", "B"]}"#, r#""B""#),
        Example::gives(r#""""#, r#"{"values": [""]}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"values": ["A"]}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Enum {
    values: Box<[String]>,
}

impl Operation for Enum {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, &self.values)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Enum {
        values: arguments.texts("values")?.into(),
    })
}

pub(crate) fn apply<'a>(value: Value<'a>, values: &[String]) -> Made<Value<'a>> {
    let text = value.text()?;
    if values.iter().any(|allowed| allowed == text) {
        return Ok(Value::Text(text));
    }
    let shown = tributary_model::issue::shorten(&values.join(", "), 200);
    failure(
        ErrorCode::EnumMismatch,
        format!("the value is not one of {shown}"),
    )
}
