//! What is to be done about a record, by what is known of it.

use tributary_model::counters::Counters;
use tributary_model::error_code::ErrorCode;
use tributary_store::{BatchObjects, BatchState};

use super::*;

fn known(before: Before, resend: Option<u32>) -> Known {
    Known {
        before,
        resend,
        sent: None,
    }
}

/// Calls at these times.
fn between(first_ms: UnixMillis, last_ms: UnixMillis) -> Option<SentAt> {
    Some(SentAt { first_ms, last_ms })
}

fn first_time(resend: u32) -> Step {
    Step::Send(Leaving {
        resend,
        sent: None,
        doubtful: false,
        late: false,
    })
}

fn again(resend: u32, sent: Option<SentAt>) -> Step {
    Step::Send(Leaving {
        resend,
        sent,
        doubtful: true,
        late: false,
    })
}

fn memory(blind: bool, intent: &str) -> Memory {
    Memory {
        window_ms: None,
        now_ms: 0,
        blind,
        asks_late: false,
        intent: Intent::parse(Some(intent)).unwrap(),
        sent: between(1_000, 2_000),
    }
}

#[test]
fn a_resend_is_too_late_when_most_of_the_targets_memory_has_passed() {
    let terms = |window_s| DeliveryTerms {
        capability: DeliveryCapability::IdempotencyKey,
        window_s,
        max_rows_per_call: 100,
        transient_not_done: false,
        by_config: None,
        wait_s: None,
        lookup_after_window: false,
    };
    let (first, hour_ms) = (1_000_000, 3_600_000);
    let at = |hours: i64, intent: &str, window_s| Memory {
        window_ms: window_ms(Some(&terms(window_s))),
        now_ms: first + hours * hour_ms,
        sent: between(first, first + 30 * hour_ms),
        ..memory(false, intent)
    };
    let day = Some(86_400);
    let doubt = |sent| Known {
        sent,
        ..known(Before::Doubtful, Some(1))
    };
    let late = |step: Option<Step>| matches!(step, Some(Step::InDoubt(LATE, _)));
    // by the record's own time, whatever run and batch it comes with
    for (hours, is_late) in [(19, false), (20, true)] {
        let step = at(hours, "[]", day).step(3, &doubt(between(first, first + hour_ms)));
        assert_eq!(late(step), is_late, "{hours} h, from another run");
        let fresh = known(Before::Fresh, Some(0));
        let step = at(hours, "[[0,4,2]]", day).step(3, &fresh);
        assert_eq!(late(step), is_late, "{hours} h, from a lost worker");
    }
    assert!(late(at(0, "[]", day).step(3, &doubt(None))), "nobody knows");
    let fresh = known(Before::Fresh, Some(0));
    let step = at(99, "[]", day).step(3, &fresh);
    assert_eq!(step, Some(first_time(0)), "never sent");
    let step = at(99, "[]", None).step(3, &doubt(None));
    assert_eq!(step, Some(again(1, None)), "it never forgets");
    // one that can be asked is, about what it may have forgotten and nothing else
    let asking = |hours| Memory {
        asks_late: true,
        ..at(hours, "[]", day)
    };
    for (hours, late) in [(19, false), (20, true)] {
        let wanted = Step::Send(Leaving {
            resend: 1,
            sent: between(first, first + hour_ms),
            doubtful: true,
            late,
        });
        let step = asking(hours).step(3, &doubt(between(first, first + hour_ms)));
        assert_eq!(step, Some(wanted), "{hours} h");
    }
    let lost = known(Before::Doubtful, None);
    let step = asking(99).step(3, &lost);
    assert_eq!(
        step,
        Some(Step::InDoubt(BLIND, None)),
        "its key is not known"
    );
}

