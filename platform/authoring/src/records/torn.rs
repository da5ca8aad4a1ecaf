//! Keys whose rows do not stand together although the mapping says `"input": "adjacent"`: a run quarantines
//! such groups, because half of an order is not sent.
//!
//! The inputs are read once more, before they are mapped: what comes behind cannot take back a record that
//! is written. Invariants: a key is found exactly when its rows stand in more than one place; memory is
//! bounded as in `gather`, and the keys that are found by [`MOST_TORN`].

use std::collections::HashSet;
use std::sync::Arc;

use tributary_formats::records::RecordReader;
use tributary_mapping::{Plan, Row, Worker};
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Stage};
use tributary_model::rows::{RowFormat, RowPosition};

use super::gather::{Frame, FrameKind, Gatherer};
use super::{OpenStore, RecordsError};

/// Torn groups beyond which a run fails: the mapping's word about the source is wrong.
pub const MOST_TORN: usize = 10_000;

/// Lines that an issue names.
const LINES: usize = 5;

/// The keys that a [`KeyScan`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TornKeys(HashSet<Vec<u8>>);

impl TornKeys {
    pub(super) fn holds(&self, key: &[u8]) -> bool {
        !self.0.is_empty() && self.0.contains(key)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Reads the keys of all rows. See the module.
pub struct KeyScan {
    plan: Arc<Plan>,
    worker: Option<Worker>,
    /// a frame per place where rows of a key stand together
    places: Gatherer,
    last: Vec<u8>,
    key: Vec<u8>,
}

impl KeyScan {
    /// `memory`: bytes of keys held before some go to the store that `open` gives.
    #[must_use]
    pub fn new(plan: &Arc<Plan>, memory: usize, open: OpenStore) -> Self {
        Self {
            plan: Arc::clone(plan),
            worker: None,
            // a second place is enough to know
            places: Gatherer::new(memory, 1, open),
            last: Vec::new(),
            key: Vec::new(),
        }
    }

    /// Begins an input with rows of `format`.
    ///
    /// # Errors
    /// [`RecordsError::Plan`] if the mapping does not fit.
    pub fn begin(&mut self, format: &RowFormat) -> Result<(), RecordsError> {
        let worker = self.plan.worker(format).map_err(RecordsError::Plan)?;
        self.worker = Some(worker);
        Ok(())
    }

    /// Takes one item from `reader`: a row or the fault of one. False at the end.
    ///
    /// # Errors
    /// What the store answers.
    pub fn step(&mut self, reader: &mut RecordReader<'_>) -> Result<bool, RecordsError> {
        match reader.next_record() {
            Ok(None) => return Ok(false),
            Ok(Some(record)) => self.row(record.position, &record.bytes)?,
            // the excerpt of a row that cannot be read may hold its key
            Err(fault) if !fault.value.is_empty() => {
                self.row(fault.position, fault.value.as_bytes())?;
            }
            Err(_) => {}
        }
        Ok(true)
    }

    fn row(&mut self, position: RowPosition, bytes: &[u8]) -> Result<(), RecordsError> {
        let Some(worker) = &mut self.worker else {
            return Err(RecordsError::Plan(Vec::new()));
        };
        self.key.clear();
        // a row without a key is a record of its own and ends no group
        let keyed = worker.group_key(&Row { position, bytes }, &mut self.key);
        if keyed.is_err() || self.key == self.last {
            return Ok(());
        }
        self.last.clone_from(&self.key);
        let frame = Frame {
            kind: FrameKind::Row,
            input: 0,
            position,
            bytes: &self.key,
        };
        self.places.push(&self.key, frame)?;
        Ok(())
    }

    /// The keys that stand in several places.
    ///
    /// # Errors
    /// [`RecordsError::NotAdjacent`] if there are more than [`MOST_TORN`]; what the store answers.
    pub fn finish(self) -> Result<TornKeys, RecordsError> {
        let mut torn = HashSet::new();
        self.places.finish(&mut |places| {
            if let [first, _, ..] = places
                && torn.len() <= MOST_TORN
            {
                torn.insert(first.bytes.to_vec());
            }
            Ok(())
        })?;
        match torn.len() > MOST_TORN {
            true => Err(RecordsError::NotAdjacent),
            false => Ok(TornKeys(torn)),
        }
    }
}

/// What a run says of a torn group whose rows stand at `positions`.
pub(super) fn torn_issue(positions: impl Iterator<Item = RowPosition>) -> Issue {
    let mut first = None;
    let mut last = 0;
    let mut lines: Vec<String> = Vec::new();
    for position in positions {
        if first.is_none() || position.line > last + 1 {
            lines.push(position.line.to_string());
        }
        first.get_or_insert(position);
        last = position.line;
    }
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    let mut message = format!(
        "the rows of this group do not stand together; see line {}",
        lines.join(", ")
    );
    if more > 0 {
        message.push_str(&format!(" and {more} more"));
    }
    let mut issue = Issue::error(Stage::Map, ErrorCode::GroupConflict, message);
    issue.hint =
        "sort the source by the group's key, or say \"input\": \"any\" in the mapping's group"
            .to_owned();
    match first {
        Some(position) => issue.at(position),
        None => issue,
    }
}
