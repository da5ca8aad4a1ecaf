//! `luhn_digit`: the check digit of a number.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "luhn_digit",
    summary: "Computes the check digit after Luhn (ISO/IEC 7812-1, modulus 10) of a number given as text; spaces and hyphens do not count.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""7992739871""#, r#"{}"#, r#""3""#),
        Example::gives(r#""4012 8888 8888 188""#, r#"{}"#, r#""1""#),
        Example::gives(r#""0""#, r#"{}"#, r#""0""#),
        Example::fails(r#""12a""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct LuhnDigit;

impl Operation for LuhnDigit {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        match sum(text, true) {
            Some(sum) => Ok(Value::Text(run.display((10 - sum % 10) % 10))),
            None => failure(
                ErrorCode::ValueInvalid,
                format!("{:?} is not a number of digits only", shorten(text, 40)),
            ),
        }
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(LuhnDigit)
}

/// The sum of the digits, every second one doubled from the last one on (`double_last`) or from the
/// one before it; `None` if there is anything but digits, or nothing.
pub(super) fn sum(text: &str, double_last: bool) -> Option<u64> {
    let mut sum = None;
    let mut double = double_last;
    for sign in text.chars().rev().filter(|sign| !matches!(sign, ' ' | '-')) {
        let digit = u64::from(sign.to_digit(10)?);
        let counted = match (double, digit) {
            (true, 5..) => digit * 2 - 9,
            (true, _) => digit * 2,
            (false, _) => digit,
        };
        sum = Some(sum.unwrap_or(0) + counted);
        double = !double;
    }
    sum
}
