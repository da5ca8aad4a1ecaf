//! `collapse_spaces`: one space where there were many.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "collapse_spaces",
    summary: "Cuts white space at both ends and makes every run of it inside one space.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""  Main   Street ""#, r#"{}"#, r#""Main Street""#),
        Example::gives(r#""a\tb\nc""#, r#"{}"#, r#""a b c""#),
        Example::gives(r#""a b""#, r#"{}"#, r#""a b""#),
        Example::gives(r#""   ""#, r#"{}"#, r#""""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct CollapseSpaces;

impl Operation for CollapseSpaces {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, run)
    }

    fn text<'a>(&'a self, text: &'a str, run: &Run<'a>) -> Option<&'a str> {
        self.apply(Value::Text(text), run).ok()?.text().ok()
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(CollapseSpaces)
}

fn apply<'a>(value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
    let text = value.text()?.trim();
    let mut before_space = false;
    let clean = !text.chars().any(|sign| {
        let space = sign.is_whitespace();
        let twice = space && (before_space || sign != ' ');
        before_space = space;
        twice
    });
    if clean {
        return Ok(Value::Text(text));
    }
    let mut joined = run.text_buffer(text.len());
    for word in text.split_whitespace() {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    Ok(Value::Text(joined.into_bump_str()))
}
