//! `lookup_range`: the value of the band in which a number lies.

use tributary_model::error_code::ErrorCode;

use crate::decimal::Decimal;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "lookup_range",
    summary: "Finds the band of a number in a lookup whose keys are the bands’ lower ends: the value of the greatest key that is not above the number.",
    input: Kind::Number,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required(
            "table",
            ArgumentKind::Text,
            "name of the lookup, which has one key column, of numbers",
        ),
        Argument::optional(
            "on_miss",
            ArgumentKind::OnMiss,
            "what a number below all bands gives: error (default) or null",
        ),
    ],
    fails_with: &[ErrorCode::LookupMissing, ErrorCode::NumberInvalid],
    examples: &[
        Example::gives(r#"12"#, r#"{"table": "bands"}"#, r#""small""#),
        Example::gives(r#"99.5"#, r#"{"table": "bands"}"#, r#""large""#),
        Example::gives(r#"1000000"#, r#"{"table": "bands"}"#, r#""large""#),
        Example::gives(r#"0"#, r#"{"table": "bands"}"#, r#""small""#),
        Example::fails(r#"-0.1"#, r#"{"table": "bands"}"#, ErrorCode::LookupMissing),
        Example::gives(
            r#"-0.1"#,
            r#"{"table": "bands", "on_miss": "null"}"#,
            r#"null"#,
        ),
        Example::gives(r#"null"#, r#"{"table": "bands"}"#, r#"null"#),
        Example::fails(r#""12""#, r#"{"table": "bands"}"#, ErrorCode::NumberInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct LookupRange {
    name: String,
    /// sorted by the lower end
    bands: Vec<(Decimal, Box<str>)>,
    null_on_miss: bool,
}

impl Operation for LookupRange {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let number = value.decimal()?;
        let after = self.bands.partition_point(|(from, _)| *from <= number);
        let band = after.checked_sub(1).and_then(|place| self.bands.get(place));
        match band {
            Some((_, value)) => Ok(Value::Text(value)),
            None if self.null_on_miss => Ok(Value::Null),
            None => failure(
                ErrorCode::LookupMissing,
                format!("\"{number}\" is below all bands of the table {}", self.name),
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let name = arguments.text("table")?.to_owned();
    let null_on_miss = arguments.null_on_miss()?;
    let (table, _) = arguments.lookup("table", &name)?;
    let rows = arguments
        .compiler
        .lookups
        .get(table)
        .map(|table| &table.rows);
    let mut bands = Vec::new();
    for (key, value) in rows.into_iter().flatten() {
        match Decimal::parse(key) {
            Ok(from) => bands.push((from, value.clone())),
            Err(_) => {
                let message = format!("the key {key:?} of {name} is not a number");
                return arguments.invalid("table", &message);
            }
        }
    }
    bands.sort();
    let twice = bands.windows(2).find_map(|pair| match pair {
        [(one, _), (other, _)] if one == other => Some(*one),
        _ => None,
    });
    if let Some(from) = twice {
        let message = format!("two bands of {name} begin at {from}");
        return arguments.invalid("table", &message);
    }
    ready(LookupRange {
        name,
        bands,
        null_on_miss,
    })
}
