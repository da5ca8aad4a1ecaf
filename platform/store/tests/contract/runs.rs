//! A run from creation to its end, and the ways it may stop on the way.

use tributary_model::counters::Counters;
use tributary_model::id::RunId;
use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{CursorMove, Enqueued, NewPartition, Redrive, RunFilter, StoreError};

use crate::bed::{Bed, done, new_batch, outcome, page, partition, parts, result, slug};

pub(crate) fn delivered(key: &str) -> tributary_store::BatchResult {
    result(vec![outcome(0, key, 1, RecordState::Delivered)])
}

pub(crate) async fn create_runs(bed: Bed) {
    let mut new = bed.new_run("orders");
    new.idempotency_key = Some("k1".to_owned());
    let created = match bed.acme.run_create(&new).await.unwrap() {
        Enqueued::Created(run) => run,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (created.no, created.state, created.attempt),
        (1, RunState::Queued, 1)
    );
    assert_eq!(created.connectors["rest"], "abc");
    let mut again = bed.new_run("other");
    again.idempotency_key = Some("k1".to_owned());
    let existing = bed.acme.run_create(&again).await.unwrap();
    assert_eq!(existing, Enqueued::Existing(created.clone()));
    let found = bed.acme.run_by_key("k1").await.unwrap();
    assert_eq!(found, Some(created.clone()));
    assert!(bed.acme.run_by_key("k2").await.unwrap().is_none());
    let second = bed.acme.run_create(&bed.new_run("orders")).await.unwrap();
    let running = created.id.clone();
    assert_eq!(second, Enqueued::Refused { running });
    let other = bed.run("other").await;
    assert_eq!(other.no, 2, "refused creations use up no number");
    assert_eq!(bed.acme.run(&created.id).await.unwrap().unwrap(), created);
    assert!(bed.acme.run(&again.id).await.unwrap().is_none());

    // another tenant may use the same key
    let globex = bed.add_tenant("globex").await;
    assert!(globex.run_by_key("k1").await.unwrap().is_none());
    let mut theirs = bed.new_run("orders");
    theirs.idempotency_key = Some("k1".to_owned());
    let created = globex.run_create(&theirs).await.unwrap();
    assert!(matches!(created, Enqueued::Created(_)), "{created:?}");

    let nobody = bed.store.tenant(&slug("nobody"));
    let refused = nobody.run_create(&bed.new_run("orders")).await;
    assert!(
        matches!(refused, Err(StoreError::Dangling { .. })),
        "{refused:?}"
    );
}

pub(crate) async fn racing_creates(bed: Bed) {
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let (acme, mut new) = (bed.acme.clone(), bed.new_run("orders"));
            new.idempotency_key = (n % 2 == 0).then(|| "same".to_owned());
            tokio::spawn(async move { acme.run_create(&new).await.unwrap() })
        })
        .collect();
    let mut created = 0;
    for task in tasks {
        if let Enqueued::Created(_) = task.await.unwrap() {
            created += 1;
        }
    }
    assert_eq!(created, 1);
    assert_eq!(bed.acme.runs(&RunFilter::default()).await.unwrap().len(), 1);
}

pub(crate) async fn list_runs(bed: Bed) {
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(bed.run(name).await.id);
    }
    bed.acme.run_cancel(&ids[1]).await.unwrap();
    let list = async |filter: RunFilter| -> Vec<_> {
        let runs = bed.acme.runs(&filter).await.unwrap();
        runs.into_iter().map(|run| run.id).collect()
    };
    ids.reverse();
    assert_eq!(list(RunFilter::default()).await, ids, "the newest first");
    let first = RunFilter {
        limit: 3,
        ..RunFilter::default()
    };
    assert_eq!(list(first).await, ids[..3]);
    let next = RunFilter {
        before: Some(ids[2].clone()),
        ..RunFilter::default()
    };
    assert_eq!(list(next).await, ids[3..]);
    let cancelled = RunFilter {
        state: Some(RunState::Cancelled),
        ..RunFilter::default()
    };
    assert_eq!(list(cancelled).await, ids[2..3]);
    let of_a = RunFilter {
        integration: Some(slug("a")),
        ..RunFilter::default()
    };
    assert_eq!(list(of_a).await, ids[3..]);
}

