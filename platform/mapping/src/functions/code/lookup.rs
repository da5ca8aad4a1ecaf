//! `lookup`: a code by another, from a table.

use tributary_model::error_code::ErrorCode;

use crate::formula::expression::SlotRef;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::plan::KEY_SEPARATOR;
use crate::value::{Kind, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "lookup",
    summary: "Finds the value in a table of the document’s lookups.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required("table", ArgumentKind::Text, "name of the lookup"),
        Argument::optional(
            "with",
            ArgumentKind::Paths,
            "paths of further key columns, in the order of the lookup’s key, after the value itself; one that is null is an error, whatever on_miss says",
        ),
        Argument::optional(
            "on_miss",
            ArgumentKind::OnMiss,
            "error (default), null, default",
        ),
        Argument::optional(
            "default",
            ArgumentKind::Text,
            "the answer for on_miss: default",
        ),
    ],
    fails_with: &[
        ErrorCode::LookupMissing,
        ErrorCode::ValueInvalid,
        ErrorCode::ValueMissing,
    ],
    examples: &[
        Example::gives(r#""RE""#, r#"{"table": "example"}"#, r#""sale""#),
        Example::fails(
            r#""XX""#,
            r#"{"table": "example"}"#,
            ErrorCode::LookupMissing,
        ),
        Example::gives(
            r#""XX""#,
            r#"{"table": "example", "on_miss": "null"}"#,
            r#"null"#,
        ),
        Example::gives(
            r#""XX""#,
            r#"{"table": "example", "on_miss": "default", "default": "other"}"#,
            r#""other""#,
        ),
        Example::gives(r#"null"#, r#"{"table": "example"}"#, r#"null"#),
        Example::gives(
            r#""RE""#,
            r#"{"table": "pairs", "with": ["$.land"]}"#,
            r#""domestic""#,
        ),
        Example::fails(
            r#""RE""#,
            r#"{"table": "pairs", "with": ["$.nothing"], "on_miss": "null"}"#,
            ErrorCode::ValueMissing,
        ),
    ],
    ..Signature::EMPTY
};

/// What an unknown key gives.
#[derive(Debug)]
pub(crate) enum OnMiss {
    Error,
    Null,
    Default(Box<str>),
}

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Lookup {
    table: usize,
    with: Box<[SlotRef]>,
    on_miss: OnMiss,
    /// whether all its values stand in JSON as they are
    plain: bool,
}

impl Operation for Lookup {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        apply(value, self.table, &self.with, &self.on_miss, run)
    }

    fn text<'a>(&'a self, text: &'a str, run: &Run<'a>) -> Option<&'a str> {
        if !self.with.is_empty() {
            return None;
        }
        run.plan.lookups.get(self.table)?.get(text)
    }

    fn keeps_plain(&self) -> bool {
        self.plain
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let name = arguments.text("table")?.to_owned();
    let (table, key_columns) = arguments.lookup("table", &name)?;
    let with = arguments.slots("with")?;
    if with.len() + 1 != key_columns {
        let message = format!(
            "the key of {name} has {key_columns} columns, this gives {}",
            with.len() + 1
        );
        return arguments.invalid("with", &message);
    }
    let default = arguments.text("default").map(Into::into);
    let on_miss = match (arguments.text("on_miss"), default) {
        (Some("default"), Some(text)) => OnMiss::Default(text),
        (Some("default"), None) => {
            return arguments.invalid("default", "is needed for on_miss: default");
        }
        (_, Some(_)) => {
            return arguments.invalid("default", "has no effect without on_miss: default");
        }
        (Some("null"), None) => OnMiss::Null,
        _ => OnMiss::Error,
    };
    ready(Lookup {
        table,
        with: with.into(),
        on_miss,
        plain: arguments.lookup_is_plain(table),
    })
}

fn apply<'a>(
    value: Value<'a>,
    table: usize,
    with: &[SlotRef],
    on_miss: &'a OnMiss,
    run: &Run<'a>,
) -> Made<Value<'a>> {
    let first = value.text()?;
    let Some(lookup) = run.plan.lookups.get(table) else {
        return failure(ErrorCode::LookupMissing, "the table is not there");
    };
    let mut key = first;
    if !with.is_empty() {
        let mut joined = run.text_buffer(first.len() + 32);
        joined.push_str(first);
        for slot in with {
            joined.push(KEY_SEPARATOR);
            match run.slot(*slot) {
                Value::Null => return key_column_missing(*slot, run),
                Value::Number(digits) => joined.push_str(digits),
                other => joined.push_str(other.text()?),
            }
        }
        key = joined.into_bump_str();
    }
    match (lookup.get(key), on_miss) {
        (Some(found), _) => Ok(Value::Text(found)),
        (None, OnMiss::Null) => Ok(Value::Null),
        (None, OnMiss::Default(text)) => Ok(Value::Text(text)),
        (None, OnMiss::Error) => {
            let shown = tributary_model::issue::shorten(&key.replace(KEY_SEPARATOR, ", "), 80);
            failure(
                ErrorCode::LookupMissing,
                format!("{shown:?} is not in the table {}", lookup.name),
            )
        }
    }
}

/// A key of which a part is null is no key that a table could miss.
#[cold]
fn key_column_missing<T>(slot: SlotRef, run: &Run<'_>) -> Made<T> {
    failure_with_hint(
        ErrorCode::ValueMissing,
        format!("the key column {} is null", run.source_path(slot)),
        "fill it in the source, or look up only where it is there: when, or a case of a switch",
    )
}
