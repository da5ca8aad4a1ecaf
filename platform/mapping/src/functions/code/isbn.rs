//! `isbn`: an international standard book number.

use tributary_model::error_code::ErrorCode;

use super::check_digits::{digit, gs1, weighted};
use super::written::{compact, is_digits, refused};
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "isbn",
    summary: "Checks the check digit of an ISBN and writes it with 13 digits and without hyphens; an ISBN of 10 becomes one of 13.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""978-3-16-148410-0""#, r#"{}"#, r#""9783161484100""#),
        Example::gives(r#""3-16-148410-X""#, r#"{}"#, r#""9783161484100""#),
        Example::gives(r#""0-306-40615-2""#, r#"{}"#, r#""9780306406157""#),
        Example::fails(r#""978-3-16-148410-1""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""0-306-40615-3""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""4006381333931""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Isbn;

impl Operation for Isbn {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let code = compact(text, run);
        let made = match code.len() {
            13 if is_digits(code) && (code.starts_with("978") || code.starts_with("979")) => {
                gs1(code.as_bytes()).then_some(code)
            }
            10 => match code.split_at_checked(9) {
                Some((digits, last)) if is_digits(digits) && (is_digits(last) || last == "X") => {
                    from_ten(digits, last, run)
                }
                _ => None,
            },
            _ => {
                let what =
                    "is not an ISBN: 10 digits, or 13 that begin with 978 or 979, are needed";
                return refused(text, what, "zeros at the start may have been lost");
            }
        };
        match made {
            Some(code) => Ok(Value::Text(code)),
            None => refused(
                text,
                "has a wrong check digit",
                "compare it with the imprint",
            ),
        }
    }
}

fn from_ten<'a>(digits: &str, last: &str, run: &Run<'a>) -> Option<&'a str> {
    let check = match last.as_bytes() {
        [b'X'] => 10,
        [one] => digit(*one),
        _ => return None,
    };
    let sum = weighted(digits.as_bytes(), &[10, 9, 8, 7, 6, 5, 4, 3, 2]);
    if !(sum + check).is_multiple_of(11) {
        return None;
    }
    let weights = [3, 1, 3, 1, 3, 1, 3, 1, 3];
    // 9, 7 and 8 at the start have the sum 38 with their weights 1, 3 and 1
    let check = (10 - (38 + weighted(digits.as_bytes(), &weights)) % 10) % 10;
    Some(run.display(format_args!("978{digits}{check}")))
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Isbn)
}
