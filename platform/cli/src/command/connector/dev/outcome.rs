//! What a target prepared and what became of its rows, in lines for a person.

use anyhow::bail;
use tributary_conformance::{Attempt, CaseBatch, RowTried};
use tributary_host::{Finding, Outcome, RetryReason, TargetCall};
use tributary_model::issue::shorten;

use crate::print;

/// Longest body, message and list that is shown, characters.
const MOST_CHARS: usize = 200;

/// A prepared call: `call 1  POST orders  row 0  key …  {…}`.
pub(super) fn call(number: usize, what: &str, call: &TargetCall) -> String {
    let key = match &call.idempotency_key {
        Some(key) => format!("  key {key}"),
        None => String::new(),
    };
    let body = match std::str::from_utf8(&call.body) {
        Ok("") => "(no body)".to_owned(),
        Ok(text) => plain(text),
        Err(_) => format!("({} bytes)", call.body.len()),
    };
    format!("  call {number}  {what}  {}{key}  {body}", rows(&call.rows))
}

/// Says what became of each row, on stdout.
pub(super) fn show(attempt: &Attempt, sent: bool) -> anyhow::Result<()> {
    let count = attempt.rows.len();
    let calls = attempt.calls.len();
    if !sent {
        print::remark(&format!(
            "{count} rows in {calls} calls, nothing of it sent: --send sends them, which changes something at the other side"
        ));
        return Ok(());
    }
    found("before", &attempt.before);
    for (number, row) in attempt.rows.iter().enumerate() {
        print::line(&format!("row {number}  {}", outcome(row)));
    }
    found("afterwards", &attempt.after);
    if let Some(problem) = &attempt.unasked {
        let problem = print::problem_error(problem);
        print::remark(&format!("look-up afterwards: {problem}"));
    }
    let known = |finding: &&Option<Finding>| matches!(finding, Some(Finding::There { .. }));
    let known = attempt.before.iter().filter(known).count();
    if known > 0 {
        print::remark(&format!(
            "the target had {known} of the rows before they were sent"
        ));
    }
    print::remark(&format!("{count} rows in {calls} calls"));
    match attempt.failure() {
        Some((row, problem)) => bail!(
            "row {row} has no outcome\n  because: {}",
            print::problem_error(problem)
        ),
        None => Ok(()),
    }
}

/// What another try with the same keys is to the target.
pub(super) fn keys(batch: &CaseBatch) -> String {
    format!(
        "the rows had the keys from {} to {}, and have them again when they are sent again: a target that knows keys \
         takes that for the same calls; --key-prefix TEXT gives others",
        batch.key(0),
        batch.key(batch.rows.len().saturating_sub(1))
    )
}

fn outcome(row: &RowTried) -> String {
    match row {
        RowTried::Unsent => "not sent".to_owned(),
        RowTried::Lost(lost) => {
            let left = match lost.sent {
                true => "; it may have been done",
                false => "",
            };
            let problem = &lost.problem;
            format!("no answer  {}: {}{left}", problem.code, problem.detail)
        }
        RowTried::Unsettled(problem) => {
            format!("not settled  {}: {}", problem.code, plain(&problem.detail))
        }
        RowTried::Settled(Outcome::Delivered { external_id, .. }) => {
            let id = external_id.as_deref().unwrap_or("(no external id)");
            format!("delivered  {}", plain(id))
        }
        RowTried::Settled(Outcome::Rejected {
            code,
            message,
            field,
        }) => {
            let field = field.as_deref().map(|at| format!("  at {}", plain(at)));
            let field = field.unwrap_or_default();
            format!("rejected  {}: {}{field}", plain(code), plain(message))
        }
        RowTried::Settled(Outcome::Retry {
            reason,
            message,
            retry_after_ms,
        }) => {
            let word = match reason {
                RetryReason::Transient => "transient",
                RetryReason::RateLimited => "rate-limited",
                RetryReason::Split => "split",
            };
            let after = retry_after_ms.map(|time| format!("  after {time} ms"));
            let after = after.unwrap_or_default();
            format!("retry  {word}: {}{after}", plain(message))
        }
    }
}