#[test]
fn a_target_without_memory_is_never_sent_what_it_may_have() {
    let (crashed, calm) = ("[[0,4,2]]", "[]");
    let fresh = known(Before::Fresh, Some(7));
    let step = |blind, intent, known: &Known| memory(blind, intent).step(3, known).unwrap();
    let in_doubt = |resend, sent| Step::InDoubt(BLIND, Some(Numbered { resend, sent }));
    let since = between(1_000, 2_000);
    assert_eq!(step(true, crashed, &fresh), in_doubt(2, since));
    assert_eq!(step(true, calm, &fresh), first_time(7));
    let same = again(2, since);
    assert_eq!(step(false, crashed, &fresh), same, "the same key");
    assert_eq!(step(false, calm, &fresh), first_time(7));
    let doubt = known(Before::Doubtful, Some(1));
    assert_eq!(step(true, calm, &doubt), in_doubt(1, None));
    assert_eq!(step(false, calm, &doubt), again(1, None));
    let lost = known(Before::Doubtful, None);
    assert_eq!(step(false, calm, &lost), Step::InDoubt(BLIND, None));
    let refused = known(Before::Refused, Some(1));
    assert_eq!(step(true, calm, &refused), first_time(1));
    // settled since the calls left: the target does not have it
    let settled = known(Before::Refused, Some(3));
    assert_eq!(step(true, crashed, &settled), first_time(3));
    assert_eq!(step(true, crashed, &refused), in_doubt(2, since));
    let unchanged = known(Before::Unchanged, None);
    assert_eq!(memory(true, crashed).step(3, &unchanged), None);
    let superseded = known(Before::Superseded, None);
    assert_eq!(step(false, crashed, &superseded), Step::Superseded);
}

#[test]
fn of_a_half_delivered_batch_the_rest_is_pending() {
    let delivered = RowResult {
        state: RecordState::Delivered,
        external_id: None,
        detail: None,
        issue: None,
    };
    let late = NotDelivered {
        problem: Problem::new(ErrorCode::TargetUnavailable, "down"),
        retry_after_ms: None,
        results: vec![None, Some(delivered)],
        record: deliver::Record::default(),
    };
    let part = partly(late);
    let states: Vec<RecordState> = part.results.iter().map(|result| result.state).collect();
    assert_eq!(states, [RecordState::Pending, RecordState::Delivered]);
}

#[test]
fn receipts_name_places_in_the_batch() {
    let mut rows = vec![0, 2];
    in_batch(&mut rows, &[1, 4, 7]);
    assert_eq!(rows, [1, 7]);
}

#[test]
fn a_doubt_is_as_old_as_its_last_call() {
    let doubt = Known {
        sent: between(500, 1_500),
        ..known(Before::Doubtful, Some(2))
    };
    let there = memory(false, "[]").step(3, &doubt);
    assert_eq!(
        there,
        Some(again(2, between(500, 1_500))),
        "another batch's"
    );
    let both = memory(false, "[[0,4,2]]").step(3, &doubt);
    assert_eq!(both, Some(again(2, between(500, 2_000))), "and this one's");

    let batch = |first_sent_ms, last_sent_ms| Batch {
        first_sent_ms,
        last_sent_ms,
        ..batch()
    };
    assert_eq!(sent_at(&batch(None, None), 9_000), None);
    assert_eq!(
        sent_at(&batch(Some(1_000), Some(4_000)), 9_000),
        between(1_000, 4_000)
    );
    // the worker that sent them is gone, and nobody knows how long it sent
    assert_eq!(
        sent_at(&batch(Some(1_000), None), 9_000),
        between(1_000, 9_000)
    );
}

fn batch() -> Batch {
    Batch {
        partition: 0,
        no: 0,
        input: String::new(),
        rows: 0,
        records: 0,
        state: BatchState::Open,
        epoch: None,
        recorded_ms: None,
        counters: Counters::default(),
        objects: BatchObjects::default(),
        calls: 0,
        target_ms: 0,
        first_sent_ms: None,
        last_sent_ms: None,
        intent: None,
        problem: None,
        updated_ms: 0,
    }
}
