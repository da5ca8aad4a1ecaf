//! Where the value at a path stands in the text of a row that was read before.

use bumpalo::Bump;

use super::json::unescape;
use super::scan::Scanner;
use crate::path::Step;

/// The first byte of the value at `path` and the one behind its last, a text without its quotes.
pub(crate) fn locate(text: &str, path: &[Step]) -> Option<(usize, usize)> {
    let mut scanner = Scanner::new(text.as_bytes());
    for step in path {
        match step {
            Step::Name(name) => enter_member(&mut scanner, text, name)?,
            Step::Index(index) => enter_element(&mut scanner, *index)?,
        }
    }
    let (_, from, to) = scanner.skip(0).ok()?;
    Some((from, to))
}

/// Goes to the value of a member.
fn enter_member(scanner: &mut Scanner<'_>, text: &str, wanted: &str) -> Option<()> {
    scanner.expect(b'{', "").ok()?;
    let arena = Bump::new();
    while scanner.peek_token() == Some(b'"') {
        let from = scanner.at + 1;
        let escaped = scanner.text().ok()?;
        let name = text.get(from..scanner.at - 1)?;
        let name = if escaped {
            unescape(name, &arena)
        } else {
            name
        };
        scanner.expect(b':', "").ok()?;
        if name == wanted {
            return Some(());
        }
        scanner.pass(0).ok()?;
        scanner.expect(b',', "").ok()?;
    }
    None
}

/// Goes to an element, counted from 0.
fn enter_element(scanner: &mut Scanner<'_>, index: u64) -> Option<()> {
    scanner.expect(b'[', "").ok()?;
    if scanner.peek_token() == Some(b']') {
        return None;
    }
    for _ in 0..index {
        scanner.pass(0).ok()?;
        scanner.expect(b',', "").ok()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::parse_singular;

    #[test]
    fn values_are_found_where_they_stand() {
        let row = r#" { "a" : [ 1, "x\ny", null, {"b": [true, {"c": -1.50}]} ], "\u00e9": "ü", "": {}, "z": "" } "#;
        let at = |path: &str| {
            let (from, to) = locate(row, &parse_singular(path).unwrap())?;
            row.get(from..to)
        };
        assert_eq!(at("$"), Some(row.trim()));
        assert_eq!(at("$.a[0]"), Some("1"));
        assert_eq!(at("$.a[1]"), Some(r"x\ny"));
        assert_eq!(at("$.a[2]"), Some("null"));
        assert_eq!(at("$.a[3].b[0]"), Some("true"));
        assert_eq!(at("$.a[3].b[1].c"), Some("-1.50"));
        assert_eq!(at("$.é"), Some("ü"));
        assert_eq!(at("$['']"), Some("{}"));
        assert_eq!(at("$.z"), Some(""));
        for nothing in ["$.b", "$.a[4]", "$.a.b", "$.z[0]", "$[''][0]", "$[''].x"] {
            assert_eq!(at(nothing), None, "{nothing}");
        }
    }
}
