//! `ein`: an employer identification number of the United States.

use tributary_model::error_code::ErrorCode;

use super::written::{compact, is_digits, refused};
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "ein",
    summary: "Checks the form of an EIN and writes it as 12-3456789. It has no check digit; of the first two digits only those that are never given out are refused.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""123456789""#, r#"{}"#, r#""12-3456789""#),
        Example::gives(r#""91-1144442""#, r#"{}"#, r#""91-1144442""#),
        Example::fails(r#""07-1144442""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""12-345678""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

/// First two digits that no EIN has. Source: IRS, EIN prefixes by campus.
const UNUSED: [&str; 17] = [
    "00", "07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "70", "78", "79", "89", "96",
    "97",
];

#[derive(Debug)]
struct Ein;

impl Operation for Ein {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let code = compact(text, run);
        match code.split_at_checked(2) {
            Some((prefix, serial))
                if is_digits(code) && code.len() == 9 && !UNUSED.contains(&prefix) =>
            {
                Ok(Value::Text(run.display(format_args!("{prefix}-{serial}"))))
            }
            _ => refused(
                text,
                "is not an EIN: 9 digits such as 12-3456789 are needed",
                "zeros at the start may have been lost",
            ),
        }
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Ein)
}