pub(crate) async fn a_whole_run(bed: Bed) {
    let (acme, run) = (&bed.acme, bed.run("orders").await);
    let plan = bed.claim(WorkKind::Plan).await;
    assert_eq!(
        (plan.epoch, plan.attempt, plan.cancel_requested),
        (1, 1, false)
    );
    assert_eq!(
        acme.run(&run.id).await.unwrap().unwrap().state,
        RunState::Planning
    );
    let second = NewPartition {
        state: Some("{\"from\":9}".to_owned()),
        ..partition(2)
    };
    done(
        acme.commit_plan(&plan, &parts(&[partition(1), second.clone()]))
            .await
            .unwrap(),
    );

    read_partition(&bed, &run.id).await;

    // the work that was due first comes first: partition 2, then the batches
    let grouped = bed.claim(WorkKind::Extract).await;
    assert_eq!(grouped.partition, Some(2));
    let all = acme.partitions(&run.id).await.unwrap();
    assert_eq!((all.len(), &all[1].state), (2, &second.state));
    let groups = [new_batch(0, 1)];
    done(acme.commit_grouped(&grouped, &groups).await.unwrap());
    done(acme.commit_grouped(&grouped, &groups).await.unwrap());
    done(acme.commit_extract_done(&grouped, None).await.unwrap());

    for number in 0..3_u32 {
        let lease = bed.claim(WorkKind::Batch).await;
        let at = done(acme.commit_intent(&lease, "[]", &[]).await.unwrap());
        assert_eq!(
            done(acme.commit_intent(&lease, "[]", &[]).await.unwrap()),
            at,
            "set once"
        );
        done(
            acme.commit_batch(&lease, &delivered(&format!("o{number}")))
                .await
                .unwrap(),
        );
    }
    let finish = bed.claim(WorkKind::Finish).await;
    bed.nothing_due().await;
    let report = "{\"ok\":true}";
    let state = acme
        .finish_run(&finish, RunState::Succeeded, report, &[])
        .await
        .unwrap();
    assert_eq!(done(state), RunState::Succeeded);
    let work = acme.run_work(&run.id).await.unwrap();
    assert_eq!((work.partitions, work.batches, work.calls), (2, 3, 0));
    let ended = acme.run(&run.id).await.unwrap().unwrap();
    assert_eq!(
        (ended.state, ended.report.as_deref()),
        (RunState::Succeeded, Some(report))
    );
    assert!(ended.started_ms.unwrap() >= ended.created_ms);
    assert!(ended.finished_ms.unwrap() >= ended.started_ms.unwrap());
    add_up(&bed, &run.id).await;
    // a run that succeeded is over, for good
    assert_eq!(
        acme.run_cancel(&run.id).await.unwrap(),
        Some(RunState::Succeeded)
    );
    let redrive = acme.run_redrive(&run.id, None).await.unwrap();
    assert_eq!(redrive, Some(Redrive::NotOver(RunState::Succeeded)));
    bed.run("orders").await;
}

/// Pages, checkpoints and the two batches of partition 1.
async fn read_partition(bed: &Bed, run: &RunId) {
    let acme = &bed.acme;
    let extract = bed.claim(WorkKind::Extract).await;
    assert_eq!((extract.partition, extract.batch), (Some(1), None));
    let batches = [new_batch(0, 1), new_batch(1, 1)];
    done(
        acme.commit_page(&extract, &page(0), Some("{\"n\":1}"), &batches)
            .await
            .unwrap(),
    );
    done(
        acme.commit_pages(&extract, &[page(1)], None, &[])
            .await
            .unwrap(),
    );
    let read = acme.partition(run, 1).await.unwrap().unwrap();
    assert_eq!(
        (read.state.as_deref(), read.done),
        (Some("{\"n\":1}"), false)
    );
    let pages = acme.pages(run, 1).await.unwrap();
    assert_eq!(pages.len(), 2);
    let stored = page(0);
    assert_eq!(
        (&pages[0].object, &pages[0].format),
        (&stored.object, &stored.format)
    );
    assert_eq!(
        (pages[0].first, pages[0].rows, pages[0].bytes),
        (stored.first, 10, 1000)
    );
    done(
        acme.commit_extract_done(&extract, Some("{\"n\":2}"))
            .await
            .unwrap(),
    );
    let read = acme.partition(run, 1).await.unwrap().unwrap();
    assert_eq!(
        (read.state.as_deref(), read.done),
        (Some("{\"n\":2}"), true)
    );
    assert!(acme.partition(run, 3).await.unwrap().is_none());
}

