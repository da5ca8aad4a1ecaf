//! `phone`: a telephone number in the form E.164.

use tributary_model::error_code::ErrorCode;

use super::countries::{Named, named};
use super::phone_number::{Fault, international};
use super::written::refused;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "phone",
    summary: "Writes a telephone number as +4940123456. Takes numbers with +, with the country’s prefix for calls abroad (00, 011, …), and with country also national ones. Checked are the calling code and how many digits follow; not whether the number is given out. Letters and extensions are refused.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "country",
        ArgumentKind::Computed(Kind::Text),
        "the country of national numbers, as the function country takes it",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::EnumMismatch],
    examples: &[
        Example::gives(r#""+49 (0)40 / 123456""#, r#"{}"#, r#""+4940123456""#),
        Example::gives(
            r#""040 123456""#,
            r#"{"country": "DE"}"#,
            r#""+4940123456""#,
        ),
        Example::gives(r#""0041 44 668 18 00""#, r#"{}"#, r#""+41446681800""#),
        Example::gives(
            r#""(212) 555-0123""#,
            r#"{"country": "USA"}"#,
            r#""+12125550123""#,
        ),
        Example::gives(
            r#""06 6982 1234""#,
            r#"{"country": "IT"}"#,
            r#""+390669821234""#,
        ),
        Example::gives(
            r#""8 (495) 123-45-67""#,
            r#"{"country": "RU"}"#,
            r#""+74951234567""#,
        ),
        Example::fails(r#""040 123456""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""+999 123456""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""+49 1""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(
            r#""040 123456 ext. 7""#,
            r#"{"country": "DE"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::gives(r#"null"#, r#"{"country": "DE"}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Phone {
    country: Expression,
}

impl Operation for Phone {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let country = match named(&self.country, run)? {
            Named::Failed => return Ok(Value::Failed),
            Named::Null => None,
            Named::Country(country) => Some(country),
        };
        let what = match international(text, country, run) {
            Ok(number) => return Ok(Value::Text(number)),
            Err(Fault::Signs) => "has other signs than digits, spaces and ( ) . - /",
            Err(Fault::National) => "has no calling code, and its country is not named",
            Err(Fault::CallingCode) => "has a calling code that no country has",
            Err(Fault::Length) => "has too few or too many digits for its country",
        };
        refused(
            text,
            what,
            "send it with its calling code, such as +49 40 123456",
        )
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (country, _) = arguments.computed("country", Kind::Text)?;
    ready(Phone { country })
}
