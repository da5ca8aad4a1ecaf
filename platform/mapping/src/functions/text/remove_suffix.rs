//! `remove_suffix`: a text without a certain end.

use tributary_model::error_code::ErrorCode;

use crate::formula::expression::Expression;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "remove_suffix",
    summary: "Cuts a text off the end, once, if it is there.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "text",
        ArgumentKind::Computed(Kind::Text),
        "what to cut off",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::ValueMissing],
    examples: &[
        Example::gives(r#""invoice.pdf""#, r#"{"text": ".pdf"}"#, r#""invoice""#),
        Example::gives(r#""invoice""#, r#"{"text": ".pdf"}"#, r#""invoice""#),
        Example::gives(r#""abbb""#, r#"{"text": "b"}"#, r#""abb""#),
        Example::gives(r#""a""#, r#"{"text": "a"}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"text": "a"}"#, r#"null"#),
        Example::fails(r#"4711"#, r#"{"text": "1"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct RemoveSuffix {
    part: Expression,
}

impl Operation for RemoveSuffix {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let part = match given::text(&self.part, "text", run)? {
            Ok(part) => part,
            Err(nothing) => return Ok(nothing),
        };
        Ok(Value::Text(text.strip_suffix(part).unwrap_or(text)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (part, _) = arguments.computed("text", Kind::Text)?;
    ready(RemoveSuffix { part })
}
