//! `url_encode`: a text for an address.

use bumpalo::collections::String as ArenaString;
use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "url_encode",
    summary: "Percent-encodes a text for an address (RFC 3986): all but ASCII letters, digits and - . _ ~ becomes %XX of its UTF-8 bytes.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "keep",
            ArgumentKind::Text,
            "further ASCII characters that stay, such as / in a path",
        ),
        Argument::optional(
            "plus",
            ArgumentKind::Flag,
            "true: a space becomes + as in forms",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#""a b/ä""#, r#"{}"#, r#""a%20b%2F%C3%A4""#),
        Example::gives(r#""a b/ä""#, r#"{"keep": "/"}"#, r#""a%20b/%C3%A4""#),
        Example::gives(r#""a b+c""#, r#"{"plus": true}"#, r#""a+b%2Bc""#),
        Example::gives(r#""A-z_0.9~""#, r#"{}"#, r#""A-z_0.9~""#),
        Example::gives(r#""100%""#, r#"{}"#, r#""100%25""#),
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
struct UrlEncode {
    keep: Box<str>,
    plus: bool,
}

impl Operation for UrlEncode {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let stays = |byte: u8| {
            is_unreserved(byte) || (byte.is_ascii() && self.keep.as_bytes().contains(&byte))
        };
        if text.bytes().all(stays) {
            return Ok(Value::Text(text));
        }
        let mut encoded = run.text_buffer(text.len() + 16);
        for byte in text.bytes() {
            if stays(byte) {
                encoded.push(char::from(byte));
            } else if self.plus && byte == b' ' {
                encoded.push('+');
            } else {
                push_percent(byte, &mut encoded);
            }
        }
        bounds::check_growth(text.len(), encoded.len())?;
        Ok(Value::Text(encoded.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let keep = arguments.text("keep").unwrap_or_default();
    if !keep.is_ascii() || keep.contains('%') {
        return arguments.invalid("keep", "takes ASCII characters other than %");
    }
    ready(UrlEncode {
        keep: keep.into(),
        plus: arguments.flag("plus"),
    })
}

/// Whether a byte stands for itself everywhere in an address (RFC 3986, section 2.3).
pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Appends a byte as `%XX`.
pub(super) fn push_percent(byte: u8, out: &mut ArenaString<'_>) {
    out.push('%');
    for nibble in [byte >> 4, byte & 15] {
        let digit = char::from_digit(u32::from(nibble), 16);
        out.extend(digit.map(|digit| digit.to_ascii_uppercase()));
    }
}
