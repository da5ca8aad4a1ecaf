//! `lower`: text in lower case.

use tributary_model::error_code::ErrorCode;

use super::signature::{Example, Output, Signature};
use super::{Arguments, Operation};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

pub(super) const SIGNATURE: Signature = Signature {
    name: "lower",
    summary: "Makes all letters lower case (Unicode).",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""USD""#, r#"{}"#, r#""usd""#),
        Example::gives(r#""ÄÖ""#, r#"{}"#, r#""äö""#),
        Example::gives(r#""eur""#, r#"{}"#, r#""eur""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"true"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
};

pub(super) fn compile(_arguments: &mut Arguments<'_, '_>) -> Option<Operation> {
    Some(Operation::Lower)
}

pub(super) fn apply<'a>(value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
    let text = value.text()?;
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(Value::Text(text));
    }
    let mut changed = run.text_buffer(text.len());
    for sign in text.chars() {
        changed.extend(sign.to_lowercase());
    }
    Ok(Value::Text(changed.into_bump_str()))
}
