//! `hex_encode`: a text as hexadecimal digits.

use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "hex_encode",
    summary: "Writes the UTF-8 bytes of a text as small hexadecimal digits.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#""Aä""#, r#"{}"#, r#""41c3a4""#),
        Example::gives(r#""\n""#, r#"{}"#, r#""0a""#),
        Example::gives(r#""""#, r#"{}"#, r#""""#),
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
struct HexEncode;

impl Operation for HexEncode {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        bounds::check_growth(text.len(), text.len().saturating_mul(2))?;
        Ok(Value::Text(hex(text.as_bytes(), run)))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(HexEncode)
}

/// Bytes as small hexadecimal digits.
pub(in crate::functions) fn hex<'a>(bytes: &[u8], run: &Run<'a>) -> &'a str {
    let mut digits = run.text_buffer(2 * bytes.len());
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            digits.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    digits.into_bump_str()
}
