//! Room for what customers send, how much of it is kept, and what has been kept long enough; the plan that says
//! so; the runs that may be open.

use tributary_model::document::TenantDocument;
use tributary_model::pieces::Pieces;
use tributary_model::state::{RunState, UploadState, WorkKind};
use tributary_store::{
    Enqueued, Kept, KeptMost, NewPush, NewUpload, PushAdded, PushCounts, PutOptions, Redrive, Room,
    StoreError, UploadFilter, UploadPut,
};

use crate::bed::{Bed, done, slug};

fn pieces(id: &str, bytes: u64) -> Pieces {
    Pieces {
        folder: format!("lake/raw/tenant=acme/upload=inbox/id={id}"),
        bytes,
        count: 1,
        piece_bytes: 4 << 20,
    }
}

fn file(name: &str, id: &str, bytes: u64) -> NewUpload {
    let content = u8::try_from(bytes % 251).unwrap();
    NewUpload {
        connection: slug("inbox"),
        name: name.to_owned(),
        id: id.to_owned(),
        sha256: [content; 32],
        pieces: pieces(id, bytes),
        sent_by: "acme.erp".to_owned(),
    }
}

fn kept(bytes: u64, files: u64) -> Kept {
    Kept { bytes, files }
}

fn most(bytes: u64, files: u64) -> KeptMost {
    KeptMost {
        bytes: Some(bytes),
        files: Some(files),
    }
}

async fn put(bed: &Bed, name: &str, id: &str, bytes: u64) {
    let put = bed.acme.upload_put(&file(name, id, bytes)).await.unwrap();
    assert!(!matches!(put, UploadPut::Unchanged(_)), "{put:?}");
}

pub(crate) async fn room(bed: Bed) {
    let take = async |id: &str, wanted: Kept| {
        let taken = bed.acme.room_take(id, wanted, most(100, 3)).await;
        taken.unwrap()
    };
    assert_eq!(bed.acme.kept().await.unwrap(), Kept::default());
    assert_eq!(take("upl_1", kept(60, 1)).await, Room::Taken);
    let full = Room::Full(kept(60, 1));
    assert_eq!(take("upl_2", kept(41, 1)).await, full, "a byte too much");
    assert_eq!(take("upl_2", kept(40, 1)).await, Room::Taken);
    // larger, as a body of unknown length grows; refused, it keeps what it has
    assert_eq!(take("upl_2", kept(41, 1)).await, full);
    assert_eq!(
        bed.acme.kept().await.unwrap(),
        Kept::default(),
        "nothing is here yet"
    );

    // the row takes the room's place
    put(&bed, "a.csv", "upl_1", 60).await;
    assert_eq!(bed.acme.kept().await.unwrap(), kept(60, 1));
    assert_eq!(take("upl_3", kept(1, 1)).await, Room::Full(kept(100, 2)));
    bed.acme.room_give_back("upl_2").await.unwrap();
    bed.acme.room_give_back("upl_2").await.unwrap();
    assert_eq!(take("upl_3", kept(40, 1)).await, Room::Taken);
    put(&bed, "a.csv", "upl_3", 40).await;
    assert_eq!(
        bed.acme.kept().await.unwrap(),
        kept(100, 2),
        "both versions"
    );
    assert_eq!(
        take("upl_4", kept(0, 1)).await,
        Room::Taken,
        "an empty file"
    );
    assert_eq!(
        take("upl_5", kept(0, 1)).await,
        Room::Full(kept(100, 3)),
        "one file too much"
    );
    assert_eq!(
        take("push_1", kept(0, 0)).await,
        Room::Taken,
        "nothing wanted, nothing refused"
    );
    // no maximum, no refusal
    let any = bed
        .acme
        .room_take("upl_6", kept(u32::MAX.into(), 9), KeptMost::default());
    assert_eq!(any.await.unwrap(), Room::Taken);
    bed.acme.room_give_back("upl_6").await.unwrap();

    let globex = bed.add_tenant("globex").await;
    assert_eq!(globex.kept().await.unwrap(), Kept::default());
    let theirs = globex.room_take("upl_1", kept(100, 1), most(100, 1)).await;
    assert_eq!(theirs.unwrap(), Room::Taken, "another tenant's room");
    globex.room_give_back("upl_4").await.unwrap();
    assert_eq!(
        take("upl_7", kept(0, 1)).await,
        Room::Full(kept(100, 3)),
        "not given back by another"
    );
    let nobody = bed.store.tenant(&slug("nobody"));
    let refused = nobody.room_take("x", kept(1, 1), most(9, 9)).await;
    assert!(matches!(refused, Err(StoreError::Dangling { .. })));
}

