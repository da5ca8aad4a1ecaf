//! Regular expressions of functions: compiled once, of bounded size, and bounded in what they search
//! again and again.

use regex::{Regex, RegexBuilder};
use tributary_model::error_code::ErrorCode;

use crate::functions::Arguments;
use crate::value::{Made, failure_with_hint};

/// Bytes that a compiled pattern may take.
const MAX_PROGRAM: usize = 1 << 20;

/// Bytes of a text in which all matches are looked for. One search takes linear time, but each match
/// may be found only at the text's end, and then all of them take quadratic time.
const MAX_SEARCHED: usize = 64 * 1024;

/// The pattern given by `pattern`.
pub(super) fn compiled(arguments: &mut Arguments<'_, '_>) -> Option<Regex> {
    let pattern = arguments.text("pattern")?;
    match RegexBuilder::new(pattern).size_limit(MAX_PROGRAM).build() {
        Ok(regex) => Some(regex),
        Err(error) => arguments.invalid("pattern", &format!("not a regular expression: {error}")),
    }
}

/// The number of the group given by `group`, a number or name. Without it: the first group, or the
/// whole match if there is none.
pub(super) fn group(arguments: &mut Arguments<'_, '_>, regex: &Regex) -> Option<usize> {
    let Some(given) = arguments.values.get("group") else {
        return Some(usize::from(regex.captures_len() > 1));
    };
    let found = match given.as_str() {
        Some(name) => named(regex, name),
        None => given
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .filter(|number| *number < regex.captures_len()),
    };
    match found {
        Some(number) => Some(number),
        None => {
            let message = format!("the pattern has no group {given}");
            arguments.invalid("group", &message)
        }
    }
}

/// The number of a group, by its name.
pub(super) fn named(regex: &Regex, name: &str) -> Option<usize> {
    regex
        .capture_names()
        .position(|candidate| candidate == Some(name))
}

/// Checks that all matches in `text` may be looked for.
///
/// # Errors
/// `record_too_large` beyond 64 KiB.
pub(super) fn check_searched(text: &str) -> Made<()> {
    if text.len() <= MAX_SEARCHED {
        return Ok(());
    }
    failure_with_hint(
        ErrorCode::RecordTooLarge,
        format!(
            "all matches are looked for in at most {MAX_SEARCHED} bytes, the text has {}",
            text.len()
        ),
        "cut the text before this step, or use replace or split",
    )
}
