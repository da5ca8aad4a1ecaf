//! `translate`: a value by another, from a table in the step itself.

use std::collections::HashMap;

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Constant, Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "translate",
    summary: "Replaces a value by what a table says. Keys are texts; numbers and booleans are looked up as they are written (7, 0.5, true). Without a default an unknown value is an error.",
    input: Kind::Any,
    output: Output::Is(Kind::Any),
    arguments: &[
        Argument::required(
            "table",
            ArgumentKind::Table,
            "for each value what it becomes: {\"RE\": \"sale\"}; in a formula [['RE', 'sale']]",
        ),
        Argument::optional(
            "default",
            ArgumentKind::Computed(Kind::Any),
            "what all others become",
        ),
    ],
    fails_with: &[
        ErrorCode::LookupMissing,
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
    ],
    examples: &[
        Example::gives(
            r#""RE""#,
            r#"{"table": {"RE": "sale", "GU": "refund"}}"#,
            r#""sale""#,
        ),
        Example::gives(
            r#"2.0"#,
            r#"{"table": {"1": "low", "2": "high"}}"#,
            r#""high""#,
        ),
        Example::gives(
            r#""J""#,
            r#"{"table": [["J", true], ["N", false]]}"#,
            r#"true"#,
        ),
        Example::gives(
            r#""XX""#,
            r#"{"table": {"RE": "sale"}, "default": null}"#,
            r#"null"#,
        ),
        Example::gives(
            r#""XX""#,
            r#"{"table": {"RE": "sale"}, "default": {"from": "$.in"}}"#,
            r#""XX""#,
        ),
        Example::gives(
            r#"null"#,
            r#"{"table": {"RE": "sale"}, "default": "other"}"#,
            r#"null"#,
        ),
        Example::fails(
            r#""re""#,
            r#"{"table": {"RE": "sale"}}"#,
            ErrorCode::LookupMissing,
        ),
        Example::fails(
            r#"["RE"]"#,
            r#"{"table": {"RE": "sale"}}"#,
            ErrorCode::ValueInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Translate {
    table: HashMap<String, Constant>,
    default: Option<Expression>,
}

impl Operation for Translate {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let key = match value.decoded()? {
            Value::Text(text) => text,
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Decimal(number) => run.display(number.normalize()),
            other => other.text()?,
        };
        match (self.table.get(key), &self.default) {
            (Some(found), _) => Ok(found.value()),
            (None, Some(default)) => evaluate(default, run),
            (None, None) => failure_with_hint(
                ErrorCode::LookupMissing,
                format!("{:?} is not in the table of the step", shorten(key, 60)),
                "add the value to the table, or give a default",
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let mut kind = Kind::Null;
    let mut table = HashMap::new();
    for (key, value) in arguments.table("table")? {
        kind = kind.or(value.kind());
        if let Some(other) = table.get(&key).filter(|other| **other != value) {
            let message = format!("{key:?} becomes two values, {other:?} and {value:?}");
            return arguments.invalid("table", &message);
        }
        table.insert(key, value);
    }
    let default = match arguments.has("default") {
        true => {
            let (default, of_default) = arguments.computed("default", Kind::Any)?;
            kind = kind.or(of_default);
            Some(default)
        }
        false => None,
    };
    arguments.output = Some(kind);
    ready(Translate { table, default })
}
