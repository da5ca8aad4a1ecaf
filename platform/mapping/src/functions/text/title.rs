//! `title`: every word with a capital.

use tributary_model::error_code::ErrorCode;
use unicode_normalization::char::is_combining_mark;

use super::capitalize::push_capital;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "title",
    summary: "Makes the first letter of every word upper case and the others lower case. A word goes on after an apostrophe and a digit; names need fix_case.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""hamburg-altona AM SEE""#,
            r#"{}"#,
            r#""Hamburg-Altona Am See""#,
        ),
        Example::gives(r#""don't stop""#, r#"{}"#, r#""Don't Stop""#),
        Example::gives(r#""mu\u0308ller""#, r#"{}"#, r#""Müller""#),
        Example::gives(r#""1st élan""#, r#"{}"#, r#""1st Élan""#),
        Example::gives(r#""Main Street""#, r#"{}"#, r#""Main Street""#),
        Example::gives(r#""""#, r#"{}"#, r#""""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"true"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Title;

impl Operation for Title {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let mut changed = run.text_buffer(text.len() + 4);
        let mut inside = false;
        for sign in text.chars() {
            if inside {
                changed.extend(sign.to_lowercase());
            } else {
                push_capital(sign, &mut changed);
            }
            let goes_on = matches!(sign, '\'' | '’') || is_combining_mark(sign);
            inside = sign.is_alphanumeric() || (inside && goes_on);
        }
        if changed.as_str() == text {
            return Ok(Value::Text(text));
        }
        Ok(Value::Text(changed.into_bump_str()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Title)
}
