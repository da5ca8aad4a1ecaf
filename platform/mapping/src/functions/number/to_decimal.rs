//! `to_decimal`: a text in the writing of a locale as an exact number.

use tributary_model::error_code::ErrorCode;

use crate::decimal::{Decimal, DecimalError, Small};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::trimmed;
use crate::functions::{Arguments, Compiled, Function, Locale, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint, number_failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "to_decimal",
    summary: "Makes a number of a text written in a locale. Grouping is checked by position: 1.234 is 1234 in de-DE, 1.23 and 0.500 are errors, since no group is led by zero. Spaces at the ends are cut; a JSON number passes as it is.",
    input: Kind::Any,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::optional(
        "locale",
        ArgumentKind::Locale,
        "how the number is written; default: the source’s",
    )],
    fails_with: &[ErrorCode::NumberInvalid, ErrorCode::NumberRange],
    examples: &[
        Example::gives(r#""1.234,50""#, r#"{"locale": "de-DE"}"#, r#"1234.5"#),
        Example::gives(r#""1,234.50""#, r#"{"locale": "en-US"}"#, r#"1234.5"#),
        Example::gives(r#""-0.001""#, r#"{}"#, r#"-0.001"#),
        Example::gives(r#"19.99"#, r#"{"locale": "de-DE"}"#, r#"19.99"#),
        Example::gives(r#"" 7 ""#, r#"{}"#, r#"7"#),
        Example::fails(r#""1O""#, r#"{}"#, ErrorCode::NumberInvalid),
        Example::fails(
            r#""1,2.3""#,
            r#"{"locale": "en-US"}"#,
            ErrorCode::NumberInvalid,
        ),
        Example::fails(
            r#""1.23""#,
            r#"{"locale": "de-DE"}"#,
            ErrorCode::NumberInvalid,
        ),
        Example::fails(
            r#""0.500""#,
            r#"{"locale": "de-DE"}"#,
            ErrorCode::NumberInvalid,
        ),
        Example::fails(
            r#""0,500""#,
            r#"{"locale": "en-US"}"#,
            ErrorCode::NumberInvalid,
        ),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ToDecimal {
    locale: Locale,
}

impl Operation for ToDecimal {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, self.locale)
    }

    fn number(&self, number: Small) -> Small {
        number
    }

    fn parsed(&self, text: &str) -> Small {
        // every decimal sign of ours is one byte
        Small::parse(trimmed(text), self.locale.separators.decimal as u8)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ToDecimal {
        locale: arguments.locale(),
    })
}

fn apply<'a>(value: Value<'a>, locale: Locale) -> Made<Value<'a>> {
    number(value, locale).map(Value::Decimal)
}

/// The number that a value is or holds.
pub(crate) fn number(value: Value<'_>, locale: Locale) -> Made<Decimal> {
    let Value::Text(text) = value else {
        return value.decimal();
    };
    let text = trimmed(text);
    Decimal::parse_in(text, locale.separators).or_else(|error| {
        let expected = format!("a number in locale {}", locale.name);
        match hint(text, locale) {
            Some(hint) if error == DecimalError::Invalid => failure_with_hint(
                ErrorCode::NumberInvalid,
                format!(
                    "{:?} is not {expected}",
                    tributary_model::issue::shorten(text, 60)
                ),
                hint,
            ),
            _ => number_failure(text, error, &expected),
        }
    })
}

/// A better hint for the slips that people make.
fn hint(text: &str, locale: Locale) -> Option<String> {
    if text.is_empty() {
        return Some(
            "the text is empty: add the empty text to null_tokens, or use default".to_owned(),
        );
    }
    if text.contains(['O', 'o'])
        && Decimal::parse_in(&text.replace(['O', 'o'], "0"), locale.separators).is_ok()
    {
        return Some("letter O in place of zero?".to_owned());
    }
    let other = Locale::ALL.iter().find(|other| {
        other.separators != locale.separators && Decimal::parse_in(text, other.separators).is_ok()
    })?;
    Some(format!(
        "it would be a number in locale {}: compare the source's locale with the data",
        other.name
    ))
}
