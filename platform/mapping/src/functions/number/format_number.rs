//! `format_number`: a number as people of a locale write it.

use tributary_model::error_code::ErrorCode;

use super::MODE;
use crate::decimal::{MAX_DIGITS, Rounding, Separators};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "format_number",
    summary: "Writes a number in the way of a locale, with groups of three digits. With scale it is rounded, or filled up with zeros, to that many decimals. fr-FR groups with a narrow no-break space (U+202F), de-CH with U+2019, as CLDR says; plain has no groups.",
    input: Kind::Number,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "locale",
            ArgumentKind::Locale,
            "whose signs; default: the source’s",
        ),
        Argument::optional(
            "scale",
            ArgumentKind::Integer,
            "decimals, 0 to 38; default: those that the number has",
        ),
        Argument::optional(
            "grouping",
            ArgumentKind::Flag,
            "whether thousands are set apart; default true",
        ),
        MODE,
    ],
    fails_with: &[ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(
            r#"1234567.5"#,
            r#"{"locale": "de-DE", "scale": 2}"#,
            r#""1.234.567,50""#,
        ),
        Example::gives(
            r#"-1234.565"#,
            r#"{"locale": "en-US", "scale": 2}"#,
            r#""-1,234.57""#,
        ),
        Example::gives(
            r#"1234.5"#,
            r#"{"locale": "de-DE", "grouping": false}"#,
            r#""1234,5""#,
        ),
        Example::gives(
            r#"1234567"#,
            r#"{"locale": "fr-FR"}"#,
            "\"1\u{202f}234\u{202f}567\"",
        ),
        Example::gives(r#"999.99"#, r#"{"scale": 0}"#, r#""1000""#),
        Example::gives(r#"100"#, r#"{"locale": "en-US", "scale": 1}"#, r#""100.0""#),
        Example::gives(r#"null"#, r#"{"scale": 2}"#, r#"null"#),
        Example::fails(r#""1""#, r#"{"scale": 2}"#, ErrorCode::NumberInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct FormatNumber {
    separators: Separators,
    scale: Option<u8>,
    grouping: bool,
    mode: Rounding,
}

impl Operation for FormatNumber {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut number = value.decimal()?;
        if let Some(scale) = self.scale {
            number = number.round(scale, self.mode);
        }
        let plain = run.display(number);
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let unsigned = whole.strip_prefix('-').unwrap_or(whole);
        // CLDR's sign is the last of those that are read
        let group = self.separators.group.last().filter(|_| self.grouping);
        let mut text = run.text_buffer(plain.len() * 2 + usize::from(MAX_DIGITS));
        if whole.len() > unsigned.len() {
            text.push('-');
        }
        for (place, digit) in unsigned.chars().enumerate() {
            if let Some(sign) = group.filter(|_| place > 0)
                && (unsigned.len() - place) % 3 == 0
            {
                text.push(*sign);
            }
            text.push(digit);
        }
        let decimals = self.scale.map_or(fraction.len(), usize::from);
        if decimals > 0 {
            text.push(self.separators.decimal);
            text.push_str(fraction);
            text.extend(std::iter::repeat_n(
                '0',
                decimals.saturating_sub(fraction.len()),
            ));
        }
        Ok(Value::Text(text.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let scale = match arguments.integer("scale").map(u8::try_from) {
        Some(Ok(scale)) if scale <= MAX_DIGITS => Some(scale),
        None => None,
        Some(_) => return arguments.invalid("scale", "0 to 38 decimals"),
    };
    ready(FormatNumber {
        separators: arguments.locale().separators,
        scale,
        grouping: !arguments.has("grouping") || arguments.flag("grouping"),
        mode: arguments.rounding(),
    })
}
