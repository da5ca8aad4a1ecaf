//! Calls that left and whose outcome nobody recorded, and runs that come after each other.

use std::time::Duration;

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{
    Announced, CursorMove, Enqueued, Fenced, Lease, Redrive, Seen, SentAt, record_key_hash,
};

use crate::bed::{Bed, done, new_batch, outcome, page, partition, parts, result, slug};
use crate::records::{life, run_with, seen};

fn announced(key: &str, content: u8, resend: u32) -> Announced {
    Announced {
        key_hash: record_key_hash(key),
        content_hash: [content; 32],
        resend,
    }
}

fn problem() -> Problem {
    Problem::new(ErrorCode::TargetUnavailable, "down")
}

/// The lease's batch is about to leave with the record `key`, content 7, number 3.
async fn leaves(bed: &Bed, lease: &Lease, key: &str) -> i64 {
    let records = [announced(key, 7, 3)];
    let intent = bed.acme.commit_intent(lease, "[[0,0,3]]", &records).await;
    done(intent.unwrap())
}

/// In doubt since `first_ms`; what is not known of the last call is taken for late.
fn in_doubt(seen: &Seen, first_ms: i64) {
    assert_eq!(
        (seen.state, seen.content_hash),
        (RecordState::Uncertain, [7; 32])
    );
    assert_eq!((seen.resend, seen.held_resend), (Some(3), Some(3)));
    let sent = seen.sent.unwrap();
    assert_eq!(sent.first_ms, first_ms);
    assert!(sent.last_ms >= first_ms, "{sent:?}");
}

fn sent_at(first_ms: i64) -> Option<SentAt> {
    Some(SentAt {
        first_ms,
        last_ms: first_ms + 7,
    })
}

/// The age of a doubt is that of its last call: until some time after it the call may be at work.
pub(crate) async fn last_calls_are_remembered(bed: Bed) {
    let run = bed.extracted("orders", 1, 1).await;
    let lease = bed.claim(WorkKind::Batch).await;
    let first = leaves(&bed, &lease, "a").await;
    let batch = || async { bed.acme.batch(&run.id, 1, 0).await.unwrap().unwrap() };
    assert_eq!(batch().await.last_sent_ms, None, "calls are under way");
    done(bed.acme.calls_ended(&lease, first + 5_000).await.unwrap());
    let known = batch().await;
    let times = (known.first_sent_ms, known.last_sent_ms);
    assert_eq!(times, (Some(first), Some(first + 5_000)));

    let retried = bed.acme.fail_work(&lease, &problem(), Some(0)).await;
    done(retried.unwrap());
    let lost = lease.clone();
    let lease = bed.claim(WorkKind::Batch).await;
    assert_eq!(leaves(&bed, &lease, "a").await, first, "the window goes on");
    assert_eq!(
        batch().await.last_sent_ms,
        None,
        "a call is under way again"
    );
    assert_eq!(bed.acme.calls_ended(&lost, 1).await.unwrap(), Fenced::Lost);
    done(bed.acme.calls_ended(&lease, first + 9_000).await.unwrap());
    done(bed.acme.fail_work(&lease, &problem(), None).await.unwrap());
    let kept = seen(&bed, "a").await.unwrap().sent;
    let (first_ms, last_ms) = (first, first + 9_000);
    assert_eq!(kept, Some(SentAt { first_ms, last_ms }), "for later runs");
}

