//! Targets that ask to slow down, and batches that are recorded although their calls failed.

use std::time::Duration;

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{Again, BatchResult, BatchState, Lease, TargetFailure};

use crate::bed::{Bed, done, new_batch, outcome, page, partition, parts, result};
use crate::paused::{failure, run};

fn slow() -> Problem {
    Problem::new(ErrorCode::RateLimited, "wait")
}

fn down() -> Problem {
    Problem::new(ErrorCode::TargetUnavailable, "down")
}

pub(crate) async fn slow_targets(bed: Bed) {
    let started = bed.run("orders").await;
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
    let lease = bed.claim(WorkKind::Batch).await;
    let state = bed.acme.slow_down(&lease, &slow(), 400).await.unwrap();
    assert_eq!(done(state), RunState::Running);
    let lost = bed.acme.slow_down(&lease, &slow(), 400).await.unwrap();
    assert_eq!(lost, tributary_store::Fenced::Lost);
    bed.nothing_due().await;
    // what is read meanwhile waits too; another run does not
    let more = [new_batch(2, 1)];
    let stored = bed.acme.commit_page(&extract, &page(1), None, &more).await;
    done(stored.unwrap());
    bed.nothing_due().await;
    bed.run("other").await;
    bed.claim(WorkKind::Plan).await;
    tokio::time::sleep(Duration::from_millis(420)).await;
    let leases = bed.system.claim("w", 9, 60_000).await.unwrap();
    let tries: Vec<u32> = leases.iter().map(|lease| lease.attempt).collect();
    assert_eq!(tries, [1, 1, 1], "no try was used up");

    // of a run that is being stopped nothing waits
    bed.acme.run_cancel(&started.id).await.unwrap();
    done(bed.acme.slow_down(&extract, &slow(), 60_000).await.unwrap());
    for lease in &leases {
        done(bed.acme.slow_down(lease, &slow(), 60_000).await.unwrap());
    }
    assert_eq!(run(&bed, &started.id).await.state, RunState::Cancelled);
}

fn part(again: Option<Again>) -> BatchResult {
    BatchResult {
        calls: 1,
        answered: true,
        again,
        ..result(vec![
            outcome(0, "a", 1, RecordState::Delivered),
            outcome(1, "b", 1, RecordState::Pending),
        ])
    }
}

/// What has an end state is recorded, and the batch goes on with the rest.
pub(crate) async fn recorded_in_part(bed: Bed) {
    let id = bed.extracted("orders", 2, 2).await.id;
    let lease = bed.claim(WorkKind::Batch).await;
    let again = Again {
        problem: slow(),
        in_ms: 300,
        slow_down: true,
    };
    let committed = bed.acme.commit_batch(&lease, &part(Some(again))).await;
    done(committed.unwrap());
    let batch = bed.acme.batch(&id, 1, 0).await.unwrap().unwrap();
    assert_eq!(batch.state, BatchState::Open);
    assert_eq!((batch.counters.delivered, batch.counters.pending), (1, 1));
    bed.nothing_due().await;
    tokio::time::sleep(Duration::from_millis(320)).await;
    let mut leases = bed.system.claim("w", 9, 60_000).await.unwrap();
    assert_eq!(leases.len(), 2);
    let (first, second) = (leases.remove(0), leases.remove(0));
    assert_eq!((first.batch, first.attempt), (Some(0), 1));
    let stored = bed.acme.batch_outcomes(&id, 1, 0).await.unwrap();
    assert_eq!(stored[0].state, RecordState::Delivered);
    // a failure counts as a try
    let again = Again {
        problem: down(),
        in_ms: 0,
        slow_down: false,
    };
    let committed = bed
        .acme
        .commit_batch(&first, &part(Some(again.clone())))
        .await;
    done(committed.unwrap());
    let first = bed.claim(WorkKind::Batch).await;
    assert_eq!((first.batch, first.attempt), (Some(0), 2));
    let whole = result(vec![
        outcome(0, "a", 1, RecordState::Delivered),
        outcome(1, "b", 1, RecordState::Delivered),
    ]);
    done(bed.acme.commit_batch(&first, &whole).await.unwrap());
    let counters = bed.acme.run_counters(&id).await.unwrap();
    assert_eq!((counters.delivered, counters.unexplained()), (2, 0));

    // cancelled in between: the rest does not wait
    bed.acme.run_cancel(&id).await.unwrap();
    let committed = bed.acme.commit_batch(&second, &part(Some(again))).await;
    done(committed.unwrap());
    assert_eq!(run(&bed, &id).await.state, RunState::Cancelled);
}

async fn recorded(bed: &Bed, lease: &Lease, answered: bool, failed: Option<TargetFailure>) {
    let key = lease.work_id.as_str();
    let result = BatchResult {
        calls: 1,
        answered,
        failure: failed.map(|failure| (down(), failure)),
        ..result(vec![outcome(0, key, 1, RecordState::Uncertain)])
    };
    done(bed.acme.commit_batch(lease, &result).await.unwrap());
}

/// Lost answers of a target without memory: its batches are recorded, and the breaker counts them.
pub(crate) async fn failures_of_recorded_batches(bed: Bed) {
    let id = bed.extracted("orders", 8, 1).await.id;
    for calls in [2, 2] {
        let lease = bed.claim(WorkKind::Batch).await;
        recorded(&bed, &lease, false, Some(failure(calls))).await;
        assert_eq!(run(&bed, &id).await.state, RunState::Running);
    }
    let (trips, late) = (
        bed.claim(WorkKind::Batch).await,
        bed.claim(WorkKind::Batch).await,
    );
    recorded(&bed, &trips, false, Some(failure(1))).await;
    let paused = run(&bed, &id).await;
    assert_eq!(paused.state, RunState::Paused, "5 in a row");
    assert_eq!(paused.problem.unwrap().code, ErrorCode::TargetUnavailable);
    recorded(&bed, &late, false, Some(failure(1))).await;
    bed.nothing_due().await;

    // one probe at a time, and the waits grow
    tokio::time::sleep(Duration::from_millis(550)).await;
    let probe = bed.claim(WorkKind::Batch).await;
    bed.nothing_due().await;
    recorded(&bed, &probe, false, Some(failure(1))).await;
    assert_eq!(run(&bed, &id).await.state, RunState::Paused);
    bed.nothing_due().await;
    tokio::time::sleep(Duration::from_millis(550)).await;
    let probe = bed.claim(WorkKind::Batch).await;
    // answered, and then it failed again: that is not five in a row
    recorded(&bed, &probe, true, Some(failure(4))).await;
    assert_eq!(run(&bed, &id).await.state, RunState::Running);
    let lease = bed.claim(WorkKind::Batch).await;
    let again = TargetFailure {
        answered: true,
        ..failure(4)
    };
    let state = bed.acme.target_failed(&lease, &down(), &again).await;
    assert_eq!(done(state.unwrap()), RunState::Running, "nor is this");
}
