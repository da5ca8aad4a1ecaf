//! `lei`: a legal entity identifier.

use tributary_model::error_code::ErrorCode;

use super::check_digits::mod_97;
use super::written::{compact, is_digits, refused};
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "lei",
    summary: "Checks the form and check digits of an LEI of ISO 17442: 18 letters and digits, two check digits. Whether it was given out is not checked.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::fails(
            r#""5493 00GR D5VEYTLN 6J02""#,
            r#"{}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::gives(
            r#""213800WSGIIZCXF1P572""#,
            r#"{}"#,
            r#""213800WSGIIZCXF1P572""#,
        ),
        Example::gives(
            r#""213800wsgiizcxf1p572""#,
            r#"{}"#,
            r#""213800WSGIIZCXF1P572""#,
        ),
        Example::gives(
            r#""213800KUD8LAJWSQ9D15""#,
            r#"{}"#,
            r#""213800KUD8LAJWSQ9D15""#,
        ),
        Example::fails(
            r#""213800KUD8LXJWSQ9D15""#,
            r#"{}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(r#""213800WSGIIZCXF1P57""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Lei;

impl Operation for Lei {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let code = compact(text, run);
        let form = code.split_at_checked(18).is_some_and(|(head, check)| {
            head.bytes().all(|sign| sign.is_ascii_alphanumeric())
                && check.len() == 2
                && is_digits(check)
        });
        if !form {
            let what = "is not an LEI: 18 letters and digits and two check digits are needed";
            return refused(text, what, "compare it with the LEI register");
        }
        if mod_97(code.bytes()) != 1 {
            return refused(
                text,
                "has wrong check digits",
                "compare it with the LEI register",
            );
        }
        Ok(Value::Text(code))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Lei)
}
