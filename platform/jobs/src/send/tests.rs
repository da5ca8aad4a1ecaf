//! What is to be done about a record, by what is known of it.

use tributary_model::error_code::ErrorCode;

use super::*;

fn known(before: Before, resend: Option<u32>) -> Known {
    Known {
        before,
        resend,
        sent_ms: None,
    }
}

fn first_time(resend: u32) -> Step {
    Step::Send(Leaving {
        resend,
        sent_ms: None,
        doubtful: false,
        late: false,
    })
}

fn again(resend: u32, sent_ms: Option<UnixMillis>) -> Step {
    Step::Send(Leaving {
        resend,
        sent_ms,
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
        first_sent_ms: Some(1_000),
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
        first_sent_ms: Some(first),
        ..memory(false, intent)
    };
    let day = Some(86_400);
    let doubt = |sent_ms| Known {
        sent_ms,
        ..known(Before::Doubtful, Some(1))
    };
    let late = |step: Option<Step>| matches!(step, Some(Step::InDoubt(LATE, _)));
    // by the record's own time, whatever run and batch it comes with
    for (hours, is_late) in [(19, false), (20, true)] {
        let step = at(hours, "[]", day).step(3, &doubt(Some(first)));
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
            sent_ms: Some(first),
            doubtful: true,
            late,
        });
        let step = asking(hours).step(3, &doubt(Some(first)));
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
    let in_doubt = |resend, sent_ms| Step::InDoubt(BLIND, Some(Numbered { resend, sent_ms }));
    let since = Some(1_000);
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
