//! Bulk rows as one JSON array (see `db/dialect.rs`), written without a value tree.
//!
//! Also decides what a key that comes twice in one batch means: every row is in the life line,
//! linked in order of their ordinals; the index gets one row per key, in key order, with what
//! the target holds after the last of them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use tributary_model::issue::shorten;
use tributary_model::state::RecordState;

use super::outcome::{Announced, RecordIssue, RecordOutcome, SentAt};
use crate::error::StoreError;
use crate::row::to_json;

/// Characters of a key that are stored.
const KEY_MOST: usize = 200;

/// Rows with their hashes beside them, 32 bytes each, in the same order.
pub(super) struct Rows {
    pub(super) texts: String,
    pub(super) key_hashes: Vec<u8>,
    pub(super) content_hashes: Vec<u8>,
}

impl Rows {
    fn with_capacity(rows: usize, row_bytes: usize) -> Self {
        let mut texts = String::with_capacity(rows * row_bytes + 2);
        texts.push('[');
        Self {
            texts,
            key_hashes: Vec::with_capacity(rows * 32),
            content_hashes: Vec::with_capacity(rows * 32),
        }
    }

    fn push_hashes(&mut self, key_hash: &[u8; 32], content_hash: &[u8; 32]) {
        self.key_hashes.extend_from_slice(key_hash);
        self.content_hashes.extend_from_slice(content_hash);
    }
}

/// The two bulk statements' rows of a batch's outcomes.
pub(super) struct Outcomes {
    /// [ordinal, state, resend of the last sending, resend of what the target holds, when it was sent]
    pub(super) index: Rows,
    /// [ordinal, key, state, external id, prev]
    pub(super) append: Rows,
}

/// What the index shall say about one key after this batch.
struct Head<'a> {
    place: u32,
    shown: &'a RecordOutcome,
    /// highest number among the rows that were sent
    resend: Option<u32>,
}

/// `place` is the packed position of the batch's attempt without the ordinal.
pub(super) fn outcomes(place: &str, rows: &[RecordOutcome]) -> Outcomes {
    let mut heads: BTreeMap<&[u8; 32], Head<'_>> = BTreeMap::new();
    let mut before: HashMap<&[u8; 32], u32> = HashMap::with_capacity(rows.len());
    let mut append = Rows::with_capacity(rows.len(), 80);
    for row in rows {
        let prev = before.insert(&row.key_hash, row.ordinal);
        append.push_hashes(&row.key_hash, &row.content_hash);
        let out = &mut append.texts;
        separate(out);
        let _ = write!(out, "[{},", row.ordinal);
        push_text(out, &shorten(&row.key, KEY_MOST));
        let _ = write!(out, ",\"{}\",", row.state.as_str());
        match &row.external_id {
            Some(id) => push_text(out, id),
            None => out.push_str("null"),
        }
        match prev {
            Some(ordinal) => {
                let _ = write!(out, ",\"{place}{ordinal}\"]");
            }
            None => out.push_str(",null]"),
        }
        let head = heads.entry(&row.key_hash).or_insert(Head {
            place: row.ordinal,
            shown: row,
            resend: None,
        });
        head.place = row.ordinal;
        head.resend = head.resend.max(row.resend);
        if reached_target(row.state)
            || !reached_target(head.shown.state)
            || refuses(row, head.shown)
        {
            head.shown = row;
        }
    }
    append.texts.push(']');
    let mut index = Rows::with_capacity(heads.len(), 24);
    for (key_hash, head) in &heads {
        index.push_hashes(key_hash, &head.shown.content_hash);
        separate(&mut index.texts);
        let state = head.shown.state;
        let held = head.shown.resend.filter(|_| reached_target(state));
        let _ = write!(index.texts, "[{},\"{}\",", head.place, state.as_str());
        push_number(&mut index.texts, head.resend);
        index.texts.push(',');
        push_number(&mut index.texts, held);
        index.texts.push(',');
        let sent = held.and(head.shown.sent);
        push_number(&mut index.texts, sent.map(|sent| sent.first_ms));
        index.texts.push(',');
        push_number(&mut index.texts, sent.map(|sent| sent.last_ms));
        index.texts.push(']');
    }
    index.texts.push(']');
    Outcomes { index, append }
}

