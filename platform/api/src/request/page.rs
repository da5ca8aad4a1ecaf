//! Keyset pages: `limit` and an opaque `after`. An answer has `next`, to be passed back as `after`,
//! as long as there may be more. Offsets are deliberately absent: they skip and repeat rows
//! while others are written.

use serde::{Deserialize, Serialize};
use tributary_model::error_code::ErrorCode;

use crate::problem::ApiError;

/// Entries on a page when the request does not say.
pub(crate) const DEFAULT_LIMIT: u32 = 100;
/// Most entries on a page.
pub(crate) const MOST: u32 = 1000;

/// Checks `limit`.
pub(crate) fn limit(limit: Option<u32>) -> Result<u32, ApiError> {
    match limit.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MOST => Ok(limit),
        other => Err(ApiError::new(
            ErrorCode::RequestInvalid,
            format!("limit is {other}; it may be 1 to {MOST}"),
        )),
    }
}

/// Cuts `entries`, which were asked for with one more than `limit`, to the page: that one tells whether
/// there is a next page. Gives `next`, made of the last entry's position.
pub(crate) fn cut<T, P: Serialize>(
    entries: &mut Vec<T>,
    limit: u32,
    position: impl Fn(&T) -> P,
) -> Option<String> {
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let last = entries.last().filter(|_| more)?;
    Some(encode(&position(last)))
}

/// A position as the text of `next`: JSON in hex, so that nobody takes it apart by eye and it
/// needs no escaping in a URL.
fn encode<T: Serialize>(position: &T) -> String {
    use std::fmt::Write as _;
    let json = serde_json::to_vec(position).unwrap_or_default();
    let mut text = String::with_capacity(json.len() * 2);
    for byte in json {
        // writing to a String cannot fail
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The position behind `after`.
pub(crate) fn decode<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, ApiError> {
    let wrong = || {
        ApiError::new(
            ErrorCode::RequestInvalid,
            "after is not a position that this route gave out as next",
        )
    };
    let digits = text.as_bytes();
    if digits.len() > 4096 || !digits.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(wrong());
    }
    let bytes: Option<Vec<u8>> = digits
        .chunks_exact(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_the_next_one_if_there_is_one_more_entry() {
        let mut entries = vec![1_u64, 2, 3];
        let next = cut(&mut entries, 2, |entry| *entry).unwrap();
        assert_eq!(
            (entries.as_slice(), decode(&next).unwrap()),
            (&[1, 2][..], 2_u64)
        );
        assert_eq!(cut(&mut entries, 2, |entry| *entry), None);
        assert_eq!(cut(&mut Vec::<u64>::new(), 2, |entry| *entry), None);
    }

    #[test]
    fn positions_round_trip_and_made_up_ones_are_refused() {
        let position = (1_u64, "ö/\"".to_owned());
        let text = encode(&position);
        assert_eq!(decode::<(u64, String)>(&text).unwrap(), position);
        for bad in ["", "0", "zz", "7b", "+1+1", "ää", &"00".repeat(4000)] {
            assert!(decode::<(u64, String)>(bad).is_err(), "{bad}");
        }
        assert!(limit(Some(0)).is_err() && limit(Some(1001)).is_err());
        assert_eq!(limit(None).unwrap(), DEFAULT_LIMIT);
    }
}
