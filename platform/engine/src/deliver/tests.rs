//! Delivery against a target that misbehaves on order.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use tributary_model::document::BreakerPolicy;
use tributary_model::error_code::ErrorCode;

use super::*;

/// Counts effects per key and plays one fault per call number.
#[derive(Default)]
struct FakeTarget {
    effects: Mutex<BTreeMap<String, u32>>,
    calls: Mutex<Vec<usize>>,
    /// fault of the n-th call, from 0
    faults: BTreeMap<usize, Fault>,
    /// a record whose line holds this text makes the whole call fail with 422
    poison: Option<&'static str>,
    /// no memory for keys: every arrival is an effect
    forgetful: bool,
}

#[derive(Clone, Copy)]
enum Fault {
    Busy,
    Slow,
    /// 500, and the work is done
    FailedAfterEffect,
    LostAfterEffect,
    NotReached,
    /// done, and the answer makes no sense to the connector
    Garbled,
    /// done, and the connector tells of one row too few
    Short,
    /// refused before it left, and no waiting helps
    Forbidden,
}

fn problem(code: ErrorCode) -> Problem {
    Problem::new(code, "as ordered by the test")
}

#[async_trait]
impl Target for FakeTarget {
    async fn prepare(&self, batch: TargetBatch<'_>) -> Result<Vec<TargetCall>, Problem> {
        let lines: Vec<&str> = std::str::from_utf8(batch.ndjson).unwrap().lines().collect();
        assert_eq!(lines.len(), batch.keys.len());
        let rows: Vec<u32> = (0..batch.rows).collect();
        let planned = rows.chunks(4).map(|rows| {
            let body: Vec<String> = rows
                .iter()
                .map(|row| format!("{} {}", batch.keys[*row as usize], lines[*row as usize]))
                .collect();
            TargetCall {
                method: "POST".to_owned(),
                path: "/batch".to_owned(),
                query: Vec::new(),
                headers: Vec::new(),
                body: body.join("\n").into(),
                rows: rows.to_vec(),
                idempotency_key: None,
                context: None,
            }
        });
        Ok(planned.collect())
    }

    async fn send(&self, call: &TargetCall) -> Result<HttpResponse, SendError> {
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(call.rows.len());
            calls.len() - 1
        };
        // calls that leave at once are all under way before the first answer
        tokio::task::yield_now().await;
        let fault = self.faults.get(&number).copied();
        let body = std::str::from_utf8(&call.body).unwrap().to_owned();
        let refused = self.poison.is_some_and(|poison| body.contains(poison));
        let status = match fault {
            Some(Fault::NotReached) => {
                return Err(SendError {
                    problem: problem(ErrorCode::ConnectionUnreachable),
                    sent: false,
                });
            }
            Some(Fault::Forbidden) => {
                return Err(SendError {
                    problem: problem(ErrorCode::ConnectionRefused),
                    sent: false,
                });
            }
            Some(Fault::Garbled) => 298,
            Some(Fault::Short) => 299,
            Some(Fault::Busy) => 503,
            Some(Fault::Slow) => 429,
            Some(Fault::FailedAfterEffect) => 500,
            _ if refused => 422,
            _ => 200,
        };
        if (200..300).contains(&status) || status == 500 {
            let mut effects = self.effects.lock().unwrap();
            for line in body.lines() {
                let key = line.split(' ').next().unwrap().to_owned();
                let count = effects.entry(key).or_default();
                *count = if self.forgetful { *count + 1 } else { 1 };
            }
        }
        if matches!(fault, Some(Fault::LostAfterEffect)) {
            return Err(SendError {
                problem: problem(ErrorCode::ConnectionTimeout),
                sent: true,
            });
        }
        Ok(HttpResponse {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            duration_ms: 1,
        })
    }

    async fn settle(
        &self,
        call: &TargetCall,
        response: &HttpResponse,
    ) -> Result<Vec<RowOutcome>, Problem> {
        let retry = |reason| Outcome::Retry {
            reason,
            message: "again".to_owned(),
            retry_after_ms: Some(1),
        };
        let outcome = match response.status {
            298 => return Err(problem(ErrorCode::TargetAnswer)),
            200 | 299 => Outcome::Delivered {
                external_id: Some("x".to_owned()),
                detail: None,
            },
            422 => retry(RetryReason::Split),
            429 => retry(RetryReason::RateLimited),
            _ => retry(RetryReason::Transient),
        };
        let told = call.rows.len() - usize::from(response.status == 299);
        let outcomes = call.rows.iter().take(told).map(|row| RowOutcome {
            row: *row,
            outcome: outcome.clone(),
        });
        Ok(outcomes.collect())
    }

    async fn inquire(&self, _batch: TargetBatch<'_>) -> Result<Vec<TargetCall>, Problem> {
        panic!("it cannot be asked")
    }

    async fn judge(&self, _: &TargetCall, _: &HttpResponse) -> Result<Vec<RowFinding>, Problem> {
        panic!("it cannot be asked")
    }
}

