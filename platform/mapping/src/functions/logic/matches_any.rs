//! `matches_any`: whether a text matches one of several patterns.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "matches_any",
    summary: "Tells whether a text matches at least one of the regular expressions; ^ and $ tie them to its ends.",
    input: Kind::Text,
    output: Output::Is(Kind::Bool),
    arguments: &[Argument::required(
        "patterns",
        ArgumentKind::Texts,
        "regular expressions, without look-around and back references",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""AB-12""#,
            r#"{"patterns": ["^[A-Z]{2}-\\d+$", "^X"]}"#,
            r#"true"#,
        ),
        Example::gives(
            r#""ab-12""#,
            r#"{"patterns": ["^[A-Z]{2}-\\d+$", "^X"]}"#,
            r#"false"#,
        ),
        Example::gives(r#""ab""#, r#"{"patterns": []}"#, r#"false"#),
        Example::gives(r#"null"#, r#"{"patterns": ["a"]}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{"patterns": ["7"]}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

/// Most bytes of the compiled patterns.
const MAX_PROGRAM: usize = 1 << 20;

#[derive(Debug)]
struct MatchesAny {
    patterns: regex::RegexSet,
}

impl Operation for MatchesAny {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        Ok(Value::Bool(self.patterns.is_match(value.text()?)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let patterns = arguments.texts("patterns")?;
    match regex::RegexSetBuilder::new(&patterns)
        .size_limit(MAX_PROGRAM)
        .build()
    {
        Ok(patterns) => ready(MatchesAny { patterns }),
        Err(error) => arguments.invalid("patterns", &format!("not a regular expression: {error}")),
    }
}
