//! `eori`: an economic operators registration and identification number.

use tributary_model::error_code::ErrorCode;

use super::written::{compact, refused};
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "eori",
    summary: "Checks the form of an EORI number: the prefix of an EU member, GB or XI, and up to 15 letters and digits. Whether it was given out is not checked.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""de 1234567""#, r#"{}"#, r#""DE1234567""#),
        Example::gives(r#""GB123456789000""#, r#"{}"#, r#""GB123456789000""#),
        Example::fails(r#""US1234567""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""DE""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""DE1234567890123456""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

/// Members of the EU by their ISO code, and the United Kingdom.
const PREFIXES: [&str; 29] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE",
    "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
];

#[derive(Debug)]
struct Eori;

impl Operation for Eori {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let code = compact(text, run);
        let known = code.split_at_checked(2).is_some_and(|(prefix, number)| {
            PREFIXES.contains(&prefix)
                && (1..=15).contains(&number.len())
                && number.bytes().all(|sign| sign.is_ascii_alphanumeric())
        });
        if known {
            return Ok(Value::Text(code));
        }
        let what =
            "is not an EORI number: a country of the EU, GB or XI, and up to 15 letters and digits";
        refused(text, what, "compare it with the customs papers")
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Eori)
}
