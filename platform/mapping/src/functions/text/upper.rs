//! `upper`: text in upper case.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "upper",
    summary: "Makes all letters upper case (Unicode).",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""usd""#, r#"{}"#, r#""USD""#),
        Example::gives(r#""Straße""#, r#"{}"#, r#""STRASSE""#),
        Example::gives(r#""EUR""#, r#"{}"#, r#""EUR""#),
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
struct Upper;

impl Operation for Upper {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        Ok(Value::Text(changed(value.text()?, run)))
    }

    fn text<'a>(&'a self, text: &'a str, run: &Run<'a>) -> Option<&'a str> {
        Some(changed(text, run))
    }

    fn keeps_plain(&self) -> bool {
        true
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Upper)
}

fn changed<'a>(text: &'a str, run: &Run<'a>) -> &'a str {
    if text.is_ascii() {
        if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return text;
        }
        let changed = run.arena.alloc_str(text);
        changed.make_ascii_uppercase();
        return changed;
    }
    let mut changed = run.text_buffer(text.len());
    for sign in text.chars() {
        changed.extend(sign.to_uppercase());
    }
    changed.into_bump_str()
}
