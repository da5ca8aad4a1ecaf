//! I-Regexp (RFC 9485) to the `regex` crate's language.
//!
//! Taken beyond the RFC, because people write it and everybody means the same: `^` and `$` as
//! anchors (the compliance suite wants them), and `\d \D \s \S \w \W`. Everything else that is no
//! I-Regexp is no pattern at all, as section 2.4.6 of RFC 9535 wants it: groups with flags,
//! look-around, lazy quantifiers, a `[` inside a class.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

/// Bytes that a compiled pattern may take.
const MAX_PROGRAM: usize = 1 << 20;
/// Deepest nesting of groups.
const MAX_GROUPS: usize = 32;

/// Why a pattern cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PatternError {
    /// no I-Regexp: it matches nothing
    Invalid,
    /// an I-Regexp that compiles to more than a megabyte
    TooLarge,
}

/// Compiles a pattern that is looked for in a text, or that must be the whole text.
pub(super) fn compile(pattern: &str, whole: bool) -> Result<Regex, PatternError> {
    let body = translate(pattern).ok_or(PatternError::Invalid)?;
    let text = if whole {
        format!(r"\A(?:{body})\z")
    } else {
        body
    };
    RegexBuilder::new(&text)
        .size_limit(MAX_PROGRAM)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
            _ => PatternError::Invalid,
        })
}

/// The pattern in the `regex` crate's language; `None` if it is no I-Regexp.
fn translate(pattern: &str) -> Option<String> {
    let mut signs = pattern.chars().peekable();
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut groups = 0_usize;
    // whether something stands here that a quantifier can follow
    let mut repeatable = false;
    while let Some(sign) = signs.next() {
        let before = std::mem::replace(&mut repeatable, true);
        match sign {
            '.' => out.push_str(r"[^\n\r]"),
            '\\' => escape(&mut signs, &mut out)?,
            '[' => class(&mut signs, &mut out)?,
            '(' => {
                groups += 1;
                if groups > MAX_GROUPS {
                    return None;
                }
                out.push_str("(?:");
                repeatable = false;
            }
            ')' => {
                groups = groups.checked_sub(1)?;
                out.push(')');
            }
            '|' | '^' | '$' => {
                out.push(sign);
                repeatable = false;
            }
            '*' | '+' | '?' => {
                if !before {
                    return None;
                }
                out.push(sign);
                repeatable = false;
            }
            '{' => {
                if !before {
                    return None;
                }
                quantity(&mut signs, &mut out)?;
                repeatable = false;
            }
            ']' | '}' => return None,
            _ => out.push(sign),
        }
    }
    (groups == 0).then_some(out)
}

/// What follows a backslash, the same inside and outside of classes.
fn escape(signs: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    let sign = signs.next()?;
    out.push('\\');
    out.push(sign);
    match sign {
        '(' | ')' | '*' | '+' | '-' | '.' | '?' | '[' | '\\' | ']' | '^' | '{' | '|' | '}'
        | '$' | 'n' | 'r' | 't' | 'd' | 'D' | 's' | 'S' | 'w' | 'W' => {}
        'p' | 'P' => {
            if signs.next()? != '{' {
                return None;
            }
            let category = until_brace(signs)?;
            let mut letters = category.chars();
            // a general category: its letter and perhaps the letter of the part
            if !letters.next()?.is_ascii_uppercase()
                || !letters.next().is_none_or(|sign| sign.is_ascii_lowercase())
                || letters.next().is_some()
            {
                return None;
            }
            out.push('{');
            out.push_str(&category);
            out.push('}');
        }
        _ => return None,
    }
    Some(())
}

