//! `date_parse_any`: the date in a messy text.

use tributary_model::error_code::ErrorCode;

use super::conventions::{CENTURY_PIVOT, century_pivot};
use crate::date::{Language, MessyError, Order, Reader};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "date_parse_any",
    summary: "Makes a date of a text in whatever form: numbers with any separators, names of months, a weekday (which must be right), a local time (which is dropped). Without locale a text in which day and month could be exchanged is an error that names both dates; where the form is known, use date_parse.",
    input: Kind::Text,
    output: Output::Is(Kind::Date),
    arguments: &[
        Argument::optional(
            "locale",
            ArgumentKind::Text,
            "says whether the day or the month comes first, and the language of names: en-US en-GB en-AU de-DE de-AT de-CH fr-FR fr-CH es-ES es-MX it-IT it-CH nl-NL nl-BE pt-PT pt-BR; default: only what is certain, names of all languages",
        ),
        CENTURY_PIVOT,
    ],
    fails_with: &[ErrorCode::DateInvalid, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""7. März 2026""#, r#"{}"#, r#""2026-03-07""#),
        Example::gives(r#""Mar 7th, 2026""#, r#"{}"#, r#""2026-03-07""#),
        Example::gives(r#""25/12/2026 08:00""#, r#"{}"#, r#""2026-12-25""#),
        Example::fails(r#""03/04/2026""#, r#"{}"#, ErrorCode::DateInvalid),
        Example::gives(
            r#""03/04/2026""#,
            r#"{"locale": "en-US"}"#,
            r#""2026-03-04""#,
        ),
        Example::gives(
            r#""3.4.26""#,
            r#"{"locale": "de-DE", "century_pivot": 50}"#,
            r#""2026-04-03""#,
        ),
        Example::fails(r#""12/25/26""#, r#"{}"#, ErrorCode::DateInvalid),
        Example::fails(r#""soon""#, r#"{}"#, ErrorCode::DateInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

/// Locales with the month first; all others have the day first.
const MONTH_FIRST: &str = "en-US";
const LOCALES: [&str; 16] = [
    "en-US", "en-GB", "en-AU", "de-DE", "de-AT", "de-CH", "fr-FR", "fr-CH", "es-ES", "es-MX",
    "it-IT", "it-CH", "nl-NL", "nl-BE", "pt-PT", "pt-BR",
];

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct DateParseAny {
    reader: Reader,
}

impl Operation for DateParseAny {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        if let Value::Date(date) = value {
            return Ok(Value::Date(date));
        }
        let text = value.text()?;
        let error = match self.reader.read(text) {
            Ok(date) => return Ok(Value::Date(date)),
            Err(error) => error,
        };
        let shown = tributary_model::issue::shorten(text, 40);
        let (message, hint) = match error {
            MessyError::Ambiguous(one, two) => (
                format!("{shown:?} is {one} or {two}"),
                "say with locale whether the day or the month comes first",
            ),
            MessyError::Century => (
                format!("the year of {shown:?} has two digits"),
                "say with century_pivot which century is meant",
            ),
            MessyError::Instant => (
                format!("{shown:?} is an instant, its day depends on the time zone"),
                "use datetime_parse and to_date, or date_parse with rfc3339",
            ),
            MessyError::Form => {
                return failure(
                    ErrorCode::DateInvalid,
                    format!("{shown:?} is not a date that can be read, or not on the calendar"),
                );
            }
        };
        failure_with_hint(ErrorCode::DateInvalid, message, hint)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let mut reader = Reader {
        century_pivot: century_pivot(arguments)?,
        ..Reader::default()
    };
    if let Some(locale) = arguments.text("locale") {
        if !LOCALES.contains(&locale) {
            let message = format!("{locale:?} is not known; there are {}", LOCALES.join(", "));
            return arguments.invalid("locale", &message);
        }
        reader.order = Some(if locale == MONTH_FIRST {
            Order::MonthFirst
        } else {
            Order::DayFirst
        });
        reader.language = locale.get(..2).and_then(Language::named);
    }
    ready(DateParseAny { reader })
}