fn batch(count: usize) -> (Vec<u8>, Vec<OutgoingRow>) {
    let mut ndjson = Vec::new();
    let mut rows = Vec::new();
    for number in 0..count {
        let start = ndjson.len();
        ndjson.extend_from_slice(format!("{{\"n\":{number}}}\n").as_bytes());
        rows.push(OutgoingRow {
            line: start..ndjson.len(),
            idempotency_key: format!("key-{number}"),
            doubt: None,
        });
    }
    (ndjson, rows)
}

async fn delivered(
    target: &FakeTarget,
    count: usize,
    capability: DeliveryCapability,
) -> Result<Delivery, NotDelivered> {
    delivered_with_breaker(target, count, capability, 0).await
}

async fn delivered_with_breaker(
    target: &FakeTarget,
    count: usize,
    capability: DeliveryCapability,
    breaker: u32,
) -> Result<Delivery, NotDelivered> {
    delivered_as(target, count, manner(capability, breaker)).await
}

fn manner(capability: DeliveryCapability, breaker: u32) -> Manner {
    Manner {
        policy: DeliveryPolicy {
            concurrency: 1,
            max_attempts: 3,
            max_backoff_ms: 5,
            timeout_ms: 1_000,
            breaker: BreakerPolicy {
                failed_calls: breaker,
                ..BreakerPolicy::default()
            },
        },
        capability,
        transient_not_done: false,
        wait_ms: 0,
    }
}

async fn delivered_as(
    target: &FakeTarget,
    count: usize,
    manner: Manner,
) -> Result<Delivery, NotDelivered> {
    let (ndjson, rows) = batch(count);
    let outgoing = Outgoing {
        stream: "orders",
        ndjson: &ndjson,
        rows: &rows,
    };
    deliver(target, outgoing, manner).await
}

fn states(delivery: &Delivery) -> Vec<RecordState> {
    delivery.results.iter().map(|result| result.state).collect()
}

#[tokio::test]
async fn a_good_batch_goes_out_in_the_planned_calls() {
    let target = FakeTarget::default();
    let delivery = delivered(&target, 10, DeliveryCapability::IdempotencyKey)
        .await
        .unwrap();
    assert_eq!(states(&delivery), vec![RecordState::Delivered; 10]);
    assert_eq!(*target.calls.lock().unwrap(), [4, 4, 2]);
    assert_eq!(delivery.record.receipts.len(), 3);
}

#[tokio::test]
async fn faults_that_pass_are_waited_out_without_a_second_effect() {
    let target = FakeTarget {
        faults: [
            (0, Fault::Busy),
            (1, Fault::LostAfterEffect),
            (2, Fault::Slow),
            (3, Fault::NotReached),
        ]
        .into(),
        ..FakeTarget::default()
    };
    let delivery = delivered(&target, 10, DeliveryCapability::IdempotencyKey)
        .await
        .unwrap();
    assert_eq!(states(&delivery), vec![RecordState::Delivered; 10]);
    let effects = target.effects.lock().unwrap();
    assert_eq!(effects.len(), 10);
    assert!(effects.values().all(|count| *count == 1));
    // A call that only had to wait goes out whole: the target is not hammered with pieces.
    let sizes = target.calls.lock().unwrap().clone();
    assert!(sizes.iter().all(|size| [2, 4].contains(size)), "{sizes:?}");
}

#[tokio::test]
async fn a_refused_call_is_halved_until_the_record_to_blame_stands_alone() {
    let target = FakeTarget {
        poison: Some("{\"n\":6}"),
        ..FakeTarget::default()
    };
    let delivery = delivered(&target, 8, DeliveryCapability::IdempotencyKey)
        .await
        .unwrap();
    let mut expected = vec![RecordState::Delivered; 8];
    expected[6] = RecordState::Rejected;
    assert_eq!(states(&delivery), expected);
    let issue = delivery.results[6].issue.as_ref().unwrap();
    assert_eq!(issue.code, ErrorCode::TargetRejected);
}

