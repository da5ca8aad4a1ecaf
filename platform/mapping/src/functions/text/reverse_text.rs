//! `reverse_text`: a text from its end to its start.

use tributary_model::error_code::ErrorCode;
use unicode_normalization::char::is_combining_mark;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "reverse_text",
    summary: "Turns the order of the characters around; accents stay with their letter.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""abc""#, r#"{}"#, r#""cba""#),
        Example::gives(r#""äö""#, r#"{}"#, r#""öä""#),
        Example::gives(r#""e\u0301a""#, r#"{}"#, r#""aé""#),
        Example::gives(r#""""#, r#"{}"#, r#""""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"12"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ReverseText;

impl Operation for ReverseText {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let mut reversed = run.text_buffer(text.len());
        let mut end = text.len();
        for (place, sign) in text.char_indices().rev() {
            if is_combining_mark(sign) && place > 0 {
                continue;
            }
            reversed.push_str(text.get(place..end).unwrap_or_default());
            end = place;
        }
        Ok(Value::Text(reversed.into_bump_str()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ReverseText)
}
