//! `lookup_reverse`: the key of a value in a table.

use std::collections::HashMap;

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "lookup_reverse",
    summary: "Finds the key whose value in a lookup is the given one. A value that has several keys is an error.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required(
            "table",
            ArgumentKind::Text,
            "name of the lookup, which has one key column",
        ),
        Argument::optional("on_miss", ArgumentKind::OnMiss, "error (default) or null"),
    ],
    fails_with: &[ErrorCode::LookupMissing, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""sale""#, r#"{"table": "example"}"#, r#""RE""#),
        Example::gives(r#""large""#, r#"{"table": "bands"}"#, r#""99.5""#),
        Example::fails(
            r#""RE""#,
            r#"{"table": "example"}"#,
            ErrorCode::LookupMissing,
        ),
        Example::gives(
            r#""RE""#,
            r#"{"table": "example", "on_miss": "null"}"#,
            r#"null"#,
        ),
        Example::gives(r#"null"#, r#"{"table": "example"}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{"table": "example"}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct LookupReverse {
    name: String,
    /// none: several keys
    keys: HashMap<Box<str>, Option<Box<str>>>,
    null_on_miss: bool,
}

impl Operation for LookupReverse {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let shown = || shorten(text, 60);
        match self.keys.get(text) {
            Some(Some(key)) => Ok(Value::Text(key)),
            Some(None) => failure_with_hint(
                ErrorCode::LookupMissing,
                format!("{:?} has several keys in the table {}", shown(), self.name),
                "remove one of the rows, or translate this value in the mapping",
            ),
            None if self.null_on_miss => Ok(Value::Null),
            None => failure(
                ErrorCode::LookupMissing,
                format!("{:?} is no value of the table {}", shown(), self.name),
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let name = arguments.text("table")?.to_owned();
    let null_on_miss = arguments.null_on_miss()?;
    let (table, key_columns) = arguments.lookup("table", &name)?;
    if key_columns != 1 {
        let message = format!("the key of {name} has {key_columns} columns, and must have one");
        return arguments.invalid("table", &message);
    }
    let mut keys = HashMap::new();
    let rows = arguments
        .compiler
        .lookups
        .get(table)
        .map(|table| &table.rows);
    for (key, value) in rows.into_iter().flatten() {
        keys.entry(value.clone())
            .and_modify(|known| *known = None)
            .or_insert_with(|| Some(key.clone()));
    }
    ready(LookupReverse {
        name,
        keys,
        null_on_miss,
    })
}
