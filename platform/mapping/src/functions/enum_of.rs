//! `enum`: checks that a text is one of a list.

use tributary_model::error_code::ErrorCode;

use super::signature::{Argument, ArgumentKind, Example, Output, Signature};
use super::{Arguments, Operation};
use crate::value::{Kind, Made, Value, failure};

pub(super) const SIGNATURE: Signature = Signature {
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
};

pub(super) fn compile(arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    Some(Operation::Enum {
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
