//! `insert`: a text put into another.

use tributary_model::error_code::ErrorCode;

use super::left::split_after;
use crate::formula::expression::Expression;
use crate::functions::bounds;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "insert",
    summary: "Puts a text into the value at a place; beyond the end it is appended.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required(
            "at",
            ArgumentKind::Computed(Kind::Number),
            "how many characters stand before it",
        ),
        Argument::required(
            "text",
            ArgumentKind::Computed(Kind::Text),
            "what to put there",
        ),
    ],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::ValueMissing,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::RecordTooLarge,
    ],
    examples: &[
        Example::gives(
            r#""20260307""#,
            r#"{"at": 4, "text": "-"}"#,
            r#""2026-0307""#,
        ),
        Example::gives(r#""äb""#, r#"{"at": 1, "text": "x"}"#, r#""äxb""#),
        Example::gives(r#""ab""#, r#"{"at": 0, "text": "x"}"#, r#""xab""#),
        Example::gives(r#""ab""#, r#"{"at": 9, "text": "x"}"#, r#""abx""#),
        Example::fails(
            r#""ab""#,
            r#"{"at": -1, "text": "x"}"#,
            ErrorCode::NumberRange,
        ),
        Example::gives(r#"null"#, r#"{"at": 0, "text": "x"}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Insert {
    at: Expression,
    text: Expression,
}

impl Operation for Insert {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let at = match given::count(&self.at, "at", run)? {
            Ok(at) => at,
            Err(nothing) => return Ok(nothing),
        };
        let inserted = match given::text(&self.text, "text", run)? {
            Ok(inserted) => inserted,
            Err(nothing) => return Ok(nothing),
        };
        let size = text.len() + inserted.len();
        bounds::check_growth(text.len(), size)?;
        let (before, after) = split_after(text, at);
        let mut joined = run.text_buffer(size);
        joined.push_str(before);
        joined.push_str(inserted);
        joined.push_str(after);
        Ok(Value::Text(joined.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (at, _) = arguments.computed("at", Kind::Number)?;
    let (text, _) = arguments.computed("text", Kind::Text)?;
    ready(Insert { at, text })
}
