//! `blake3`: a fast digest of a text.

use tributary_model::error_code::ErrorCode;

use crate::functions::encoding::hex;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "blake3",
    summary: "Gives the BLAKE3 of the UTF-8 bytes of a text as 64 small hexadecimal digits.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""abc""#,
            r#"{}"#,
            r#""6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85""#,
        ),
        Example::gives(
            r#""""#,
            r#"{}"#,
            r#""af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262""#,
        ),
        Example::gives(
            r#""\u0000""#,
            r#"{}"#,
            r#""2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213""#,
        ),
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
struct Blake3;

impl Operation for Blake3 {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let digest = blake3::hash(value.text()?.as_bytes());
        Ok(Value::Text(hex(digest.as_bytes(), run)))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Blake3)
}
