//! `base64_decode`: a text out of Base64.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding};
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use super::base64_encode::is_url;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "base64_decode",
    summary: "Reads a text in UTF-8 out of Base64 (RFC 4648); line breaks and spaces in it do not count, the padding may be missing.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "variant",
        ArgumentKind::Text,
        "standard (default) or url: - and _ in place of + and /",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::EncodingInvalid],
    examples: &[
        Example::gives(r#""SMOkbGxv""#, r#"{}"#, r#""Hällo""#),
        Example::gives(r#""YQ""#, r#"{}"#, r#""a""#),
        Example::gives(r#""SMOk\nbGxv""#, r#"{}"#, r#""Hällo""#),
        Example::gives(r#""Pz8-""#, r#"{"variant": "url"}"#, r#""??>""#),
        Example::fails(r#""Pz8-""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""/w==""#, r#"{}"#, ErrorCode::EncodingInvalid),
        Example::fails(r#""YQ=""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Base64Decode {
    encoding: Encoding,
}

impl Operation for Base64Decode {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let mut signs = run.text_buffer(text.len());
        signs.extend(text.chars().filter(|sign| !sign.is_ascii_whitespace()));
        let signs = signs.into_bump_str();
        let bare = signs.trim_end_matches('=');
        let padding = signs.len() - bare.len();
        let padded = padding == 0 || (padding <= 2 && signs.len().is_multiple_of(4));
        let size = self.encoding.decode_len(bare.len()).ok().filter(|_| padded);
        let Some(size) = size else {
            return invalid(text);
        };
        let decoded = run.arena.alloc_slice_fill_copy(size, 0);
        match self.encoding.decode_mut(bare.as_bytes(), decoded) {
            Ok(length) => utf8(decoded.get(..length).unwrap_or_default()),
            Err(_) => invalid(text),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let encoding = if is_url(arguments)? {
        BASE64URL_NOPAD
    } else {
        BASE64_NOPAD
    };
    ready(Base64Decode { encoding })
}

fn invalid<'a>(text: &str) -> Made<Value<'a>> {
    failure_with_hint(
        ErrorCode::ValueInvalid,
        format!("{:?} is not Base64", shorten(text, 40)),
        "correct the value in the source; with - or _ in it, set variant to url",
    )
}

/// Decoded bytes as a text.
pub(super) fn utf8(bytes: &[u8]) -> Made<Value<'_>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Value::Text(text)),
        Err(error) => failure_with_hint(
            ErrorCode::EncodingInvalid,
            format!(
                "what was decoded is not UTF-8 at byte {}",
                error.valid_up_to()
            ),
            "only texts can be decoded, no pictures or archives; ask the source for UTF-8",
        ),
    }
}
