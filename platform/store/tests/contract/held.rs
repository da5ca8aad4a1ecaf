//! Runs whose delivery waits until every batch is mapped, and what connectors logged.

use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{Fenced, Lease, NewPlan, Redrive, Run};

use crate::bed::{Bed, done, new_batch, outcome, page, partition, parts, result};

/// A held run with two batches, read to its end.
async fn held(bed: &Bed) -> Run {
    let run = bed.run("orders").await;
    let plan = bed.claim(WorkKind::Plan).await;
    let planned = NewPlan {
        held: true,
        ..parts(&[partition(1)])
    };
    done(bed.acme.commit_plan(&plan, &planned).await.unwrap());
    let extract = bed.claim(WorkKind::Extract).await;
    let cut = [new_batch(0, 1), new_batch(1, 1)];
    let pages = bed.acme.commit_page(&extract, &page(0), None, &cut).await;
    done(pages.unwrap());
    done(bed.acme.commit_extract_done(&extract, None).await.unwrap());
    run
}

/// Checks both batches; gives the lease of the second.
async fn checked(bed: &Bed) -> Lease {
    let one = bed.claim(WorkKind::Batch).await;
    assert!(one.delivery_held);
    done(bed.acme.commit_check(&one, "{\"mapped\":1}").await.unwrap());
    let two = bed.claim(WorkKind::Batch).await;
    bed.nothing_due().await;
    done(bed.acme.commit_check(&two, "{\"mapped\":2}").await.unwrap());
    let again = bed.acme.commit_check(&two, "{}").await.unwrap();
    assert_eq!(again, Fenced::Lost);
    two
}

pub(crate) async fn held_until_all_is_checked(bed: Bed) {
    let run = held(&bed).await;
    checked(&bed).await;
    let checks = bed.acme.run_checks(&run.id, None, 9).await.unwrap();
    let figures: Vec<_> = checks.iter().map(|check| check.figures.as_str()).collect();
    assert_eq!(figures, ["{\"mapped\":1}", "{\"mapped\":2}"]);
    let rest = bed.acme.run_checks(&run.id, Some((1, 0)), 9).await.unwrap();
    assert_eq!(rest.len(), 1);

    let gate = bed.claim(WorkKind::Finish).await;
    assert!(gate.delivery_held);
    done(bed.acme.open_delivery(&gate).await.unwrap());
    for _ in 0..2 {
        let batch = bed.claim(WorkKind::Batch).await;
        assert_eq!((batch.delivery_held, batch.attempt), (false, 1));
        let key = batch.work_id.clone();
        let delivered = result(vec![outcome(0, &key, 1, RecordState::Delivered)]);
        done(bed.acme.commit_batch(&batch, &delivered).await.unwrap());
    }
    let finish = bed.claim(WorkKind::Finish).await;
    assert!(!finish.delivery_held);
    let state = RunState::Succeeded;
    let ended = bed.acme.finish_run(&finish, state, "{}", &[]).await;
    assert_eq!(done(ended.unwrap()), state);
}

pub(crate) async fn stopped_by_a_rule(bed: Bed) {
    let run = held(&bed).await;
    checked(&bed).await;
    let gate = bed.claim(WorkKind::Finish).await;
    let ended = bed
        .acme
        .finish_run(&gate, RunState::Failed, "{}", &[])
        .await;
    assert_eq!(done(ended.unwrap()), RunState::Failed);
    bed.nothing_due().await;
    let counters = bed.acme.run_counters(&run.id).await.unwrap();
    assert_eq!((counters.read, counters.pending), (2, 2));

    // taken up again, it is checked again
    let redrive = bed.acme.run_redrive(&run.id, None).await.unwrap();
    assert!(matches!(redrive, Some(Redrive::Queued(_))), "{redrive:?}");
    checked(&bed).await;
    assert!(bed.claim(WorkKind::Finish).await.delivery_held);
}

pub(crate) async fn cancelled_while_parked(bed: Bed) {
    let run = held(&bed).await;
    let one = bed.claim(WorkKind::Batch).await;
    done(bed.acme.commit_check(&one, "{}").await.unwrap());
    let two = bed.claim(WorkKind::Batch).await;
    let state = bed.acme.run_cancel(&run.id).await.unwrap();
    assert_eq!(state, Some(RunState::Cancelling));
    done(bed.acme.commit_check(&two, "{}").await.unwrap());
    let run = bed.acme.run(&run.id).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Cancelled);
    bed.nothing_due().await;
}

pub(crate) async fn logs_are_bounded(bed: Bed) {
    let run = bed.run("orders").await;
    assert!(bed.acme.log_add(&run.id, "a", 60, 100).await.unwrap());
    assert!(!bed.acme.log_add(&run.id, "b", 41, 100).await.unwrap());
    assert!(bed.acme.log_add(&run.id, "c", 40, 100).await.unwrap());
    let log = bed.acme.run_log(&run.id).await.unwrap();
    let sizes: Vec<u64> = log.iter().map(|(_, bytes)| *bytes).collect();
    assert_eq!(sizes, [60, 40]);
}
