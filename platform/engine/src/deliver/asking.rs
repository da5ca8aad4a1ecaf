//! Asking a target that knows no keys, or may have forgotten them, what became of rows whose call may have
//! been done, before they are sent again.
//!
//! Invariants: a row in doubt is sent only after the target has said that it is not there, and not before a
//! call whose answer was lost can have come to its end ([`Manner::wait_ms`]); what cannot be told is
//! `uncertain` and says why. Deliberately absent: what the answers mean; the connector judges.
//!
//! [`Manner::wait_ms`]: super::Manner

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tributary_host::{Finding, HttpResponse, RowFinding, SendError, TargetBatch, TargetCall};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::outcome::{Stop, delivered, fatal, forgotten, uncertain};
use super::sending::{Again, Sending, Since, each_once, rows_of};
use super::{Receipt, Target};

const UNCLEAR: &str =
    "the call may have been done, and the target's answer to a look-up does not tell";
const NOT_YET: &str = "a call whose answer was lost may still be at work at the target";

/// One inquiry with its answer.
struct Asked {
    inquiry: TargetCall,
    /// outer: did an answer come; inner: could the connector judge it
    answer: Result<(HttpResponse, Result<Vec<RowFinding>, Problem>), SendError>,
}

impl Sending<'_> {
    /// Asks for the rows of `set` that may have been done. Gives those that can be sent now.
    pub(super) async fn ask(&mut self, set: Vec<u32>, again: &mut Again) -> Vec<u32> {
        let (asked, mut ready): (Vec<u32>, Vec<u32>) = set
            .into_iter()
            .partition(|row| self.must_ask(*row as usize));
        if asked.is_empty() {
            return ready;
        }
        let inquiries = match self.inquiries(&asked).await {
            Ok(inquiries) => inquiries,
            Err(stop) => {
                self.stop.get_or_insert(stop);
                return Vec::new();
            }
        };
        let target = self.target;
        let limit = self.manner.policy.concurrency.max(1) as usize;
        let mut answers = stream::iter(inquiries)
            .map(|inquiry| look(target, inquiry))
            .buffer_unordered(limit);
        while let Some(answer) = answers.next().await {
            self.judged(&asked, answer, &mut ready, again);
        }
        ready.sort_unstable();
        ready
    }

    fn must_ask(&self, row: usize) -> bool {
        let doubtful = self.doubts.get(row).is_some_and(Option::is_some);
        let forgotten = self.forgotten.get(row).is_some_and(|forgotten| *forgotten);
        doubtful && (self.manner.asks() || forgotten)
    }

    async fn inquiries(&self, asked: &[u32]) -> Result<Vec<TargetCall>, Stop> {
        let (ndjson, keys) = self.batch_of(asked);
        let batch = TargetBatch {
            stream: self.stream(),
            ndjson: &ndjson,
            rows: u32::try_from(asked.len()).unwrap_or(u32::MAX),
            keys: &keys,
        };
        let inquiries = self.target.inquire(batch).await.map_err(fatal)?;
        let planned = inquiries
            .iter()
            .flat_map(|inquiry| inquiry.rows.iter().copied());
        match each_once(planned, asked.len()) {
            true => Ok(inquiries),
            false => Err(forgotten()),
        }
    }

    fn judged(&mut self, set: &[u32], asked: Asked, ready: &mut Vec<u32>, again: &mut Again) {
        let rows = rows_of(&asked.inquiry, set);
        self.record.receipts.push(receipt(&asked, &rows));
        let (response, findings) = match asked.answer {
            Ok(answer) => answer,
            Err(lost) => {
                if lost.problem.transient() {
                    self.record.failed_calls += 1;
                    self.record.failure = Some(lost.problem.clone());
                    let asked_ms = lost.problem.retry_after_ms.unwrap_or(0);
                    again.sets.push(rows);
                    again.wait(lost.problem, asked_ms);
                } else {
                    self.stop.get_or_insert(fatal(lost.problem));
                }
                return;
            }
        };
        self.record.target_ms += response.duration_ms;
        let findings = match findings {
            Ok(findings) => findings,
            Err(problem) => {
                self.stop.get_or_insert(fatal(problem));
                return;
            }
        };
        let later = |found: &RowFinding| matches!(found.finding, Finding::Later { .. });
        if !findings.iter().any(later) {
            self.record.failed_calls = 0;
            self.record.failure = None;
            self.record.answered = true;
        }
        for (row, found) in rows.into_iter().zip(findings) {
            self.found(row, found.finding, ready, again);
        }
    }

    fn found(&mut self, row: u32, finding: Finding, ready: &mut Vec<u32>, again: &mut Again) {
        match finding {
            Finding::There {
                external_id,
                detail,
            } => self.set(row, delivered(external_id, detail)),
            Finding::Unclear(message) => {
                let problem = Problem::new(ErrorCode::DeliveryUncertain, message);
                self.set(row, uncertain(UNCLEAR, &problem));
            }
            Finding::Absent => match self.still_at_work(row) {
                None => {
                    if let Some(doubt) = self.doubts.get_mut(row as usize) {
                        *doubt = None;
                    }
                    // From now on the target knows the row's key again.
                    if let Some(forgotten) = self.forgotten.get_mut(row as usize) {
                        *forgotten = false;
                    }
                    ready.push(row);
                }
                Some(left) => {
                    let problem = Problem::new(ErrorCode::TargetUnavailable, NOT_YET);
                    again.sets.push(vec![row]);
                    again.wait(problem, u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
                }
            },
            Finding::Later {
                message,
                retry_after_ms,
            } => {
                let problem = Problem::new(ErrorCode::TargetUnavailable, message);
                again.sets.push(vec![row]);
                again.wait(problem, retry_after_ms.unwrap_or(0));
            }
        }
    }

    /// How much longer the call in doubt may be at work.
    fn still_at_work(&self, row: u32) -> Option<Duration> {
        let Some(Some(Since::Instant(since))) = self.doubts.get(row as usize) else {
            return None;
        };
        let wait = Duration::from_millis(self.manner.wait_ms);
        let left = wait.saturating_sub(since.elapsed());
        (!left.is_zero()).then_some(left)
    }
}

async fn look(target: &dyn Target, inquiry: TargetCall) -> Asked {
    let answer = match target.send(&inquiry).await {
        Err(lost) => Err(lost),
        Ok(response) => {
            let findings = target.judge(&inquiry, &response).await;
            Ok((response, findings))
        }
    };
    Asked { inquiry, answer }
}

fn receipt(asked: &Asked, rows: &[u32]) -> Receipt {
    let (status, duration_ms, answer) = match &asked.answer {
        Err(lost) => (0, 0, lost.problem.detail.clone()),
        Ok((response, _)) => (
            response.status,
            response.duration_ms,
            String::from_utf8_lossy(&response.body).into_owned(),
        ),
    };
    Receipt {
        method: asked.inquiry.method.clone(),
        path: asked.inquiry.path.clone(),
        rows: rows.to_vec(),
        status,
        duration_ms,
        answer,
    }
}
