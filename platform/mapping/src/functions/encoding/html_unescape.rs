//! `html_unescape`: a text out of HTML.

use bumpalo::collections::String as ArenaString;
use std::cmp::Ordering;
use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "html_unescape",
    summary: "Puts the characters in place of their references in HTML or XML (`&amp;`, `&#228;`, `&euml;`); what is no reference stays, and so do tags.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#""R&amp;D &lt;x&gt;""#, r#"{}"#, r#""R&D <x>""#),
        Example::gives(
            r#""M&uuml;ller &#228;&#xE4; &euro;""#,
            r#"{}"#,
            r#""Müller ää €""#,
        ),
        Example::gives(r#""&amp;lt;""#, r#"{}"#, r#""&lt;""#),
        Example::gives(
            r#""AT&T & Co; &unknown;""#,
            r#"{}"#,
            r#""AT&T & Co; &unknown;""#,
        ),
        Example::gives(r#""&#128;&#0;""#, r#"{}"#, r#""€�""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct HtmlUnescape;

impl Operation for HtmlUnescape {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        if !text.contains('&') {
            return Ok(Value::Text(text));
        }
        let mut plain = run.text_buffer(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('&') {
            plain.push_str(before);
            let end = after
                .bytes()
                .take(LONGEST_NAME + 1)
                .position(|byte| byte == b';');
            let reference = end.and_then(|end| after.get(..end));
            rest = match reference {
                Some(name) if push_reference(name, &mut plain) => {
                    after.get(name.len() + 1..).unwrap_or_default()
                }
                _ => {
                    plain.push('&');
                    after
                }
            };
        }
        plain.push_str(rest);
        bounds::check_growth(text.len(), plain.len())?;
        Ok(Value::Text(plain.into_bump_str()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(HtmlUnescape)
}

/// The named references with their characters as hexadecimal numbers, sorted by name.
///
/// Source: HTML Living Standard, section 13.5, "Named character references" (those with a semicolon).
const NAMED: &str = include_str!("html_references.txt");

/// Bytes of the longest name, and more than any sensible number.
const LONGEST_NAME: usize = 32;

/// Appends what a reference stands for; `false` if there is no such reference.
fn push_reference(name: &str, out: &mut ArenaString<'_>) -> bool {
    if let Some(number) = name.strip_prefix('#') {
        let sign = numbered(number);
        out.extend(sign);
        return sign.is_some();
    }
    let Some(numbers) = named(name) else {
        return false;
    };
    let signs = numbers
        .split(' ')
        .filter_map(|number| u32::from_str_radix(number, 16).ok());
    out.extend(signs.filter_map(char::from_u32));
    true
}

/// The character of a number; numbers of the control characters 128 to 159 mean those of Windows-1252,
/// and those of no character the replacement character, as browsers have it.
fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let number = u32::from_str_radix(digits, radix).unwrap_or(0);
    if let (0x80..=0x9f, Ok(byte)) = (number, u8::try_from(number)) {
        let byte = [byte];
        let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
        return text.chars().next();
    }
    let sign = char::from_u32(number).filter(|sign| *sign != '\0');
    Some(sign.unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// The numbers of a name, by binary search for its line.
fn named(name: &str) -> Option<&'static str> {
    let mut lines = NAMED;
    loop {
        // of the lines left, the one in which the middle lies
        let middle = lines.len() / 2;
        let (head, tail) = lines.split_at_checked(middle)?;
        let start = head.rfind('\n').map_or(0, |end| end + 1);
        let end = tail.find('\n').map_or(lines.len(), |end| middle + end);
        let (found, numbers) = lines.get(start..end)?.split_once(' ')?;
        lines = match name.cmp(found) {
            Ordering::Equal => return Some(numbers),
            Ordering::Less => lines.get(..start.checked_sub(1)?)?,
            Ordering::Greater => lines.get(end + 1..)?,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found() {
        let mut count = 0;
        for line in NAMED.lines() {
            let (name, numbers) = line.split_once(' ').unwrap();
            assert_eq!(named(name), Some(numbers), "{name}");
            assert!(name.len() <= LONGEST_NAME, "{name}");
            count += 1;
        }
        assert_eq!(count, 2125);
        for absent in ["", "A", "amp2", "zzzz", "AMP ", "am"] {
            assert_eq!(named(absent), None, "{absent}");
        }
    }
}