/// Records that may have arrived, as rows of the index without a place in a life line.
pub(super) fn doubts(announced: &[Announced], sent: SentAt) -> Rows {
    let mut heads: BTreeMap<&[u8; 32], Announced> = BTreeMap::new();
    for record in announced {
        let head = heads.entry(&record.key_hash).or_insert(*record);
        head.content_hash = record.content_hash;
        head.resend = head.resend.max(record.resend);
    }
    let mut rows = Rows::with_capacity(heads.len(), 48);
    for (key_hash, head) in &heads {
        rows.push_hashes(key_hash, &head.content_hash);
        separate(&mut rows.texts);
        let (resend, uncertain) = (head.resend, RecordState::Uncertain.as_str());
        let _ = write!(
            rows.texts,
            "[\"\",\"{uncertain}\",{resend},{resend},{},{}]",
            sent.first_ms, sent.last_ms
        );
    }
    rows.texts.push(']');
    rows
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

/// A JSON array with as many elements.
pub(super) fn counting(rows: usize) -> String {
    let mut out = String::with_capacity(rows * 2 + 2);
    out.push('[');
    for _ in 0..rows {
        separate(&mut out);
        out.push('0');
    }
    out.push(']');
    out
}

fn reached_target(state: RecordState) -> bool {
    matches!(state, RecordState::Delivered | RecordState::Uncertain)
}

/// The target says that what was in doubt was not done: the same content under the same key.
fn refuses(row: &RecordOutcome, shown: &RecordOutcome) -> bool {
    shown.state == RecordState::Uncertain
        && row.state == RecordState::Rejected
        && row.content_hash == shown.content_hash
        && row.resend == shown.resend
}

fn separate(out: &mut String) {
    if out.len() > 1 {
        out.push(',');
    }
}

fn push_number(out: &mut String, number: Option<impl std::fmt::Display>) {
    match number {
        Some(number) => {
            let _ = write!(out, "{number}");
        }
        None => out.push_str("null"),
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
            resend: (state == RecordState::Delivered).then_some(ordinal),
            sent: (state == RecordState::Delivered).then_some(SentAt {
                first_ms: 1_000,
                last_ms: 2_000,
            }),
            external_id: None,
        }
    }

    #[test]
    fn texts_come_through_json_whole() {
        let mut nasty = row(0, "a\"b\\c\n\t\u{1}ä\u{1f600}", RecordState::Delivered);
        nasty.external_id = Some("x\0y".to_owned());
        let rows = outcomes("1.2.3.4.", std::slice::from_ref(&nasty)).append;
        let value: serde_json::Value = serde_json::from_str(&rows.texts).unwrap();
        assert_eq!(value[0][1], nasty.key.as_str());
        assert_eq!(value[0][3], "x\u{fffd}y");
        assert_eq!(rows.key_hashes, nasty.key_hash);
        assert_eq!(rows.content_hashes, nasty.content_hash);
    }

    #[test]
    fn a_key_that_comes_twice_is_linked_and_indexed_once() {
        let rows = [
            row(0, "b", RecordState::Delivered),
            row(1, "a", RecordState::Quarantined),
            row(2, "b", RecordState::Quarantined),
            row(3, "a", RecordState::Delivered),
        ];
        let Outcomes { index, append } = outcomes("1.2.3.4.", &rows);
        let texts: serde_json::Value = serde_json::from_str(&append.texts).unwrap();
        assert!(texts[0][4].is_null() && texts[1][4].is_null());
        assert_eq!(texts[2][4], "1.2.3.4.0");
        assert_eq!(texts[3][4], "1.2.3.4.1");
        // in key order, with what the target holds
        assert_eq!(
            index.texts,
            "[[3,\"delivered\",3,3,1000,2000],[2,\"delivered\",0,0,1000,2000]]"
        );
        let keys = [rows[1].key_hash, rows[0].key_hash].concat();
        assert_eq!(index.key_hashes, keys);
        assert_eq!(index.content_hashes, [[3; 32], [0; 32]].concat());
    }

    #[test]
    fn counting_gives_an_element_each() {
        assert_eq!(counting(0), "[]");
        assert_eq!(counting(3), "[0,0,0]");
    }
}
