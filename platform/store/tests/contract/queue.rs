//! Leases: claim, heartbeat, fence, retry, sweep, and workers that race.

use std::collections::BTreeSet;
use std::time::Duration;

use tributary_model::error_code::ErrorCode;
use tributary_model::id::RunId;
use tributary_model::problem::Problem;
use tributary_model::state::{RecordState, RunState, WorkKind, WorkState};
use tributary_store::{Enqueued, Fenced, NextDue};

use crate::bed::{Bed, done, new_batch, outcome, page, partition, parts, result};

async fn wait_ms(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

pub(crate) async fn claim_heartbeat_release(bed: Bed) {
    assert_eq!(
        bed.system.next_due().await.unwrap().first_ms(),
        None,
        "idle needs no look"
    );
    assert!(bed.system.claim("w", 0, 1).await.unwrap().is_empty());
    bed.run("orders").await;
    assert_eq!(bed.system.next_due().await.unwrap().first_ms(), Some(0));
    let lease = bed.claim(WorkKind::Plan).await;
    let wait = bed.system.next_due().await.unwrap().first_ms().unwrap();
    assert!((1..=60_000).contains(&wait), "{wait}: the end of the lease");
    let mut old = lease.key();
    old.epoch += 1;
    let beats = bed
        .system
        .heartbeat(&[lease.key(), old], 90_000)
        .await
        .unwrap();
    assert_eq!(beats.len(), 1);
    assert_eq!(
        (&beats[0].key, beats[0].cancel_requested),
        (&lease.key(), false)
    );
    assert!(
        bed.system.next_due().await.unwrap().first_ms().unwrap() > 60_000,
        "prolonged"
    );
    assert!(bed.system.heartbeat(&[], 1).await.unwrap().is_empty());

    assert!(bed.system.release(&lease).await.unwrap());
    assert!(!bed.system.release(&lease).await.unwrap(), "once");
    let beats = bed.system.heartbeat(&[lease.key()], 60_000).await.unwrap();
    assert!(beats.is_empty(), "released is not held");
    let short = bed.system.claim("w", 1, 30).await.unwrap().remove(0);
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    let beats = bed.system.heartbeat(&[short.key()], 60_000).await.unwrap();
    assert!(beats.is_empty(), "a lease is not renewed past its end");
    assert!(bed.system.release(&short).await.unwrap());
    let again = bed.claim(WorkKind::Plan).await;
    assert_eq!(
        (again.epoch, again.attempt),
        (3, 1),
        "the try did not count"
    );
}

pub(crate) async fn leases_of_the_dead_end(bed: Bed) {
    assert_eq!(bed.system.end_leases().await.unwrap(), 0);
    bed.run("orders").await;
    let lease = bed.claim(WorkKind::Plan).await;
    assert!(bed.system.sweep().await.unwrap().work.is_empty(), "alive");
    assert_eq!(bed.system.end_leases().await.unwrap(), 1);
    let swept = bed.system.sweep().await.unwrap();
    assert_eq!(swept.work.len(), 1);
    assert_eq!(swept.work[0].lease.work_id, lease.work_id);
    assert_eq!(swept.work[0].state, WorkState::RetryWait);
}

pub(crate) async fn fences(bed: Bed) {
    let problem = Problem::new(ErrorCode::Internal, "x");
    let run = bed.run("orders").await;
    let late = bed.system.claim("slow", 1, 1).await.unwrap().remove(0);
    wait_ms(5).await;
    let next = bed.system.next_due().await.unwrap();
    assert_eq!(next, NextDue::default(), "an ended lease is the sweeper's");
    let swept = bed.system.sweep().await.unwrap();
    assert_eq!(swept.work.len(), 1);
    assert_eq!(swept.work[0].owner.as_deref(), Some("slow"));
    wait_ms(300).await;
    let plan = bed.claim(WorkKind::Plan).await;
    assert_eq!((plan.epoch, plan.attempt), (2, 2));
    assert_eq!(
        bed.acme
            .commit_plan(&late, &parts(&[partition(9)]))
            .await
            .unwrap(),
        Fenced::Lost
    );
    assert_eq!(
        bed.acme.fail_work(&late, &problem, None).await.unwrap(),
        Fenced::Lost
    );
    assert_eq!(
        bed.acme.fail_work(&late, &problem, Some(1)).await.unwrap(),
        Fenced::Lost
    );
    done(
        bed.acme
            .commit_plan(&plan, &parts(&[partition(1)]))
            .await
            .unwrap(),
    );
    let twice = bed
        .acme
        .commit_plan(&plan, &parts(&[partition(2)]))
        .await
        .unwrap();
    assert_eq!(twice, Fenced::Lost, "a second commit under one lease");
    assert_eq!(bed.acme.partitions(&run.id).await.unwrap().len(), 1);

    let extract = bed.claim(WorkKind::Extract).await;
    let mut lost = extract.clone();
    lost.epoch -= 1;
    let batches = [new_batch(0, 1)];
    let page_lost = bed
        .acme
        .commit_page(&lost, &page(0), Some("1"), &batches)
        .await;
    assert_eq!(page_lost.unwrap(), Fenced::Lost);
    let pages_lost = bed.acme.commit_pages(&lost, &[], Some("1"), &batches).await;
    assert_eq!(pages_lost.unwrap(), Fenced::Lost);
    assert_eq!(
        bed.acme.commit_grouped(&lost, &batches).await.unwrap(),
        Fenced::Lost
    );
    assert_eq!(
        bed.acme.commit_extract_done(&lost, None).await.unwrap(),
        Fenced::Lost
    );
    assert!(bed.acme.pages(&run.id, 1).await.unwrap().is_empty());
    done(
        bed.acme
            .commit_page(&extract, &page(0), None, &batches)
            .await
            .unwrap(),
    );
    done(bed.acme.commit_extract_done(&extract, None).await.unwrap());

    batch_fences(&bed, &run.id).await;
}

async fn batch_fences(bed: &Bed, run: &RunId) {
    let batch = bed.claim(WorkKind::Batch).await;
    let mut lost = batch.clone();
    lost.epoch -= 1;
    let outcomes = result(vec![outcome(0, "a", 1, RecordState::Delivered)]);
    assert_eq!(
        bed.acme.commit_intent(&lost, "[]", &[]).await.unwrap(),
        Fenced::Lost
    );
    assert_eq!(
        bed.acme.commit_batch(&lost, &outcomes).await.unwrap(),
        Fenced::Lost
    );
    assert_eq!(bed.acme.run_counters(run).await.unwrap().pending, 1);
    done(bed.acme.commit_batch(&batch, &outcomes).await.unwrap());
    assert_eq!(
        bed.acme.commit_batch(&batch, &outcomes).await.unwrap(),
        Fenced::Lost
    );

    let finish = bed.claim(WorkKind::Finish).await;
    let mut lost = finish.clone();
    lost.epoch -= 1;
    let ended = bed
        .acme
        .finish_run(&lost, RunState::Succeeded, "{}", &[])
        .await
        .unwrap();
    assert_eq!(ended, Fenced::Lost);
    let state = bed.acme.run(run).await.unwrap().unwrap().state;
    assert_eq!(state, RunState::Running);
}

pub(crate) async fn retry_wait(bed: Bed) {
    let problem = Problem::new(ErrorCode::ConnectionTimeout, "no answer");
    let run = bed.run("orders").await;
    let lease = bed.claim(WorkKind::Plan).await;
    let state = bed
        .acme
        .fail_work(&lease, &problem, Some(400))
        .await
        .unwrap();
    assert_eq!(done(state), RunState::Planning);
    bed.nothing_due().await;
    let wait = bed.system.next_due().await.unwrap().first_ms().unwrap();
    assert!((1..=400).contains(&wait), "{wait}");
    wait_ms(wait + 10).await;
    let again = bed.claim(WorkKind::Plan).await;
    assert_eq!((again.attempt, again.epoch), (2, 2));
    // a retry of a run that is being stopped is no retry
    bed.acme.run_cancel(&run.id).await.unwrap();
    let state = bed.acme.fail_work(&again, &problem, Some(0)).await.unwrap();
    assert_eq!(done(state), RunState::Cancelled);
    bed.nothing_due().await;
}

/// A worker that reports a failure lives: only silences in a row are deadly.
pub(crate) async fn silences_in_a_row_count(bed: Bed) {
    let problem = Problem::new(ErrorCode::RateLimited, "wait");
    bed.run("orders").await;
    for round in 0..6 {
        bed.system.claim("dying", 1, 1).await.unwrap().remove(0);
        wait_ms(5).await;
        let swept = bed.system.sweep().await.unwrap();
        assert_eq!(swept.work[0].state, WorkState::RetryWait, "round {round}");
        wait_ms(300).await;
        let lease = bed.claim(WorkKind::Plan).await;
        assert_eq!(lease.attempt, round * 2 + 2);
        done(bed.acme.fail_work(&lease, &problem, Some(0)).await.unwrap());
    }
}

pub(crate) async fn sweep(bed: Bed) {
    assert_eq!(
        bed.system.sweep().await.unwrap(),
        tributary_store::Swept::default()
    );
    // five tries that end in silence are deadly
    let run = bed.run("deadly").await;
    for attempt in 1..=5_u32 {
        let lease = loop {
            match bed.system.claim("dying", 1, 1).await.unwrap().pop() {
                Some(lease) => break lease,
                None => {
                    wait_ms(
                        bed.system
                            .next_due()
                            .await
                            .unwrap()
                            .first_ms()
                            .unwrap()
                            .min(200),
                    )
                    .await
                }
            }
        };
        assert_eq!(lease.attempt, attempt);
        wait_ms(5).await;
        let swept = bed.system.sweep().await.unwrap();
        let state = if attempt < 5 {
            WorkState::RetryWait
        } else {
            WorkState::Failed
        };
        assert_eq!(swept.work[0].state, state);
    }
    let failed = bed.acme.run(&run.id).await.unwrap().unwrap();
    assert_eq!(failed.state, RunState::Failed);
    assert_eq!(failed.problem.unwrap().code, ErrorCode::Internal);

    // a cancelled run whose worker died ends
    let run = bed.run("stopped").await;
    let lease = bed.system.claim("dying", 1, 1).await.unwrap();
    assert_eq!(lease.len(), 1);
    let state = bed.acme.run_cancel(&run.id).await.unwrap();
    assert_eq!(state, Some(RunState::Cancelling));
    wait_ms(5).await;
    let swept = bed.system.sweep().await.unwrap();
    assert_eq!(swept.work[0].state, WorkState::Cancelled);
    let state = bed.acme.run(&run.id).await.unwrap().unwrap().state;
    assert_eq!(state, RunState::Cancelled);
}

/// Many old batches of one tenant do not hold back the plan of another.
pub(crate) async fn tenants_take_turns(bed: Bed) {
    bed.extracted("orders", 60, 1).await;
    let globex = bed.add_tenant("globex").await;
    let queued = globex.run_create(&bed.new_run("orders")).await.unwrap();
    assert!(matches!(queued, Enqueued::Created(_)), "{queued:?}");
    // whoever comes first, the other one is next: somebody with work at a worker has to wait
    let first = bed.system.claim("w", 1, 60_000).await.unwrap().remove(0);
    let second = bed.system.claim("w", 1, 60_000).await.unwrap().remove(0);
    let tenants = BTreeSet::from([first.tenant.as_str(), second.tenant.as_str()]);
    assert_eq!(tenants, BTreeSet::from(["acme", "globex"]));
    let rest = bed.system.claim("w", 100, 60_000).await.unwrap();
    assert_eq!(rest.len(), 59, "slots that nobody else needs are used");
}

pub(crate) async fn racing_claims(bed: Bed) {
    bed.extracted("orders", 40, 1).await;
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let system = bed.system.clone();
            tokio::spawn(async move {
                let mut got = Vec::new();
                loop {
                    let leases = system.claim(&format!("w{n}"), 3, 60_000).await.unwrap();
                    if leases.is_empty() {
                        return got;
                    }
                    got.extend(leases);
                }
            })
        })
        .collect();
    let mut seen = BTreeSet::new();
    for task in tasks {
        for lease in task.await.unwrap() {
            assert!(
                seen.insert(lease.work_id.clone()),
                "{} twice",
                lease.work_id
            );
        }
    }
    assert_eq!(seen.len(), 40);
}

/// Of two last batches that commit at once, one must bring the finish work.
pub(crate) async fn racing_last_batches(bed: Bed) {
    for round in 0..10 {
        let run = bed.extracted("orders", 2, 1).await;
        let leases = bed.system.claim("w", 2, 60_000).await.unwrap();
        let tasks: Vec<_> = leases
            .into_iter()
            .enumerate()
            .map(|(n, lease)| {
                let acme = bed.acme.clone();
                let key = format!("r{round}n{n}");
                let outcomes = result(vec![outcome(0, &key, 1, RecordState::Delivered)]);
                tokio::spawn(async move { acme.commit_batch(&lease, &outcomes).await.unwrap() })
            })
            .collect();
        for task in tasks {
            done(task.await.unwrap());
        }
        let finish = bed.claim(WorkKind::Finish).await;
        assert_eq!(finish.run, run.id);
        let ended = bed
            .acme
            .finish_run(&finish, RunState::Succeeded, "{}", &[])
            .await;
        assert_eq!(done(ended.unwrap()), RunState::Succeeded);
    }
}
