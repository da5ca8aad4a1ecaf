//! `postal_code`: a postal code in the form of its country.

use tributary_model::error_code::ErrorCode;

use super::countries::{Named, named};
use super::postal_forms::forms_of;
use super::written::{compact, refused};
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "postal_code",
    summary: "Checks the form of a postal code and writes it as its country does (SW1A1AA becomes SW1A 1AA, D-10115 becomes 10115). Whether the code exists is not checked; for countries without a rule here only spaces at the ends are cut.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "country",
        ArgumentKind::Computed(Kind::Text),
        "the country, as the function country takes it",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::EnumMismatch],
    examples: &[
        Example::gives(r#""D-10115""#, r#"{"country": "DE"}"#, r#""10115""#),
        Example::gives(r#""sw1a1aa""#, r#"{"country": "GB"}"#, r#""SW1A 1AA""#),
        Example::gives(
            r#""1234ab""#,
            r#"{"country": "Netherlands"}"#,
            r#""1234 AB""#,
        ),
        Example::gives(r#""902101234""#, r#"{"country": "USA"}"#, r#""90210-1234""#),
        Example::gives(r#""SE-114 55""#, r#"{"country": "SE"}"#, r#""114 55""#),
        Example::gives(r#""1050""#, r#"{"country": "LV"}"#, r#""LV-1050""#),
        Example::gives(r#"" x 1 ""#, r#"{"country": "AE"}"#, r#""x 1""#),
        Example::gives(r#"null"#, r#"{"country": "DE"}"#, r#"null"#),
        Example::fails(r#""1067""#, r#"{"country": "DE"}"#, ErrorCode::ValueInvalid),
        Example::fails(
            r#""K1A 0B1""#,
            r#"{"country": "US"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#""10115""#,
            r#"{"country": "Atlantis"}"#,
            ErrorCode::EnumMismatch,
        ),
        Example::fails(
            r#""10115""#,
            r#"{"country": {"from": "$.none"}}"#,
            ErrorCode::ValueInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct PostalCode {
    country: Expression,
}

impl Operation for PostalCode {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?.trim();
        let country = match named(&self.country, run)? {
            Named::Country(country) => country,
            Named::Failed => return Ok(Value::Failed),
            Named::Null => {
                let what = "is a postal code of which the country is not known";
                return refused(
                    text,
                    what,
                    "fill the country in the source, or guard this step",
                );
            }
        };
        let Some((signs, forms)) = forms_of(country) else {
            return Ok(Value::Text(text));
        };
        let code = compact(text, run);
        let code = [country, signs]
            .into_iter()
            .filter_map(|sign| code.strip_prefix(sign))
            .chain([code])
            .find_map(|code| forms.iter().find_map(|form| fitted(code, form, run)));
        match code {
            Some(code) => Ok(Value::Text(code)),
            None => {
                let what = format!(
                    "is not a postal code of {country}, which has the form {}",
                    forms.join(" or ")
                );
                refused(
                    text,
                    &what,
                    "9 stands for a digit, @ for a letter; zeros at the start may have been lost",
                )
            }
        }
    }
}

/// The code in a form: 9 a digit, @ a letter, * one of both; all else is put in.
fn fitted<'a>(code: &str, form: &str, run: &Run<'a>) -> Option<&'a str> {
    let mut written = run.text_buffer(form.len());
    let mut signs = code.bytes();
    for place in form.bytes() {
        let fits = match place {
            b'9' => u8::is_ascii_digit,
            b'@' => u8::is_ascii_uppercase,
            b'*' => u8::is_ascii_alphanumeric,
            other => {
                written.push(char::from(other));
                continue;
            }
        };
        written.push(char::from(signs.next().filter(fits)?));
    }
    signs.next().is_none().then(|| written.into_bump_str())
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (country, _) = arguments.computed("country", Kind::Text)?;
    ready(PostalCode { country })
}
