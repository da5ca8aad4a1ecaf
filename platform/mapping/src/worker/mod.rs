//! Maps the records of one stream, one after the other.
//!
//! Invariants: a worker keeps its memory from record to record, so that a good record allocates nothing
//! once the buffers have grown; it keeps nothing else: the result depends on plan and rows alone.

mod combine;
mod explain;
mod explanation;
mod external;
mod finish;
mod issues;
mod nodes;
mod place;
mod queries;
mod quick;
mod rows;
mod rules;
pub(crate) mod run;
mod story;
mod write;

pub use explanation::{
    DroppedRow, ExplainedCall, ExplainedCombine, ExplainedField, ExplainedInput, ExplainedPart,
    ExplainedRow, ExplainedStep, Explanation,
};

use std::sync::Arc;

use bumpalo::Bump;
use jiff::Timestamp;
use tributary_model::issue::Issue;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

use crate::compile::compiler::unknown_column;
use crate::date::Date;
use crate::diagnostic::{Diagnostic, code};
use crate::document::SourceFormat;
use crate::path::Step;
use crate::reader::{CsvBinding, shapes};
use crate::{Decimal, Plan};
use explain::Trace;
use external::Calls;
use run::{Reader, Run, Surroundings};

/// Memory that a worker keeps from record to record, bytes.
const KEPT_MEMORY: usize = 8 << 20;

/// One row of the source.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// where it stood
    pub position: RowPosition,
    /// UTF-8: one CSV record without its line end, or one JSON value
    pub bytes: &'a [u8],
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// one line was appended
    Mapped,
    /// the filters left no row
    Skipped,
    /// errors; see the issues
    Quarantined,
}

/// One mapped record. Borrows from the worker until its next call.
#[derive(Debug)]
pub struct Outcome<'a> {
    pub verdict: Verdict,
    /// the record's key as text, `""` if unknown
    pub key: &'a str,
    /// where the record's line starts in the output
    start: usize,
    /// ranges of the output that do not count for the content hash
    excluded: &'a [(usize, usize)],
    /// in the order of [`Plan::amount_names`]; also of a quarantined record, as far as they could be made
    pub amounts: &'a [Option<Decimal>],
    /// in the order of [`Plan::date_names`], as far as they could be made
    pub dates: &'a [Option<Date>],
    /// warnings and errors, all of the record
    pub issues: &'a [Issue],
    /// a rule with the severity `fail` is broken: the run is to be stopped
    pub stops_run: bool,
}

impl Outcome<'_> {
    /// BLAKE3 of the record's line without its line end and without excluded fields; `out` is what
    /// [`Worker::map`] appended to. Zeros if nothing was mapped.
    #[must_use]
    pub fn content_hash(&self, out: &[u8]) -> [u8; 32] {
        if self.verdict != Verdict::Mapped {
            return [0; 32];
        }
        let end = out.len().saturating_sub(1);
        let mut from = self.start;
        let mut hasher = blake3::Hasher::new();
        for (begin, stop) in self.excluded {
            // an object that is excluded may hold fields that are excluded too
            hasher.update(out.get(from..(*begin).max(from)).unwrap_or_default());
            from = from.max(*stop);
        }
        hasher.update(out.get(from..end).unwrap_or_default());
        *hasher.finalize().as_bytes()
    }
}

/// Maps records one after the other; see the module.
#[derive(Debug)]
pub struct Worker {
    plan: Arc<Plan>,
    reader: Reader,
    /// of a CSV stream
    csv: Option<CsvBinding>,
    /// the same for [`Worker::group_key`], which needs less than the whole row
    key_csv: Option<CsvBinding>,
    arena: Bump,
    key: String,
    amounts: Vec<Option<Decimal>>,
    dates: Vec<Option<Date>>,
    issues: Vec<Issue>,
    excluded: Vec<(usize, usize)>,
    /// a rule with the severity `fail` is broken
    stop: bool,
    now: Option<Timestamp>,
    calls: Calls,
}

impl Worker {
    pub(crate) fn new(plan: Arc<Plan>, format: &RowFormat) -> Result<Self, Vec<Diagnostic>> {
        let (reader, csv) = match (plan.format, format) {
            (SourceFormat::Csv, RowFormat::Csv(csv)) => (Reader::Csv, Some(bind(&plan, csv)?)),
            (SourceFormat::Json, RowFormat::Json { .. } | RowFormat::Ndjson) => {
                (Reader::Json(shapes(&plan.tries)), None)
            }
            (expected, _) => {
                let words = match expected {
                    SourceFormat::Csv => ("CSV", "JSON"),
                    SourceFormat::Json => ("JSON", "CSV"),
                };
                return Err(vec![Diagnostic::error(
                    code::FORMAT_MISMATCH,
                    "/source/format",
                    format!(
                        "the mapping reads {} and the stream has {}",
                        words.0, words.1
                    ),
                    "choose another mapping or stream",
                )]);
            }
        };
        let in_key = |slot| plan.key.iter().any(|key| key.slot == slot);
        let key_csv = csv.as_ref().map(|csv| csv.only(in_key));
        let amounts = vec![None; plan.amount_names.len()];
        let calls = Calls::new(plan.code.len());
        let dates = vec![None; plan.date_names.len()];
        Ok(Self {
            plan,
            reader,
            csv,
            key_csv,
            arena: Bump::new(),
            key: String::new(),
            amounts,
            dates,
            issues: Vec::new(),
            excluded: Vec::new(),
            stop: false,
            now: None,
            calls,
        })
    }

