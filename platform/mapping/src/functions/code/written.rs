//! Codes as people write them: capitals or not, in groups.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use crate::value::{Made, Value, failure_with_hint};
use crate::worker::run::Run;

/// The code in capitals, without spaces, points, hyphens and slashes between its signs.
pub(super) fn compact<'a>(text: &'a str, run: &Run<'a>) -> &'a str {
    let text = text.trim();
    if text
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    {
        return text;
    }
    let mut signs = run.text_buffer(text.len());
    for sign in text.chars() {
        if !(sign.is_whitespace() || matches!(sign, '.' | '-' | '/' | '\u{2010}'..='\u{2013}')) {
            signs.push(sign.to_ascii_uppercase());
        }
    }
    signs.into_bump_str()
}

/// Whether the text has only ASCII digits, and at least one.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The failure of a code: the value and what is wrong with it.
pub(super) fn refused<'a>(text: &str, what: &str, hint: &str) -> Made<Value<'a>> {
    failure_with_hint(
        ErrorCode::ValueInvalid,
        format!("{:?} {what}", shorten(text, 60)),
        hint,
    )
}
