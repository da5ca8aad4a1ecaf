//! The ways a run may stop before its end, and how it is taken up again.

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{BatchState, Lease, Redrive};

use crate::bed::{Bed, done, new_batch, outcome, page, partition, parts, result};
use crate::runs::delivered;

fn problem() -> Problem {
    Problem::new(ErrorCode::TargetUnavailable, "the target answered 503")
}

pub(crate) async fn cancel(bed: Bed) {
    let run = bed.extracted("orders", 2, 1).await;
    let state = bed.acme.run_cancel(&run.id).await.unwrap();
    assert_eq!(
        state,
        Some(RunState::Cancelled),
        "nobody works on it: over at once"
    );
    bed.nothing_due().await;
    assert_eq!(bed.system.next_due().await.unwrap().first_ms(), None);
    let unknown = bed.new_run("orders").id;
    assert_eq!(bed.acme.run_cancel(&unknown).await.unwrap(), None);
    assert_eq!(bed.acme.run_redrive(&unknown, None).await.unwrap(), None);
    let counters = bed.acme.run_counters(&run.id).await.unwrap();
    assert_eq!((counters.read, counters.pending), (2, 2));

    // a redrive goes on where it stopped
    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    let Redrive::Queued(redriven) = redriven else {
        panic!("{redriven:?}");
    };
    assert_eq!((redriven.state, redriven.attempt), (RunState::Queued, 2));
    assert_eq!(redriven.finished_ms, None);
    assert_eq!(redriven.report, None);
    for key in ["a", "b"] {
        let lease = bed.claim(WorkKind::Batch).await;
        assert_eq!(lease.attempt, 1);
        done(
            bed.acme
                .commit_batch(&lease, &delivered(key))
                .await
                .unwrap(),
        );
    }
    let finish = bed.claim(WorkKind::Finish).await;
    let ended = bed
        .acme
        .finish_run(&finish, RunState::Succeeded, "{}", &[])
        .await;
    assert_eq!(done(ended.unwrap()), RunState::Succeeded);
}

pub(crate) async fn cancel_while_leased(bed: Bed) {
    let run = bed.extracted("orders", 3, 1).await;
    let (one, two) = (
        bed.claim(WorkKind::Batch).await,
        bed.claim(WorkKind::Batch).await,
    );
    let state = bed.acme.run_cancel(&run.id).await.unwrap();
    assert_eq!(state, Some(RunState::Cancelling));
    bed.nothing_due().await;
    let beats = bed
        .system
        .heartbeat(&[one.key(), two.key()], 60_000)
        .await
        .unwrap();
    assert!(
        beats.len() == 2 && beats.iter().all(|beat| beat.cancel_requested),
        "{beats:?}"
    );
    // what was delivered meanwhile is recorded
    done(bed.acme.commit_batch(&one, &delivered("a")).await.unwrap());
    assert_eq!(
        bed.acme.run(&run.id).await.unwrap().unwrap().state,
        RunState::Cancelling
    );
    assert!(bed.system.release(&two).await.unwrap());
    assert_eq!(
        bed.acme.run(&run.id).await.unwrap().unwrap().state,
        RunState::Cancelled
    );
    let counters = bed.acme.run_counters(&run.id).await.unwrap();
    assert_eq!((counters.delivered, counters.pending), (1, 2));
    bed.nothing_due().await;
}