/// Counters, events and batches of the whole run.
async fn add_up(bed: &Bed, run: &RunId) {
    let acme = &bed.acme;
    let counters = acme.run_counters(run).await.unwrap();
    let expected = Counters {
        rows: 6,
        read: 3,
        delivered: 3,
        ..Counters::default()
    };
    assert_eq!(counters, expected);
    let events = acme.run_events(run).await.unwrap();
    let path: Vec<_> = events.iter().map(|e| (e.seq, e.from, e.to)).collect();
    let (queued, planning, running) = (RunState::Queued, RunState::Planning, RunState::Running);
    assert_eq!(
        path,
        [
            (1, None, queued),
            (2, Some(queued), planning),
            (3, Some(planning), running),
            (4, Some(running), RunState::Succeeded)
        ]
    );
    let batches = acme.batches(run, None, 2).await.unwrap();
    let places: Vec<_> = batches.iter().map(|b| (b.partition, b.no)).collect();
    assert_eq!(places, [(1, 0), (1, 1)]);
    let rest = acme.batches(run, Some((1, 1)), 10).await.unwrap();
    assert_eq!((rest.len(), rest[0].partition, rest[0].no), (1, 2, 0));
}

pub(crate) async fn an_empty_run(bed: Bed) {
    let run = bed.run("orders").await;
    let plan = bed.claim(WorkKind::Plan).await;
    done(bed.acme.commit_plan(&plan, &parts(&[])).await.unwrap());
    let finish = bed.claim(WorkKind::Finish).await;
    let refused = bed
        .acme
        .finish_run(&finish, RunState::Running, "{}", &[])
        .await;
    assert!(
        matches!(refused, Err(StoreError::Transition { .. })),
        "{refused:?}"
    );
    let ended = bed
        .acme
        .finish_run(&finish, RunState::Succeeded, "{}", &[])
        .await;
    assert_eq!(done(ended.unwrap()), RunState::Succeeded);
    let counters = bed.acme.run_counters(&run.id).await.unwrap();
    assert_eq!(counters, Counters::default());
}

pub(crate) async fn cursors(bed: Bed) {
    let name = slug("orders");
    let moves = |key: &str, generation, cursor: &str| CursorMove {
        stream: "lines".to_owned(),
        partition_key: key.to_owned(),
        generation,
        cursor: cursor.to_owned(),
    };
    let finish = async |moves: &[CursorMove], cancel: bool| {
        let run = bed.run("orders").await;
        let plan = bed.claim(WorkKind::Plan).await;
        done(bed.acme.commit_plan(&plan, &parts(&[])).await.unwrap());
        let lease = bed.claim(WorkKind::Finish).await;
        if cancel {
            bed.acme.run_cancel(&run.id).await.unwrap();
        }
        let ended = bed
            .acme
            .finish_run(&lease, RunState::Succeeded, "{}", moves)
            .await;
        (run.id, done(ended.unwrap()))
    };
    finish(&[moves("", 1, "1"), moves("eu", 1, "2")], false).await;
    let (second, _) = finish(&[moves("", 2, "3")], false).await;
    let stored = bed.acme.cursor(&name, "lines").await.unwrap();
    assert_eq!(stored.len(), 2);
    let first = (
        &stored[0].partition_key[..],
        stored[0].generation,
        &stored[0].cursor[..],
    );
    assert_eq!(first, ("", 2, "3"));
    assert_eq!(stored[0].run, second);
    assert_eq!(
        (&stored[1].partition_key[..], &stored[1].cursor[..]),
        ("eu", "2")
    );
    let (_, state) = finish(&[moves("", 9, "9")], true).await;
    assert_eq!(state, RunState::Cancelled);
    assert_eq!(
        bed.acme.cursor(&name, "lines").await.unwrap(),
        stored,
        "cancelled: no move"
    );
    assert!(bed.acme.cursor(&name, "other").await.unwrap().is_empty());
}