/// What the target said when it was asked; nothing if it was not.
fn found(when: &str, findings: &[Option<Finding>]) {
    for (row, finding) in findings.iter().enumerate() {
        let said = match finding {
            None => "no answer".to_owned(),
            Some(Finding::There { external_id, .. }) => {
                let id = external_id.as_deref().unwrap_or("(no external id)");
                format!("there  {}", plain(id))
            }
            Some(Finding::Absent) => "absent".to_owned(),
            Some(Finding::Unclear(why)) => format!("unclear  {}", plain(why)),
            Some(Finding::Later { message, .. }) => format!("later  {}", plain(message)),
        };
        print::remark(&format!("look-up {when}: row {row}  {said}"));
    }
}

/// `row 0`, `rows 0 to 4`, or all of them if they do not follow each other.
fn rows(rows: &[u32]) -> String {
    let follow = rows
        .windows(2)
        .all(|pair| matches!(pair, [one, next] if one + 1 == *next));
    match rows {
        [] => "no row".to_owned(),
        [one] => format!("row {one}"),
        [first, .., last] if follow => format!("rows {first} to {last}"),
        many => {
            let many: Vec<String> = many.iter().map(u32::to_string).collect();
            shorten(&format!("rows {}", many.join(", ")), MOST_CHARS)
        }
    }
}

/// On one line, and short.
fn plain(text: &str) -> String {
    let text: String = text
        .chars()
        .take(MOST_CHARS + 1)
        .map(|sign| if sign.is_control() { ' ' } else { sign })
        .collect();
    shorten(text.trim(), MOST_CHARS)
}

#[cfg(test)]
mod tests {
    use tributary_host::SendError;
    use tributary_model::error_code::ErrorCode;
    use tributary_model::problem::Problem;

    use super::*;

    #[test]
    fn a_call_is_one_short_line() {
        let mut prepared = TargetCall {
            method: "POST".to_owned(),
            path: "orders".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: format!("[\n{}]", "7,".repeat(200)).into(),
            rows: vec![0, 1, 2],
            idempotency_key: Some("k-0".to_owned()),
            context: None,
        };
        let line = call(1, "POST orders", &prepared);
        let begin = "  call 1  POST orders  rows 0 to 2  key k-0  [ 7,7,";
        assert!(line.starts_with(begin) && line.ends_with('…'), "{line}");
        assert!(line.chars().count() < MOST_CHARS + 60, "{line}");
        prepared.rows = vec![0, 2];
        prepared.idempotency_key = None;
        prepared.body = vec![0xff, 0].into();
        let line = call(2, "PUT a", &prepared);
        assert_eq!(line, "  call 2  PUT a  rows 0, 2  (2 bytes)");
    }

    #[test]
    fn every_end_of_a_row_is_said() {
        let problem = Problem::new(ErrorCode::ConnectionTimeout, "no answer within 9 ms");
        let lost = SendError {
            problem: problem.clone(),
            sent: true,
        };
        let rejected = |field: Option<&str>| Outcome::Rejected {
            code: "TOTAL".to_owned(),
            message: "below\n0".to_owned(),
            field: field.map(str::to_owned),
        };
        let delivered = |id: Option<&str>| Outcome::Delivered {
            external_id: id.map(str::to_owned),
            detail: None,
        };
        let retry = Outcome::Retry {
            reason: RetryReason::RateLimited,
            message: "slow down".to_owned(),
            retry_after_ms: Some(7_000),
        };
        for (row, line) in [
            (RowTried::Settled(delivered(Some("o-1"))), "delivered  o-1"),
            (
                RowTried::Settled(delivered(None)),
                "delivered  (no external id)",
            ),
            (
                RowTried::Settled(rejected(Some("/total"))),
                "rejected  TOTAL: below 0  at /total",
            ),
            (
                RowTried::Settled(rejected(None)),
                "rejected  TOTAL: below 0",
            ),
            (
                RowTried::Settled(retry),
                "retry  rate-limited: slow down  after 7000 ms",
            ),
            (
                RowTried::Unsettled(problem),
                "not settled  connection_timeout: no answer within 9 ms",
            ),
            (RowTried::Unsent, "not sent"),
            (
                RowTried::Lost(lost),
                "no answer  connection_timeout: no answer within 9 ms; it may have been done",
            ),
        ] {
            assert_eq!(outcome(&row), line);
        }
    }
}
