//! What an answer means for a row.

use tributary_host::{Outcome, RetryReason};
use tributary_model::detail::Detail;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Stage};
use tributary_model::problem::Problem;
use tributary_model::state::RecordState;

use super::RowResult;

/// Why sending ends before every row has an end state.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    pub(super) problem: Problem,
    /// try again after this long; `None`: only a person can mend it
    pub(super) retry_after_ms: Option<u64>,
}

pub(super) fn fatal(problem: Problem) -> Stop {
    Stop {
        problem,
        retry_after_ms: None,
    }
}

/// The connector contradicts itself.
pub(super) fn forgotten() -> Stop {
    fatal(Problem::new(
        ErrorCode::TargetAnswer,
        "the connector's plan or the target's answer leaves out a record of the batch, or tells of \
         one twice",
    ))
}

/// Whether the target says of itself that it cannot answer now. To be asked to slow down is an answer.
pub(super) fn is_ill(outcome: &Outcome) -> bool {
    asks_for(outcome, RetryReason::Transient)
}

pub(super) fn is_split(outcome: &Outcome) -> bool {
    asks_for(outcome, RetryReason::Split)
}

fn asks_for(outcome: &Outcome, wanted: RetryReason) -> bool {
    matches!(outcome, Outcome::Retry { reason, .. } if *reason == wanted)
}

pub(super) fn delivered(external_id: Option<String>, detail: Option<Detail>) -> RowResult {
    RowResult {
        state: RecordState::Delivered,
        external_id,
        detail,
        issue: None,
    }
}

pub(super) fn rejected(code: &str, message: &str, field: Option<String>) -> RowResult {
    let mut issue = Issue::error(
        Stage::Deliver,
        ErrorCode::TargetRejected,
        format!("the target answered {code}: {message}"),
    );
    issue.rule = Some(code.to_owned());
    issue.target_path = field;
    RowResult::failed(RecordState::Rejected, issue)
}

/// The call left and it is not known what became of it.
pub(super) fn uncertain(why: &str, problem: &Problem) -> RowResult {
    let message = format!("{why}: {}", problem.detail);
    RowResult::failed(
        RecordState::Uncertain,
        Issue::error(Stage::Deliver, ErrorCode::DeliveryUncertain, message),
    )
}
