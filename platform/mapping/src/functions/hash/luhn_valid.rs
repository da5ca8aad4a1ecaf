//! `luhn_valid`: whether the check digit of a number is right.

use tributary_model::error_code::ErrorCode;

use super::luhn_digit::sum;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "luhn_valid",
    summary: "Says whether the last digit of a number is its check digit after Luhn (ISO/IEC 7812-1, modulus 10), as in card numbers and IMEIs; spaces and hyphens do not count.",
    input: Kind::Text,
    output: Output::Is(Kind::Bool),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""79927398713""#, r#"{}"#, r#"true"#),
        Example::gives(r#""4012 8888 8888 1881""#, r#"{}"#, r#"true"#),
        Example::gives(r#""4012-8888-8888-1882""#, r#"{}"#, r#"false"#),
        Example::gives(r#""4012x""#, r#"{}"#, r#"false"#),
        Example::gives(r#""""#, r#"{}"#, r#"false"#),
        Example::gives(r#""0""#, r#"{}"#, r#"false"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct LuhnValid;

impl Operation for LuhnValid {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let valid = sum(text, false).is_some_and(|sum| sum % 10 == 0);
        Ok(Value::Bool(valid && digits > 1))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(LuhnValid)
}
