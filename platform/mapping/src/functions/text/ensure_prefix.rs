//! `ensure_prefix`: a text with a certain start.

use tributary_model::error_code::ErrorCode;

use crate::formula::expression::Expression;
use crate::functions::bounds;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "ensure_prefix",
    summary: "Puts a text at the start unless it is there already.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "text",
        ArgumentKind::Computed(Kind::Text),
        "what the result has at its start",
    )],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::ValueMissing,
        ErrorCode::RecordTooLarge,
    ],
    examples: &[
        Example::gives(r#""4711""#, r#"{"text": "ORDER-"}"#, r#""ORDER-4711""#),
        Example::gives(
            r#""ORDER-4711""#,
            r#"{"text": "ORDER-"}"#,
            r#""ORDER-4711""#,
        ),
        Example::gives(r#""""#, r##"{"text": "#"}"##, r##""#""##),
        Example::gives(r#""x""#, r#"{"text": ""}"#, r#""x""#),
        Example::gives(r#"null"#, r##"{"text": "#"}"##, r#"null"#),
        Example::fails(r#"4711"#, r##"{"text": "#"}"##, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct EnsurePrefix {
    part: Expression,
}

impl Operation for EnsurePrefix {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let part = match given::text(&self.part, "text", run)? {
            Ok(part) => part,
            Err(nothing) => return Ok(nothing),
        };
        if text.starts_with(part) {
            return Ok(Value::Text(text));
        }
        let size = text.len() + part.len();
        bounds::check_growth(text.len(), size)?;
        let mut joined = run.text_buffer(size);
        joined.push_str(part);
        joined.push_str(text);
        Ok(Value::Text(joined.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (part, _) = arguments.computed("text", Kind::Text)?;
    ready(EnsurePrefix { part })
}
