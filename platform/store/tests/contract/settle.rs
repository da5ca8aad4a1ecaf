//! People's words on records in doubt.

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{Announced, Lease, NewSettlement, Redrive, Run, Settled, record_key_hash};

use crate::bed::{Bed, done, slug};
use crate::records::seen;

fn said(delivered: bool) -> NewSettlement {
    NewSettlement {
        delivered,
        external_id: delivered.then(|| "TX-9".to_owned()),
        note: Some("asked the target's support".to_owned()),
        settled_by: "acme.anna".to_owned(),
    }
}

async fn settle(bed: &Bed, key: &str, delivered: bool) -> Settled {
    let hash = record_key_hash(key);
    let (orders, said) = (slug("orders"), said(delivered));
    let settled = bed.acme.record_settle(&orders, &hash, &said).await;
    settled.unwrap()
}

/// The batch at a worker, which announces the record `key` with content 7 and number 3.
async fn leaves(bed: &Bed, key: &str) -> Lease {
    let lease = bed.claim(WorkKind::Batch).await;
    let announced = Announced {
        key_hash: record_key_hash(key),
        content_hash: [7; 32],
        resend: 3,
    };
    let intent = bed
        .acme
        .commit_intent(&lease, "[[0,0,3]]", &[announced])
        .await;
    done(intent.unwrap());
    lease
}

/// The worker's batch fails for good, and the run with it.
async fn fails(bed: &Bed, lease: &Lease) {
    let problem = Problem::new(ErrorCode::TargetUnavailable, "down");
    done(bed.acme.fail_work(lease, &problem, None).await.unwrap());
    let finish = bed.claim(WorkKind::Finish).await;
    let ended = bed
        .acme
        .finish_run(&finish, RunState::Failed, "{}", &[])
        .await;
    done(ended.unwrap());
}

async fn in_doubt(bed: &Bed, key: &str) -> Run {
    let run = bed.extracted("orders", 1, 1).await;
    let lease = leaves(bed, key).await;
    fails(bed, &lease).await;
    run
}

async fn redrive(bed: &Bed, run: &Run) {
    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
}

pub(crate) async fn settled_by_a_person(bed: Bed) {
    assert_eq!(settle(&bed, "a", true).await, Settled::Unknown);
    in_doubt(&bed, "a").await;
    // another tenant's word does not count
    let hash = record_key_hash("a");
    let globex = bed.add_tenant("globex").await;
    let theirs = globex
        .record_settle(&slug("orders"), &hash, &said(true))
        .await;
    assert_eq!(theirs.unwrap(), Settled::Unknown);
    assert_eq!(settle(&bed, "a", true).await, Settled::Done);
    let now = seen(&bed, "a").await.unwrap();
    assert_eq!(
        (now.state, now.content_hash),
        (RecordState::Delivered, [7; 32])
    );
    let certain = Settled::Certain(RecordState::Delivered);
    assert_eq!(settle(&bed, "a", false).await, certain);
    let words = bed.acme.record_settlements(&slug("orders"), &hash).await;
    let words = words.unwrap();
    assert_eq!(words.len(), 1);
    assert_eq!(words[0].state, RecordState::Delivered);
    assert_eq!(words[0].external_id.as_deref(), Some("TX-9"));
    assert_eq!(words[0].settled_by, "acme.anna");
    let theirs = globex.record_settlements(&slug("orders"), &hash).await;
    assert!(theirs.unwrap().is_empty());
}

/// A redrive whose batch fails once more knows as much as was said before.
pub(crate) async fn a_settled_doubt_does_not_come_back(bed: Bed) {
    for (key, delivered, state) in [
        ("a", true, RecordState::Delivered),
        ("b", false, RecordState::Rejected),
    ] {
        let run = in_doubt(&bed, key).await;
        assert_eq!(settle(&bed, key, delivered).await, Settled::Done);
        redrive(&bed, &run).await;
        let running = Settled::Certain(state);
        assert_eq!(settle(&bed, key, delivered).await, running);
        let lease = bed.claim(WorkKind::Batch).await;
        fails(&bed, &lease).await;
        assert_eq!(seen(&bed, key).await.unwrap().state, state);
        // sent once more, with the next number: that is a new doubt
        redrive(&bed, &run).await;
        let lease = bed.claim(WorkKind::Batch).await;
        let announced = Announced {
            key_hash: record_key_hash(key),
            content_hash: [7; 32],
            resend: 4,
        };
        let intent = bed
            .acme
            .commit_intent(&lease, "[[0,0,4]]", &[announced])
            .await;
        done(intent.unwrap());
        let running = Settled::Certain(state);
        assert_eq!(settle(&bed, key, true).await, running, "nothing ended yet");
        fails(&bed, &lease).await;
        let now = seen(&bed, key).await.unwrap();
        assert_eq!((now.state, now.resend), (RecordState::Uncertain, Some(4)));
        // while a run is under way it may find out by itself
        redrive(&bed, &run).await;
        assert_eq!(
            settle(&bed, key, true).await,
            Settled::Running(run.id.clone())
        );
        let lease = bed.claim(WorkKind::Batch).await;
        fails(&bed, &lease).await;
        assert_eq!(settle(&bed, key, true).await, Settled::Done);
    }
}
