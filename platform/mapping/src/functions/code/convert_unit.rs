//! `convert_unit`: a quantity in another unit.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use super::code_table::Row;
use super::units::{DIMENSION, FACTOR, Meaning, NAME, find};
use crate::decimal::{Decimal, MAX_DIGITS, Rounding};
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "convert_unit",
    summary: "Converts a number between units of mass, length, area, volume, time, count (piece, pair, dozen), energy, power or pressure, by their exact factors. Exact if the result ends within 18 decimals, otherwise rounded half-even there; with scale rounded once more. Units as in the function unit.",
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[
        Argument::required(
            "from",
            ArgumentKind::Computed(Kind::Text),
            "unit of the number",
        ),
        Argument::required("to", ArgumentKind::Computed(Kind::Text), "unit wanted"),
        Argument::optional("scale", ArgumentKind::Integer, "decimals to round to"),
        Argument::optional(
            "mode",
            ArgumentKind::Rounding,
            "how to round; default half_up",
        ),
    ],
    fails_with: &[
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::EnumMismatch,
        ErrorCode::ValueInvalid,
    ],
    examples: &[
        Example::gives(r#"2.5"#, r#"{"from": "T", "to": "KG"}"#, r#"2500"#),
        Example::gives(r#"10"#, r#"{"from": "LB", "to": "KG"}"#, r#"4.5359237"#),
        Example::gives(
            r#"1"#,
            r#"{"from": "KG", "to": "LB", "scale": 4}"#,
            r#"2.2046"#,
        ),
        Example::gives(r#"3"#, r#"{"from": "DZN", "to": "ST"}"#, r#"36"#),
        Example::gives(r#"1"#, r#"{"from": "GAL", "to": "L"}"#, r#"3.785411784"#),
        Example::gives(
            r#"90"#,
            r#"{"from": {"formula": "'MIN'"}, "to": "HUR"}"#,
            r#"1.5"#,
        ),
        Example::gives(r#"null"#, r#"{"from": "KG", "to": "G"}"#, r#"null"#),
        Example::fails(
            r#"1"#,
            r#"{"from": "KG", "to": "M"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#"1"#,
            r#"{"from": "MON", "to": "DAY"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#"1"#,
            r#"{"from": "furlong", "to": "M"}"#,
            ErrorCode::EnumMismatch,
        ),
        Example::fails(
            r#""1""#,
            r#"{"from": "KG", "to": "G"}"#,
            ErrorCode::NumberInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ConvertUnit {
    from: Expression,
    to: Expression,
    rounding: Option<(u8, Rounding)>,
}

impl Operation for ConvertUnit {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let number = value.decimal()?;
        let (Some(from), Some(to)) = (unit(&self.from, run)?, unit(&self.to, run)?) else {
            return Ok(Value::Failed);
        };
        let (Some(over), Some(under)) = (factor(from, to), factor(to, from)) else {
            let name = |row: Row<'_>| row.cell(NAME).unwrap_or_default();
            return failure_with_hint(
                ErrorCode::ValueInvalid,
                format!("{:?} cannot be converted to {:?}", name(from), name(to)),
                "units of one dimension have a fixed factor; months, years and packages have none",
            );
        };
        let converted = number
            .multiply(over)
            .and_then(|product| product.divide(under));
        match (converted, self.rounding) {
            (Ok(converted), Some((scale, mode))) => {
                Ok(Value::Decimal(converted.round(scale, mode)))
            }
            (Ok(converted), None) => Ok(Value::Decimal(converted)),
            (Err(error), _) => failure(ErrorCode::NumberRange, format!("the result has {error}")),
        }
    }
}

/// The unit that an argument names; `None` if it has failed before.
fn unit<'a>(argument: &'a Expression, run: &Run<'a>) -> Made<Option<Row<'static>>> {
    let text = match evaluate(argument, run)? {
        Value::Failed => return Ok(None),
        value => value.text()?,
    };
    match find(text.trim(), Meaning::Any, run) {
        Some(row) => Ok(Some(row)),
        None => failure(
            ErrorCode::EnumMismatch,
            format!("{:?} is not a known unit of measure", shorten(text, 60)),
        ),
    }
}

/// The factor of a unit, if the other one is of the same dimension.
fn factor(row: Row<'_>, other: Row<'_>) -> Option<Decimal> {
    let dimension = row.cell(DIMENSION)?;
    (other.cell(DIMENSION) == Some(dimension))
        .then(|| Decimal::parse(row.cell(FACTOR)?).ok())
        .flatten()
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (from, _) = arguments.computed("from", Kind::Text)?;
    let (to, _) = arguments.computed("to", Kind::Text)?;
    let mode = arguments.text("mode").and_then(Rounding::parse);
    let rounding = match (arguments.integer("scale"), mode) {
        (None, None) => None,
        (None, Some(_)) => return arguments.invalid("mode", "has no effect without scale"),
        (Some(scale), mode) => match u8::try_from(scale) {
            Ok(scale) if scale <= MAX_DIGITS => Some((scale, mode.unwrap_or_default())),
            _ => return arguments.invalid("scale", "0 to 38 decimals"),
        },
    };
    ready(ConvertUnit { from, to, rounding })
}
