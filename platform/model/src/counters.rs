//! Counters of a run and the reconciliation that closes it: everything read is somewhere.

use serde::{Deserialize, Serialize};

use crate::state::RecordState;

/// Records per state. The words are those of [`RecordState`] everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// source rows (lines, JSON objects) taken in, before grouping
    pub rows: u64,
    /// records (after grouping lines to orders)
    pub read: u64,
    pub delivered: u64,
    pub unchanged: u64,
    pub skipped: u64,
    pub quarantined: u64,
    pub rejected: u64,
    pub uncertain: u64,
    /// read, but not in an end state
    pub pending: u64,
}

impl Counters {
    /// Adds one record in the given end state; states on the way count as pending.
    pub fn add(&mut self, state: RecordState) {
        self.read += 1;
        *self.slot(state) += 1;
    }

    fn slot(&mut self, state: RecordState) -> &mut u64 {
        match state {
            RecordState::Delivered => &mut self.delivered,
            RecordState::Unchanged => &mut self.unchanged,
            RecordState::Skipped => &mut self.skipped,
            RecordState::Quarantined => &mut self.quarantined,
            RecordState::Rejected => &mut self.rejected,
            RecordState::Uncertain => &mut self.uncertain,
            RecordState::Pending | RecordState::Mapped | RecordState::Sent => &mut self.pending,
        }
    }

    /// `read` minus everything that is accounted for; 0 in a sound run.
    #[must_use]
    pub fn unexplained(&self) -> i64 {
        let accounted = self.delivered
            + self.unchanged
            + self.skipped
            + self.quarantined
            + self.rejected
            + self.uncertain
            + self.pending;
        i64::try_from(i128::from(self.read) - i128::from(accounted)).unwrap_or(i64::MIN)
    }

    /// Sum, field by field.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            read: self.read + other.read,
            delivered: self.delivered + other.delivered,
            unchanged: self.unchanged + other.unchanged,
            skipped: self.skipped + other.skipped,
            quarantined: self.quarantined + other.quarantined,
            rejected: self.rejected + other.rejected,
            uncertain: self.uncertain + other.uncertain,
            pending: self.pending + other.pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_in_any_state_is_accounted_for() {
        let mut counters = Counters::default();
        for state in RecordState::ALL {
            counters.add(state);
        }
        assert_eq!(counters.unexplained(), 0);
        counters.read += 1;
        assert_eq!(counters.unexplained(), 1);
    }
}