pub(crate) async fn left_behind_by_a_stop(bed: Bed) {
    // cancelled while it waits for its next try
    let run = bed.extracted("orders", 1, 1).await;
    let lease = bed.claim(WorkKind::Batch).await;
    let at = leaves(&bed, &lease, "a").await;
    done(
        bed.acme
            .fail_work(&lease, &problem(), Some(60_000))
            .await
            .unwrap(),
    );
    assert!(seen(&bed, "a").await.is_none(), "it goes on by itself");
    let state = bed.acme.run_cancel(&run.id).await.unwrap();
    assert_eq!(state, Some(RunState::Cancelled));
    in_doubt(&seen(&bed, "a").await.unwrap(), at);
    assert!(
        life(&bed, "a").await.is_empty(),
        "nothing of it is recorded"
    );

    // cancelled while a worker has it
    let run = bed.extracted("orders", 1, 1).await;
    let lease = bed.claim(WorkKind::Batch).await;
    let at = leaves(&bed, &lease, "b").await;
    bed.acme.run_cancel(&run.id).await.unwrap();
    assert!(bed.system.release(&lease).await.unwrap());
    in_doubt(&seen(&bed, "b").await.unwrap(), at);

    // failed for good; the redrive goes on from the same intent, and its outcome counts
    let run = bed.extracted("orders", 1, 1).await;
    let lease = bed.claim(WorkKind::Batch).await;
    let at = leaves(&bed, &lease, "c").await;
    done(bed.acme.fail_work(&lease, &problem(), None).await.unwrap());
    in_doubt(&seen(&bed, "c").await.unwrap(), at);
    let finish = bed.claim(WorkKind::Finish).await;
    let ended = bed
        .acme
        .finish_run(&finish, RunState::Failed, "{}", &[])
        .await;
    done(ended.unwrap());
    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
    let batch = bed.acme.batch(&run.id, 1, 0).await.unwrap().unwrap();
    assert_eq!(batch.intent.as_deref(), Some("[[0,0,3]]"));
    assert_eq!(batch.first_sent_ms, Some(at));
    let lease = bed.claim(WorkKind::Batch).await;
    let mut sent = outcome(0, "c", 7, RecordState::Delivered);
    (sent.resend, sent.sent) = (Some(3), sent_at(at));
    done(
        bed.acme
            .commit_batch(&lease, &result(vec![sent]))
            .await
            .unwrap(),
    );
    assert_eq!(seen(&bed, "c").await.unwrap().state, RecordState::Delivered);
    assert_eq!(life(&bed, "c").await.len(), 1);
    let batch = bed.acme.batch(&run.id, 1, 0).await.unwrap().unwrap();
    assert_eq!((batch.intent, batch.first_sent_ms), (None, None));
}