pub(crate) async fn fail_and_redrive(bed: Bed) {
    let run = bed.extracted("orders", 2, 5).await;
    let lease = bed.claim(WorkKind::Batch).await;
    let state = done(bed.acme.fail_work(&lease, &problem(), None).await.unwrap());
    assert_eq!(state, RunState::Running, "the other batches go on");
    let failed = bed.acme.batch(&run.id, 1, 0).await.unwrap().unwrap();
    assert_eq!(
        (failed.state, failed.problem),
        (BatchState::Failed, Some(problem()))
    );
    let lease = bed.claim(WorkKind::Batch).await;
    done(
        bed.acme
            .commit_batch(&lease, &delivered("a"))
            .await
            .unwrap(),
    );
    let counters = bed.acme.run_counters(&run.id).await.unwrap();
    assert_eq!(
        (counters.read, counters.pending, counters.delivered),
        (6, 5, 1)
    );
    let finish = bed.claim(WorkKind::Finish).await;
    let ended = bed
        .acme
        .finish_run(&finish, RunState::CompletedWithErrors, "{}", &[])
        .await;
    assert_eq!(done(ended.unwrap()), RunState::CompletedWithErrors);

    // while another run of the integration is active, it has to wait
    let other = bed.run("orders").await;
    let refused = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    let running = other.id.clone();
    assert_eq!(refused, Redrive::Refused { running });
    bed.acme.run_cancel(&other.id).await.unwrap();

    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
    let lease = bed.claim(WorkKind::Batch).await;
    assert_eq!(
        (lease.batch, lease.attempt),
        (Some(0), 1),
        "only the failed one"
    );
    bed.nothing_due().await;
    let again = bed.acme.run(&run.id).await.unwrap().unwrap();
    assert_eq!(again.state, RunState::Running);
    done(
        bed.acme
            .commit_batch(&lease, &delivered("b"))
            .await
            .unwrap(),
    );
    let finish = bed.claim(WorkKind::Finish).await;
    let ended = bed
        .acme
        .finish_run(&finish, RunState::CompletedWithErrors, "{}", &[])
        .await;
    assert_eq!(done(ended.unwrap()), RunState::CompletedWithErrors);
    let nothing = bed.acme.run_redrive(&run.id, None).await.unwrap();
    assert_eq!(nothing, Some(Redrive::Nothing));
    let after = bed.acme.run(&run.id).await.unwrap().unwrap();
    assert_eq!(
        (after.state, after.attempt),
        (RunState::CompletedWithErrors, 2)
    );
}

/// The report and the times are those of the present attempt; the run began with the first.
pub(crate) async fn a_redrive_begins_anew(bed: Bed) {
    let run = bed.extracted("orders", 1, 1).await;
    let lease = bed.claim(WorkKind::Batch).await;
    done(bed.acme.fail_work(&lease, &problem(), None).await.unwrap());
    let finish = bed.claim(WorkKind::Finish).await;
    let ended = bed
        .acme
        .finish_run(&finish, RunState::Failed, "{}", &[])
        .await;
    done(ended.unwrap());
    let before = bed.acme.run(&run.id).await.unwrap().unwrap();
    assert!(before.report.is_some());
    assert_eq!(before.attempt_started_ms, before.started_ms);
    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    let Redrive::Queued(queued) = redriven else {
        panic!("{redriven:?}");
    };
    assert_eq!(queued.report, None, "the report of the last attempt");
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    bed.claim(WorkKind::Batch).await;
    let now = bed.acme.run(&run.id).await.unwrap().unwrap();
    assert_eq!(now.started_ms, before.started_ms);
    assert!(now.attempt_started_ms > before.attempt_started_ms);
}

pub(crate) async fn redrive_rejected(bed: Bed) {
    let run = bed.extracted("orders", 2, 2).await;
    for (states, key) in [
        ([RecordState::Delivered, RecordState::Rejected], "a"),
        ([RecordState::Delivered, RecordState::Quarantined], "b"),
    ] {
        let lease = bed.claim(WorkKind::Batch).await;
        let outcomes = vec![
            outcome(0, &format!("{key}0"), 1, states[0]),
            outcome(1, &format!("{key}1"), 1, states[1]),
        ];
        done(
            bed.acme
                .commit_batch(&lease, &result(outcomes))
                .await
                .unwrap(),
        );
    }
    let finish = bed.claim(WorkKind::Finish).await;
    assert_eq!(finish.run_attempt, 1);
    let ended = bed
        .acme
        .finish_run(&finish, RunState::CompletedWithErrors, "{}", &[])
        .await;
    done(ended.unwrap());
    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
    let lease = bed.claim(WorkKind::Batch).await;
    assert_eq!((lease.run_attempt, lease.attempt), (2, 1));
    assert_eq!(
        lease.batch,
        Some(0),
        "quarantined records wait for a correction"
    );
    bed.nothing_due().await;
    let stored = bed.acme.batch_outcomes(&run.id, 1, 0).await.unwrap();
    let states: Vec<_> = stored
        .iter()
        .map(|o| (o.ordinal, o.key.as_str(), o.state))
        .collect();
    assert_eq!(
        states,
        [
            (0, "a0", RecordState::Delivered),
            (1, "a1", RecordState::Rejected)
        ]
    );
    let outcomes = vec![
        outcome(0, "a0", 1, RecordState::Delivered),
        outcome(1, "a1", 1, RecordState::Delivered),
    ];
    done(
        bed.acme
            .commit_batch(&lease, &result(outcomes))
            .await
            .unwrap(),
    );
    let counters = bed.acme.run_counters(&run.id).await.unwrap();
    assert_eq!(
        (counters.read, counters.delivered, counters.quarantined),
        (4, 3, 1)
    );
    assert_eq!(counters.unexplained(), 0);
}

