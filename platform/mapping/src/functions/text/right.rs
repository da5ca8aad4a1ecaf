//! `right`: the end of a text.

use tributary_model::error_code::ErrorCode;

use crate::formula::expression::Expression;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "right",
    summary: "Takes the last characters.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "length",
        ArgumentKind::Computed(Kind::Number),
        "how many characters",
    )],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::ValueMissing,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
    ],
    examples: &[
        Example::gives(r#""DE12345""#, r#"{"length": 5}"#, r#""12345""#),
        Example::gives(r#""äöü""#, r#"{"length": 1}"#, r#""ü""#),
        Example::gives(r#""ab""#, r#"{"length": 5}"#, r#""ab""#),
        Example::gives(r#""ab""#, r#"{"length": 0}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"length": 2}"#, r#"null"#),
        Example::fails(r#""ab""#, r#"{"length": -1}"#, ErrorCode::NumberRange),
        Example::fails(r#"12345"#, r#"{"length": 2}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Right {
    length: Expression,
}

impl Operation for Right {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let length = match given::count(&self.length, "length", run)? {
            Ok(length) => length,
            Err(nothing) => return Ok(nothing),
        };
        if length == 0 {
            return Ok(Value::Text(""));
        }
        let place = text.char_indices().nth_back(length - 1);
        let end = place.and_then(|(place, _)| text.get(place..));
        Ok(Value::Text(end.unwrap_or(text)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (length, _) = arguments.computed("length", Kind::Number)?;
    ready(Right { length })
}
