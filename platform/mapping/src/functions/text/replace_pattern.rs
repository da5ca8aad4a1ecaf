//! `replace_pattern`: what a pattern finds, by another text.

use regex::Regex;
use tributary_model::error_code::ErrorCode;

use super::pattern;
use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "replace_pattern",
    summary: "Replaces what a regular expression finds. In the new text $1 or ${name} stands for a group and $$ for a dollar sign.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::required(
            "pattern",
            ArgumentKind::Text,
            "regular expression; linear time, no look-around",
        ),
        Argument::required(
            "with",
            ArgumentKind::Text,
            "what to put there; may be empty",
        ),
        Argument::optional("first", ArgumentKind::Flag, "true: only the first place"),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""2026-03-07""#,
            r#"{"pattern": "(\\d+)-(\\d+)-(\\d+)", "with": "$3.$2.$1"}"#,
            r#""07.03.2026""#,
        ),
        Example::gives(
            r#""a1b22""#,
            r##"{"pattern": "[0-9]+", "with": "#"}"##,
            r#""a#b#""#,
        ),
        Example::gives(
            r#""a1b22""#,
            r#"{"pattern": "[0-9]+", "with": "", "first": true}"#,
            r#""ab22""#,
        ),
        Example::gives(
            r#""5 EUR""#,
            r#"{"pattern": "(?<n>\\d+) EUR", "with": "$$${n}x"}"#,
            r#""$5x""#,
        ),
        Example::gives(r#""abc""#, r#"{"pattern": "x", "with": "y"}"#, r#""abc""#),
        Example::gives(r#"null"#, r#"{"pattern": "x", "with": "y"}"#, r#"null"#),
        Example::fails(
            r#"15"#,
            r#"{"pattern": "5", "with": "y"}"#,
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
struct ReplacePattern {
    regex: Regex,
    with: Box<[Piece]>,
    first: bool,
}

impl Operation for ReplacePattern {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        if !self.regex.is_match(text) {
            return Ok(Value::Text(text));
        }
        if !self.first {
            pattern::check_searched(text)?;
        }
        let most = if self.first { 1 } else { usize::MAX };
        let mut changed = run.text_buffer(text.len());
        let mut copied = 0;
        for found in self.regex.captures_iter(text).take(most) {
            let Some(whole) = found.get(0) else { continue };
            changed.push_str(text.get(copied..whole.start()).unwrap_or_default());
            copied = whole.end();
            for piece in &self.with {
                changed.push_str(match piece {
                    Piece::Text(text) => text,
                    Piece::Group(group) => found.get(*group).map_or("", |part| part.as_str()),
                });
            }
            bounds::check_growth(text.len(), changed.len())?;
        }
        changed.push_str(text.get(copied..).unwrap_or_default());
        Ok(Value::Text(changed.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let regex = pattern::compiled(arguments)?;
    let with = match pieces(arguments.text("with")?, &regex) {
        Ok(with) => with.into(),
        Err(message) => return arguments.invalid("with", &message),
    };
    ready(ReplacePattern {
        regex,
        with,
        first: arguments.flag("first"),
    })
}

/// A part of the new text.
#[derive(Debug, PartialEq)]
enum Piece {
    Text(Box<str>),
    Group(usize),
}

/// The new text in parts. A group that the pattern does not have is an error, so that `$1a`, the group
/// called 1a, is not taken for `${1}a`.
fn pieces(with: &str, regex: &Regex) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = with;
    while let Some((before, after)) = rest.split_once('$') {
        pieces.push(Piece::Text(before.into()));
        if let Some(after) = after.strip_prefix('$') {
            pieces.push(Piece::Text("$".into()));
            rest = after;
            continue;
        }
        let (name, next) = match after.strip_prefix('{') {
            Some(inside) => inside
                .split_once('}')
                .ok_or_else(|| format!("${{{inside} is not closed"))?,
            None => {
                let end = after.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
                after.split_at(end.unwrap_or(after.len()))
            }
        };
        let group = match name.parse::<usize>() {
            Ok(number) => Some(number).filter(|number| *number < regex.captures_len()),
            Err(_) => pattern::named(regex, name),
        };
        let Some(group) = group else {
            return Err(format!(
                "the pattern has no group {name:?}; write ${{1}}a for group 1 before an a, $$ for a dollar sign"
            ));
        };
        pieces.push(Piece::Group(group));
        rest = next;
    }
    pieces.push(Piece::Text(rest.into()));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_must_exist() {
        let regex = Regex::new("(?<year>[0-9]+)-([0-9]+)").unwrap();
        let error = |with: &str| pieces(with, &regex).unwrap_err();
        assert!(error("$3").contains("\"3\""));
        assert!(error("$1a").contains("${1}a"));
        assert!(error("100 $").contains("$$"));
        assert!(error("${year").contains("not closed"));
        let text = |text: &str| Piece::Text(text.into());
        assert_eq!(
            pieces("${2}a$year", &regex).unwrap(),
            [
                text(""),
                Piece::Group(2),
                text("a"),
                Piece::Group(1),
                text("")
            ]
        );
    }
}
