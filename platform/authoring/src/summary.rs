//! What became of the records of a run: counts, and the issues by rule with examples.
//!
//! Invariants: memory does not grow with the number of records; the same records give the same text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use tributary_mapping::{Date, Decimal, Verdict, Worker};
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Severity, shorten};
use tributary_model::rows::{RowPosition, ValuePlace};

use crate::records::RecordRows;

/// Examples kept per reason.
const EXAMPLES: usize = 3;

/// Different reasons that are kept apart; further ones count under their code alone.
const REASONS: usize = 1_000;

/// A record that was mapped, or was not.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedRecord {
    pub verdict: Verdict,
    /// `""` if unknown
    pub key: String,
    pub issues: Vec<Issue>,
    /// as in [`tributary_mapping::Outcome`]
    pub amounts: Vec<Option<Decimal>>,
    pub dates: Vec<Option<Date>>,
    pub stops_run: bool,
}

/// Maps a record and appends its line to `out`. Rows that could not be read, or do not stand together, make the
/// record fail.
pub fn map_record(worker: &mut Worker, record: &RecordRows<'_>, out: &mut Vec<u8>) -> MappedRecord {
    if !record.obstacles().is_empty() {
        let mut key = Vec::new();
        if let Some(row) = record.rows.first() {
            // a row that is here has a key, or is alone
            let _without_key = worker.group_key(row, &mut key);
        }
        return MappedRecord {
            verdict: Verdict::Quarantined,
            key: String::from_utf8_lossy(&key).into_owned(),
            issues: record.obstacles().to_vec(),
            amounts: Vec::new(),
            dates: Vec::new(),
            stops_run: false,
        };
    }
    let outcome = worker.map(record.rows, out);
    MappedRecord {
        verdict: outcome.verdict,
        key: outcome.key.to_owned(),
        issues: outcome.issues.to_vec(),
        amounts: outcome.amounts.to_vec(),
        dates: outcome.dates.to_vec(),
        stops_run: outcome.stops_run,
    }
}

/// An issue with the record it belongs to: one line of the list of issues.
#[derive(Debug, Serialize)]
pub struct IssueLine<'a> {
    /// the input, where there are several or it has a name
    #[serde(skip_serializing_if = "str::is_empty")]
    pub file: &'a str,
    /// number of the record, from 1
    pub record: u64,
    pub key: &'a str,
    pub verdict: Verdict,
    #[serde(flatten)]
    pub issue: &'a Issue,
}

/// Counts and reasons of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// rows that were read, those with a fault included
    pub rows: u64,
    pub records: u64,
    pub mapped: u64,
    /// of the mapped ones: those with warnings
    pub warned: u64,
    /// left out by the document's filters
    pub skipped: u64,
    pub quarantined: u64,
    /// most frequent first
    pub reasons: Vec<Reason>,
    #[serde(skip)]
    places: BTreeMap<(ErrorCodeName, Option<String>), usize>,
}

type ErrorCodeName = &'static str;

/// Issues of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    pub code: ErrorCode,
    pub severity: Severity,
    /// id of the field or rule
    pub rule: Option<String>,
    pub count: u64,
    /// what to do, as the first issue says it
    pub hint: String,
    pub examples: Vec<Example>,
}

/// One issue of a reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    pub key: String,
    pub position: Option<RowPosition>,
    /// where in that row the value stands
    #[serde(rename = "at", skip_serializing_if = "Option::is_none")]
    pub place: Option<ValuePlace>,
    pub value: Option<String>,
    pub message: String,
}

impl Summary {
    /// Counts a record. `file` names its input.
    pub fn add(&mut self, file: &str, record: &RecordRows<'_>, mapped: &MappedRecord) {
        self.rows += record.row_count();
        self.records += 1;
        match mapped.verdict {
            Verdict::Mapped => {
                self.mapped += 1;
                self.warned += u64::from(!mapped.issues.is_empty());
            }
            Verdict::Skipped => self.skipped += 1,
            Verdict::Quarantined => self.quarantined += 1,
        }
        for issue in &mapped.issues {
            self.issue(file, &mapped.key, issue);
        }
    }

    fn issue(&mut self, file: &str, key: &str, issue: &Issue) {
        let rule = match self.reasons.len() < REASONS {
            true => issue.rule.clone(),
            false => None,
        };
        let next = self.reasons.len();
        let place = *self
            .places
            .entry((issue.code.as_str(), rule.clone()))
            .or_insert(next);
        if place == next {
            self.reasons.push(Reason {
                code: issue.code,
                severity: issue.severity,
                rule,
                count: 0,
                hint: issue.hint.clone(),
                examples: Vec::new(),
            });
        }
        let Some(reason) = self.reasons.get_mut(place) else {
            return;
        };
        reason.count += 1;
        if issue.severity == Severity::Error {
            reason.severity = Severity::Error;
        }
        if reason.examples.len() < EXAMPLES {
            reason.examples.push(Example {
                file: file.to_owned(),
                key: key.to_owned(),
                position: issue.position,
                place: issue.place.clone(),
                value: issue.value.clone(),
                message: issue.message.clone(),
            });
        }
    }

    /// The summary with its reasons in order, the most frequent first.
    #[must_use]
    pub fn finished(mut self) -> Self {
        self.reasons.sort_by(|one, other| {
            let errors_first = |reason: &Reason| reason.severity != Severity::Error;
            (errors_first(one), std::cmp::Reverse(one.count))
                .cmp(&(errors_first(other), std::cmp::Reverse(other.count)))
        });
        self.places.clear();
        self
    }

    /// The counts in one line.
    #[must_use]
    pub fn head(&self) -> String {
        let mut out = format!(
            "{} from {}: {} mapped",
            counted(self.records, "record"),
            counted(self.rows, "row"),
            grouped(self.mapped)
        );
        for (count, word) in [
            (self.warned, "of them with warnings"),
            (self.skipped, "left out by filters"),
            (self.quarantined, "with errors"),
        ] {
            if count > 0 {
                let _ = write!(out, ", {} {word}", grouped(count));
            }
        }
        out
    }

    /// For a person.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = self.head();
        out.push('\n');
        for reason in &self.reasons {
            let word = match reason.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let rule = match &reason.rule {
                Some(rule) => format!(" at {rule}"),
                None => String::new(),
            };
            let code = reason.code.as_str();
            let _ = writeln!(out, "\n{} × {word} {code}{rule}", grouped(reason.count));
            for example in &reason.examples {
                let _ = writeln!(out, "  {}", example.text());
            }
            let _ = writeln!(out, "  → {}", reason.hint);
        }
        out
    }
}

impl Example {
    fn text(&self) -> String {
        let mut place = Vec::new();
        if !self.file.is_empty() {
            place.push(self.file.clone());
        }
        if let Some(position) = self.position {
            place.push(format!("line {}", position.line));
        }
        if let Some(value) = &self.place {
            place.push(value.to_string());
        }
        if !self.key.is_empty() {
            place.push(format!("record {}", self.key));
        }
        format!("{}: {}", place.join(", "), shorten(&self.message, 200))
    }
}

/// `1 row`, `1,234 rows`.
#[must_use]
pub fn counted(count: u64, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {word}{plural}", grouped(count))
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
