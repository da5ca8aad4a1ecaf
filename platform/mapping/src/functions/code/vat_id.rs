//! `vat_id`: a VAT identification number.

use tributary_model::error_code::ErrorCode;

use super::countries::{Named, named};
use super::vat_check::{Fault, check, is_prefix};
use super::written::{compact, refused};
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "vat_id",
    summary: "Checks a VAT number of the EU, Great Britain (GB), Northern Ireland (XI), Switzerland (CHE…) or Norway: its form, and its check digits except for BG, CY, CZ, LT, LV. Separators and small letters are put right, GR becomes EL. Whether it was given out only VIES or the tax office knows.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "country",
        ArgumentKind::Computed(Kind::Text),
        "the country that the number must be of; its prefix may then be missing",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::EnumMismatch],
    examples: &[
        Example::fails(r#""DE 136,695 976""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#""DE 136.695.976""#, r#"{}"#, r#""DE136695976""#),
        Example::gives(r#""atu13585627""#, r#"{}"#, r#""ATU13585627""#),
        Example::gives(
            r#""136695976""#,
            r#"{"country": "Germany"}"#,
            r#""DE136695976""#,
        ),
        Example::gives(r#""FR40 303 265 045""#, r#"{}"#, r#""FR40303265045""#),
        Example::gives(r#""GR 094259216""#, r#"{}"#, r#""EL094259216""#),
        Example::gives(r#""CHE-107.787.577 IVA""#, r#"{}"#, r#""CHE107787577IVA""#),
        Example::gives(r#""BE403019261""#, r#"{}"#, r#""BE0403019261""#),
        Example::fails(r#""DE136695977""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(
            r#""DE136695976""#,
            r#"{"country": "FR"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(r#""US123456789""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""136695976""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(
            r#""136695976""#,
            r#"{"country": "Atlantis"}"#,
            ErrorCode::EnumMismatch,
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
struct VatId {
    country: Expression,
}

impl Operation for VatId {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let country = match named(&self.country, run)? {
            Named::Failed => return Ok(Value::Failed),
            Named::Null => None,
            Named::Country("GR") => Some("EL"),
            Named::Country(country) => Some(country),
        };
        let code = compact(text, run);
        let written = code.split_at_checked(2).and_then(|(prefix, number)| {
            let prefix = if prefix == "GR" { "EL" } else { prefix };
            is_prefix(prefix).then_some((prefix, number))
        });
        let (prefix, number) = match (written, country) {
            (Some((prefix, number)), None) => (prefix, number),
            (Some((prefix, number)), Some(country)) if belongs(prefix, country) => (prefix, number),
            // a number without prefix may begin with letters that are another country's
            (_, Some(country)) if check(country, code).is_ok() => (country, code),
            (Some((prefix, number)), Some(country)) if check(prefix, number).is_ok() => {
                let what = format!("is a VAT number of {prefix}, and the country is {country}");
                return refused(
                    text,
                    &what,
                    "correct the number or the country in the source",
                );
            }
            (_, Some(country)) => (country, code.strip_prefix(country).unwrap_or(code)),
            (None, None) => {
                let what =
                    "does not begin with the prefix of a country whose VAT numbers are known";
                return refused(
                    text,
                    what,
                    "send it with its prefix such as DE, or name the country",
                );
            }
        };
        // Belgian numbers had nine digits until 2005
        let number = match (prefix, number.len()) {
            ("BE", 9) => run.display(format_args!("0{number}")),
            _ => number,
        };
        let what = match check(prefix, number) {
            Ok(()) => return Ok(Value::Text(run.display(format_args!("{prefix}{number}")))),
            Err(Fault::Prefix) => format!("is of {prefix}, whose VAT numbers are not known here"),
            Err(Fault::Form) => format!("does not have the form of a VAT number of {prefix}"),
            Err(Fault::CheckDigit) => {
                format!("has a wrong check digit for a VAT number of {prefix}")
            }
        };
        refused(
            text,
            &what,
            "compare it with an invoice of the partner, or ask VIES",
        )
    }
}

/// Whether numbers with the prefix are of the country; Northern Ireland is a part of Great Britain's.
fn belongs(prefix: &str, country: &str) -> bool {
    prefix == country || (prefix == "XI" && country == "GB")
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (country, _) = arguments.computed("country", Kind::Text)?;
    ready(VatId { country })
}
