//! `to_int`: a text in the writing of a locale as a whole number.

use tributary_model::error_code::ErrorCode;

use crate::decimal::Small;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Locale, Operation, ready, trimmed};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "to_int",
    summary: "Makes a whole number of a text written in a locale, or of a number without decimals.",
    input: Kind::Any,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::optional(
        "locale",
        ArgumentKind::Locale,
        "how the number is written; default: the source’s",
    )],
    fails_with: &[ErrorCode::NumberInvalid, ErrorCode::NumberRange],
    examples: &[
        Example::gives(r#""0010""#, r#"{}"#, r#"10"#),
        Example::gives(r#""1.234""#, r#"{"locale": "de-DE"}"#, r#"1234"#),
        Example::gives(r#"7"#, r#"{}"#, r#"7"#),
        Example::gives(r#"7.0"#, r#"{}"#, r#"7"#),
        Example::fails(r#""7.5""#, r#"{}"#, ErrorCode::NumberInvalid),
        Example::fails(r#""x""#, r#"{}"#, ErrorCode::NumberInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ToInt {
    locale: Locale,
}

impl Operation for ToInt {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, self.locale)
    }

    fn number(&self, number: Small) -> Small {
        number.whole()
    }

    fn parsed(&self, text: &str) -> Small {
        // every decimal sign of ours is one byte
        Small::parse(trimmed(text), self.locale.separators.decimal as u8).whole()
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ToInt {
        locale: arguments.locale(),
    })
}

fn apply<'a>(value: Value<'a>, locale: Locale) -> Made<Value<'a>> {
    let number = super::to_decimal::number(value, locale)?;
    if number.is_integer() {
        return Ok(Value::Decimal(number.normalize()));
    }
    failure(
        ErrorCode::NumberInvalid,
        format!("{number} is not a whole number"),
    )
}
