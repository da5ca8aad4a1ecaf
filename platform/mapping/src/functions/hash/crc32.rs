//! `crc32`: a check sum of a text.

use tributary_model::error_code::ErrorCode;

use crate::functions::encoding::hex;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "crc32",
    summary: "Gives the CRC-32 of the UTF-8 bytes of a text as 8 small hexadecimal digits (the one of ZIP and PNG); it finds slips, no forgeries.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""123456789""#, r#"{}"#, r#""cbf43926""#),
        Example::gives(r#""""#, r#"{}"#, r#""00000000""#),
        Example::gives(r#""ä""#, r#"{}"#, r#""70b5f183""#),
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
struct Crc32;

impl Operation for Crc32 {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let sum = crc32fast::hash(value.text()?.as_bytes());
        Ok(Value::Text(hex(&sum.to_be_bytes(), run)))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Crc32)
}
