//! `replace`: one text by another.

use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "replace",
    summary: "Replaces every occurrence of a text by another.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required("search", ArgumentKind::Text, "what to look for, not empty"),
        Argument::required(
            "with",
            ArgumentKind::Text,
            "what to put there; may be empty",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""a-b-c""#,
            r#"{"search": "-", "with": "/"}"#,
            r#""a/b/c""#,
        ),
        Example::gives(r#""abc""#, r#"{"search": "b", "with": ""}"#, r#""ac""#),
        Example::gives(r#""abc""#, r#"{"search": "x", "with": "y"}"#, r#""abc""#),
        Example::gives(r#""aaa""#, r#"{"search": "aa", "with": "b"}"#, r#""ba""#),
        Example::gives(r#"null"#, r#"{"search": "x", "with": "y"}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Replace {
    search: Box<str>,
    with: Box<str>,
}

impl Operation for Replace {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, &self.search, &self.with, run)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (search, with) = (arguments.text("search")?, arguments.text("with")?);
    if search.is_empty() {
        return arguments.invalid("search", "must not be empty");
    }
    ready(Replace {
        search: search.into(),
        with: with.into(),
    })
}

fn apply<'a>(value: Value<'a>, search: &str, with: &str, run: &Run<'a>) -> Made<Value<'a>> {
    let text = value.text()?;
    let mut pieces = text.split(search);
    let first = pieces.next().unwrap_or_default();
    if first.len() == text.len() {
        return Ok(Value::Text(text));
    }
    let mut changed = run.text_buffer(text.len());
    changed.push_str(first);
    for piece in pieces {
        changed.push_str(with);
        changed.push_str(piece);
        bounds::check_growth(text.len(), changed.len())?;
    }
    Ok(Value::Text(changed.into_bump_str()))
}
