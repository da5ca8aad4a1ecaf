//! `parse_number`: the number in a messy text.

use tributary_model::error_code::ErrorCode;

use super::messy::{Reading, read};
use crate::decimal::Separators;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Locale, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint, number_failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "parse_number",
    summary: "Makes a number of a messy text: with a sign or ISO 4217 code of a currency, spaces, a minus in front or behind, accounting parentheses for minus, a dash for no cents (12,-), a percent sign (19% is 0.19). Without locale both . and , may be the decimal sign, and a text with two readings is an error that names both; for clean texts use to_decimal.",
    input: Kind::Any,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::optional(
        "locale",
        ArgumentKind::Locale,
        "how the number is written; default: whatever has one reading",
    )],
    fails_with: &[
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::ValueInvalid,
    ],
    examples: &[
        Example::gives(r#""€ 1.234,50""#, r#"{}"#, r#"1234.5"#),
        Example::gives(r#""(1,234.50) USD""#, r#"{}"#, r#"-1234.5"#),
        Example::gives(r#""12.50-""#, r#"{}"#, r#"-12.5"#),
        Example::gives(r#""7,5 %""#, r#"{}"#, r#"0.075"#),
        Example::gives(r#""1.234""#, r#"{"locale": "de-DE"}"#, r#"1234"#),
        Example::fails(r#""1.234""#, r#"{}"#, ErrorCode::NumberInvalid),
        Example::gives(r#"12.5"#, r#"{}"#, r#"12.5"#),
        Example::fails(r#""12 pcs""#, r#"{}"#, ErrorCode::NumberInvalid),
        Example::fails(r#""""#, r#"{}"#, ErrorCode::NumberInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ParseNumber {
    locale: Option<Separators>,
}

impl Operation for ParseNumber {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        if let Value::Number(_) | Value::Decimal(_) = value {
            return value.decimal().map(Value::Decimal);
        }
        let text = value.text()?;
        match read(text, self.locale) {
            Ok(Reading::One(number)) => Ok(Value::Decimal(number)),
            Ok(Reading::Two(left, right)) => failure_with_hint(
                ErrorCode::NumberInvalid,
                format!(
                    "{:?} is {left} or {right}",
                    tributary_model::issue::shorten(text, 60)
                ),
                "say with locale how the source writes numbers",
            ),
            Err(error) => number_failure(text, error, "a number that can be read"),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let locale = arguments.text("locale").and_then(Locale::named);
    ready(ParseNumber {
        locale: locale.map(|locale| locale.separators),
    })
}
