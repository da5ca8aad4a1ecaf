//! Records out of the rows of files, for a plan: one row each, or all rows of a group.
//!
//! `adjacent` groups stream with one group open, `any` groups are gathered (`gather.rs`). A row that
//! cannot be read is a record of its own; where it still shows the key of its group, the group fails
//! with it, so that no record comes out with a row missing.
//!
//! Rows of an `adjacent` group may stand apart all the same. A run quarantines such a torn group, and here it is
//! so too, if a [`KeyScan`] has read the inputs before ([`Records::set_torn`]).
//!
//! Invariants: every row is in exactly one record; memory is bounded by one record, and by the limit
//! where groups are gathered. Deliberately absent: opening files, threads, and what is done with a
//! record.

mod gather;
mod torn;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher as _};
use std::io;
use std::sync::Arc;

use gather::{Frame, FrameKind, Gatherer};
use torn::torn_issue;
use tributary_formats::fault::RowFault;
use tributary_formats::records::RecordReader;
use tributary_mapping::document::GroupInput;
use tributary_mapping::{Diagnostic, Plan, Row, Worker};
use tributary_model::issue::{Issue, Stage};
use tributary_model::rows::{RowFormat, RowPosition};

pub use gather::{OpenStore, Store};
pub use torn::{KeyScan, MOST_TORN, TornKeys};

/// Keys of closed groups that are remembered, to notice rows that are not adjacent.
const REMEMBERED_KEYS: usize = 1_000_000;

/// A record before it is mapped.
#[derive(Debug)]
pub struct RecordRows<'a> {
    /// which of several inputs its first row is from, from 0
    pub input: u32,
    /// where its first row stands
    pub position: RowPosition,
    pub rows: &'a [Row<'a>],
    /// rows that could not be read; with any of them the record is no record
    pub faults: &'a [Issue],
    /// why the rows are no record although all could be read: they do not stand together
    pub torn: Option<&'a Issue>,
}

impl RecordRows<'_> {
    /// Rows of the source, those that could not be read among them.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        (self.rows.len() + self.faults.len()) as u64
    }

    /// Why it cannot be mapped; empty: it can.
    #[must_use]
    pub fn obstacles(&self) -> &[Issue] {
        self.torn.map_or(self.faults, std::slice::from_ref)
    }
}

/// What is done with each record.
pub type Each<'e> = dyn FnMut(&mut Worker, &RecordRows<'_>) -> io::Result<()> + 'e;

/// Why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// the plan does not fit the columns or the format of the input
    #[error("the mapping does not fit the input")]
    Plan(Vec<Diagnostic>),
    #[error(
        "the columns differ from those of the input before; rows of one group must have the same columns"
    )]
    ColumnsDiffer,
    #[error(
        "the rows of more than 10,000 groups do not stand together, although the mapping says so"
    )]
    NotAdjacent,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Makes records. See the module.
pub struct Records {
    plan: Arc<Plan>,
    started_at: i64,
    worker: Option<(RowFormat, Worker)>,
    mode: Mode,
    torn: TornKeys,
    /// rows of groups in any order, or of torn ones
    gatherer: Gatherer,
    /// of adjacent groups: how many came a second time
    reopened: u64,
    key: Vec<u8>,
}

enum Mode {
    Single,
    Adjacent(Box<OpenGroup>),
    Any,
}

/// The group that rows are added to.
#[derive(Default)]
struct OpenGroup {
    key: Option<Vec<u8>>,
    bytes: Vec<u8>,
    /// ends in `bytes`
    rows: Vec<(RowPosition, usize)>,
    input: u32,
    faults: Vec<Issue>,
    max_members: u32,
    closed: HashSet<u64>,
}

impl Records {
    /// `started_at` is the time for `now()` and `today()` in milliseconds since 1970; `memory` the bytes
    /// of rows held for groups in any order before some go to the store that `open` gives.
    #[must_use]
    pub fn new(plan: &Arc<Plan>, started_at: i64, memory: usize, open: OpenStore) -> Self {
        let max_members = plan.grouping().map_or(1, |grouping| grouping.max_members);
        let mode = match plan.grouping() {
            None => Mode::Single,
            Some(grouping) => match grouping.input {
                GroupInput::Adjacent => Mode::Adjacent(Box::new(OpenGroup {
                    max_members: grouping.max_members,
                    ..OpenGroup::default()
                })),
                GroupInput::Any => Mode::Any,
            },
        };
        Self {
            plan: Arc::clone(plan),
            started_at,
            worker: None,
            mode,
            torn: TornKeys::default(),
            gatherer: Gatherer::new(memory, max_members, open),
            reopened: 0,
            key: Vec::new(),
        }
    }

