//! `keep_chars`: a text of some characters only.

use tributary_model::error_code::ErrorCode;
use unicode_normalization::char::is_combining_mark;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "keep_chars",
    summary: "Keeps only the characters of the named classes and the given ones.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "classes",
            ArgumentKind::Texts,
            "any of digits (0-9), letters (of all scripts, with their accents), ascii_letters, upper, lower, spaces (all white space)",
        ),
        Argument::optional("chars", ArgumentKind::Text, "further characters to keep"),
    ],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""DE 123.456-7""#,
            r#"{"classes": ["digits"]}"#,
            r#""1234567""#,
        ),
        Example::gives(
            r#""+49 (40) 1234""#,
            r#"{"classes": ["digits"], "chars": "+"}"#,
            r#""+49401234""#,
        ),
        Example::gives(
            r#""Müller & Söhne 2""#,
            r#"{"classes": ["letters", "spaces"]}"#,
            r#""Müller  Söhne ""#,
        ),
        Example::gives(r#""abc""#, r#"{"chars": "abc"}"#, r#""abc""#),
        Example::gives(r#""---""#, r#"{"classes": ["digits"]}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"classes": ["digits"]}"#, r#"null"#),
        Example::fails(
            r#"12"#,
            r#"{"classes": ["digits"]}"#,
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
struct KeepChars {
    classes: Vec<Class>,
    chars: Box<str>,
}

impl Operation for KeepChars {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let kept =
            |sign: char| self.classes.iter().any(|class| class(sign)) || self.chars.contains(sign);
        if text.chars().all(kept) {
            return Ok(Value::Text(text));
        }
        let mut result = run.text_buffer(text.len());
        result.extend(text.chars().filter(|sign| kept(*sign)));
        Ok(Value::Text(result.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let mut classes = Vec::new();
    for name in arguments.texts("classes").unwrap_or_default() {
        let Some((_, class)) = CLASSES.iter().find(|(word, _)| *word == name) else {
            let known = CLASSES.map(|(word, _)| word).join(", ");
            return arguments.invalid("classes", &format!("{name:?} is none of {known}"));
        };
        classes.push(*class);
    }
    let chars = arguments.text("chars").unwrap_or_default();
    if classes.is_empty() && chars.is_empty() {
        return arguments.invalid("classes", "name a class, or characters in chars");
    }
    ready(KeepChars {
        classes,
        chars: chars.into(),
    })
}

/// Whether a character belongs to a class.
type Class = fn(char) -> bool;

/// The classes by name.
const CLASSES: [(&str, Class); 6] = [
    ("digits", |sign| sign.is_ascii_digit()),
    ("letters", |sign| {
        sign.is_alphabetic() || is_combining_mark(sign)
    }),
    ("ascii_letters", |sign| sign.is_ascii_alphabetic()),
    ("upper", char::is_uppercase),
    ("lower", char::is_lowercase),
    ("spaces", char::is_whitespace),
];
