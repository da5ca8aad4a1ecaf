//! `after`: the part of a text after a marker.

use tributary_model::error_code::ErrorCode;

use super::before::{Cut, cut};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "after",
    summary: "Takes what stands after a marker.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required(
            "marker",
            ArgumentKind::Computed(Kind::Text),
            "the text that divides, not empty",
        ),
        Argument::optional(
            "last",
            ArgumentKind::Flag,
            "true: its last place instead of the first",
        ),
        Argument::optional(
            "on_miss",
            ArgumentKind::Text,
            "what a text without the marker gives: whole (default: the text itself), null, error",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""4711/20""#, r#"{"marker": "/"}"#, r#""20""#),
        Example::gives(r#""a.b.c""#, r#"{"marker": ".", "last": true}"#, r#""c""#),
        Example::gives(r#""4711""#, r#"{"marker": "/"}"#, r#""4711""#),
        Example::gives(
            r#""4711""#,
            r#"{"marker": "/", "on_miss": "null"}"#,
            r#"null"#,
        ),
        Example::fails(
            r#""4711""#,
            r#"{"marker": "/", "on_miss": "error"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::gives(r#""4711/""#, r#"{"marker": "/"}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"marker": "/"}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct After {
    cut: Cut,
}

impl Operation for After {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        self.cut.part(value, run, |(_, after)| after)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let cut = cut(arguments)?;
    ready(After { cut })
}
