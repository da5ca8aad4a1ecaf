//! `split`: a text as a list of its parts.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "split",
    summary: "Cuts a text at every separator into a list; an empty text has no parts.",
    input: Kind::Text,
    output: Output::Is(Kind::List),
    arguments: &[
        Argument::required(
            "separator",
            ArgumentKind::Text,
            "what stands between the parts, not empty",
        ),
        Argument::optional(
            "trim",
            ArgumentKind::Flag,
            "true: cut white space at both ends of each part",
        ),
        Argument::optional(
            "limit",
            ArgumentKind::Integer,
            "most parts, at least 1; the last one keeps the rest",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""a;b;;c""#,
            r#"{"separator": ";"}"#,
            r#"["a","b","","c"]"#,
        ),
        Example::gives(
            r#""a , b""#,
            r#"{"separator": ",", "trim": true}"#,
            r#"["a","b"]"#,
        ),
        Example::gives(
            r#""k=v=w""#,
            r#"{"separator": "=", "limit": 2}"#,
            r#"["k","v=w"]"#,
        ),
        Example::gives(r#""abc""#, r#"{"separator": ";"}"#, r#"["abc"]"#),
        Example::gives(r#""""#, r#"{"separator": ";"}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{"separator": ";"}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{"separator": ";"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Split {
    separator: Box<str>,
    trim: bool,
    limit: usize,
}

impl Operation for Split {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let mut parts = ArenaVec::new_in(run.arena);
        if text.is_empty() {
            return Ok(Value::List(parts.into_bump_slice()));
        }
        for part in text.splitn(self.limit, &*self.separator) {
            bounds::check_elements(parts.len())?;
            let part = if self.trim { part.trim() } else { part };
            parts.push(Value::Text(part));
        }
        Ok(Value::List(parts.into_bump_slice()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let separator = arguments.text("separator")?;
    if separator.is_empty() {
        return arguments.invalid("separator", "must not be empty");
    }
    let limit = arguments.integer("limit").unwrap_or(u32::MAX);
    if limit == 0 {
        return arguments.invalid("limit", "at least 1 part");
    }
    ready(Split {
        separator: separator.into(),
        trim: arguments.flag("trim"),
        limit: limit as usize,
    })
}
