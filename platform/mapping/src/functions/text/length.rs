//! `length`: how many characters a text has.

use tributary_model::error_code::ErrorCode;

use crate::functions::given;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "length",
    summary: "Counts the characters (Unicode code points).",
    input: Kind::Text,
    output: Output::Is(Kind::Number),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""Hamburg""#, r#"{}"#, r#"7"#),
        Example::gives(r#""äöü""#, r#"{}"#, r#"3"#),
        Example::gives(r#""""#, r#"{}"#, r#"0"#),
        Example::gives(r#""a\nb""#, r#"{}"#, r#"3"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"[1, 2]"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Length;

impl Operation for Length {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        Ok(given::whole(value.text()?.chars().count()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Length)
}
