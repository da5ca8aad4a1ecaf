//! `base64_encode`: a text in Base64.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding};
use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "base64_encode",
    summary: "Writes the UTF-8 bytes of a text in Base64 (RFC 4648).",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "variant",
            ArgumentKind::Text,
            "standard (default) or url: - and _ in place of + and /",
        ),
        Argument::optional(
            "no_padding",
            ArgumentKind::Flag,
            "true: without = at the end",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#""Hällo""#, r#"{}"#, r#""SMOkbGxv""#),
        Example::gives(r#""a""#, r#"{}"#, r#""YQ==""#),
        Example::gives(r#""a""#, r#"{"no_padding": true}"#, r#""YQ""#),
        Example::gives(r#""??>""#, r#"{"variant": "url"}"#, r#""Pz8-""#),
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
struct Base64Encode {
    encoding: Encoding,
}

impl Operation for Base64Encode {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let size = self.encoding.encode_len(text.len());
        bounds::check_growth(text.len(), size)?;
        let encoded = run.arena.alloc_slice_fill_copy(size, 0);
        self.encoding.encode_mut(text.as_bytes(), encoded);
        // Base64 is ASCII
        Ok(Value::Text(
            std::str::from_utf8(encoded).unwrap_or_default(),
        ))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let encoding = match (is_url(arguments)?, arguments.flag("no_padding")) {
        (false, false) => BASE64,
        (false, true) => BASE64_NOPAD,
        (true, false) => BASE64URL,
        (true, true) => BASE64URL_NOPAD,
    };
    ready(Base64Encode { encoding })
}

/// Whether `variant` asks for the alphabet of addresses.
pub(super) fn is_url(arguments: &mut Arguments<'_, '_>) -> Option<bool> {
    match arguments.text("variant") {
        None | Some("standard") => Some(false),
        Some("url") => Some(true),
        Some(_) => arguments.invalid("variant", "needs standard or url"),
    }
}
