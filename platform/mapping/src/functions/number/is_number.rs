//! `is_number`: whether a text is a number in the writing of a locale.

use crate::decimal::Decimal;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Locale, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "is_number",
    summary: "Tells whether to_decimal would make a number of the value.",
    input: Kind::Any,
    output: Output::Is(Kind::Bool),
    arguments: &[Argument::optional(
        "locale",
        ArgumentKind::Locale,
        "how the number is written; default: the source’s",
    )],
    fails_with: &[],
    examples: &[
        Example::gives(r#""1.234,50""#, r#"{"locale": "de-DE"}"#, r#"true"#),
        Example::gives(r#""1.234,50""#, r#"{"locale": "en-US"}"#, r#"false"#),
        Example::gives(r#""n/a""#, r#"{}"#, r#"false"#),
        Example::gives(r#"12"#, r#"{}"#, r#"true"#),
        Example::gives(r#"true"#, r#"{}"#, r#"false"#),
        Example::gives(r#""""#, r#"{}"#, r#"false"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct IsNumber {
    locale: Locale,
}

impl Operation for IsNumber {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let is_number = match value {
            Value::Decimal(_) => true,
            Value::Number(digits) => Decimal::parse(digits).is_ok(),
            Value::Text(text) => Decimal::parse_in(text.trim(), self.locale.separators).is_ok(),
            _ => false,
        };
        Ok(Value::Bool(is_number))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(IsNumber {
        locale: arguments.locale(),
    })
}