    /// Says which keys have rows that do not stand together; before the first row. Their rows become records with
    /// the issue `group_conflict`, after all others.
    pub fn set_torn(&mut self, torn: TornKeys) {
        self.torn = torn;
    }

    /// Groups that should be adjacent and were not, and that nobody has named by [`Self::set_torn`]: their key
    /// came again after another one. Each is more than one record. (Of the last million keys.)
    #[must_use]
    pub fn reopened(&self) -> u64 {
        self.reopened
    }

    /// Bytes of rows that did not fit into memory.
    #[must_use]
    pub fn spilled_bytes(&self) -> u64 {
        self.gatherer.spilled_bytes()
    }

    /// Begins an input with rows of `format`.
    ///
    /// # Errors
    /// [`RecordsError::Plan`] if the mapping does not fit, [`RecordsError::ColumnsDiffer`] if groups would
    /// mix rows of different columns.
    pub fn begin(&mut self, format: &RowFormat) -> Result<(), RecordsError> {
        match &self.worker {
            Some((known, _)) if same_rows(known, format) => return Ok(()),
            Some(_) if !matches!(self.mode, Mode::Single) => {
                return Err(RecordsError::ColumnsDiffer);
            }
            _ => {}
        }
        let worker = self.plan.worker(format).map_err(RecordsError::Plan)?;
        self.worker = Some((format.clone(), worker.started_at(self.started_at)));
        Ok(())
    }

    /// Takes one item from `reader`: a row or the fault of one. False at the end.
    ///
    /// # Errors
    /// What `each` answers, or the store; [`RecordsError::Plan`] before [`Self::begin`].
    pub fn step(
        &mut self,
        reader: &mut RecordReader<'_>,
        input: u32,
        each: &mut Each<'_>,
    ) -> Result<bool, RecordsError> {
        match reader.next_record() {
            Ok(None) => return Ok(false),
            Ok(Some(record)) => {
                let row = Row {
                    position: record.position,
                    bytes: &record.bytes,
                };
                self.row(row, input, each)?;
            }
            Err(fault) => self.fault(&fault, input, each)?,
        }
        Ok(true)
    }

    /// Takes a row.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn row(
        &mut self,
        row: Row<'_>,
        input: u32,
        each: &mut Each<'_>,
    ) -> Result<(), RecordsError> {
        let Some((_, worker)) = &mut self.worker else {
            return Err(RecordsError::Plan(Vec::new()));
        };
        self.key.clear();
        let keyed = match self.mode {
            Mode::Single => false,
            Mode::Adjacent(_) | Mode::Any => worker.group_key(&row, &mut self.key).is_ok(),
        };
        if !keyed {
            // A row without a key is a record of its own and takes no other row with it.
            each(worker, &single(&row, input))?;
            return Ok(());
        }
        match &mut self.mode {
            Mode::Single => {}
            Mode::Adjacent(open) if !self.torn.holds(&self.key) => {
                if open.change_to(&self.key, input, worker, each)? {
                    self.reopened += 1;
                }
                open.push(row);
            }
            Mode::Adjacent(_) | Mode::Any => {
                let frame = Frame {
                    kind: FrameKind::Row,
                    input,
                    position: row.position,
                    bytes: row.bytes,
                };
                self.gatherer.push(&self.key, frame)?;
            }
        }
        Ok(())
    }

    /// Takes a row that cannot be read.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn fault(
        &mut self,
        fault: &RowFault,
        input: u32,
        each: &mut Each<'_>,
    ) -> Result<(), RecordsError> {
        let Some((_, worker)) = &mut self.worker else {
            return Err(RecordsError::Plan(Vec::new()));
        };
        let mut issue = fault_issue(fault);
        worker.veil(&mut issue);
        // The excerpt may hold the key, which says which group the row is missing in.
        let row = Row {
            position: fault.position,
            bytes: fault.value.as_bytes(),
        };
        self.key.clear();
        let grouped = !matches!(self.mode, Mode::Single);
        let keyed =
            grouped && !row.bytes.is_empty() && worker.group_key(&row, &mut self.key).is_ok();
        match &mut self.mode {
            Mode::Adjacent(open) if keyed && !self.torn.holds(&self.key) => {
                if open.change_to(&self.key, input, worker, each)? {
                    self.reopened += 1;
                }
                open.faults.push(issue);
            }
            Mode::Adjacent(_) | Mode::Any if keyed => {
                let text = serde_json::to_vec(&issue).unwrap_or_default();
                let frame = Frame {
                    kind: FrameKind::Fault,
                    input,
                    position: fault.position,
                    bytes: &text,
                };
                self.gatherer.push(&self.key, frame)?;
            }
            _ => each(
                worker,
                &RecordRows {
                    input,
                    position: fault.position,
                    rows: &[],
                    faults: &[issue],
                    torn: None,
                },
            )?,
        }
        Ok(())
    }

    /// Gives the groups that are still open.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn finish(mut self, each: &mut Each<'_>) -> Result<(), RecordsError> {
        let Some((_, worker)) = &mut self.worker else {
            return Ok(());
        };
        let torn = match self.mode {
            Mode::Single => return Ok(()),
            Mode::Adjacent(mut open) => {
                open.close(worker, each)?;
                true
            }
            Mode::Any => false,
        };
        let gathered = &mut |frames: &[Frame<'_>]| group(frames, torn, worker, each);
        Ok(self.gatherer.finish(gathered)?)
    }
}

