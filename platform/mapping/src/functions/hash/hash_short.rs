//! `hash_short`: a short digest of a text.

use tributary_model::error_code::ErrorCode;

use crate::functions::encoding::hex;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "hash_short",
    summary: "Gives the first hexadecimal digits of the BLAKE3 of a text, for keys that must be short. With n digits, two of about 4^n texts get the same one.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "length",
        ArgumentKind::Integer,
        "digits, 8 to 64; default 16",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""abc""#, r#"{}"#, r#""6437b3ac38465133""#),
        Example::gives(r#""abc""#, r#"{"length": 8}"#, r#""6437b3ac""#),
        Example::gives(r#""""#, r#"{"length": 12}"#, r#""af1349b9f5f9""#),
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
struct HashShort {
    length: usize,
}

impl Operation for HashShort {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let digest = blake3::hash(value.text()?.as_bytes());
        let digits = hex(digest.as_bytes(), run);
        Ok(Value::Text(digits.get(..self.length).unwrap_or(digits)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let length = arguments.integer("length").unwrap_or(16);
    if !(8..=64).contains(&length) {
        return arguments.invalid("length", "8 to 64 digits");
    }
    ready(HashShort {
        length: length as usize,
    })
}
