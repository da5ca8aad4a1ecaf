//! Delivery to a target that can be asked: without memory for keys, or with one that may be over.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use tributary_host::Finding;
use tributary_model::document::BreakerPolicy;
use tributary_model::error_code::ErrorCode;

use super::*;

/// How long a keyed registry remembers.
const WINDOW_MS: u64 = 100_000;

/// Does every call that arrives, however often, and tells what it has.
#[derive(Default)]
struct Registry {
    /// by line: how often it was done
    done: Mutex<BTreeMap<String, u32>>,
    /// calls and inquiries, in order
    heard: Mutex<Vec<String>>,
    /// by number of the call, from 0, inquiries not counted
    faults: BTreeMap<usize, Fault>,
    calls: Mutex<usize>,
    /// what it says of everything that it is asked for, if not the truth
    says: Option<Finding>,
    /// it knows the keys of its calls from now on: a resend has no effect
    keyed: bool,
}

#[derive(Clone, Copy)]
enum Fault {
    LostAfterEffect,
    LostOnTheWay,
    /// 500, and the work is done
    FailedAfterEffect,
    /// 503: not begun
    Busy,
}

fn unreachable() -> SendError {
    SendError {
        problem: Problem::new(ErrorCode::ConnectionTimeout, "as ordered by the test"),
        sent: true,
    }
}

fn answer(status: u16) -> HttpResponse {
    HttpResponse {
        status,
        headers: Vec::new(),
        body: Bytes::new(),
        duration_ms: 1,
    }
}

fn calls(method: &str, batch: TargetBatch<'_>) -> Vec<TargetCall> {
    let lines = std::str::from_utf8(batch.ndjson).unwrap().lines();
    let call = |(row, line): (u32, &str)| TargetCall {
        method: method.to_owned(),
        path: line.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Bytes::new(),
        rows: vec![row],
        idempotency_key: None,
        context: None,
    };
    (0..).zip(lines).map(call).collect()
}

#[async_trait]
impl Target for Registry {
    async fn prepare(&self, batch: TargetBatch<'_>) -> Result<Vec<TargetCall>, Problem> {
        Ok(calls("POST", batch))
    }

    async fn send(&self, call: &TargetCall) -> Result<HttpResponse, SendError> {
        let line = call.path.clone();
        self.heard
            .lock()
            .unwrap()
            .push(format!("{} {line}", call.method));
        if call.method == "GET" {
            let there = self.done.lock().unwrap().contains_key(&line);
            return Ok(answer(if there { 200 } else { 404 }));
        }
        let number = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls - 1
        };
        let fault = self.faults.get(&number).copied();
        if !matches!(fault, Some(Fault::LostOnTheWay | Fault::Busy)) {
            let mut done = self.done.lock().unwrap();
            let count = done.entry(line).or_default();
            *count = if self.keyed { 1 } else { *count + 1 };
        }
        match fault {
            Some(Fault::LostAfterEffect | Fault::LostOnTheWay) => Err(unreachable()),
            Some(Fault::FailedAfterEffect) => Ok(answer(500)),
            Some(Fault::Busy) => Ok(answer(503)),
            None => Ok(answer(201)),
        }
    }

    async fn settle(
        &self,
        call: &TargetCall,
        response: &HttpResponse,
    ) -> Result<Vec<RowOutcome>, Problem> {
        let outcome = match response.status {
            201 => Outcome::Delivered {
                external_id: Some("new".to_owned()),
                detail: None,
            },
            _ => Outcome::Retry {
                reason: RetryReason::Transient,
                message: "again".to_owned(),
                retry_after_ms: None,
            },
        };
        let row = call.rows[0];
        Ok(vec![RowOutcome { row, outcome }])
    }

    async fn inquire(&self, batch: TargetBatch<'_>) -> Result<Vec<TargetCall>, Problem> {
        Ok(calls("GET", batch))
    }

    async fn judge(
        &self,
        inquiry: &TargetCall,
        response: &HttpResponse,
    ) -> Result<Vec<RowFinding>, Problem> {
        let truth = match response.status {
            200 => Finding::There {
                external_id: Some("found".to_owned()),
                detail: None,
            },
            _ => Finding::Absent,
        };
        Ok(vec![RowFinding {
            row: inquiry.rows[0],
            finding: self.says.clone().unwrap_or(truth),
        }])
    }
}

impl Registry {
    fn with(faults: &[(usize, Fault)]) -> Self {
        Self {
            faults: faults.iter().copied().collect(),
            ..Self::default()
        }
    }

    /// Delivers four records, of which some are in doubt since `doubts` (index, age in ms).
    async fn deliver(
        &self,
        doubts: &[(usize, Option<u64>)],
        wait_ms: u64,
    ) -> Result<Delivery, NotDelivered> {
        let mut ndjson = Vec::new();
        let mut rows = Vec::new();
        for number in 0..4 {
            let start = ndjson.len();
            ndjson.extend_from_slice(format!("r{number}\n").as_bytes());
            let doubt = doubts.iter().find(|(index, _)| *index == number);
            rows.push(OutgoingRow {
                line: start..ndjson.len(),
                idempotency_key: format!("key-{number}"),
                doubt: doubt.map(|(_, age_ms)| Doubt {
                    age_ms: *age_ms,
                    forgotten: self.keyed && age_ms.is_none_or(|age_ms| age_ms > WINDOW_MS),
                }),
            });
        }
        let outgoing = Outgoing {
            stream: "orders",
            ndjson: &ndjson,
            rows: &rows,
        };
        let manner = Manner {
            policy: DeliveryPolicy {
                concurrency: 1,
                max_attempts: 4,
                max_backoff_ms: 40,
                timeout_ms: 1_000,
                breaker: BreakerPolicy {
                    failed_calls: 0,
                    ..BreakerPolicy::default()
                },
            },
            capability: match self.keyed {
                true => DeliveryCapability::IdempotencyKey,
                false => DeliveryCapability::Lookup,
            },
            transient_not_done: true,
            wait_ms,
        };
        deliver(self, outgoing, manner).await
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().join(", ")
    }

