//! `remove_control_chars`: a text without invisible characters.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "remove_control_chars",
    summary: "Removes control characters, marks of the writing direction, zero-width spaces, soft hyphens and byte order marks. Tab and line breaks stay; single_line joins lines.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""a\u0000b\u001bc""#, r#"{}"#, r#""abc""#),
        Example::gives(r#""\ufeffKunde""#, r#"{}"#, r#""Kunde""#),
        Example::gives(r#""Dampf\u00adschiff""#, r#"{}"#, r#""Dampfschiff""#),
        Example::gives(r#""a\tb\r\nc""#, r#"{}"#, r#""a\tb\r\nc""#),
        Example::gives(r#""abc""#, r#"{}"#, r#""abc""#),
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
struct RemoveControlChars;

impl Operation for RemoveControlChars {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        if !text.contains(unwanted) {
            return Ok(Value::Text(text));
        }
        let mut kept = run.text_buffer(text.len());
        kept.extend(text.chars().filter(|sign| !unwanted(*sign)));
        Ok(Value::Text(kept.into_bump_str()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(RemoveControlChars)
}

/// Whether a character is neither seen nor spacing. The zero-width joiners stay: in some scripts, and
/// in emoji, they change what is seen.
fn unwanted(sign: char) -> bool {
    match sign {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\u{ad}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => true,
        other => other.is_control(),
    }
}
