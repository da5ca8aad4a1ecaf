//! `remove_prefix`: a text without a certain start.

use tributary_model::error_code::ErrorCode;

use crate::formula::expression::Expression;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "remove_prefix",
    summary: "Cuts a text off the start, once, if it is there.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "text",
        ArgumentKind::Computed(Kind::Text),
        "what to cut off",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::ValueMissing],
    examples: &[
        Example::gives(r#""ORDER-4711""#, r#"{"text": "ORDER-"}"#, r#""4711""#),
        Example::gives(r#""4711""#, r#"{"text": "ORDER-"}"#, r#""4711""#),
        Example::gives(r#""aaab""#, r#"{"text": "a"}"#, r#""aab""#),
        Example::gives(r#""a""#, r#"{"text": "a"}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"text": "a"}"#, r#"null"#),
        Example::fails(r#"4711"#, r#"{"text": "4"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct RemovePrefix {
    part: Expression,
}

impl Operation for RemovePrefix {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let part = match given::text(&self.part, "text", run)? {
            Ok(part) => part,
            Err(nothing) => return Ok(nothing),
        };
        Ok(Value::Text(text.strip_prefix(part).unwrap_or(text)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (part, _) = arguments.computed("text", Kind::Text)?;
    ready(RemovePrefix { part })
}