/// A run is summed up after its batches, also when summing up was what failed.
pub(crate) async fn a_redriven_run_finishes_last(bed: Bed) {
    let run = bed.extracted("orders", 1, 1).await;
    let fails = async |lease: &Lease| {
        let failed = bed.acme.fail_work(lease, &problem(), None).await;
        done(failed.unwrap())
    };
    fails(&bed.claim(WorkKind::Batch).await).await;
    let state = fails(&bed.claim(WorkKind::Finish).await).await;
    assert_eq!(state, RunState::Failed);

    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
    let batch = bed.claim(WorkKind::Batch).await;
    bed.nothing_due().await;
    let sent = bed.acme.commit_batch(&batch, &delivered("a")).await;
    done(sent.unwrap());
    let state = fails(&bed.claim(WorkKind::Finish).await).await;
    assert_eq!(state, RunState::Failed);

    // with nothing else to do it is what the redrive is for
    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
    let finish = bed.claim(WorkKind::Finish).await;
    assert_eq!(finish.attempt, 1);
}

pub(crate) async fn failed_plan(bed: Bed) {
    let run = bed.run("orders").await;
    let plan = bed.claim(WorkKind::Plan).await;
    let state = done(bed.acme.fail_work(&plan, &problem(), None).await.unwrap());
    assert_eq!(state, RunState::Failed);
    let failed = bed.acme.run(&run.id).await.unwrap().unwrap();
    assert_eq!(failed.problem, Some(problem()));
    let last = bed.acme.run_events(&run.id).await.unwrap().pop().unwrap();
    assert_eq!(
        last.note.as_deref(),
        Some("plan failed: target_unavailable")
    );
    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    let Redrive::Queued(redriven) = redriven else {
        panic!("{redriven:?}");
    };
    assert_eq!(redriven.problem, None);
    let plan = bed.claim(WorkKind::Plan).await;
    assert_eq!(plan.attempt, 1);

    // a failed extract ends the run too, and takes waiting work out of the queue
    done(
        bed.acme
            .commit_plan(&plan, &parts(&[partition(1), partition(2)]))
            .await
            .unwrap(),
    );
    let extract = bed.claim(WorkKind::Extract).await;
    done(
        bed.acme
            .commit_page(&extract, &page(0), None, &[new_batch(0, 1)])
            .await
            .unwrap(),
    );
    let state = done(
        bed.acme
            .fail_work(&extract, &problem(), None)
            .await
            .unwrap(),
    );
    assert_eq!(state, RunState::Failed);
    bed.nothing_due().await;
    // the redrive finds the partition's checkpoint and the batch that was cut
    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
    let leases = bed.system.claim("worker", 10, 60_000).await.unwrap();
    let kinds: Vec<_> = leases.iter().map(|l| (l.kind, l.partition)).collect();
    assert_eq!(
        kinds,
        [
            (WorkKind::Batch, Some(1)),
            (WorkKind::Extract, Some(1)),
            (WorkKind::Extract, Some(2))
        ]
    );
}
