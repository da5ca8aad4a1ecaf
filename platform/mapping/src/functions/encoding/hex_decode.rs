//! `hex_decode`: a text out of hexadecimal digits.

use data_encoding::HEXLOWER_PERMISSIVE;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use super::base64_decode::utf8;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "hex_decode",
    summary: "Reads a text in UTF-8 out of hexadecimal digits, large or small.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::EncodingInvalid],
    examples: &[
        Example::gives(r#""41C3a4""#, r#"{}"#, r#""Aä""#),
        Example::gives(r#""""#, r#"{}"#, r#""""#),
        Example::fails(r#""4""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""4x""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""ff""#, r#"{}"#, ErrorCode::EncodingInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct HexDecode;

impl Operation for HexDecode {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let Ok(size) = HEXLOWER_PERMISSIVE.decode_len(text.len()) else {
            return invalid(text);
        };
        let decoded = run.arena.alloc_slice_fill_copy(size, 0);
        match HEXLOWER_PERMISSIVE.decode_mut(text.as_bytes(), decoded) {
            Ok(length) => utf8(decoded.get(..length).unwrap_or_default()),
            Err(_) => invalid(text),
        }
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(HexDecode)
}

fn invalid<'a>(text: &str) -> Made<Value<'a>> {
    failure_with_hint(
        ErrorCode::ValueInvalid,
        format!(
            "{:?} is not made of pairs of hexadecimal digits",
            shorten(text, 40)
        ),
        "correct the value in the source; remove_chars takes spaces and colons out",
    )
}