#[tokio::test]
async fn a_lost_answer_of_a_forgetful_target_is_uncertain_and_not_sent_again() {
    let target = FakeTarget {
        faults: [(0, Fault::LostAfterEffect)].into(),
        forgetful: true,
        ..FakeTarget::default()
    };
    let delivery = delivered(&target, 6, DeliveryCapability::None)
        .await
        .unwrap();
    let uncertain = states(&delivery)
        .into_iter()
        .filter(|state| *state == RecordState::Uncertain)
        .count();
    assert_eq!(uncertain, 4);
    assert!(target.effects.lock().unwrap().values().all(|n| *n == 1));
}

#[tokio::test]
async fn a_target_that_stays_down_leaves_the_batch_for_later() {
    let target = FakeTarget {
        faults: (0..100).map(|n| (n, Fault::Busy)).collect(),
        ..FakeTarget::default()
    };
    let later = delivered(&target, 4, DeliveryCapability::IdempotencyKey)
        .await
        .unwrap_err();
    assert_eq!(later.problem.code, ErrorCode::TargetUnavailable);
    assert!(later.retry_after_ms.is_some());
    assert_eq!(target.calls.lock().unwrap().len(), 3, "max_attempts");
    assert_eq!(later.record.failed_calls, 3);
}

#[tokio::test]
async fn the_breaker_ends_the_tries_and_a_call_to_slow_down_is_an_answer() {
    let target = FakeTarget {
        faults: [
            (0, Fault::NotReached),
            (1, Fault::Slow),
            (2, Fault::Busy),
            (3, Fault::LostAfterEffect),
        ]
        .into(),
        ..FakeTarget::default()
    };
    let capability = DeliveryCapability::IdempotencyKey;
    let later = delivered_with_breaker(&target, 3, capability, 1)
        .await
        .unwrap_err();
    assert_eq!(
        (later.record.failed_calls, later.problem.code),
        (1, ErrorCode::ConnectionUnreachable)
    );
    assert_eq!(
        target.calls.lock().unwrap().len(),
        1,
        "tries that were left"
    );
    let later = delivered_with_breaker(&target, 3, capability, 2)
        .await
        .unwrap_err();
    assert_eq!(
        later.record.failed_calls, 2,
        "two after the one to slow down"
    );
    assert_eq!(target.calls.lock().unwrap().len(), 4);
}

/// What is known of the rows must not be lost with the rest.
#[tokio::test]
async fn rows_with_an_end_state_are_told_when_others_have_none() {
    let target = FakeTarget {
        faults: (1..100).map(|n| (n, Fault::Slow)).collect(),
        forgetful: true,
        ..FakeTarget::default()
    };
    let later = delivered(&target, 6, DeliveryCapability::None)
        .await
        .unwrap_err();
    let known: Vec<bool> = later.results.iter().map(Option::is_some).collect();
    assert_eq!(known, [true, true, true, true, false, false]);
    assert!(!later.record.receipts.is_empty());
    assert_eq!(later.problem.code, ErrorCode::RateLimited);
}

fn known_states(later: &NotDelivered) -> Vec<Option<RecordState>> {
    let results = later.results.iter();
    results
        .map(|result| result.as_ref().map(|result| result.state))
        .collect()
}

/// Three calls leave at once; what is wrong with one must not hide the answers of the others,
/// whichever comes first.
#[tokio::test]
async fn answers_beside_a_bad_one_are_settled() {
    for bad in [Fault::Garbled, Fault::Short, Fault::Forbidden] {
        for at in 0..3 {
            bad_answer(bad, at, DeliveryCapability::IdempotencyKey).await;
            bad_answer(bad, at, DeliveryCapability::None).await;
        }
    }
}

