//! Two versions of a mapping on the same records: which fields change for which records, which
//! records newly fail or newly pass.
//!
//! Records are matched by their key; of several with one key the first with the first and so on; a record
//! without a key by its place in the source. Values are compared by their text, so a change from
//! `1.50` to `1.5` is one.
//!
//! Invariants: values that a version calls sensitive are masked, of both; memory is bounded by what is recorded
//! ([`Recording::MAX_RECORDS`]). The reasons of records that fail are the issues' own words: whoever records a
//! version compiles it with what the other calls sensitive
//! ([`Environment::with_sensitive`](tributary_mapping::Environment::with_sensitive)).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use tributary_mapping::{MASK, MaskedTargets, Verdict};
use tributary_model::issue::shorten;
use tributary_model::rows::RowPosition;

use crate::leaves::{leaves, without_numbers};
use crate::summary::{MappedRecord, counted, grouped};
use crate::testing::verdict_word;

/// Examples kept per field and per list of records.
const EXAMPLES: usize = 3;

/// Longest value of an example, in characters.
const VALUE_LENGTH: usize = 60;

/// What one version made of the samples.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    records: BTreeMap<(String, usize), Recorded>,
    counts: BTreeMap<String, usize>,
    left_out: u64,
    masked: MaskedTargets,
}

#[derive(Debug, Clone)]
struct Recorded {
    verdict: Verdict,
    /// the target document
    output: String,
    /// message of the first issue
    reason: String,
}

impl Recording {
    /// Records that are kept; further ones are only counted.
    pub const MAX_RECORDS: usize = 100_000;

    /// Of a plan with these [`masked_targets`](tributary_mapping::Plan::masked_targets).
    #[must_use]
    pub fn masking(masked: MaskedTargets) -> Self {
        Self {
            masked,
            ..Self::default()
        }
    }

    /// Adds a record. `output` is its line, empty if there is none.
    pub fn add(&mut self, position: RowPosition, mapped: &MappedRecord, output: &[u8]) {
        if self.records.len() >= Self::MAX_RECORDS {
            self.left_out += 1;
            return;
        }
        let key = match mapped.key.as_str() {
            "" => format!("line {}", position.line),
            key => key.to_owned(),
        };
        let number = self.counts.entry(key.clone()).or_default();
        *number += 1;
        let reason = mapped.issues.iter().find(|issue| {
            mapped.verdict != Verdict::Quarantined
                || issue.severity == tributary_model::issue::Severity::Error
        });
        let recorded = Recorded {
            verdict: mapped.verdict,
            output: String::from_utf8_lossy(output).trim_end().to_owned(),
            reason: reason.map_or_else(String::new, |issue| issue.message.clone()),
        };
        self.records.insert((key, *number), recorded);
    }
}

/// How two versions differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    pub records: u64,
    pub same: u64,
    /// records with other values, that both versions map
    pub changed: u64,
    /// most frequent first
    pub fields: Vec<FieldChange>,
    /// mapped or skipped before, now with errors
    pub newly_failing: RecordList,
    /// had errors before, now mapped or skipped
    pub newly_passing: RecordList,
    /// mapped before and now skipped, or the other way round
    pub other_verdict: RecordList,
    /// only the new version makes them (another key or grouping)
    pub only_new: RecordList,
    pub only_old: RecordList,
    /// records beyond the limit, not compared
    pub left_out: u64,
}

/// A field that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// pointer with `*` for elements
    pub field: String,
    /// records in which it changes
    pub records: u64,
    /// values that change
    pub values: u64,
    pub examples: Vec<ValueChange>,
}

/// One value before and after, as JSON; none: not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueChange {
    pub key: String,
    pub pointer: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Records of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RecordList {
    pub count: u64,
    pub examples: Vec<RecordExample>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordExample {
    pub key: String,
    pub detail: String,
}

impl RecordList {
    fn add(&mut self, key: &str, detail: impl Into<String>) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(RecordExample {
                key: key.to_owned(),
                detail: detail.into(),
            });
        }
    }
}

/// Compares what two versions made of the same samples.
#[must_use]
pub fn compare(old: &Recording, new: &Recording) -> Comparison {
    let mut comparison = Comparison {
        left_out: old.left_out.max(new.left_out),
        ..Comparison::default()
    };
    let masked = old.masked.clone().with(&new.masked);
    let mut fields: BTreeMap<String, FieldChange> = BTreeMap::new();
    for (id, before) in &old.records {
        comparison.records += 1;
        match new.records.get(id) {
            Some(after) => comparison.pair(&id.0, before, after, &masked, &mut fields),
            None => comparison.only_old.add(&id.0, verdict_word(before.verdict)),
        }
    }
    for (id, after) in &new.records {
        if !old.records.contains_key(id) {
            comparison.records += 1;
            comparison.only_new.add(&id.0, verdict_word(after.verdict));
        }
    }
    comparison.fields = fields.into_values().collect();
    comparison
        .fields
        .sort_by_key(|field| std::cmp::Reverse(field.records));
    comparison
}

