//! Records across runs: index, life line, keys that repeat.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Stage};
use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{
    BatchObjects, BatchResult, RecordIssue, RecordOutcome, Seen, record_key_hash,
};

use crate::bed::{Bed, done, outcome, result, slug};

/// A run with one batch that ends like this.
pub(crate) async fn run_with(bed: &Bed, result: &BatchResult) -> tributary_model::id::RunId {
    let run = bed.extracted("orders", 1, 1).await;
    let lease = bed.claim(WorkKind::Batch).await;
    done(bed.acme.commit_batch(&lease, result).await.unwrap());
    let finish = bed.claim(WorkKind::Finish).await;
    let ended = bed
        .acme
        .finish_run(&finish, RunState::Succeeded, "{}", &[])
        .await;
    done(ended.unwrap());
    run.id
}

pub(crate) async fn seen(bed: &Bed, key: &str) -> Option<Seen> {
    let hashes = [record_key_hash(key)];
    let mut found = bed
        .acme
        .records_seen(&slug("orders"), &hashes)
        .await
        .unwrap();
    assert!(found.len() < 2);
    found.pop()
}

pub(crate) async fn life(bed: &Bed, key: &str) -> Vec<tributary_store::LifeEntry> {
    let hash = record_key_hash(key);
    bed.acme
        .record_life(&slug("orders"), &hash, 100)
        .await
        .unwrap()
}

/// One record delivered, one quarantined, with receipt and issue.
fn first_result() -> BatchResult {
    let mut first = result(vec![
        outcome(0, "4711", 1, RecordState::Delivered),
        outcome(1, "4712", 2, RecordState::Quarantined),
    ]);
    first.outcomes[0].external_id = Some("TX-1".to_owned());
    first.objects = BatchObjects {
        processed: Some("lake/processed/1".to_owned()),
        results: None,
        receipts: Some("lake/results/1".to_owned()),
    };
    first.issues = vec![RecordIssue {
        ordinal: 1,
        key: "4712".to_owned(),
        issue: Issue::error(Stage::Map, ErrorCode::ValueMissing, "no amount"),
    }];
    first
}

pub(crate) async fn index_and_life(bed: Bed) {
    assert!(seen(&bed, "4711").await.is_none());
    assert!(life(&bed, "4711").await.is_empty());
    assert!(
        bed.acme
            .records_seen(&slug("orders"), &[])
            .await
            .unwrap()
            .is_empty()
    );

    let first = first_result();
    let run_1 = run_with(&bed, &first).await;
    let second = result(vec![
        outcome(0, "4712", 3, RecordState::Delivered),
        outcome(1, "4711", 1, RecordState::Unchanged),
    ]);
    let run_2 = run_with(&bed, &second).await;

    let hashes = [
        record_key_hash("4711"),
        record_key_hash("4712"),
        record_key_hash("x"),
    ];
    let found = bed
        .acme
        .records_seen(&slug("orders"), &hashes)
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|seen| seen.run == run_2));

    let entries = life(&bed, "4711").await;
    let told: Vec<_> = entries
        .iter()
        .map(|e| (e.run.clone(), e.ordinal, e.state))
        .collect();
    assert_eq!(
        told,
        [
            (run_2.clone(), 1, RecordState::Unchanged),
            (run_1.clone(), 0, RecordState::Delivered)
        ],
        "the last first"
    );
    let oldest = &entries[1];
    assert_eq!(oldest.external_id.as_deref(), Some("TX-1"));
    assert_eq!(oldest.objects, first.objects);
    assert_eq!(
        (oldest.key.as_str(), oldest.content_hash),
        ("4711", [1; 32])
    );
    assert!(oldest.at_ms > 0 && oldest.issues.is_empty());
    let entries = life(&bed, "4712").await;
    assert_eq!(entries[1].issues, [first.issues[0].issue.clone()]);
    let hash = record_key_hash("4711");
    let short = bed
        .acme
        .record_life(&slug("orders"), &hash, 1)
        .await
        .unwrap();
    assert_eq!(short.len(), 1);
    let other = bed
        .acme
        .record_life(&slug("other"), &hash, 9)
        .await
        .unwrap();
    assert!(other.is_empty(), "another integration's records are others");
}

pub(crate) async fn what_the_target_holds(bed: Bed) {
    let step = async |content: u8, state: RecordState| {
        run_with(&bed, &result(vec![outcome(0, "k", content, state)])).await;
        let seen = seen(&bed, "k").await.unwrap();
        (seen.content_hash[0], seen.state)
    };
    use RecordState::{Delivered, Quarantined, Rejected, Skipped, Uncertain, Unchanged};
    assert_eq!(
        step(1, Quarantined).await,
        (1, Quarantined),
        "never delivered: the last outcome"
    );
    assert_eq!(step(2, Rejected).await, (2, Rejected));
    assert_eq!(step(3, Delivered).await, (3, Delivered));
    for state in [Rejected, Quarantined, Skipped, Unchanged] {
        assert_eq!(
            step(9, state).await,
            (3, Delivered),
            "the target still holds it: {state:?}"
        );
    }
    assert_eq!(
        step(4, Uncertain).await,
        (4, Uncertain),
        "it may hold the new one"
    );
    assert_eq!(step(5, Quarantined).await, (4, Uncertain));
    assert_eq!(step(6, Delivered).await, (6, Delivered));
    assert_eq!(
        life(&bed, "k").await.len(),
        10,
        "the life line has every step"
    );
}