    /// Says when the run started, for the functions `now` and `today`: the start of the run and not the
    /// clock, so that a record that is mapped again comes out the same. Milliseconds since 1970.
    #[must_use]
    pub fn started_at(mut self, milliseconds: i64) -> Self {
        self.now = Timestamp::from_millisecond(milliseconds).ok();
        self
    }

    /// Takes out of an issue of somebody who read the rows before what may show a sensitive value: which place
    /// its excerpt is of is not known.
    pub fn veil(&self, issue: &mut Issue) {
        if !self.plan.hidden.is_empty() {
            issue.value = None;
        }
    }

    /// Appends the group key of a row to `key`; appends nothing without a group. A row that cannot be
    /// read to its end still has a key if the key fields stand before the damage.
    ///
    /// # Errors
    /// An issue if a key field is missing or cannot be read.
    pub fn group_key(&mut self, row: &Row<'_>, key: &mut Vec<u8>) -> Result<(), Issue> {
        if self.plan.group.is_none() {
            return Ok(());
        }
        self.clear();
        let Self {
            plan,
            reader,
            csv: _,
            key_csv,
            arena,
            key: text,
            amounts,
            dates,
            issues,
            excluded,
            stop,
            now,
            calls,
        } = self;
        let rows = [*row];
        let surroundings = Surroundings {
            issues,
            amounts,
            dates,
            excluded,
            stop,
            now: *now,
            calls,
            csv: key_csv.as_ref(),
        };
        let made = Run::new(plan, arena, &rows, surroundings).group_key(reader, text);
        if made {
            key.extend_from_slice(text.as_bytes());
        }
        match issues.pop() {
            Some(issue) if !made => Err(issue),
            _ => Ok(()),
        }
    }

    /// Maps one record: one row, or all rows of a group. Appends one JSON line to `out` if the record
    /// is mapped, nothing otherwise.
    pub fn map(&mut self, rows: &[Row<'_>], out: &mut Vec<u8>) -> Outcome<'_> {
        self.mapped(rows, out, None)
    }

    fn mapped(
        &mut self,
        rows: &[Row<'_>],
        out: &mut Vec<u8>,
        trace: Option<&mut Trace>,
    ) -> Outcome<'_> {
        self.clear();
        let start = out.len();
        let Self {
            plan,
            reader,
            csv,
            key_csv: _,
            arena,
            key,
            amounts,
            dates,
            issues,
            excluded,
            stop,
            now,
            calls,
        } = self;
        let surroundings = Surroundings {
            issues,
            amounts,
            dates,
            excluded,
            stop,
            now: *now,
            calls,
            csv: csv.as_ref(),
        };
        surroundings.calls.told.clear();
        let mut run = Run::new(plan, arena, rows, surroundings);
        run.trace = trace;
        let verdict = run.record(reader, key, out);
        if verdict != Verdict::Mapped {
            out.truncate(start);
        }
        Outcome {
            verdict,
            key,
            start,
            excluded,
            amounts,
            dates,
            issues,
            stops_run: *stop,
        }
    }

    fn clear(&mut self) {
        if self.arena.allocated_bytes() > KEPT_MEMORY {
            // one huge record is no reason to hold its memory for all that follow
            self.arena = Bump::new();
        }
        self.arena.reset();
        self.key.clear();
        self.issues.clear();
        self.excluded.clear();
        self.stop = false;
        self.amounts.fill(None);
        self.dates.fill(None);
    }
}

/// Where the columns of a stream go.
fn bind(plan: &Plan, format: &CsvFormat) -> Result<CsvBinding, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut columns = vec![None; format.columns.len()];
    for (slot, wanted) in plan.slots.first().into_iter().flatten().enumerate() {
        let Some(Step::Name(name)) = wanted.path.first() else {
            continue;
        };
        let mut places = format
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| *column == name);
        match (places.next(), places.next()) {
            (Some((place, _)), None) => {
                if let Some(column) = columns.get_mut(place) {
                    *column = u16::try_from(slot).ok();
                }
            }
            (None, _) => diagnostics.push(unknown_column(name, &format.columns, &wanted.pointer)),
            (Some(_), Some(_)) => diagnostics.push(Diagnostic::error(
                code::COLUMN_UNKNOWN,
                wanted.pointer.clone(),
                format!("the source has the column {name:?} twice"),
                "give the columns different names in the connection",
            )),
        }
    }
    let ascii = |sign: char| u8::try_from(sign).ok().filter(u8::is_ascii);
    let Some(delimiter) = ascii(format.delimiter) else {
        diagnostics.push(Diagnostic::error(
            code::FORMAT_MISMATCH,
            "",
            format!(
                "the delimiter {:?} is not an ASCII character",
                format.delimiter
            ),
            "correct it in the connection",
        ));
        return Err(diagnostics);
    };
    if diagnostics.is_empty() {
        Ok(CsvBinding {
            delimiter,
            quote: format.quote.and_then(ascii),
            columns,
            open: false,
        })
    } else {
        Err(diagnostics)
    }
}
