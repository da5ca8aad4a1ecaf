//! `before`: the part of a text before a marker.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use crate::formula::expression::Expression;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "before",
    summary: "Takes what stands before a marker.",
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
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::ValueMissing],
    examples: &[
        Example::gives(r#""4711/20""#, r#"{"marker": "/"}"#, r#""4711""#),
        Example::gives(r#""a.b.c""#, r#"{"marker": ".", "last": true}"#, r#""a.b""#),
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
        Example::gives(r#""/20""#, r#"{"marker": "/"}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"marker": "/"}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Before {
    cut: Cut,
}

impl Operation for Before {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        self.cut.part(value, run, |(before, _)| before)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let cut = cut(arguments)?;
    ready(Before { cut })
}

/// Where a text is cut in two.
#[derive(Debug)]
pub(super) struct Cut {
    marker: Expression,
    last: bool,
    on_miss: Miss,
}

/// What stands for a text without the marker.
#[derive(Debug)]
enum Miss {
    Whole,
    Null,
    Error,
}

/// The cut that the arguments ask for.
pub(super) fn cut(arguments: &mut Arguments<'_, '_>) -> Option<Cut> {
    let (marker, _) = arguments.computed("marker", Kind::Text)?;
    let on_miss = match arguments.text("on_miss") {
        None | Some("whole") => Miss::Whole,
        Some("null") => Miss::Null,
        Some("error") => Miss::Error,
        Some(_) => return arguments.invalid("on_miss", "needs whole, null or error"),
    };
    let last = arguments.flag("last");
    Some(Cut {
        marker,
        last,
        on_miss,
    })
}

impl Cut {
    /// The part that `side` takes of what stands before and after the marker.
    pub(super) fn part<'a>(
        &'a self,
        value: Value<'a>,
        run: &Run<'a>,
        side: fn((&'a str, &'a str)) -> &'a str,
    ) -> Made<Value<'a>> {
        let text = value.text()?;
        let marker = match given::text(&self.marker, "marker", run)? {
            Ok("") => return failure(ErrorCode::ValueInvalid, "the marker is empty"),
            Ok(marker) => marker,
            Err(nothing) => return Ok(nothing),
        };
        let parts = if self.last {
            text.rsplit_once(marker)
        } else {
            text.split_once(marker)
        };
        match (parts, &self.on_miss) {
            (Some(parts), _) => Ok(Value::Text(side(parts))),
            (None, Miss::Whole) => Ok(Value::Text(text)),
            (None, Miss::Null) => Ok(Value::Null),
            (None, Miss::Error) => failure(
                ErrorCode::ValueInvalid,
                format!("{:?} has no {marker:?} in it", shorten(text, 60)),
            ),
        }
    }
}