    fn once_each(&self) -> bool {
        let done = self.done.lock().unwrap();
        done.len() == 4 && done.values().all(|count| *count == 1)
    }
}

fn ids(delivery: &Delivery) -> Vec<&str> {
    let ids = delivery
        .results
        .iter()
        .map(|result| result.external_id.as_deref());
    ids.map(|id| id.unwrap_or_default()).collect()
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_before_anything_is_sent_again() {
    let target = Registry::with(&[
        (0, Fault::LostAfterEffect),
        (1, Fault::LostOnTheWay),
        (2, Fault::FailedAfterEffect),
        (3, Fault::Busy),
    ]);
    let delivery = target.deliver(&[], 0).await.unwrap();
    assert!(target.once_each(), "{}", target.heard());
    assert_eq!(ids(&delivery), ["found", "new", "found", "new"]);
    let heard = target.heard();
    assert!(heard.contains("GET r0") && heard.contains("GET r1") && heard.contains("GET r2"));
    assert!(!heard.contains("GET r3"), "503 was not begun: {heard}");
    assert_eq!(delivery.record.receipts.len(), 9, "{heard}");
}

#[tokio::test]
async fn what_an_earlier_attempt_may_have_done_is_asked_for_first() {
    let target = Registry::default();
    target.done.lock().unwrap().insert("r1".to_owned(), 1);
    let delivery = target
        .deliver(&[(1, None), (2, Some(900))], 500)
        .await
        .unwrap();
    assert!(target.once_each(), "{}", target.heard());
    assert_eq!(ids(&delivery), ["new", "found", "new", "new"]);
    assert!(
        target.heard().starts_with("GET r1, GET r2, POST r0"),
        "{}",
        target.heard()
    );
}

#[tokio::test]
async fn nothing_found_counts_only_when_the_call_can_be_at_work_no_more() {
    let target = Registry::with(&[(0, Fault::LostOnTheWay)]);
    let late = target.deliver(&[], 60_000).await.unwrap_err();
    let wait_ms = late.retry_after_ms.unwrap();
    assert!((50_000..=60_000).contains(&wait_ms), "{wait_ms}");
    assert_eq!(target.heard().matches("POST r0").count(), 1);
    let target = Registry::with(&[(0, Fault::LostOnTheWay)]);
    target.deliver(&[], 20).await.unwrap();
    assert!(target.once_each() && target.heard().matches("GET r0").count() >= 1);
    let target = Registry::default();
    let late = target
        .deliver(&[(3, Some(1_000))], 60_000)
        .await
        .unwrap_err();
    assert!(late.retry_after_ms.unwrap() > 50_000);
    assert!(!target.heard().contains("POST r3"), "{}", target.heard());
}

#[tokio::test]
async fn what_cannot_be_told_is_uncertain_and_not_sent() {
    let target = Registry {
        says: Some(Finding::Unclear("another total is there".to_owned())),
        // r0 is not sent: the second call is r2's
        ..Registry::with(&[(1, Fault::LostAfterEffect)])
    };
    let delivery = target.deliver(&[(0, None)], 0).await.unwrap();
    let states: Vec<RecordState> = delivery.results.iter().map(|result| result.state).collect();
    use RecordState::{Delivered, Uncertain};
    assert_eq!(states, [Uncertain, Delivered, Uncertain, Delivered]);
    let issue = delivery.results[0].issue.as_ref().unwrap();
    assert!(issue.message.contains("another total"), "{}", issue.message);
    assert!(!target.heard().contains("POST r0"));
    assert_eq!(target.heard().matches("POST r2").count(), 1);
}

#[tokio::test]
async fn a_target_that_cannot_say_now_is_asked_again_and_sent_nothing() {
    let target = Registry {
        says: Some(Finding::Later {
            message: "maintenance".to_owned(),
            retry_after_ms: Some(1),
        }),
        ..Registry::default()
    };
    let late = target.deliver(&[(0, None)], 0).await.unwrap_err();
    assert_eq!(late.problem.code, ErrorCode::TargetUnavailable);
    assert!(target.heard().matches("GET r0").count() > 1);
    assert!(!target.heard().contains("POST r0"));
}

#[tokio::test]
async fn a_target_that_may_have_forgotten_a_key_is_asked_once_and_then_knows_it() {
    let target = Registry {
        keyed: true,
        // r0 is sent first, then what is not there: r2, whose answer is lost
        ..Registry::with(&[(1, Fault::LostAfterEffect)])
    };
    target.done.lock().unwrap().insert("r1".to_owned(), 1);
    let doubts = [(1, None), (2, Some(200_000)), (3, Some(500))];
    let delivery = target.deliver(&doubts, 60_000).await.unwrap();
    assert!(target.once_each(), "{}", target.heard());
    assert_eq!(ids(&delivery), ["new", "found", "new", "new"]);
    assert_eq!(
        target.heard(),
        "GET r1, GET r2, POST r0, POST r2, POST r3, POST r2",
        "r3's key is known, and so is r2's after it went out again"
    );
}
