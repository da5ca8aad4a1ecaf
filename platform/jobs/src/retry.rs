//! When work that was not finished is tried again.

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_store::Lease;

/// How many times a work item is tried before it fails for good.
const MAX_ATTEMPTS: u32 = 8;

/// How long to wait before the work is tried again, ms; `None`: it has failed for good. Being asked
/// to wait uses up no try.
pub(crate) fn wait_ms(lease: &Lease, problem: &Problem, asked_ms: Option<u64>) -> Option<u64> {
    asked_ms
        .filter(|_| asked_to_wait(problem) || lease.attempt < MAX_ATTEMPTS)
        .map(|ms| ms.max(pause_ms(lease.attempt)))
}

/// The other side is well and asks to slow down.
pub(crate) fn asked_to_wait(problem: &Problem) -> bool {
    problem.code == ErrorCode::RateLimited
}

/// Between attempts of one work item: 0.5 s, doubled, 60 s at most.
fn pause_ms(attempt: u32) -> u64 {
    (500_u64 << (attempt.clamp(1, 8) - 1)).min(60_000)
}
