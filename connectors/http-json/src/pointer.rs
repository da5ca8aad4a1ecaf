//! JSON Pointers (RFC 6901) into JSON text; the value that is found stays text.

use std::collections::BTreeMap;

use tributary_sdk::serde_json::{self, value::RawValue};

/// The value at a JSON Pointer, as its text.
pub fn at<'a>(text: &'a str, pointer: &str) -> Option<&'a str> {
    let mut here = text;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        here = match here.trim_start().as_bytes().first()? {
            b'{' => {
                let mut members: BTreeMap<String, &RawValue> = serde_json::from_str(here).ok()?;
                members.remove(&token)?.get()
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(here).ok()?;
                items.get(token.parse::<usize>().ok()?)?.get()
            }
            _ => return None,
        };
    }
    Some(here)
}

/// A scalar as text: a text without its quotes, a number as written. None for `null`, objects and
/// arrays.
pub fn scalar(text: &str) -> Option<String> {
    match text.trim_start().as_bytes().first()? {
        b'"' => serde_json::from_str(text).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(text.trim().to_owned()),
    }
}

/// Text as a JSON text with its quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
