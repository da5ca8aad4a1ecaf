//! `json_parse`: the value in a JSON text.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::reader::parse;
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "json_parse",
    summary: "Reads a value out of a JSON text (RFC 8259), at most 64 levels deep; numbers keep their digits.",
    input: Kind::Text,
    output: Output::Is(Kind::Any),
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::JsonInvalid],
    examples: &[
        Example::gives(r#""{\"a\": [1, 2.50]}""#, r#"{}"#, r#"{"a": [1, 2.50]}"#),
        Example::gives(r#""\"x\\ny\"""#, r#"{}"#, r#""x\ny""#),
        Example::gives(r#"" 1e3 ""#, r#"{}"#, r#"1e3"#),
        Example::gives(r#""null""#, r#"{}"#, r#"null"#),
        Example::fails(r#""{\"a\":""#, r#"{}"#, ErrorCode::JsonInvalid),
        Example::fails(r#""""#, r#"{}"#, ErrorCode::JsonInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct JsonParse;

impl Operation for JsonParse {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        match parse(text, run.arena) {
            Ok(value) => Ok(value),
            Err(error) => failure(
                ErrorCode::JsonInvalid,
                format!(
                    "{} (byte {} of {:?})",
                    error.reason,
                    error.offset,
                    shorten(text, 60)
                ),
            ),
        }
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(JsonParse)
}