/// However many come at a time, a maximum holds, and as many as fit are taken.
pub(crate) async fn racing_room(bed: Bed) {
    let tasks: Vec<_> = (0..12)
        .map(|number| {
            let acme = bed.acme.clone();
            tokio::spawn(async move {
                let id = format!("upl_{number}");
                let taken = acme.room_take(&id, kept(10, 1), most(55, 100)).await;
                if taken.unwrap() != Room::Taken {
                    return 0;
                }
                let new = file(&format!("{number}.csv"), &id, 10);
                let _ = acme.upload_put(&new).await.unwrap();
                1
            })
        })
        .collect();
    let mut taken = 0;
    for task in tasks {
        taken += task.await.unwrap();
    }
    assert_eq!(taken, 5);
    assert_eq!(bed.acme.kept().await.unwrap(), kept(50, 5));
}

pub(crate) async fn expiry(bed: Bed) {
    put(&bed, "ready.csv", "upl_1", 1).await;
    put(&bed, "twice.csv", "upl_2", 2).await;
    put(&bed, "twice.csv", "upl_3", 4).await;
    put(&bed, "aside.csv", "upl_4", 8).await;
    let inbox = slug("inbox");
    let aside = bed.acme.upload_archive(&inbox, "aside.csv", "upl_4");
    let _ = aside.await.unwrap();
    assert!(
        bed.acme.uploads_expire(1).await.unwrap().is_empty(),
        "not a day old"
    );
    let globex = bed.add_tenant("globex").await;
    assert!(
        globex.uploads_expire(0).await.unwrap().is_empty(),
        "another tenant's"
    );
    let mut gone: Vec<u64> = bed
        .acme
        .uploads_expire(0)
        .await
        .unwrap()
        .iter()
        .map(|p| p.bytes)
        .collect();
    gone.sort_unstable();
    assert_eq!(
        gone,
        [2, 8],
        "the version that was replaced, and what was put aside"
    );
    assert!(bed.acme.uploads_expire(0).await.unwrap().is_empty(), "once");
    assert_eq!(bed.acme.kept().await.unwrap(), kept(5, 2));
    let ready = UploadFilter {
        state: Some(UploadState::Ready),
        ..UploadFilter::default()
    };
    let ready = bed.acme.uploads(&slug("inbox"), &ready).await.unwrap();
    let names: Vec<&str> = ready.iter().map(|upload| upload.name.as_str()).collect();
    assert_eq!(names, ["ready.csv", "twice.csv"]);
    pushes_expire(&bed).await;
}

