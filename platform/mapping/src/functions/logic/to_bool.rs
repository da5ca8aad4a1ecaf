//! `to_bool`: a word as true or false.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "to_bool",
    summary: "Makes a boolean of a text by two lists of words; a boolean passes as it is. Case and spaces at the ends do not count.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    arguments: &[
        Argument::required("true", ArgumentKind::Texts, "words for true"),
        Argument::required("false", ArgumentKind::Texts, "words for false"),
    ],
    fails_with: &[ErrorCode::EnumMismatch, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""Ja""#,
            r#"{"true": ["ja", "1"], "false": ["nein", "0"]}"#,
            r#"true"#,
        ),
        Example::gives(
            r#""0""#,
            r#"{"true": ["ja", "1"], "false": ["nein", "0"]}"#,
            r#"false"#,
        ),
        Example::gives(
            r#"true"#,
            r#"{"true": ["ja"], "false": ["nein"]}"#,
            r#"true"#,
        ),
        Example::fails(
            r#""vielleicht""#,
            r#"{"true": ["ja"], "false": ["nein"]}"#,
            ErrorCode::EnumMismatch,
        ),
        Example::gives(
            r#"null"#,
            r#"{"true": ["ja"], "false": ["nein"]}"#,
            r#"null"#,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ToBool {
    yes: Box<[String]>,
    no: Box<[String]>,
}

impl Operation for ToBool {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, &self.yes, &self.no)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (yes, no) = (arguments.texts("true")?, arguments.texts("false")?);
    ready(ToBool {
        yes: yes.into(),
        no: no.into(),
    })
}

fn apply<'a>(value: Value<'a>, yes: &[String], no: &[String]) -> Made<Value<'a>> {
    if let Value::Bool(truth) = value {
        return Ok(Value::Bool(truth));
    }
    let text = value.text()?.trim();
    let among = |words: &[String]| {
        words
            .iter()
            .any(|word| word.to_lowercase() == text.to_lowercase())
    };
    if among(yes) {
        return Ok(Value::Bool(true));
    }
    if among(no) {
        return Ok(Value::Bool(false));
    }
    failure(
        ErrorCode::EnumMismatch,
        format!(
            "the value is not one of {}, {}",
            yes.join(", "),
            no.join(", ")
        ),
    )
}
