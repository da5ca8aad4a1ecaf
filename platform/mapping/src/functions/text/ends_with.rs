//! `ends_with`: whether a text ends with another.

use tributary_model::error_code::ErrorCode;

use super::lower::lower_case;
use crate::formula::expression::Expression;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "ends_with",
    summary: "Says whether the text ends with another.",
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
        Example::gives(r#""invoice.pdf""#, r#"{"text": ".pdf"}"#, r#"true"#),
        Example::gives(r#""INVOICE.PDF""#, r#"{"text": ".pdf"}"#, r#"false"#),
        Example::gives(
            r#""INVOICE.PDF""#,
            r#"{"text": ".pdf", "ignore_case": true}"#,
            r#"true"#,
        ),
        Example::gives(r#""ab""#, r#"{"text": "cab"}"#, r#"false"#),
        Example::gives(r#"null"#, r#"{"text": ".pdf"}"#, r#"null"#),
        Example::fails(r#"123"#, r#"{"text": "3"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct EndsWith {
    wanted: Expression,
    ignore_case: bool,
}

impl Operation for EndsWith {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let wanted = match given::text(&self.wanted, "text", run)? {
            Ok(wanted) => wanted,
            Err(nothing) => return Ok(nothing),
        };
        if self.ignore_case {
            let (text, wanted) = (lower_case(text, run), lower_case(wanted, run));
            return Ok(Value::Bool(text.ends_with(wanted)));
        }
        Ok(Value::Bool(text.ends_with(wanted)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (wanted, _) = arguments.computed("text", Kind::Text)?;
    ready(EndsWith {
        wanted,
        ignore_case: arguments.flag("ignore_case"),
    })
}
