//! `bic`: a business identifier code (BIC, SWIFT code).

use tributary_model::error_code::ErrorCode;

use super::countries::is_country;
use super::written::{compact, refused};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "bic",
    summary: "Checks the form of a BIC of ISO 9362: four letters or digits, a country, two signs, and a branch of three or nothing. Whether the bank exists is not checked.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "form",
        ArgumentKind::Text,
        "as_is (default), or eleven: XXX is added where there is no branch",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""deutdeff""#, r#"{}"#, r#""DEUTDEFF""#),
        Example::gives(r#""DEUT DE FF 500""#, r#"{}"#, r#""DEUTDEFF500""#),
        Example::gives(r#""DEUTDEFF""#, r#"{"form": "eleven"}"#, r#""DEUTDEFFXXX""#),
        Example::fails(r#""DEUTZZFF""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""DEUTDEF""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Bic {
    eleven: bool,
}

impl Operation for Bic {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let code = compact(text, run);
        let signs = code.bytes().all(|sign| sign.is_ascii_alphanumeric());
        let country = code.get(4..6).filter(|country| is_country(country, run));
        if !signs || !matches!(code.len(), 8 | 11) || country.is_none() {
            let what =
                "is not a BIC: 8 or 11 letters and digits, of which the 5th and 6th are a country";
            return refused(text, what, "compare it with the bank statement");
        }
        if self.eleven && code.len() == 8 {
            return Ok(Value::Text(run.display(format_args!("{code}XXX"))));
        }
        Ok(Value::Text(code))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let form = arguments.word("form", &["as_is", "eleven"])?;
    ready(Bic {
        eleven: form == "eleven",
    })
}
