//! `us_state`: a state of the United States.

use std::sync::LazyLock;

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use super::code_table::CodeTable;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "us_state",
    summary: "Finds a state, the District of Columbia, a territory or a military post code of the United States by its two letters or English name.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional("to", ArgumentKind::Text, "code (default) or name"),
        Argument::optional("on_miss", ArgumentKind::OnMiss, "error (default) or null"),
    ],
    fails_with: &[ErrorCode::EnumMismatch, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""california""#, r#"{}"#, r#""CA""#),
        Example::gives(r#""tx""#, r#"{"to": "name"}"#, r#""Texas""#),
        Example::gives(r#""Washington, D.C.""#, r#"{}"#, r#""DC""#),
        Example::fails(r#""Ontario""#, r#"{}"#, ErrorCode::EnumMismatch),
        Example::gives(r#""ON""#, r#"{"on_miss": "null"}"#, r#"null"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

/// Two letters, name, other names.
static STATES: LazyLock<CodeTable> = LazyLock::new(|| CodeTable::read(TEXT, &[0], &[1, 2]));

const TEXT: &str = include_str!("data/us_states.csv");

#[derive(Debug)]
struct UsState {
    to: usize,
    null_on_miss: bool,
}

impl Operation for UsState {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?.trim();
        match STATES
            .find(text, run.arena)
            .and_then(|row| row.cell(self.to))
        {
            Some(found) => Ok(Value::Text(found)),
            None if self.null_on_miss => Ok(Value::Null),
            None => failure(
                ErrorCode::EnumMismatch,
                format!(
                    "{:?} is not a state of the United States",
                    shorten(text, 60)
                ),
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let to = match arguments.word("to", &["code", "name"])? {
        "name" => 1,
        _ => 0,
    };
    ready(UsState {
        to,
        null_on_miss: arguments.null_on_miss()?,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_whole() {
        super::super::code_table::tests::check(super::TEXT, 3, &[0], &[1, 2]);
    }
}
