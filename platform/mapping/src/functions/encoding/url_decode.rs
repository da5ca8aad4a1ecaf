//! `url_decode`: a text out of an address.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use super::base64_decode::utf8;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "url_decode",
    summary: "Decodes the %XX of an address (RFC 3986) to the text in UTF-8.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "plus",
        ArgumentKind::Flag,
        "true: + is a space as in forms",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::EncodingInvalid],
    examples: &[
        Example::gives(r#""a%20b%2F%c3%a4""#, r#"{}"#, r#""a b/ä""#),
        Example::gives(r#""a+b""#, r#"{"plus": true}"#, r#""a b""#),
        Example::gives(r#""a+b""#, r#"{}"#, r#""a+b""#),
        Example::fails(r#""100%""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""%zz""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""%ff""#, r#"{}"#, ErrorCode::EncodingInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct UrlDecode {
    plus: bool,
}

impl Operation for UrlDecode {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let written = |byte: u8| byte == b'%' || (self.plus && byte == b'+');
        if !text.bytes().any(written) {
            return Ok(Value::Text(text));
        }
        let mut decoded = ArenaVec::with_capacity_in(text.len(), run.arena);
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            decoded.push(match byte {
                b'+' if self.plus => b' ',
                b'%' => match (digit(bytes.next()), digit(bytes.next())) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => return invalid(text),
                },
                other => other,
            });
        }
        utf8(decoded.into_bump_slice())
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(UrlDecode {
        plus: arguments.flag("plus"),
    })
}

fn digit(byte: Option<u8>) -> Option<u8> {
    let value = char::from(byte?).to_digit(16)?;
    u8::try_from(value).ok()
}

fn invalid<'a>(text: &str) -> Made<Value<'a>> {
    failure_with_hint(
        ErrorCode::ValueInvalid,
        format!(
            "a % without two hexadecimal digits in {:?}",
            shorten(text, 40)
        ),
        "a percent sign itself is written %25",
    )
}
