//! `truncate_words`: a text cut between words.

use tributary_model::error_code::ErrorCode;

use super::left::split_after;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "truncate_words",
    summary: "Cuts a text to a number of characters at the end of a word. A first word that is longer is cut inside.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required(
            "length",
            ArgumentKind::Integer,
            "most characters, the ending included",
        ),
        Argument::optional(
            "ending",
            ArgumentKind::Text,
            "what to put where something was cut, such as …; default: nothing",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""Hamburg an der Elbe""#,
            r#"{"length": 12}"#,
            r#""Hamburg an""#,
        ),
        Example::gives(
            r#""Hamburg an der Elbe""#,
            r#"{"length": 12, "ending": "…"}"#,
            r#""Hamburg an…""#,
        ),
        Example::gives(r#""Hamburg an""#, r#"{"length": 10}"#, r#""Hamburg an""#),
        Example::gives(
            r#""Hamburg an der Elbe""#,
            r#"{"length": 7}"#,
            r#""Hamburg""#,
        ),
        Example::gives(r#""Donaudampfschiff""#, r#"{"length": 5}"#, r#""Donau""#),
        Example::gives(r#"null"#, r#"{"length": 5}"#, r#"null"#),
        Example::fails(r#"12345"#, r#"{"length": 3}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct TruncateWords {
    length: usize,
    room: usize,
    ending: Box<str>,
}

impl Operation for TruncateWords {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        if text.chars().nth(self.length).is_none() {
            return Ok(Value::Text(text));
        }
        let (start, rest) = split_after(text, self.room);
        let whole_words = rest.starts_with(char::is_whitespace);
        let kept = match start.rfind(char::is_whitespace) {
            Some(place) if !whole_words => start.get(..place).unwrap_or(start),
            _ => start,
        };
        // nothing but spaces before the cut: the word after them is cut inside
        let kept = if kept.trim().is_empty() { start } else { kept };
        let kept = kept.trim_end();
        if self.ending.is_empty() {
            return Ok(Value::Text(kept));
        }
        let mut cut = run.text_buffer(kept.len() + self.ending.len());
        cut.push_str(kept);
        cut.push_str(&self.ending);
        Ok(Value::Text(cut.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let length = arguments.integer("length")? as usize;
    let ending = arguments.text("ending").unwrap_or_default();
    let Some(room) = length.checked_sub(ending.chars().count()) else {
        return arguments.invalid("ending", "is longer than the whole text may be");
    };
    ready(TruncateWords {
        length,
        room,
        ending: ending.into(),
    })
}