/// A class after its `[`.
fn class(signs: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if signs.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut empty = true;
    // a '-' is a range only behind a single character that is no range's end already
    let mut open_range = false;
    loop {
        match signs.next()? {
            ']' if empty => return None,
            ']' => {
                out.push(']');
                return Some(());
            }
            '[' => return None,
            '\\' => {
                let single = !matches!(
                    signs.peek(),
                    Some('p' | 'P' | 'd' | 'D' | 's' | 'S' | 'w' | 'W')
                );
                escape(signs, out)?;
                open_range = single;
            }
            '-' if empty || signs.peek() == Some(&']') => {
                out.push_str(r"\-");
                open_range = false;
            }
            '-' => {
                if !open_range {
                    return None;
                }
                out.push('-');
                range_end(signs, out)?;
                open_range = false;
            }
            sign => {
                literal(sign, out);
                open_range = true;
            }
        }
        empty = false;
    }
}

fn range_end(signs: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    match signs.next()? {
        '[' | ']' | '-' => None,
        '\\' => match signs.peek() {
            Some('p' | 'P' | 'd' | 'D' | 's' | 'S' | 'w' | 'W') => None,
            _ => escape(signs, out),
        },
        sign => {
            literal(sign, out);
            Some(())
        }
    }
}

/// A character of a class; `&&`, `~~` and `^` mean something to the `regex` crate.
fn literal(sign: char, out: &mut String) {
    if matches!(sign, '&' | '~' | '^') {
        out.push('\\');
    }
    out.push(sign);
}

/// What stands before the next `}`, which is taken too.
fn until_brace(signs: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match signs.next()? {
            '}' => return Some(text),
            sign => text.push(sign),
        }
    }
}

/// `{2}`, `{2,}` or `{2,5}` after its `{`.
fn quantity(signs: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    let text = until_brace(signs)?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let valid = match text.split_once(',') {
        None => digits(&text),
        Some((least, most)) => digits(least) && (most.is_empty() || digits(most)),
    };
    out.push_str(&format!("{{{text}}}"));
    valid.then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_the_rfc_says() {
        for (pattern, text, matches) in [
            ("a|b", "b", true),
            ("a|b", "ab", false),
            (".", "\u{2028}", true),
            (".", "\n", false),
            (".", "\r", false),
            ("[.]", "x", false),
            (r"[^a]", "\n", true),
            ("[a&&b]", "&", true),
            ("[a~~b]", "~", true),
            ("[-a]", "-", true),
            ("[a-]", "-", true),
            ("[^-]", "-", false),
            ("[a^]", "^", true),
            ("[!--]", "-", false),
            (r"[+\--]", "-", true),
            (r"\p{Lu}{2,3}", "ÄÖ", true),
            (r"\p{L}+", "aÄ", true),
            (r"\P{Lu}", "a", true),
            (r"\d{3}", "123", true),
            ("(a|b)*c", "abac", true),
            ("^ab.*", "abc", true),
            ("x y#z", "x y#z", true),
            ("a{2}", "aa", true),
            ("", "", true),
        ] {
            let found = compile(pattern, true).is_ok_and(|regex| regex.is_match(text));
            assert_eq!(found, matches, "{pattern} on {text:?}");
        }
        assert!(compile("b+", false).unwrap().is_match("abc"));
    }

    #[test]
    fn what_is_no_i_regexp_is_refused() {
        for pattern in [
            "(",
            ")",
            "[",
            "[]",
            "[^]",
            "a]",
            "a}",
            "*a",
            "a**",
            "a+?",
            "(?i)a",
            "(?:a)",
            "(?=a)",
            r"\b",
            r"\1",
            r"\p{Greek}",
            r"\pL",
            r"\p{L",
            "[[:alpha:]]",
            "[a-\\d]",
            "[a-b-c]",
            "a{",
            "a{2",
            "a{x}",
            "a{,2}",
            "a{3,2}",
            "[b-a]",
            "\\",
            "|*",
        ] {
            assert_eq!(
                compile(pattern, true).unwrap_err(),
                PatternError::Invalid,
                "{pattern}"
            );
        }
        assert_eq!(
            compile(r"(\p{L}{1000}){1000}", true).unwrap_err(),
            PatternError::TooLarge
        );
        assert_eq!(
            compile(&"(".repeat(40), true).unwrap_err(),
            PatternError::Invalid
        );
    }
}