pub(crate) async fn left_behind_by_the_dead(bed: Bed) {
    bed.extracted("orders", 1, 2).await;
    let mut at = None;
    for attempt in 1..=5 {
        let lease = loop {
            match bed.system.claim("dying", 1, 40).await.unwrap().pop() {
                Some(lease) => break lease,
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        assert_eq!(lease.attempt, attempt);
        // the same key twice in a batch: the last content, the highest number
        let records = [announced("k", 1, 3), announced("k", 7, 2)];
        let intent = bed
            .acme
            .commit_intent(&lease, "[[0,0,3],[1,1,2]]", &records);
        let sent = done(intent.await.unwrap());
        assert_eq!(*at.get_or_insert(sent), sent, "of the first try");
        assert!(seen(&bed, "k").await.is_none());
        tokio::time::sleep(Duration::from_millis(50)).await;
        bed.system.sweep().await.unwrap();
    }
    in_doubt(&seen(&bed, "k").await.unwrap(), at.unwrap());
}

/// The run fails in its extract while a batch is at a worker: no other run may meet its calls.
pub(crate) async fn active_while_somebody_works(bed: Bed) {
    let run = bed.run("orders").await;
    let plan = bed.claim(WorkKind::Plan).await;
    done(
        bed.acme
            .commit_plan(&plan, &parts(&[partition(1)]))
            .await
            .unwrap(),
    );
    let extract = bed.claim(WorkKind::Extract).await;
    let batches = [new_batch(0, 1), new_batch(1, 1)];
    let stored = bed
        .acme
        .commit_page(&extract, &page(0), None, &batches)
        .await;
    done(stored.unwrap());
    let one = bed.claim(WorkKind::Batch).await;
    let two = bed.claim(WorkKind::Batch).await;
    let at = leaves(&bed, &one, "a").await;
    let state = bed
        .acme
        .fail_work(&extract, &problem(), None)
        .await
        .unwrap();
    assert_eq!(done(state), RunState::Failed);
    let beats = bed.system.heartbeat(&[one.key()], 60_000).await.unwrap();
    assert!(beats[0].cancel_requested);
    let refused = Enqueued::Refused {
        running: run.id.clone(),
    };
    for lease in [one, two] {
        let next = bed.acme.run_create(&bed.new_run("orders")).await.unwrap();
        assert_eq!(next, refused);
        assert!(bed.system.release(&lease).await.unwrap());
    }
    in_doubt(&seen(&bed, "a").await.unwrap(), at);
    let next = bed.acme.run_create(&bed.new_run("orders")).await.unwrap();
    assert!(matches!(next, Enqueued::Created(_)), "{next:?}");
    assert_eq!(
        bed.acme.run(&run.id).await.unwrap().unwrap().state,
        RunState::Failed
    );
}

pub(crate) async fn withdrawn(bed: Bed) {
    let run = bed.extracted("orders", 1, 1).await;
    let lease = bed.claim(WorkKind::Batch).await;
    leaves(&bed, &lease, "a").await;
    done(bed.acme.withdraw_intent(&lease).await.unwrap());
    let batch = bed.acme.batch(&run.id, 1, 0).await.unwrap().unwrap();
    assert_eq!((batch.intent, batch.first_sent_ms), (None, None));
    done(bed.acme.fail_work(&lease, &problem(), None).await.unwrap());
    assert!(seen(&bed, "a").await.is_none(), "it never left");
}

/// The target refuses what it was in doubt about: the next key is another one (decision 0011).
pub(crate) async fn refused_after_doubt(bed: Bed) {
    let step = async |content, state, resend| {
        let mut one = outcome(0, "k", content, state);
        (one.resend, one.sent) = (Some(resend), sent_at(i64::from(resend) * 100));
        run_with(&bed, &result(vec![one])).await;
        let seen = seen(&bed, "k").await.unwrap();
        (seen.content_hash[0], seen.state, seen.resend, seen.sent)
    };
    use RecordState::{Rejected, Uncertain};
    let doubt = (1, Uncertain, Some(4), sent_at(400));
    assert_eq!(step(1, Uncertain, 4).await, doubt);
    let (content, state, resend, _) = step(2, Rejected, 5).await;
    assert_eq!(
        (content, state, resend),
        (1, Uncertain, Some(5)),
        "another content"
    );
    let (content, state, resend, sent) = step(1, Rejected, 6).await;
    assert_eq!(
        (content, state, resend),
        (1, Uncertain, Some(6)),
        "another key"
    );
    assert_eq!(sent, sent_at(400));
    let (content, state, resend, _) = step(1, Rejected, 4).await;
    assert_eq!((content, state, resend), (1, Rejected, Some(6)));

    // both in one batch
    let (mut sent, mut refused) = (
        outcome(0, "twice", 1, Uncertain),
        outcome(1, "twice", 1, Rejected),
    );
    (sent.resend, refused.resend) = (Some(0), Some(0));
    run_with(&bed, &result(vec![sent, refused])).await;
    assert_eq!(seen(&bed, "twice").await.unwrap().state, Rejected);
}

/// A run that is taken up after a later one changes nothing of what that one knows.
pub(crate) async fn older_runs(bed: Bed) {
    let old = bed.extracted("orders", 1, 1).await;
    let lease = bed.claim(WorkKind::Batch).await;
    let refused = outcome(0, "k", 1, RecordState::Rejected);
    done(
        bed.acme
            .commit_batch(&lease, &result(vec![refused]))
            .await
            .unwrap(),
    );
    let finish = bed.claim(WorkKind::Finish).await;
    let ended = bed
        .acme
        .finish_run(&finish, RunState::CompletedWithErrors, "{}", &[])
        .await;
    done(ended.unwrap());
    let mut newer = outcome(0, "k", 2, RecordState::Delivered);
    newer.resend = Some(9);
    let new = run_with(&bed, &result(vec![newer])).await;

    let redriven = bed.acme.run_redrive(&old.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
    let lease = bed.claim(WorkKind::Batch).await;
    let found = seen(&bed, "k").await.unwrap();
    assert!(found.run_no > old.no);
    let mut late = outcome(0, "k", 1, RecordState::Delivered);
    late.resend = Some(3);
    done(
        bed.acme
            .commit_batch(&lease, &result(vec![late]))
            .await
            .unwrap(),
    );
    let after = seen(&bed, "k").await.unwrap();
    assert_eq!(after, found, "the later run's word stands");
    assert_eq!(after.run, new);
    assert_eq!(
        life(&bed, "k").await.len(),
        3,
        "the life line has all of it"
    );
}

pub(crate) async fn cursors_of_older_runs(bed: Bed) {
    let to = |cursor: &str| {
        [CursorMove {
            stream: "lines".to_owned(),
            partition_key: String::new(),
            generation: 0,
            cursor: cursor.to_owned(),
        }]
    };
    let begin = async || {
        let run = bed.run("orders").await;
        let plan = bed.claim(WorkKind::Plan).await;
        done(bed.acme.commit_plan(&plan, &parts(&[])).await.unwrap());
        run
    };
    let old = begin().await;
    let finish = bed.claim(WorkKind::Finish).await;
    done(bed.acme.fail_work(&finish, &problem(), None).await.unwrap());
    begin().await;
    let finish = bed.claim(WorkKind::Finish).await;
    let moves = to("20");
    let ended = bed
        .acme
        .finish_run(&finish, RunState::Succeeded, "{}", &moves);
    done(ended.await.unwrap());

    let redriven = bed.acme.run_redrive(&old.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
    let finish = bed.claim(WorkKind::Finish).await;
    assert_eq!(finish.run, old.id);
    let moves = to("10");
    let ended = bed
        .acme
        .finish_run(&finish, RunState::Succeeded, "{}", &moves);
    done(ended.await.unwrap());
    let stored = bed.acme.cursor(&slug("orders"), "lines").await.unwrap();
    assert_eq!(stored[0].cursor, "20", "not moved back");
}
