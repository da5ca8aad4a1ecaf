//! `starts_with`: whether a text starts with another.

use tributary_model::error_code::ErrorCode;

use super::lower::lower_case;
use crate::formula::expression::Expression;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "starts_with",
    summary: "Says whether the text starts with another.",
    input: Kind::Text,
    output: Output::Is(Kind::Bool),
    arguments: &[
        Argument::required(
            "text",
            ArgumentKind::Computed(Kind::Text),
            "what to look for",
        ),
        Argument::optional(
            "ignore_case",
            ArgumentKind::Flag,
            "true: upper and lower case are the same",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::ValueMissing],
    examples: &[
        Example::gives(r#""DE123""#, r#"{"text": "DE"}"#, r#"true"#),
        Example::gives(r#""de123""#, r#"{"text": "DE"}"#, r#"false"#),
        Example::gives(
            r#""de123""#,
            r#"{"text": "DE", "ignore_case": true}"#,
            r#"true"#,
        ),
        Example::gives(r#""abc""#, r#"{"text": ""}"#, r#"true"#),
        Example::fails(
            r#""abc""#,
            r#"{"text": {"formula": "null"}}"#,
            ErrorCode::ValueMissing,
        ),
        Example::gives(r#"null"#, r#"{"text": "DE"}"#, r#"null"#),
        Example::fails(r#"123"#, r#"{"text": "1"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct StartsWith {
    wanted: Expression,
    ignore_case: bool,
}

impl Operation for StartsWith {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let wanted = match given::text(&self.wanted, "text", run)? {
            Ok(wanted) => wanted,
            Err(nothing) => return Ok(nothing),
        };
        if self.ignore_case {
            let (text, wanted) = (lower_case(text, run), lower_case(wanted, run));
            return Ok(Value::Bool(text.starts_with(wanted)));
        }
        Ok(Value::Bool(text.starts_with(wanted)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (wanted, _) = arguments.computed("text", Kind::Text)?;
    ready(StartsWith {
        wanted,
        ignore_case: arguments.flag("ignore_case"),
    })
}
