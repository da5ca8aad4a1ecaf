//! `trim`: text without spaces at its ends.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "trim",
    summary: "Cuts white space at both ends.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"" a b  ""#, r#"{}"#, r#""a b""#),
        Example::gives(r#""\u00a0x\t""#, r#"{}"#, r#""x""#),
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
struct Trim;

impl Operation for Trim {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value)
    }

    fn text<'a>(&'a self, text: &'a str, _run: &Run<'a>) -> Option<&'a str> {
        Some(trimmed(text))
    }

    fn keeps_plain(&self) -> bool {
        true
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Trim)
}

fn apply(value: Value<'_>) -> Made<Value<'_>> {
    Ok(Value::Text(trimmed(value.text()?)))
}

/// The text without white space at its ends. Most texts begin and end with a letter or digit of ASCII and
/// need no closer look.
#[inline]
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~', .., b'!'..=b'~'] | [b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}
