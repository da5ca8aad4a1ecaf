//! How much a function may make of a small value: what is larger is an error of the record, never a
//! full memory.

use tributary_model::error_code::ErrorCode;

use crate::value::{Made, failure};

/// Most bytes of a text that a function has made longer.
pub(crate) const MAX_TEXT: usize = 1 << 20;

/// Most elements of a list that a function has made of a text.
pub(crate) const MAX_ELEMENTS: usize = 100_000;

/// Checks a text of `after` bytes that was made of one of `before`. A text that only became shorter
/// may have any length.
///
/// # Errors
/// `record_too_large` beyond 1 MiB.
#[inline]
pub(crate) fn check_growth(before: usize, after: usize) -> Made<()> {
    if after <= before || after <= MAX_TEXT {
        return Ok(());
    }
    failure(
        ErrorCode::RecordTooLarge,
        format!("the text would grow from {before} to {after} bytes, the limit is {MAX_TEXT}"),
    )
}

/// Checks that a list of `count` elements may take one more.
///
/// # Errors
/// `record_too_large` beyond 100,000 elements.
#[inline]
pub(crate) fn check_elements(count: usize) -> Made<()> {
    if count < MAX_ELEMENTS {
        return Ok(());
    }
    failure(
        ErrorCode::RecordTooLarge,
        format!("the list would have more than {MAX_ELEMENTS} elements"),
    )
}
