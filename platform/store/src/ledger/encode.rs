//! Bulk rows as one JSON array (see `db/dialect.rs`), written without a value tree.
//!
//! Also decides what a key that comes twice in one batch means: every row is in the life line,
//! linked in order of their ordinals; the index gets one row per key, in key order, with what
//! the target holds after the last of them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use tributary_model::issue::shorten;
use tributary_model::state::RecordState;

use super::outcome::{RecordIssue, RecordOutcome};
use crate::error::StoreError;
use crate::row::to_json;

/// Characters of a key that are stored.
const KEY_MOST: usize = 200;

/// The two bulk texts of a batch's outcomes.
pub(super) struct Outcomes {
    /// [ordinal, key hash, content hash, state]
    pub(super) index: String,
    /// [ordinal, key, key hash, content hash, state, external id, prev]
    pub(super) append: String,
}

/// What the index shall say about one key after this batch.
struct Head<'a> {
    place: u32,
    shown: &'a RecordOutcome,
}

/// `place` is the packed position of the batch's attempt without the ordinal.
pub(super) fn outcomes(place: &str, rows: &[RecordOutcome]) -> Outcomes {
    let mut heads: BTreeMap<&[u8; 32], Head<'_>> = BTreeMap::new();
    let mut before: HashMap<&[u8; 32], u32> = HashMap::with_capacity(rows.len());
    let mut append = String::with_capacity(rows.len() * 220 + 2);
    append.push('[');
    for row in rows {
        let prev = before.insert(&row.key_hash, row.ordinal);
        separate(&mut append);
        let _ = write!(append, "[{},", row.ordinal);
        push_text(&mut append, &shorten(&row.key, KEY_MOST));
        append.push_str(",\"");
        push_hex(&mut append, &row.key_hash);
        append.push_str("\",\"");
        push_hex(&mut append, &row.content_hash);
        let _ = write!(append, "\",\"{}\",", row.state.as_str());
        match &row.external_id {
            Some(id) => push_text(&mut append, id),
            None => append.push_str("null"),
        }
        match prev {
            Some(ordinal) => {
                let _ = write!(append, ",\"{place}{ordinal}\"]");
            }
            None => append.push_str(",null]"),
        }
        let head = heads.entry(&row.key_hash).or_insert(Head {
            place: row.ordinal,
            shown: row,
        });
        head.place = row.ordinal;
        if reached_target(row.state) || !reached_target(head.shown.state) {
            head.shown = row;
        }
    }
    append.push(']');
    let mut index = String::with_capacity(heads.len() * 160 + 2);
    index.push('[');
    for (key_hash, head) in &heads {
        separate(&mut index);
        let _ = write!(index, "[{},\"", head.place);
        push_hex(&mut index, key_hash.as_slice());
        index.push_str("\",\"");
        push_hex(&mut index, &head.shown.content_hash);
        let _ = write!(index, "\",\"{}\"]", head.shown.state.as_str());
    }
    index.push(']');
    Outcomes { index, append }
}

/// [no, ordinal, key, code, rule, owner, issue as JSON text]
pub(super) fn issues(rows: &[RecordIssue]) -> Result<String, StoreError> {
    let mut out = String::with_capacity(rows.len() * 400 + 2);
    out.push('[');
    for (no, row) in rows.iter().enumerate() {
        separate(&mut out);
        let _ = write!(out, "[{no},{},", row.ordinal);
        push_text(&mut out, &shorten(&row.key, KEY_MOST));
        let _ = write!(out, ",\"{}\",", row.issue.code);
        match &row.issue.rule {
            Some(rule) => push_text(&mut out, rule),
            None => out.push_str("null"),
        }
        let owner = to_json("issue", &row.issue.owner)?;
        let _ = write!(out, ",{owner},");
        push_text(&mut out, &to_json("issue", &row.issue)?);
        out.push(']');
    }
    out.push(']');
    Ok(out)
}

pub(super) fn hashes(rows: &[[u8; 32]]) -> String {
    let mut out = String::with_capacity(rows.len() * 67 + 2);
    out.push('[');
    for row in rows {
        separate(&mut out);
        out.push('"');
        push_hex(&mut out, row);
        out.push('"');
    }
    out.push(']');
    out
}

fn reached_target(state: RecordState) -> bool {
    matches!(state, RecordState::Delivered | RecordState::Uncertain)
}

fn separate(out: &mut String) {
    if out.len() > 1 {
        out.push(',');
    }
}

/// A JSON text. U+0000 becomes U+FFFD: Postgres text cannot hold it.
fn push_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push('\u{fffd}'),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            out.push(DIGITS.get(usize::from(half)).copied().unwrap_or('0'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ordinal: u32, key: &str, state: RecordState) -> RecordOutcome {
        RecordOutcome {
            ordinal,
            key: key.to_owned(),
            key_hash: super::super::record_key_hash(key),
            content_hash: [ordinal as u8; 32],
            state,
            external_id: None,
        }
    }

    #[test]
    fn texts_come_through_json_whole() {
        let mut nasty = row(0, "a\"b\\c\n\t\u{1}ä\u{1f600}", RecordState::Delivered);
        nasty.external_id = Some("x\0y".to_owned());
        let text = outcomes("1.2.3.4.", &[nasty.clone()]).append;
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[0][1], nasty.key.as_str());
        assert_eq!(value[0][5], "x\u{fffd}y");
        assert_eq!(value[0][2].as_str().unwrap().len(), 64);
    }

    #[test]
    fn a_key_that_comes_twice_is_linked_and_indexed_once() {
        let rows = [
            row(0, "a", RecordState::Delivered),
            row(1, "b", RecordState::Quarantined),
            row(2, "a", RecordState::Quarantined),
            row(3, "b", RecordState::Delivered),
        ];
        let texts = outcomes("1.2.3.4.", &rows);
        let append: serde_json::Value = serde_json::from_str(&texts.append).unwrap();
        assert!(append[0][6].is_null() && append[1][6].is_null());
        assert_eq!(append[2][6], "1.2.3.4.0");
        assert_eq!(append[3][6], "1.2.3.4.1");
        let index: serde_json::Value = serde_json::from_str(&texts.index).unwrap();
        assert_eq!(index.as_array().unwrap().len(), 2);
        for head in index.as_array().unwrap() {
            assert_eq!(head[3], "delivered", "what the target holds counts");
            let (place, content) = (head[0].as_u64().unwrap(), head[2].as_str().unwrap());
            match place {
                2 => assert!(content.starts_with("00"), "content of ordinal 0"),
                3 => assert!(content.starts_with("03"), "content of ordinal 3"),
                other => panic!("{other}"),
            }
        }
    }
}