/// A batch goes when its run is over, and its receipt stays.
async fn pushes_expire(bed: &Bed) {
    let add = async |id: &str| {
        let new = NewPush {
            integration: slug("orders"),
            id: id.to_owned(),
            idempotency_key: id.to_owned(),
            sha256: [7; 32],
            counts: PushCounts {
                rows: 1,
                accepted: 1,
                refused: 0,
            },
            refusals: None,
            pieces: pieces(id, 16),
            sent_by: "acme.erp".to_owned(),
        };
        let added = bed.acme.push_add(&new).await.unwrap();
        assert!(matches!(added, PushAdded::Created(_)));
    };
    add("push_1").await;
    let run = bed.run("orders").await;
    let lease = bed.claim(WorkKind::Plan).await;
    assert_eq!(done(bed.acme.pushes_claim(&lease).await.unwrap()), 1);
    assert!(
        bed.acme.pushes_expire(0).await.unwrap().is_empty(),
        "its run is not over"
    );
    let problem = tributary_model::problem::Problem::new(
        tributary_model::error_code::ErrorCode::Internal,
        "x",
    );
    let state = done(bed.acme.fail_work(&lease, &problem, None).await.unwrap());
    assert_eq!(state, RunState::Failed);
    add("push_2").await;
    assert!(
        bed.acme.pushes_expire(1).await.unwrap().is_empty(),
        "not a day old"
    );
    assert_eq!(bed.acme.kept().await.unwrap().bytes, 5 + 32);
    assert_eq!(
        bed.acme.pushes_expire(0).await.unwrap(),
        [pieces("push_1", 16)]
    );
    assert!(bed.acme.pushes_expire(0).await.unwrap().is_empty(), "once");
    assert_eq!(bed.acme.kept().await.unwrap().bytes, 5 + 16);
    let first = bed
        .acme
        .push(&slug("orders"), "push_1")
        .await
        .unwrap()
        .unwrap();
    assert!(first.removed_ms.is_some());
    assert_eq!(first.run, Some(run.id));
    let second = bed
        .acme
        .push(&slug("orders"), "push_2")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(second.removed_ms, None, "no run has it");
}

pub(crate) async fn plans(bed: Bed) {
    let owner = bed.acme.owner().await.unwrap().unwrap();
    assert_eq!(owner.plan, None);
    let document = TenantDocument {
        name: slug("acme"),
        title: "ACME".to_owned(),
        plan: Some(slug("small")),
    };
    let other_key = bed.vault.new_tenant_key(&slug("acme")).unwrap();
    let put = bed
        .system
        .tenant_put(&document, &other_key, PutOptions::person());
    put.await.unwrap();
    let now = bed.acme.owner().await.unwrap().unwrap();
    assert_eq!(now.plan, Some(slug("small")));
    assert_eq!(now.wrapped_key, owner.wrapped_key);
    assert!(
        bed.store
            .tenant(&slug("nobody"))
            .owner()
            .await
            .unwrap()
            .is_none()
    );

    let start = async |integration: &str, key: Option<&str>| {
        let mut new = bed.new_run(integration);
        new.most_open = Some(2);
        new.idempotency_key = key.map(str::to_owned);
        bed.acme.run_create(&new).await.unwrap()
    };
    let Enqueued::Created(first) = start("a", Some("k")).await else {
        panic!("the plan has room for it");
    };
    assert!(matches!(start("b", None).await, Enqueued::Created(_)));
    assert_eq!(start("c", None).await, Enqueued::Full { open: 2 });
    assert!(
        matches!(start("a", Some("k")).await, Enqueued::Existing(_)),
        "the same again"
    );
    assert!(matches!(start("b", None).await, Enqueued::Refused { .. }));
    assert_eq!(bed.acme.open_runs().await.unwrap(), 2);
    let globex = bed.add_tenant("globex").await;
    assert_eq!(globex.open_runs().await.unwrap(), 0);

    // a run that is taken up again is open, too
    let cancelled = bed.acme.run_cancel(&first.id).await.unwrap();
    assert_eq!(cancelled, Some(RunState::Cancelled));
    assert!(matches!(start("c", None).await, Enqueued::Created(_)));
    let redrive = async |most| bed.acme.run_redrive(&first.id, Some(most)).await.unwrap();
    assert_eq!(redrive(2).await, Some(Redrive::Full { open: 2 }));
    assert!(matches!(redrive(3).await, Some(Redrive::Queued(_))));
}
