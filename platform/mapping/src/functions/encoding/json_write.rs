//! `json_write`: a value as JSON text.

use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "json_write",
    summary: "Writes any value as JSON text (RFC 8259) without spaces; members keep their order, numbers of the source their digits.",
    input: Kind::Any,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#"{"b": [1, 2.50], "a": "x y"}"#,
            r#"{}"#,
            r#""{\"b\":[1,2.50],\"a\":\"x y\"}""#,
        ),
        Example::gives(r#""a\"b""#, r#"{}"#, r#""\"a\\\"b\"""#),
        Example::gives(r#"1.50"#, r#"{}"#, r#""1.50""#),
        Example::gives(r#"[ ]"#, r#"{}"#, r#""[]""#),
        Example::gives(r#"true"#, r#"{}"#, r#""true""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct JsonWrite;

impl Operation for JsonWrite {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let written = run.json(value);
        let mut compact = run.text_buffer(written.len());
        let (mut inside, mut escaped) = (false, false);
        for sign in written.chars() {
            if inside {
                inside = escaped || sign != '"';
                escaped = !escaped && sign == '\\';
            } else if sign.is_ascii_whitespace() {
                continue;
            } else {
                inside = sign == '"';
            }
            compact.push(sign);
        }
        let before = if let Value::Text(text) = value {
            text.len()
        } else {
            written.len()
        };
        bounds::check_growth(before, compact.len())?;
        Ok(Value::Text(compact.into_bump_str()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(JsonWrite)
}
