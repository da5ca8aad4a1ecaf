//! `byte_length`: how many bytes a text has.

use tributary_model::error_code::ErrorCode;

use crate::functions::given;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "byte_length",
    summary: "Counts the bytes in UTF-8, which is what many targets limit.",
    input: Kind::Text,
    output: Output::Is(Kind::Number),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""Hamburg""#, r#"{}"#, r#"7"#),
        Example::gives(r#""äöü""#, r#"{}"#, r#"6"#),
        Example::gives(r#""€""#, r#"{}"#, r#"3"#),
        Example::gives(r#""""#, r#"{}"#, r#"0"#),
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
struct ByteLength;

impl Operation for ByteLength {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        Ok(given::whole(value.text()?.len()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ByteLength)
}
