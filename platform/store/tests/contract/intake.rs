//! What customers send: versions of files, and batches of records that go to one run each.

use std::collections::BTreeSet;

use tributary_model::error_code::ErrorCode;
use tributary_model::id::{RunId, Slug};
use tributary_model::pieces::Pieces;
use tributary_model::problem::Problem;
use tributary_model::state::{RunState, UploadState, WorkKind};
use tributary_store::{
    Fenced, Lease, NewPush, NewUpload, Push, PushAdded, PushCounts, Redrive, Run, StoreError,
    Upload, UploadChange, UploadFilter, UploadPut,
};

use crate::bed::{Bed, done, partition, parts, slug};

fn pieces(id: &str) -> Pieces {
    Pieces {
        folder: format!("lake/raw/tenant=acme/upload=inbox/id={id}"),
        bytes: 5_000_000,
        count: 2,
        piece_bytes: 4 << 20,
    }
}

fn file(name: &str, id: &str, content: u8) -> NewUpload {
    NewUpload {
        connection: slug("inbox"),
        name: name.to_owned(),
        id: id.to_owned(),
        sha256: [content; 32],
        pieces: pieces(id),
        sent_by: "acme.erp".to_owned(),
    }
}

fn created(put: UploadPut) -> Upload {
    match put {
        UploadPut::Created(upload) => upload,
        other => panic!("{other:?}"),
    }
}

async fn names(bed: &Bed, state: Option<UploadState>) -> Vec<String> {
    let filter = UploadFilter {
        state,
        ..UploadFilter::default()
    };
    let found = bed.acme.uploads(&slug("inbox"), &filter).await.unwrap();
    found.into_iter().map(|upload| upload.name).collect()
}

pub(crate) async fn uploads(bed: Bed) {
    let inbox = slug("inbox");
    let put = async |new: &NewUpload| bed.acme.upload_put(new).await.unwrap();
    let first = created(put(&file("b.csv", "upl_1", 1)).await);
    assert_eq!((first.version, first.state), (1, UploadState::Ready));
    assert_eq!((&first.pieces, first.sha256), (&pieces("upl_1"), [1; 32]));
    match put(&file("b.csv", "upl_2", 1)).await {
        UploadPut::Unchanged(same) => assert_eq!(same, first),
        other => panic!("{other:?}"),
    }
    match put(&file("b.csv", "upl_3", 2)).await {
        UploadPut::Replaced(next) => assert_eq!((next.version, next.id.as_str()), (2, "upl_3")),
        other => panic!("{other:?}"),
    }
    created(put(&file("a ö.csv", "upl_4", 1)).await);
    assert_eq!(names(&bed, None).await, ["a ö.csv", "b.csv"]);
    let page = UploadFilter {
        after: Some("a ö.csv".to_owned()),
        limit: 1,
        state: None,
    };
    assert_eq!(bed.acme.uploads(&inbox, &page).await.unwrap()[0].version, 2);

    after_actions(&bed).await;

    let globex = bed.add_tenant("globex").await;
    assert!(globex.upload(&inbox, "b.csv").await.unwrap().is_none());
    assert!(bed.acme.upload(&inbox, "b.csv").await.unwrap().is_some());
    assert_eq!(
        globex
            .upload_archive(&inbox, "b.csv", "upl_6")
            .await
            .unwrap(),
        UploadChange::Missing
    );
    let deleted = globex.upload_delete(&inbox, "b.csv", None).await.unwrap();
    assert_eq!(deleted.0, UploadChange::Missing);
    let nobody = bed.store.tenant(&slug("nobody"));
    let refused = nobody.upload_put(&file("b.csv", "upl_7", 1)).await;
    assert!(matches!(refused, Err(StoreError::Dangling { .. })));
}

