//! Closes a run: everything read is somewhere, or the run is not green.

use serde::{Deserialize, Serialize};
use tributary_model::counters::Counters;
use tributary_model::document::Tolerance;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::RunState;

/// What the reconciliation compares.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sides {
    /// records per state, summed over the batches
    pub counters: Counters,
    /// rows in the raw pages
    pub rows_in_pages: u64,
    /// rows that the batches were made of
    pub rows_in_batches: u64,
}

/// The result, part of the run report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// `read` minus all states
    pub records_unexplained: i64,
    /// rows in pages minus rows in batches
    pub rows_unexplained: i64,
    pub balanced: bool,
}

/// Compares the two sides.
#[must_use]
pub fn reconcile(sides: &Sides) -> Reconciliation {
    let records_unexplained = sides.counters.unexplained();
    let rows = i128::from(sides.rows_in_pages) - i128::from(sides.rows_in_batches);
    let rows_unexplained = i64::try_from(rows).unwrap_or(i64::MAX);
    Reconciliation {
        records_unexplained,
        rows_unexplained,
        balanced: records_unexplained == 0 && rows_unexplained == 0,
    }
}

/// The state a run ends in, and why if it is not green.
#[must_use]
pub fn verdict(
    sides: &Sides,
    tolerance: Tolerance,
    failure: Option<Problem>,
) -> (RunState, Option<Problem>) {
    let counters = &sides.counters;
    let reconciliation = reconcile(sides);
    if let Some(problem) = failure {
        return (RunState::Failed, Some(problem));
    }
    if !reconciliation.balanced {
        let detail = format!(
            "{} records and {} rows are unaccounted for",
            reconciliation.records_unexplained, reconciliation.rows_unexplained
        );
        let problem = Problem::new(ErrorCode::ReconciliationFailed, detail);
        return (RunState::Failed, Some(problem));
    }
    let bad = counters.quarantined + counters.rejected;
    if bad * 100 > counters.read * u64::from(tolerance.max_bad_percent) {
        let detail = format!(
            "{bad} of {} records are bad, more than the {} % that the integration tolerates",
            counters.read, tolerance.max_bad_percent
        );
        let problem = Problem::new(ErrorCode::QualityRule, detail)
            .hint("correct the records named in the issues, or raise tolerance.max_bad_percent");
        return (RunState::Failed, Some(problem));
    }
    if counters.pending > 0 {
        let detail = format!("{} records were not finished", counters.pending);
        let problem = Problem::new(ErrorCode::TargetUnavailable, detail);
        return (RunState::Failed, Some(problem));
    }
    if bad + counters.uncertain > 0 {
        return (RunState::CompletedWithErrors, None);
    }
    (RunState::Succeeded, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(delivered: u64, quarantined: u64, read: u64) -> Sides {
        Sides {
            counters: Counters {
                rows: read,
                read,
                delivered,
                quarantined,
                ..Counters::default()
            },
            rows_in_pages: read,
            rows_in_batches: read,
        }
    }

    #[test]
    fn green_only_when_all_is_delivered_and_accounted_for() {
        let tolerance = Tolerance::default();
        assert_eq!(
            verdict(&sides(5, 0, 5), tolerance, None).0,
            RunState::Succeeded
        );
        assert_eq!(
            verdict(&sides(4, 1, 5), tolerance, None).0,
            RunState::CompletedWithErrors
        );
        let (state, why) = verdict(&sides(4, 0, 5), tolerance, None);
        assert_eq!(state, RunState::Failed);
        assert_eq!(why.unwrap().code, ErrorCode::ReconciliationFailed);
    }

    #[test]
    fn rows_lost_between_pages_and_batches_are_seen() {
        let mut lost = sides(5, 0, 5);
        lost.rows_in_batches = 4;
        assert_eq!(
            verdict(&lost, Tolerance::default(), None).0,
            RunState::Failed
        );
    }

    #[test]
    fn too_many_bad_records_fail_the_run() {
        let tolerance = Tolerance {
            max_bad_percent: 10,
        };
        assert_eq!(
            verdict(&sides(9, 1, 10), tolerance, None).0,
            RunState::CompletedWithErrors
        );
        assert_eq!(
            verdict(&sides(8, 2, 10), tolerance, None).0,
            RunState::Failed
        );
    }
}
