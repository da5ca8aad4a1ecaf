//! A lookup, ready to ask.

use std::collections::HashMap;

use crate::reader::plain_run;

/// Most rows that are compared one by one.
const FEW: usize = 8;
/// Longest key, in bytes, that is compared as a number.
const SHORT: usize = 7;

/// Keys of a table to values.
#[derive(Debug)]
pub(crate) struct LookupTable {
    pub(crate) name: Box<str>,
    pub(crate) key_columns: usize,
    pub(crate) rows: HashMap<Box<str>, Box<str>, foldhash::fast::FixedState>,
    /// all rows of a small table with short keys: comparing a few numbers costs less than a hash
    few: Box<[(u64, Box<str>)]>,
}

impl LookupTable {
    pub(crate) fn new(
        name: &str,
        key_columns: usize,
        rows: impl IntoIterator<Item = (Box<str>, Box<str>)>,
    ) -> Self {
        let rows: HashMap<Box<str>, Box<str>, _> = rows.into_iter().collect();
        let packed = rows
            .iter()
            .map(|(key, value)| Some((pack(key)?, value.clone())));
        let few = if rows.len() <= FEW {
            packed.collect::<Option<Box<[_]>>>().unwrap_or_default()
        } else {
            Box::default()
        };
        Self {
            name: name.into(),
            key_columns,
            rows,
            few,
        }
    }

    /// Whether all values stand in JSON as they are, without an escape.
    pub(crate) fn is_plain(&self) -> bool {
        let mut values = self.rows.values().map(|value| value.as_bytes());
        values.all(|value| plain_run(value, 0) == value.len())
    }

    /// The value of a key.
    #[inline]
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        if self.few.is_empty() {
            return self.rows.get(key).map(|value| &**value);
        }
        let packed = pack(key)?;
        let mut few = self.few.iter();
        few.find(|(known, _)| *known == packed)
            .map(|(_, value)| &**value)
    }
}

/// A short text as a number, different for every text.
#[inline]
fn pack(text: &str) -> Option<u64> {
    if text.len() > SHORT {
        return None;
    }
    let bytes = text.bytes();
    Some(bytes.fold(text.len() as u64, |packed, byte| {
        packed << 8 | u64::from(byte)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_tables_say_what_large_ones_say() {
        let rows = |count: usize| {
            (0..count).map(|number| {
                let key = "ab\0\0cdé".chars().take(number).collect::<String>();
                (key.into(), number.to_string().into())
            })
        };
        let (small, large) = (
            LookupTable::new("small", 1, rows(7)),
            LookupTable::new(
                "large",
                1,
                rows(7).chain((0..9).map(|n| (format!("key number {n}").into(), "".into()))),
            ),
        );
        assert!(!small.few.is_empty() && large.few.is_empty());
        for key in [
            "",
            "a",
            "ab",
            "ab\0",
            "ab\0\0",
            "\0",
            "b",
            "ab\0\0cd",
            "ab\0\0cdé",
            "ab\0\0cdéf",
            "ba",
        ] {
            assert_eq!(small.get(key), large.get(key), "{key:?}");
        }
    }
}
