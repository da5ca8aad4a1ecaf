//! `abn`: an Australian business number.

use tributary_model::error_code::ErrorCode;

use super::check_digits::{digit, weighted};
use super::written::{compact, is_digits, refused};
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "abn",
    summary: "Checks the 11 digits and the check digits of an Australian business number; spaces are cut.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""51 824 753 556""#, r#"{}"#, r#""51824753556""#),
        Example::gives(r#""83914571673""#, r#"{}"#, r#""83914571673""#),
        Example::fails(r#""99999999999""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""5182475355""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Abn;

impl Operation for Abn {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let code = compact(text, run);
        let first = code.bytes().next().map_or(0, digit);
        if !is_digits(code) || code.len() != 11 || first == 0 {
            let what = "is not an ABN: 11 digits are needed, of which the first is not 0";
            return refused(
                text,
                what,
                "compare it with the Australian business register",
            );
        }
        // 1 is taken from the first digit, whose weight is 10
        let sum = weighted(code.as_bytes(), &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10;
        if !sum.is_multiple_of(89) {
            return refused(
                text,
                "has wrong check digits",
                "compare it with the Australian business register",
            );
        }
        Ok(Value::Text(code))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Abn)
}
