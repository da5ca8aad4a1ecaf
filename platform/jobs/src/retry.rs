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

/// How long the other side of a problem that passes wants us to wait, a second at least, ms; `None`: waiting
/// does not help.
pub(crate) fn asked_ms(problem: &Problem) -> Option<u64> {
    let asked_ms = problem.retry_after_ms.unwrap_or(0);
    problem.transient().then(|| asked_ms.max(1_000))
}

/// The other side is well and asks to slow down.
pub(crate) fn asked_to_wait(problem: &Problem) -> bool {
    problem.code == ErrorCode::RateLimited
}

/// Between attempts of one work item: 0.5 s, doubled, 60 s at most.
fn pause_ms(attempt: u32) -> u64 {
    (500_u64 << (attempt.clamp(1, 8) - 1)).min(60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_asks_for_time_gets_it() {
        let mut limited = Problem::new(ErrorCode::RateLimited, "too many calls");
        assert_eq!(asked_ms(&limited), Some(1_000));
        limited.retry_after_ms = Some(600_000);
        assert_eq!(asked_ms(&limited), Some(600_000));
        limited.retry_after_ms = Some(5);
        assert_eq!(asked_ms(&limited), Some(1_000), "not at once");
        let refused = Problem::new(ErrorCode::TargetRejected, "no such account");
        assert_eq!(asked_ms(&refused), None);
    }
}
