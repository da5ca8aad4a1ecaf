//! `index_of`: where a text stands in another.

use tributary_model::error_code::ErrorCode;

use crate::formula::expression::Expression;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "index_of",
    summary: "Gives the place of a text in the value, counted in characters from 0; null if it is not there.",
    input: Kind::Text,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::required(
            "text",
            ArgumentKind::Computed(Kind::Text),
            "what to look for",
        ),
        Argument::optional(
            "last",
            ArgumentKind::Flag,
            "true: its last place instead of the first",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::ValueMissing],
    examples: &[
        Example::gives(r#""a-b-c""#, r#"{"text": "-"}"#, r#"1"#),
        Example::gives(r#""a-b-c""#, r#"{"text": "-", "last": true}"#, r#"3"#),
        Example::gives(r#""äöü""#, r#"{"text": "ü"}"#, r#"2"#),
        Example::gives(r#""abc""#, r#"{"text": "x"}"#, r#"null"#),
        Example::gives(r#""abc""#, r#"{"text": ""}"#, r#"0"#),
        Example::gives(r#"null"#, r#"{"text": "x"}"#, r#"null"#),
        Example::fails(r#"12"#, r#"{"text": "2"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct IndexOf {
    wanted: Expression,
    last: bool,
}

impl Operation for IndexOf {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let wanted = match given::text(&self.wanted, "text", run)? {
            Ok(wanted) => wanted,
            Err(nothing) => return Ok(nothing),
        };
        let place = if self.last {
            text.rfind(wanted)
        } else {
            text.find(wanted)
        };
        Ok(place
            .and_then(|place| text.get(..place))
            .map_or(Value::Null, |before| given::whole(before.chars().count())))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (wanted, _) = arguments.computed("text", Kind::Text)?;
    ready(IndexOf {
        wanted,
        last: arguments.flag("last"),
    })
}
