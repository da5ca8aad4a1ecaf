//! `count_matches`: how often a pattern finds something.

use regex::Regex;
use tributary_model::error_code::ErrorCode;

use super::pattern;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "count_matches",
    summary: "Counts how often a regular expression finds something, without overlaps.",
    input: Kind::Text,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::required(
        "pattern",
        ArgumentKind::Text,
        "regular expression; linear time, no look-around",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#""a-b-c""#, r#"{"pattern": "-"}"#, r#"2"#),
        Example::gives(r#""aaa""#, r#"{"pattern": "aa"}"#, r#"1"#),
        Example::gives(r#""abc""#, r#"{"pattern": "[0-9]"}"#, r#"0"#),
        Example::gives(r#""""#, r#"{"pattern": "x"}"#, r#"0"#),
        Example::gives(r#"null"#, r#"{"pattern": "x"}"#, r#"null"#),
        Example::fails(r#"11"#, r#"{"pattern": "1"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct CountMatches {
    regex: Regex,
}

impl Operation for CountMatches {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        pattern::check_searched(text)?;
        Ok(given::whole(self.regex.find_iter(text).count()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let regex = pattern::compiled(arguments)?;
    ready(CountMatches { regex })
}
