//! `extract_all`: all parts of a text that a pattern finds.

use bumpalo::collections::Vec as ArenaVec;
use regex::Regex;
use tributary_model::error_code::ErrorCode;

use super::pattern;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "extract_all",
    summary: "Gives all parts of a text that a regular expression finds, or a group of each, as a list.",
    input: Kind::Text,
    output: Output::Is(Kind::List),
    arguments: &[
        Argument::required(
            "pattern",
            ArgumentKind::Text,
            "regular expression; linear time, no look-around",
        ),
        Argument::optional(
            "group",
            ArgumentKind::Scalar,
            "number or name of the group to take; default: the first one, or all that was found if there is none",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""RE-1, RE-22""#,
            r#"{"pattern": "RE-(\\d+)"}"#,
            r#"["1","22"]"#,
        ),
        Example::gives(r#""a1b22""#, r#"{"pattern": "[0-9]+"}"#, r#"["1","22"]"#),
        Example::gives(
            r#""k=v;x=y""#,
            r#"{"pattern": "(?<key>\\w)=(?<value>\\w)", "group": "value"}"#,
            r#"["v","y"]"#,
        ),
        Example::gives(r#""abc""#, r#"{"pattern": "[0-9]"}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{"pattern": "x"}"#, r#"null"#),
        Example::fails(r#"4711"#, r#"{"pattern": "1"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ExtractAll {
    regex: Regex,
    group: usize,
}

impl Operation for ExtractAll {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        pattern::check_searched(text)?;
        let mut parts = ArenaVec::new_in(run.arena);
        for found in self.regex.captures_iter(text) {
            if let Some(part) = found.get(self.group) {
                parts.push(Value::Text(part.as_str()));
            }
        }
        Ok(Value::List(parts.into_bump_slice()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let regex = pattern::compiled(arguments)?;
    let group = pattern::group(arguments, &regex)?;
    ready(ExtractAll { regex, group })
}