async fn bad_answer(bad: Fault, at: usize, capability: DeliveryCapability) {
    let target = FakeTarget {
        faults: [(at, bad)].into(),
        forgetful: true,
        ..FakeTarget::default()
    };
    let mut manner = manner(capability, 0);
    manner.policy.concurrency = 3;
    let later = delivered_as(&target, 12, manner).await.unwrap_err();
    let sent = !matches!(bad, Fault::Forbidden);
    let doubted = sent && capability == DeliveryCapability::None;
    let mut expected = vec![Some(RecordState::Delivered); 12];
    for state in &mut expected[at * 4..at * 4 + 4] {
        *state = doubted.then_some(RecordState::Uncertain);
    }
    assert_eq!(known_states(&later), expected, "call {at}");
    assert_eq!(later.record.receipts.len(), 3);
    assert_eq!(later.retry_after_ms, None, "only a person can mend it");
    assert!(later.record.answered && later.record.left);
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_call_is_uncertain_for_a_forgetful_target() {
    let busy = || FakeTarget {
        faults: [(0, Fault::Busy)].into(),
        forgetful: true,
        ..FakeTarget::default()
    };
    let target = busy();
    let delivery = delivered(&target, 4, DeliveryCapability::None)
        .await
        .unwrap();
    assert_eq!(states(&delivery), [RecordState::Uncertain; 4]);
    assert_eq!(target.calls.lock().unwrap().len(), 1, "never sent again");
    assert_eq!(delivery.record.failed_calls, 1);
    assert!(!delivery.record.answered, "a 5xx is no proper answer");

    // unless the connector promises that nothing was done
    let target = busy();
    let mut manner = manner(DeliveryCapability::None, 0);
    manner.transient_not_done = true;
    let delivery = delivered_as(&target, 4, manner).await.unwrap();
    assert_eq!(states(&delivery), [RecordState::Delivered; 4]);
}

/// Whatever the connector promises: a server that failed in the middle may have done its work.
#[tokio::test]
async fn an_error_after_the_effect_is_uncertain_unless_the_target_knows_a_resend() {
    let target = |forgetful| FakeTarget {
        faults: [(0, Fault::FailedAfterEffect)].into(),
        forgetful,
        ..FakeTarget::default()
    };
    let promised = |capability| Manner {
        transient_not_done: true,
        ..manner(capability, 0)
    };
    let blind = target(true);
    let delivery = delivered_as(&blind, 6, promised(DeliveryCapability::None))
        .await
        .unwrap();
    let uncertain = |state: &&RecordState| **state == RecordState::Uncertain;
    assert_eq!(states(&delivery).iter().filter(uncertain).count(), 4);
    assert!(blind.effects.lock().unwrap().values().all(|n| *n == 1));
    let knowing = target(false);
    let delivery = delivered_as(&knowing, 6, promised(DeliveryCapability::Upsert))
        .await
        .unwrap();
    assert_eq!(states(&delivery).iter().filter(uncertain).count(), 0);
    let calls = knowing.calls.lock().unwrap().len();
    assert_eq!(calls, 3, "the first call again");
}

/// Every call leaves and no answer comes: only as many are lost as the breaker lets.
#[tokio::test]
async fn the_breaker_keeps_calls_of_a_forgetful_target_back() {
    let target = FakeTarget {
        faults: (0..100).map(|n| (n, Fault::LostAfterEffect)).collect(),
        forgetful: true,
        ..FakeTarget::default()
    };
    let later = delivered_with_breaker(&target, 12, DeliveryCapability::None, 2)
        .await
        .unwrap_err();
    let mut expected = vec![Some(RecordState::Uncertain); 8];
    expected.extend([None; 4]);
    assert_eq!(known_states(&later), expected);
    assert_eq!(target.calls.lock().unwrap().len(), 2);
    assert_eq!(later.record.failed_calls, 2);
    assert!(later.retry_after_ms.is_some());
}

#[tokio::test]
async fn it_is_told_whether_anything_left() {
    let target = FakeTarget {
        faults: (0..100).map(|n| (n, Fault::NotReached)).collect(),
        ..FakeTarget::default()
    };
    let later = delivered(&target, 4, DeliveryCapability::IdempotencyKey)
        .await
        .unwrap_err();
    assert!(!later.record.left && !later.record.answered);
    for (fault, left) in [
        (Fault::Slow, false),
        (Fault::Busy, true),
        (Fault::LostAfterEffect, true),
    ] {
        let target = FakeTarget {
            faults: (0..100).map(|n| (n, fault)).collect(),
            ..FakeTarget::default()
        };
        let later = delivered(&target, 4, DeliveryCapability::IdempotencyKey)
            .await
            .unwrap_err();
        assert_eq!(later.record.left, left);
    }
}