impl Comparison {
    fn pair(
        &mut self,
        key: &str,
        before: &Recorded,
        after: &Recorded,
        masked: &MaskedTargets,
        fields: &mut BTreeMap<String, FieldChange>,
    ) {
        match (before.verdict, after.verdict) {
            (Verdict::Mapped, Verdict::Mapped) if before.output != after.output => {
                self.changed += 1;
                changes(key, &before.output, &after.output, masked, fields);
            }
            (one, other) if one == other => self.same += 1,
            (_, Verdict::Quarantined) => self.newly_failing.add(key, after.reason.clone()),
            (Verdict::Quarantined, _) => self.newly_passing.add(key, before.reason.clone()),
            (one, other) => self.other_verdict.add(
                key,
                format!("{} → {}", verdict_word(one), verdict_word(other)),
            ),
        }
    }

    /// Whether nothing changes. What was not compared may have changed.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.same == self.records && self.left_out == 0
    }

    /// Whether there is no answer: what was compared is the same, and not all was compared.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.same == self.records && self.left_out > 0
    }

    /// For a person.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!(
            "{} compared: {} the same, {} changed\n",
            counted(self.records, "record"),
            grouped(self.same),
            grouped(self.changed)
        );
        if self.left_out > 0 {
            let _ = writeln!(
                out,
                "{} beyond the limit of {} NOT compared: they may differ",
                counted(self.left_out, "record"),
                grouped(Recording::MAX_RECORDS as u64)
            );
        }
        for field in &self.fields {
            let values = match field.values == field.records {
                true => String::new(),
                false => format!(", {}", counted(field.values, "value")),
            };
            let records = counted(field.records, "record");
            let _ = writeln!(out, "\n{}   {records}{values}", field.field);
            for example in &field.examples {
                let _ = writeln!(
                    out,
                    "  {} {}: {} → {}",
                    example.key,
                    example.pointer,
                    shown(example.before.as_deref()),
                    shown(example.after.as_deref())
                );
            }
        }
        for (list, word) in [
            (&self.newly_failing, "newly failing"),
            (&self.newly_passing, "newly passing; before:"),
            (&self.other_verdict, "with another outcome"),
            (&self.only_new, "made by the new version only"),
            (&self.only_old, "made by the old version only"),
        ] {
            if list.count > 0 {
                let _ = writeln!(out, "\n{} {word}", counted(list.count, "record"));
                for example in &list.examples {
                    let _ = writeln!(out, "  {}: {}", example.key, shorten(&example.detail, 160));
                }
            }
        }
        out
    }
}

fn shown(value: Option<&str>) -> String {
    value.map_or_else(
        || "nothing".to_owned(),
        |value| shorten(value, VALUE_LENGTH),
    )
}

/// The values that differ between two target documents.
fn changes(
    key: &str,
    before: &str,
    after: &str,
    masked: &MaskedTargets,
    fields: &mut BTreeMap<String, FieldChange>,
) {
    let before = leaves(before);
    let after = leaves(after);
    let old: BTreeMap<&str, &str> = pairs(&before);
    let new: BTreeMap<&str, &str> = pairs(&after);
    let mut touched: BTreeMap<String, u64> = BTreeMap::new();
    let all = before.iter().chain(
        after
            .iter()
            .filter(|(at, _)| !old.contains_key(at.as_str())),
    );
    for (pointer, _) in all {
        let (was, is) = (old.get(pointer.as_str()), new.get(pointer.as_str()));
        if was == is {
            continue;
        }
        let name = without_numbers(pointer);
        *touched.entry(name.clone()).or_default() += 1;
        let field = fields.entry(name.clone()).or_insert_with(|| FieldChange {
            field: name,
            records: 0,
            values: 0,
            examples: Vec::new(),
        });
        if field.examples.len() < EXAMPLES {
            let value = match masked.covers(pointer) {
                true => |_: &&str| MASK.to_owned(),
                false => |text: &&str| (*text).to_owned(),
            };
            field.examples.push(ValueChange {
                key: key.to_owned(),
                pointer: pointer.clone(),
                before: was.map(value),
                after: is.map(value),
            });
        }
    }
    for (name, values) in touched {
        if let Some(field) = fields.get_mut(&name) {
            field.records += 1;
            field.values += values;
        }
    }
}

fn pairs(leaves: &[(String, String)]) -> BTreeMap<&str, &str> {
    leaves
        .iter()
        .map(|(pointer, text)| (pointer.as_str(), text.as_str()))
        .collect()
}
