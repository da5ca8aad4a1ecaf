//! `ean`: a global trade item number (EAN, UPC, GTIN).

use tributary_model::error_code::ErrorCode;

use super::check_digits::gs1;
use super::written::{compact, is_digits, refused};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "ean",
    summary: "Checks the length (8, 12, 13 or 14 digits) and check digit of a GTIN; spaces and hyphens are cut.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "form",
        ArgumentKind::Text,
        "as_is (default), thirteen or fourteen: filled up with zeros, or shortened by them, to so many digits",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""4006381333931""#, r#"{}"#, r#""4006381333931""#),
        Example::gives(
            r#""0 36000 29145 2""#,
            r#"{"form": "fourteen"}"#,
            r#""00036000291452""#,
        ),
        Example::gives(
            r#""00036000291452""#,
            r#"{"form": "thirteen"}"#,
            r#""0036000291452""#,
        ),
        Example::gives(r#""96385074""#, r#"{}"#, r#""96385074""#),
        Example::fails(r#""4006381333932""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""400638133393""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(
            r#""10012345000017""#,
            r#"{"form": "thirteen"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(r#"4006381333931"#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Ean {
    /// 0: as it is
    length: usize,
}

impl Operation for Ean {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let code = compact(text, run);
        if !is_digits(code) || !matches!(code.len(), 8 | 12 | 13 | 14) {
            let what = "is not a GTIN: 8, 12, 13 or 14 digits are needed";
            return refused(text, what, "zeros at the start may have been lost");
        }
        if !gs1(code.as_bytes()) {
            let what = "has a wrong check digit";
            return refused(
                text,
                what,
                "a digit is mistyped, or one is missing; compare it with the label",
            );
        }
        if self.length == 0 || code.len() == self.length {
            return Ok(Value::Text(code));
        }
        match code.len().checked_sub(self.length) {
            None => Ok(Value::Text(
                run.display(format_args!("{code:0>width$}", width = self.length)),
            )),
            Some(more) => match code.split_at_checked(more) {
                Some((zeros, short)) if zeros.bytes().all(|zero| zero == b'0') => {
                    Ok(Value::Text(short))
                }
                _ => refused(
                    text,
                    "has 14 digits and cannot be shortened to 13",
                    "it is the number of a package; use the form fourteen",
                ),
            },
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let length = match arguments.word("form", &["as_is", "thirteen", "fourteen"])? {
        "thirteen" => 13,
        "fourteen" => 14,
        _ => 0,
    };
    ready(Ean { length })
}