/// Whether rows of one format can be read like those of the other.
fn same_rows(one: &RowFormat, other: &RowFormat) -> bool {
    match (one, other) {
        (RowFormat::Csv(one), RowFormat::Csv(other)) => {
            // records are UTF-8 by now, whatever the file's encoding
            (one.delimiter, one.quote, &one.columns)
                == (other.delimiter, other.quote, &other.columns)
        }
        (RowFormat::Csv(_), _) | (_, RowFormat::Csv(_)) => false,
        _ => true,
    }
}

fn single<'a>(row: &'a Row<'a>, input: u32) -> RecordRows<'a> {
    RecordRows {
        input,
        position: row.position,
        rows: std::slice::from_ref(row),
        faults: &[],
        torn: None,
    }
}

fn group(
    frames: &[Frame<'_>],
    torn: bool,
    worker: &mut Worker,
    each: &mut Each<'_>,
) -> io::Result<()> {
    let rows: Vec<Row<'_>> = frames
        .iter()
        .filter(|frame| frame.kind == FrameKind::Row)
        .map(|frame| Row {
            position: frame.position,
            bytes: frame.bytes,
        })
        .collect();
    let faults: Vec<Issue> = frames
        .iter()
        .filter(|frame| frame.kind == FrameKind::Fault)
        .filter_map(|frame| serde_json::from_slice(frame.bytes).ok())
        .collect();
    let Some(first) = frames.first() else {
        return Ok(());
    };
    let issue = torn.then(|| torn_issue(frames.iter().map(|frame| frame.position)));
    let record = RecordRows {
        input: first.input,
        position: first.position,
        rows: &rows,
        faults: &faults,
        torn: issue.as_ref(),
    };
    each(worker, &record)
}

impl OpenGroup {
    /// Closes the open group if `key` is another one's; true if that key was closed before.
    fn change_to(
        &mut self,
        key: &[u8],
        input: u32,
        worker: &mut Worker,
        each: &mut Each<'_>,
    ) -> io::Result<bool> {
        if self.key.as_deref() == Some(key) {
            return Ok(false);
        }
        self.close(worker, each)?;
        self.key = Some(key.to_owned());
        self.input = input;
        Ok(self.closed.contains(&hash(key)))
    }

    fn push(&mut self, row: Row<'_>) {
        // One row too many is enough for the worker to refuse the group.
        if self.rows.len() <= self.max_members as usize {
            self.bytes.extend_from_slice(row.bytes);
            self.rows.push((row.position, self.bytes.len()));
        }
    }

    fn close(&mut self, worker: &mut Worker, each: &mut Each<'_>) -> io::Result<()> {
        let Some(key) = self.key.take() else {
            return Ok(());
        };
        let mut start = 0;
        let rows: Vec<Row<'_>> = self
            .rows
            .iter()
            .map(|(position, end)| {
                let bytes = self.bytes.get(start..*end).unwrap_or_default();
                start = *end;
                Row {
                    position: *position,
                    bytes,
                }
            })
            .collect();
        let first = rows.first().map(|row| row.position);
        let fault = self.faults.first().and_then(|fault| fault.position);
        let record = RecordRows {
            input: self.input,
            position: first.or(fault).unwrap_or_default(),
            rows: &rows,
            faults: &self.faults,
            torn: None,
        };
        let outcome = each(worker, &record);
        self.bytes.clear();
        self.rows.clear();
        self.faults.clear();
        if self.closed.len() >= REMEMBERED_KEYS {
            self.closed.clear();
        }
        self.closed.insert(hash(&key));
        outcome
    }
}

fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish()
}

/// A fault as an issue of the record that the row would have been.
#[must_use]
pub fn fault_issue(fault: &RowFault) -> Issue {
    let issue = Issue::error(Stage::Extract, fault.code, fault.message.clone()).at(fault.position);
    if fault.value.is_empty() {
        return issue;
    }
    issue.with_value(&fault.value)
}