/// Archiving and deleting: of the version that was read, and of no other.
async fn after_actions(bed: &Bed) {
    let inbox = slug("inbox");
    let put = async |new: &NewUpload| bed.acme.upload_put(new).await.unwrap();
    // an after-action is for the version that was read
    let archive = async |id: &str| bed.acme.upload_archive(&inbox, "b.csv", id).await.unwrap();
    assert_eq!(archive("upl_1").await, UploadChange::Other);
    assert_eq!(archive("upl_3").await, UploadChange::Done);
    assert_eq!(archive("upl_3").await, UploadChange::Done, "again is fine");
    assert_eq!(names(bed, Some(UploadState::Ready)).await, ["a ö.csv"]);
    assert_eq!(names(bed, Some(UploadState::Archived)).await, ["b.csv"]);
    assert!(
        matches!(
            put(&file("b.csv", "upl_5", 2)).await,
            UploadPut::Unchanged(_)
        ),
        "what was put aside is known"
    );
    let delete = async |id: Option<&str>| {
        let deleted = bed.acme.upload_delete(&slug("inbox"), "b.csv", id).await;
        deleted.unwrap()
    };
    assert_eq!(
        delete(Some("upl_1")).await,
        (UploadChange::Other, Vec::new())
    );
    let (change, gone) = delete(Some("upl_3")).await;
    assert_eq!(
        (change, gone.len()),
        (UploadChange::Done, 2),
        "both versions"
    );
    assert_eq!(delete(None).await, (UploadChange::Missing, Vec::new()));
    assert_eq!(archive("upl_3").await, UploadChange::Missing);
    assert_eq!(names(bed, Some(UploadState::Deleted)).await, ["b.csv"]);
    assert_eq!(created(put(&file("b.csv", "upl_6", 2)).await).version, 3);
}

/// Two senders of one name at the same time: one after the other, whoever is first.
pub(crate) async fn racing_uploads(bed: Bed) {
    let tasks: Vec<_> = (0..8_u8)
        .map(|no| {
            let acme = bed.acme.clone();
            let new = file("a.csv", &format!("upl_{no}"), no);
            tokio::spawn(async move { acme.upload_put(&new).await.unwrap() })
        })
        .collect();
    let mut versions = BTreeSet::new();
    for task in tasks {
        match task.await.unwrap() {
            UploadPut::Created(upload) | UploadPut::Replaced(upload) => {
                versions.insert(upload.version);
            }
            UploadPut::Unchanged(upload) => panic!("{upload:?}"),
        }
    }
    assert_eq!(versions, (1..=8).collect());
    let newest = bed.acme.upload(&slug("inbox"), "a.csv").await.unwrap();
    assert_eq!(newest.unwrap().version, 8);
}

fn batch(integration: &Slug, id: &str, key: &str) -> NewPush {
    NewPush {
        integration: integration.clone(),
        id: id.to_owned(),
        idempotency_key: key.to_owned(),
        sha256: [7; 32],
        counts: PushCounts {
            rows: 3,
            accepted: 2,
            refused: 1,
        },
        refusals: Some(format!("lake/raw/tenant=acme/push=orders/id={id}/refusals")),
        pieces: pieces(id),
        sent_by: "acme.erp".to_owned(),
    }
}

async fn add(bed: &Bed, id: &str, key: &str) -> Push {
    let added = bed.acme.push_add(&batch(&slug("orders"), id, key)).await;
    match added.unwrap() {
        PushAdded::Created(push) => push,
        PushAdded::Existing(push) => panic!("{push:?}"),
    }
}

async fn ids(bed: &Bed, run: &RunId, after: u64, limit: u32) -> Vec<String> {
    let found = bed.acme.pushes_of_run(run, after, limit).await.unwrap();
    found.into_iter().map(|push| push.id).collect()
}

/// A run that fails in its plan, another one, and the first taken up again; gives the last lease.
async fn kept_by_a_failed_run(bed: &Bed, run: &Run, lease: &Lease) -> Lease {
    // a run that failed keeps its batches, and has them again when it is taken up
    let problem = Problem::new(ErrorCode::Internal, "x");
    let state = done(bed.acme.fail_work(lease, &problem, None).await.unwrap());
    assert_eq!(state, RunState::Failed);
    assert!(
        matches!(bed.acme.pushes_claim(lease).await.unwrap(), Fenced::Lost),
        "a lost lease claims nothing"
    );
    add(bed, "push_5", "k5").await;
    let second = bed.run("orders").await;
    let lease = bed.claim(WorkKind::Plan).await;
    assert_eq!(done(bed.acme.pushes_claim(&lease).await.unwrap()), 1);
    assert_eq!(ids(bed, &second.id, 0, 9).await, ["push_5"]);
    done(bed.acme.commit_plan(&lease, &parts(&[])).await.unwrap());
    let finish = bed.claim(WorkKind::Finish).await;
    let end = RunState::Succeeded;
    done(bed.acme.finish_run(&finish, end, "{}", &[]).await.unwrap());
    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
    let lease = bed.claim(WorkKind::Plan).await;
    assert_eq!(done(bed.acme.pushes_claim(&lease).await.unwrap()), 0);
    assert_eq!(
        ids(bed, &run.id, 0, 9).await,
        ["push_1", "push_3", "push_4"]
    );
    done(
        bed.acme
            .commit_plan(&lease, &parts(&[partition(1)]))
            .await
            .unwrap(),
    );
    lease
}

