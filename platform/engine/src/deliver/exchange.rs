//! One call to the target and what came back.

use bytes::Bytes;
use tributary_host::{RowOutcome, SendError, TargetCall};
use tributary_model::problem::Problem;

use super::{Receipt, Target};

/// One call with its answer.
pub(super) struct Exchange {
    pub(super) call: TargetCall,
    pub(super) duration_ms: u64,
    status: u16,
    answer: Bytes,
    /// outer: did an answer come; inner: could the connector read it
    pub(super) result: Result<Result<Vec<RowOutcome>, Problem>, SendError>,
}

impl Exchange {
    /// Whether the answer leaves open if the work was done: a server that failed, or something in front
    /// of it that did not get an answer. 503 says that it was not begun.
    pub(super) fn leaves_open(&self) -> bool {
        matches!(self.status, 408 | 500..=502 | 504..=599)
    }

    pub(super) fn receipt(&self, rows: &[u32]) -> Receipt {
        let answer = match &self.result {
            Err(lost) => lost.problem.detail.clone(),
            Ok(_) => String::from_utf8_lossy(&self.answer).into_owned(),
        };
        Receipt {
            method: self.call.method.clone(),
            path: self.call.path.clone(),
            rows: rows.to_vec(),
            status: self.status,
            duration_ms: self.duration_ms,
            answer,
        }
    }
}

pub(super) async fn exchange(target: &dyn Target, call: TargetCall) -> Exchange {
    match target.send(&call).await {
        Err(lost) => Exchange {
            call,
            duration_ms: 0,
            status: 0,
            answer: Bytes::new(),
            result: Err(lost),
        },
        Ok(response) => {
            let outcomes = target.settle(&call, &response).await;
            Exchange {
                call,
                duration_ms: response.duration_ms,
                status: response.status,
                answer: response.body,
                result: Ok(outcomes),
            }
        }
    }
}
