//! Into a JSON value that was read as text: its elements, its members, what stands at a path. Its text
//! was scanned before, so it is well-formed; should it not be, there is simply nothing. Only `parse`
//! takes a text of which nothing is known.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::json::unescape;
use super::scan::{ScanError, Scanner, Stopped, Token};
use crate::path::Step;
use crate::value::Value;

/// What stands at `path` inside `value`; null if nothing does.
pub(crate) fn pick<'a>(value: Value<'a>, path: &[Step], arena: &'a Bump) -> Value<'a> {
    let mut at = value;
    for step in path {
        at = match (at, step) {
            (Value::Failed, _) => return Value::Failed,
            (Value::List(elements), Step::Index(index)) => usize::try_from(*index)
                .ok()
                .and_then(|index| elements.get(index).copied())
                .unwrap_or(Value::Null),
            (Value::Json(text), Step::Index(index)) => usize::try_from(*index)
                .ok()
                .and_then(|index| elements(text, arena).get(index).copied())
                .unwrap_or(Value::Null),
            (Value::Json(text), Step::Name(name)) => members(text, arena)
                .iter()
                .rfind(|(member, _)| member == name)
                .map_or(Value::Null, |(_, value)| *value),
            _ => Value::Null,
        };
    }
    at
}

/// The value of a JSON text.
///
/// # Errors
/// What is wrong and at which byte.
pub(crate) fn parse<'a>(text: &'a str, arena: &'a Bump) -> Result<Value<'a>, ScanError> {
    let mut scanner = Scanner::new(text.as_bytes());
    let read = match (scanner.skip(0), scanner.peek_token()) {
        (Ok(token), None) => Ok(token),
        (Ok(_), Some(_)) => scanner.fail("something follows the value"),
        (Err(stopped), _) => Err(stopped),
    };
    read.map(|token| value(text, token, arena))
        .map_err(|Stopped| scanner.error())
}

/// The elements of an array; none of anything else.
pub(crate) fn elements<'a>(text: &'a str, arena: &'a Bump) -> &'a [Value<'a>] {
    let mut found = ArenaVec::new_in(arena);
    let mut scanner = Scanner::new(text.as_bytes());
    if scanner.expect(b'[', "").is_err() || scanner.peek_token() == Some(b']') {
        return found.into_bump_slice();
    }
    while let Ok(token) = scanner.skip(0) {
        found.push(value(text, token, arena));
        if scanner.expect(b',', "").is_err() {
            break;
        }
    }
    found.into_bump_slice()
}

/// The members of an object in their order; none of anything else.
pub(crate) fn members<'a>(text: &'a str, arena: &'a Bump) -> &'a [(&'a str, Value<'a>)] {
    let mut found = ArenaVec::new_in(arena);
    let mut scanner = Scanner::new(text.as_bytes());
    if scanner.expect(b'{', "").is_err() {
        return found.into_bump_slice();
    }
    while scanner.peek_token() == Some(b'"') {
        let from = scanner.at + 1;
        let Ok(escaped) = scanner.text() else {
            break;
        };
        let to = scanner.at - 1;
        let name = raw(text, from, to, escaped, arena);
        if scanner.expect(b':', "").is_err() {
            break;
        }
        let Ok(token) = scanner.skip(0) else {
            break;
        };
        found.push((name, value(text, token, arena)));
        if scanner.expect(b',', "").is_err() {
            break;
        }
        scanner.peek_token();
    }
    found.into_bump_slice()
}

/// One JSON value, read when it is needed.
pub(crate) fn value_of<'a>(text: &'a str, arena: &'a Bump) -> Value<'a> {
    let mut scanner = Scanner::new(text.as_bytes());
    match scanner.skip(0) {
        Ok(token) => value(text, token, arena),
        Err(_) => Value::Null,
    }
}

fn value<'a>(text: &'a str, token: (Token, usize, usize), arena: &'a Bump) -> Value<'a> {
    let (token, from, to) = token;
    match token {
        Token::Null => Value::Null,
        Token::True => Value::Bool(true),
        Token::False => Value::Bool(false),
        Token::Number => Value::Number(raw(text, from, to, false, arena)),
        Token::Text { escaped } => Value::Text(raw(text, from, to, escaped, arena)),
        Token::Nested => Value::Json(raw(text, from, to, false, arena)),
    }
}

fn raw<'a>(text: &'a str, from: usize, to: usize, escaped: bool, arena: &'a Bump) -> &'a str {
    let raw = text.get(from..to).unwrap_or_default();
    if escaped { unescape(raw, arena) } else { raw }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_members_and_paths() {
        let arena = Bump::new();
        let text = r#" { "a" : [ 1, "x\ny", null, {"b": [true]} ], "é\u0041": 2 } "#;
        let found = members(text.trim(), &arena);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].0, "éA");
        let step = |name: &str| Step::Name(name.to_owned());
        let at = |path: &[Step]| format!("{:?}", pick(Value::Json(text.trim()), path, &arena));
        assert_eq!(at(&[step("a"), Step::Index(1)]), r#"Text("x\ny")"#);
        assert_eq!(
            at(&[step("a"), Step::Index(3), step("b"), Step::Index(0)]),
            "Bool(true)"
        );
        assert_eq!(at(&[step("a"), Step::Index(9)]), "Null");
        assert_eq!(at(&[step("a"), step("b")]), "Null");
        assert_eq!(elements("[]", &arena).len(), 0);
        assert_eq!(elements("{}", &arena).len(), 0);
    }
}
