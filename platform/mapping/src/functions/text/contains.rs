//! `contains`: whether a text contains another.

use tributary_model::error_code::ErrorCode;

use super::lower::lower_case;
use crate::formula::expression::Expression;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "contains",
    summary: "Says whether the text contains another.",
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
        Example::gives(r#""net 30 days""#, r#"{"text": "30"}"#, r#"true"#),
        Example::gives(r#""abc""#, r#"{"text": "B"}"#, r#"false"#),
        Example::gives(
            r#""ÄRGER""#,
            r#"{"text": "ärger", "ignore_case": true}"#,
            r#"true"#,
        ),
        Example::gives(r#""abc""#, r#"{"text": ""}"#, r#"true"#),
        Example::gives(r#"null"#, r#"{"text": "a"}"#, r#"null"#),
        Example::fails(r#"["a"]"#, r#"{"text": "a"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Contains {
    wanted: Expression,
    ignore_case: bool,
}

impl Operation for Contains {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let wanted = match given::text(&self.wanted, "text", run)? {
            Ok(wanted) => wanted,
            Err(nothing) => return Ok(nothing),
        };
        if self.ignore_case {
            let (text, wanted) = (lower_case(text, run), lower_case(wanted, run));
            return Ok(Value::Bool(text.contains(wanted)));
        }
        Ok(Value::Bool(text.contains(wanted)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (wanted, _) = arguments.computed("text", Kind::Text)?;
    ready(Contains {
        wanted,
        ignore_case: arguments.flag("ignore_case"),
    })
}