pub(crate) async fn pushes(bed: Bed) {
    let orders = slug("orders");
    let first = add(&bed, "push_1", "k1").await;
    assert_eq!((first.seq, first.run.clone()), (1, None));
    assert_eq!((first.counts.rows, first.counts.accepted), (3, 2));
    let again = bed.acme.push_add(&batch(&orders, "push_x", "k1")).await;
    assert_eq!(again.unwrap(), PushAdded::Existing(first.clone()));
    let by_key = bed.acme.push_by_key(&orders, "k1").await.unwrap();
    assert_eq!(by_key, Some(first.clone()));
    // the same key of another integration is another key
    let other = bed
        .acme
        .push_add(&batch(&slug("other"), "push_o", "k1"))
        .await;
    assert!(matches!(other.unwrap(), PushAdded::Created(push) if push.seq == 1));
    let mut empty = batch(&orders, "push_2", "k2");
    empty.counts.accepted = 0;
    let _ = bed.acme.push_add(&empty).await.unwrap();
    add(&bed, "push_3", "k3").await;

    let run = bed.run("orders").await;
    let lease = bed.claim(WorkKind::Plan).await;
    assert_eq!(done(bed.acme.pushes_claim(&lease).await.unwrap()), 2);
    add(&bed, "push_4", "k4").await;
    // a plan that is made again takes what came since, and keeps what it had
    assert_eq!(done(bed.acme.pushes_claim(&lease).await.unwrap()), 1);
    assert_eq!(
        ids(&bed, &run.id, 0, 9).await,
        ["push_1", "push_3", "push_4"]
    );
    assert_eq!(ids(&bed, &run.id, 1, 1).await, ["push_3"]);
    let claimed = bed.acme.push(&orders, "push_3").await.unwrap().unwrap();
    assert_eq!(claimed.run, Some(run.id.clone()));

    let lease = kept_by_a_failed_run(&bed, &run, &lease).await;

    let page = bed.acme.pushes(&orders, None, 2).await.unwrap();
    let seqs: Vec<u64> = page.iter().map(|push| push.seq).collect();
    assert_eq!(seqs, [5, 4], "the newest first");
    let page = bed.acme.pushes(&orders, Some(2), 9).await.unwrap();
    assert_eq!(page.len(), 1);
    let globex = bed.add_tenant("globex").await;
    assert!(globex.pushes(&orders, None, 9).await.unwrap().is_empty());
    assert!(globex.push(&orders, "push_1").await.unwrap().is_none());
    assert!(globex.push_by_key(&orders, "k1").await.unwrap().is_none());
    assert!(
        globex
            .pushes_of_run(&run.id, 0, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let wrong = globex.pushes_claim(&lease).await;
    assert!(matches!(wrong, Err(StoreError::WrongLease { .. })));
}

/// Numbers have no gaps and follow the order of acceptance, and a key makes one batch, whoever races.
pub(crate) async fn racing_pushes(bed: Bed) {
    let tasks: Vec<_> = (0..12)
        .map(|no| {
            let acme = bed.acme.clone();
            let new = batch(
                &slug("orders"),
                &format!("push_{no}"),
                &format!("k{}", no % 6),
            );
            tokio::spawn(async move { acme.push_add(&new).await.unwrap() })
        })
        .collect();
    let (mut numbers, mut existing) = (BTreeSet::new(), 0);
    for task in tasks {
        match task.await.unwrap() {
            PushAdded::Created(push) => assert!(numbers.insert(push.seq)),
            PushAdded::Existing(_) => existing += 1,
        }
    }
    assert_eq!((numbers, existing), ((1..=6).collect(), 6));
}