pub(crate) async fn same_key_twice(bed: Bed) {
    run_with(
        &bed,
        &result(vec![outcome(0, "k", 1, RecordState::Delivered)]),
    )
    .await;
    let twice = result(vec![
        outcome(0, "k", 2, RecordState::Delivered),
        outcome(1, "k", 3, RecordState::Quarantined),
        outcome(2, "k", 4, RecordState::Quarantined),
    ]);
    run_with(&bed, &twice).await;
    let found = seen(&bed, "k").await.unwrap();
    assert_eq!(
        (found.content_hash[0], found.state),
        (2, RecordState::Delivered)
    );
    let contents: Vec<u8> = life(&bed, "k")
        .await
        .iter()
        .map(|e| e.content_hash[0])
        .collect();
    assert_eq!(contents, [4, 3, 2, 1]);
}

/// Two batches with the same keys in opposite order, at once: no deadlock, no lost entry.
pub(crate) async fn racing_keys(bed: Bed) {
    for round in 0..5_u8 {
        bed.extracted("orders", 4, 50).await;
        let leases = bed.system.claim("w", 4, 60_000).await.unwrap();
        let tasks: Vec<_> = leases
            .into_iter()
            .enumerate()
            .map(|(n, lease)| {
                let acme = bed.acme.clone();
                let mut outcomes: Vec<RecordOutcome> = (0..50)
                    .map(|i| outcome(i, &format!("k{i}"), round, RecordState::Delivered))
                    .collect();
                if n % 2 == 1 {
                    outcomes.reverse();
                }
                let result = result(outcomes);
                tokio::spawn(async move { acme.commit_batch(&lease, &result).await.unwrap() })
            })
            .collect();
        for task in tasks {
            done(task.await.unwrap());
        }
        let finish = bed.claim(WorkKind::Finish).await;
        let ended = bed
            .acme
            .finish_run(&finish, RunState::Succeeded, "{}", &[])
            .await;
        done(ended.unwrap());
    }
    for i in [0, 25, 49] {
        assert_eq!(
            life(&bed, &format!("k{i}")).await.len(),
            20,
            "5 rounds of 4 batches"
        );
    }
}

pub(crate) async fn nasty_texts(bed: Bed) {
    let keys = [
        "",
        "a'b\"c\\d",
        "zeile\n\t\u{1}",
        "ключ 🔑",
        "$1",
        "null",
        "[1]",
        "%_",
    ];
    let mut outcomes: Vec<RecordOutcome> = keys
        .iter()
        .zip(0..)
        .map(|(key, i)| outcome(i, key, 1, RecordState::Delivered))
        .collect();
    for (i, outcome) in outcomes.iter_mut().enumerate() {
        outcome.external_id = (i % 2 == 0).then(|| format!("{}\u{0}x", keys[i]));
    }
    let long = "ü".repeat(500);
    outcomes.push(outcome(90, &long, 1, RecordState::Delivered));
    let mut nasty = result(outcomes);
    nasty.issues = vec![RecordIssue {
        ordinal: 1,
        key: keys[1].to_owned(),
        issue: Issue::error(
            Stage::Map,
            ErrorCode::ValueInvalid,
            "a \"quoted\" \\ text\n",
        )
        .with_value("🔑'\u{1}"),
    }];
    run_with(&bed, &nasty).await;
    for (i, key) in keys.iter().enumerate() {
        let entries = life(&bed, key).await;
        assert_eq!(entries.len(), 1, "{key:?}");
        assert_eq!(entries[0].key, *key);
        let id = (i % 2 == 0).then(|| format!("{key}\u{fffd}x"));
        assert_eq!(entries[0].external_id, id);
    }
    assert_eq!(
        life(&bed, keys[1]).await[0].issues,
        [nasty.issues[0].issue.clone()]
    );
    let stored = &life(&bed, &long).await[0].key;
    assert_eq!(stored.chars().count(), 201, "200 and an ellipsis");
}

/// The number of a record's last key and of the key of what the target holds.
pub(crate) async fn resends(bed: Bed) {
    use RecordState::{Delivered, Quarantined, Rejected, Uncertain};
    let steps = [
        (1, Quarantined, None, (None, None)),
        (1, Delivered, Some(0), (Some(0), Some(0))),
        (2, Rejected, Some(1), (Some(1), Some(0))),
        (2, Quarantined, None, (Some(1), Some(0))),
        (3, Uncertain, Some(2), (Some(2), Some(2))),
        (4, Rejected, Some(3), (Some(3), Some(2))),
    ];
    for (content, state, resend, expected) in steps {
        let mut one = outcome(0, "k", content, state);
        one.resend = resend;
        run_with(&bed, &result(vec![one])).await;
        let found = seen(&bed, "k").await.unwrap();
        assert_eq!((found.resend, found.held_resend), expected, "{content}");
    }
    let held = seen(&bed, "k").await.unwrap();
    assert_eq!((held.content_hash, held.state), ([3; 32], Uncertain));
}
