//! The circuit breaker: a target that fails pauses its run.

use std::time::Duration;

use tributary_model::error_code::ErrorCode;
use tributary_model::id::RunId;
use tributary_model::problem::Problem;
use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{BatchResult, Lease, Resume, Run, TargetFailure};

use crate::bed::{Bed, done, outcome, result};

pub(crate) fn failure(failed_calls: u32) -> TargetFailure {
    TargetFailure {
        failed_calls,
        answered: false,
        pause_at: 5,
        wait_ms: 300,
        max_wait_ms: 500,
        retry_in_ms: Some(0),
    }
}

async fn fails(bed: &Bed, lease: &Lease, calls: u32) -> RunState {
    let problem = Problem::new(ErrorCode::TargetUnavailable, "down");
    let failed = bed
        .acme
        .target_failed(lease, &problem, &failure(calls))
        .await;
    done(failed.unwrap())
}

fn answered(key: &str) -> BatchResult {
    BatchResult {
        calls: 1,
        answered: true,
        ..result(vec![outcome(0, key, 1, RecordState::Delivered)])
    }
}

pub(crate) async fn run(bed: &Bed, id: &RunId) -> Run {
    bed.acme.run(id).await.unwrap().unwrap()
}

pub(crate) async fn pause_probe_resume(bed: Bed) {
    let id = bed.extracted("orders", 4, 1).await.id;
    let one = bed.claim(WorkKind::Batch).await;
    assert_eq!(fails(&bed, &one, 3).await, RunState::Running, "3 of 5");
    let mut leases = bed.system.claim("w", 9, 60_000).await.unwrap();
    leases.sort_by_key(|lease| lease.work_id != one.work_id);
    let one = leases.remove(0);
    assert_eq!(one.attempt, 2, "a failure below the limit is a try");
    assert_eq!(fails(&bed, &one, 2).await, RunState::Paused, "5 in a row");
    assert_eq!(leases.len(), 3, "under way when the run was paused");
    for lease in &leases {
        assert_eq!(fails(&bed, lease, 1).await, RunState::Paused);
    }
    bed.nothing_due().await;
    let paused = run(&bed, &id).await;
    assert_eq!(paused.problem.unwrap().code, ErrorCode::TargetUnavailable);
    assert!(paused.resume_ms.is_some());

    // one batch probes, and it costs none of its tries
    tokio::time::sleep(Duration::from_millis(320)).await;
    let probe = bed.claim(WorkKind::Batch).await;
    assert_eq!(
        (probe.work_id.as_str(), probe.attempt),
        (one.work_id.as_str(), 2)
    );
    bed.nothing_due().await;
    assert_eq!(fails(&bed, &probe, 1).await, RunState::Paused);
    let longer = run(&bed, &id).await.resume_ms.unwrap() - paused.resume_ms.unwrap();
    assert!(longer >= 500, "{longer}: 500 ms after the first probe");
    bed.nothing_due().await;

    tokio::time::sleep(Duration::from_millis(520)).await;
    let probe = bed.claim(WorkKind::Batch).await;
    let good = answered("1");
    done(bed.acme.commit_batch(&probe, &good).await.unwrap());
    let resumed = run(&bed, &id).await;
    assert_eq!(resumed.state, RunState::Running);
    assert_eq!((resumed.problem, resumed.resume_ms), (None, None));
    for key in ["2", "3", "4"] {
        let lease = bed.claim(WorkKind::Batch).await;
        assert_eq!(lease.attempt, 1);
        let good = answered(key);
        done(bed.acme.commit_batch(&lease, &good).await.unwrap());
    }
    bed.claim(WorkKind::Finish).await;
    let events = bed.acme.run_events(&id).await.unwrap();
    let states: Vec<RunState> = events.iter().map(|event| event.to).collect();
    use RunState::{Paused, Planning, Queued, Running};
    let expected = [Queued, Planning, Running, Paused, Paused, Running];
    assert_eq!(states, expected);
}

pub(crate) async fn resumed_by_a_person(bed: Bed) {
    let id = bed.extracted("orders", 2, 1).await.id;
    let lease = bed.claim(WorkKind::Batch).await;
    let early = bed.acme.run_resume(&id).await.unwrap();
    assert_eq!(early, Some(Resume::NotPaused(RunState::Running)));
    assert_eq!(fails(&bed, &lease, 9).await, RunState::Paused);
    bed.nothing_due().await;
    let resumed = bed.acme.run_resume(&id).await.unwrap();
    let Some(Resume::Resumed(run)) = resumed else {
        panic!("{resumed:?}");
    };
    assert_eq!(run.state, RunState::Running);
    let leases = bed.system.claim("w", 9, 60_000).await.unwrap();
    assert_eq!(
        leases.len(),
        2,
        "the batch that failed and the one that waited"
    );

    // paused again and cancelled: nothing is left
    assert_eq!(fails(&bed, &leases[0], 9).await, RunState::Paused);
    assert_eq!(fails(&bed, &leases[1], 9).await, RunState::Paused);
    let state = bed.acme.run_cancel(&id).await.unwrap();
    assert_eq!(state, Some(RunState::Cancelled));
    bed.nothing_due().await;
}

/// Workers die of the probe until it counts as deadly; the next batch takes its place.
pub(crate) async fn a_probe_that_dies_has_a_successor(bed: Bed) {
    let id = bed.extracted("orders", 2, 1).await.id;
    let first = bed.claim(WorkKind::Batch).await;
    assert_eq!(fails(&bed, &first, 9).await, RunState::Paused);
    tokio::time::sleep(Duration::from_millis(320)).await;
    let probe = bed.claim(WorkKind::Batch).await;
    assert_eq!(probe.work_id, first.work_id);
    let problem = Problem::new(ErrorCode::Internal, "deadly");
    let failed = bed.acme.fail_work(&probe, &problem, None).await.unwrap();
    assert_eq!(done(failed), RunState::Paused);
    let next = bed.claim(WorkKind::Batch).await;
    assert_ne!(next.work_id, first.work_id);
    // it has nothing to send, so nobody waits for the target any more
    let nothing = result(vec![outcome(0, "2", 1, RecordState::Unchanged)]);
    done(bed.acme.commit_batch(&next, &nothing).await.unwrap());
    assert_eq!(run(&bed, &id).await.state, RunState::Running);
    bed.claim(WorkKind::Finish).await;
}
