//! `query_string`: an object as the query of an address.

use bumpalo::collections::String as ArenaString;
use tributary_model::error_code::ErrorCode;

use super::url_encode::{is_unreserved, push_percent};
use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::reader::{elements, members};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "query_string",
    summary: "Writes the members of an object as the query of an address, a=1&b=x%20y (RFC 3986); null members are left out, those of an array repeat the name.",
    input: Kind::Json,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "plus",
        ArgumentKind::Flag,
        "true: a space becomes + as in forms",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#"{"q": "a b&c", "page": 2}"#,
            r#"{}"#,
            r#""q=a%20b%26c&page=2""#,
        ),
        Example::gives(r#"{"id": [1, 2], "x": null}"#, r#"{}"#, r#""id=1&id=2""#),
        Example::gives(
            r#"{"größe": true}"#,
            r#"{"plus": true}"#,
            r#""gr%C3%B6%C3%9Fe=true""#,
        ),
        Example::gives(r#"{"q": "a b"}"#, r#"{"plus": true}"#, r#""q=a+b""#),
        Example::gives(r#"{}"#, r#"{}"#, r#""""#),
        Example::fails(r#"{"a": {"b": 1}}"#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#"[1]"#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct QueryString {
    plus: bool,
}

impl Operation for QueryString {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let Value::Json(text) = value else {
            return not_an_object(value);
        };
        if !text.starts_with('{') {
            return not_an_object(value);
        }
        let mut query = run.text_buffer(text.len() + 16);
        for (name, member) in members(text, run.arena) {
            match member {
                Value::Json(array) if array.starts_with('[') => {
                    for element in elements(array, run.arena) {
                        self.push(name, *element, &mut query)?;
                    }
                }
                member => self.push(name, *member, &mut query)?,
            }
            bounds::check_growth(text.len(), query.len())?;
        }
        Ok(Value::Text(query.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(QueryString {
        plus: arguments.flag("plus"),
    })
}

impl QueryString {
    fn push(&self, name: &str, value: Value<'_>, query: &mut ArenaString<'_>) -> Made<()> {
        let text = match value {
            Value::Null => return Ok(()),
            Value::Text(text) | Value::Number(text) => text,
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            other => {
                return failure(
                    ErrorCode::ValueInvalid,
                    format!(
                        "the member {name:?} is a {}, which a query cannot hold",
                        other.kind_word()
                    ),
                );
            }
        };
        if !query.is_empty() {
            query.push('&');
        }
        self.encode(name, query);
        query.push('=');
        self.encode(text, query);
        Ok(())
    }

    fn encode(&self, text: &str, query: &mut ArenaString<'_>) {
        for byte in text.bytes() {
            match byte {
                b' ' if self.plus => query.push('+'),
                byte if is_unreserved(byte) => query.push(char::from(byte)),
                byte => push_percent(byte, query),
            }
        }
    }
}

fn not_an_object<'a>(value: Value<'a>) -> Made<Value<'a>> {
    failure(
        ErrorCode::ValueInvalid,
        format!(
            "a {} where an object is needed",
            match value {
                Value::Json(_) => "list",
                other => other.kind_word(),
            }
        ),
    )
}
