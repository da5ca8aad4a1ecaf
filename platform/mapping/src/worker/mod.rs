//! Maps records of one stream.
use std::sync::Arc;

use tributary_model::issue::Issue;
use tributary_model::rows::{RowFormat, RowPosition};

use crate::{Decimal, Diagnostic, Plan};

/// One row of the source.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// where it stood
    pub position: RowPosition,
    /// UTF-8: one CSV record without its line end, or one JSON value
    pub bytes: &'a [u8],
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// BLAKE3 of the output without the excluded fields; zeros if nothing was mapped
    pub content_hash: [u8; 32],
    /// in the order of [`Plan::amount_names`]
    pub amounts: &'a [Option<Decimal>],
    /// warnings and errors, all of the record
    pub issues: &'a [Issue],
}

/// Maps records one after the other; keeps its memory.
#[derive(Debug)]
pub struct Worker {
    _plan: Arc<Plan>,
}

impl Worker {
    pub(crate) fn new(plan: Arc<Plan>, _format: &RowFormat) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self { _plan: plan })
    }

    /// Appends the group key of a row.
    ///
    /// # Errors
    /// An issue if the key is missing or the row cannot be read.
    pub fn group_key(&mut self, _row: &Row<'_>, _key: &mut Vec<u8>) -> Result<(), Issue> {
        Ok(())
    }

    /// Maps one record: one row, or all rows of a group. Appends one JSON line when mapped.
    pub fn map(&mut self, _rows: &[Row<'_>], _out: &mut Vec<u8>) -> Outcome<'_> {
        Outcome {
            verdict: Verdict::Skipped,
            key: "",
            content_hash: [0; 32],
            amounts: &[],
            issues: &[],
        }
    }
}
