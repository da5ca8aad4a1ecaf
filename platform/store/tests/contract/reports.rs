//! What a run adds up to.

use tributary_model::counters::Counters;
use tributary_model::error_code::{ErrorCode, Owner};
use tributary_model::id::RunId;
use tributary_model::issue::{Issue, Stage};
use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{
    BatchAmount, BatchObjects, BatchResult, BatchState, IssueFilter, Lease, RecordIssue, Redrive,
    StoreError,
};

use crate::bed::{Bed, done, outcome, result};

fn amount(state: RecordState, amount: &str, records: u64) -> BatchAmount {
    BatchAmount {
        name: "net".to_owned(),
        state,
        amount: Some(amount.to_owned()),
        records,
    }
}

pub(crate) async fn counters_and_amounts(bed: Bed) {
    let run = bed.extracted("orders", 3, 4).await;
    let first = bed.claim(WorkKind::Batch).await;
    let mut one = result(vec![
        outcome(0, "a", 1, RecordState::Delivered),
        outcome(1, "b", 1, RecordState::Delivered),
        outcome(2, "c", 1, RecordState::Quarantined),
    ]);
    one.amounts = vec![
        amount(RecordState::Delivered, "0.10", 2),
        amount(RecordState::Quarantined, "-5", 1),
    ];
    one.calls = 2;
    one.target_ms = 31;
    one.objects = BatchObjects {
        processed: None,
        results: Some("lake/results/x".to_owned()),
        receipts: None,
    };
    done(bed.acme.commit_batch(&first, &one).await.unwrap());
    let second = bed.claim(WorkKind::Batch).await;
    let mut two = result(vec![outcome(0, "d", 1, RecordState::Rejected)]);
    two.amounts = vec![
        amount(RecordState::Delivered, "0.20", 1),
        amount(RecordState::Rejected, "123456789012345678.123456789", 1),
    ];
    done(bed.acme.commit_batch(&second, &two).await.unwrap());

    let counters = bed.acme.run_counters(&run.id).await.unwrap();
    assert_eq!((counters.rows, counters.read), (6 + 2 + 8, 3 + 1 + 4));
    assert_eq!((counters.delivered, counters.quarantined), (2, 1));
    assert_eq!((counters.rejected, counters.pending), (1, 4));
    assert_eq!(counters.unexplained(), 0);
    counters_of_many(&bed, &run.id, &counters).await;
    let sums: Vec<_> = bed
        .acme
        .run_amounts(&run.id)
        .await
        .unwrap()
        .into_iter()
        .map(|a| (a.name, a.state, a.amount.unwrap_or_default(), a.records))
        .collect();
    let net = || "net".to_owned();
    assert_eq!(
        sums,
        [
            (net(), RecordState::Delivered, "0.30".to_owned(), 3),
            (net(), RecordState::Quarantined, "-5".to_owned(), 1),
            (
                net(),
                RecordState::Rejected,
                "123456789012345678.123456789".to_owned(),
                1
            )
        ]
    );
    stored_batches(&bed, &run.id, &one).await;

    let third = bed.claim(WorkKind::Batch).await;
    let mut bad = result(vec![]);
    bad.amounts = vec![amount(RecordState::Delivered, "1,5", 1)];
    let refused = bed.acme.commit_batch(&third, &bad).await;
    assert!(
        matches!(refused, Err(StoreError::Refused { .. })),
        "{refused:?}"
    );
    sums_that_do_not_fit(&bed, &run.id, &third).await;
}

/// They are said to be so, and hide no other sum.
async fn sums_that_do_not_fit(bed: &Bed, run: &RunId, third: &Lease) {
    let mut wide = result(vec![]);
    let most = "79228162514264337593543950335";
    wide.amounts = vec![amount(RecordState::Rejected, most, 1)];
    wide.amounts.push(BatchAmount {
        amount: None,
        ..amount(RecordState::Quarantined, "0", 1)
    });
    done(bed.acme.commit_batch(third, &wide).await.unwrap());
    let sums = bed.acme.run_amounts(run).await.unwrap();
    let sums: Vec<_> = sums.into_iter().map(|sum| sum.amount).collect();
    assert_eq!(sums, [Some("0.30".to_owned()), None, None]);
}

async fn counters_of_many(bed: &Bed, run: &RunId, counters: &Counters) {
    let empty = bed.run("invoices").await;
    bed.acme.run_cancel(&empty.id).await.unwrap();
    let listed = [run.clone(), empty.id.clone()];
    let found = bed.acme.counters_of(&listed).await.unwrap();
    assert_eq!(found.get(run), Some(counters));
    assert_eq!(found.get(&empty.id), None, "no batch yet");
    assert_eq!(bed.acme.counters_of(&[]).await.unwrap().len(), 0);
}

async fn stored_batches(bed: &Bed, run: &RunId, one: &BatchResult) {
    let stored = bed.acme.batch(run, 1, 0).await.unwrap().unwrap();
    assert_eq!(
        (stored.state, stored.counters),
        (BatchState::Done, one.counters)
    );
    assert_eq!((stored.calls, stored.target_ms, stored.records), (2, 31, 4));
    assert_eq!(
        (stored.objects, stored.epoch),
        (one.objects.clone(), Some(1))
    );
    let open = bed.acme.batch(run, 1, 2).await.unwrap().unwrap();
    assert_eq!((open.state, open.counters.pending), (BatchState::Open, 4));
    assert_eq!(open.input, "{\"page\":0,\"from\":2}");
    assert!(bed.acme.batch(run, 1, 9).await.unwrap().is_none());
}

pub(crate) async fn issues(bed: Bed) {
    let run = bed.extracted("orders", 2, 3).await;
    let issue = |ordinal: u32, key: &str, code, rule: Option<&str>| {
        let mut issue = Issue::error(Stage::Map, code, format!("about {key}"));
        issue.rule = rule.map(str::to_owned);
        RecordIssue {
            ordinal,
            key: key.to_owned(),
            issue,
        }
    };
    let mut one = result(vec![outcome(0, "a", 1, RecordState::Rejected)]);
    one.issues = vec![
        issue(0, "a", ErrorCode::ValueMissing, Some("amount")),
        issue(0, "a", ErrorCode::LookupMissing, None),
    ];
    let first = bed.claim(WorkKind::Batch).await;
    done(bed.acme.commit_batch(&first, &one).await.unwrap());
    let mut two = result(vec![outcome(0, "b", 1, RecordState::Quarantined)]);
    two.issues = vec![issue(0, "b", ErrorCode::ValueMissing, Some("amount"))];
    let second = bed.claim(WorkKind::Batch).await;
    done(bed.acme.commit_batch(&second, &two).await.unwrap());

    let counts = bed.acme.issue_counts(&run.id).await.unwrap();
    let told: Vec<_> = counts
        .iter()
        .map(|c| (c.code, c.rule.as_deref(), c.owner, c.issues))
        .collect();
    assert_eq!(
        told,
        [
            (ErrorCode::ValueMissing, Some("amount"), Owner::Customer, 2),
            (ErrorCode::LookupMissing, None, Owner::Mapping, 1)
        ]
    );
    let list = async |filter: IssueFilter| {
        let rows = bed.acme.issues(&run.id, &filter).await.unwrap();
        let places: Vec<_> = rows.iter().map(|r| (r.partition, r.batch, r.no)).collect();
        places
    };
    assert_eq!(
        list(IssueFilter::default()).await,
        [(1, 0, 0), (1, 0, 1), (1, 1, 0)]
    );
    issue_filters(&bed, &run.id).await;
    let rows = bed
        .acme
        .issues(&run.id, &IssueFilter::default())
        .await
        .unwrap();
    assert_eq!(
        (&rows[0].issue, rows[0].key.as_str()),
        (&one.issues[0].issue, "a")
    );

    // a redriven batch brings its own issues
    let finish = bed.claim(WorkKind::Finish).await;
    let ended = bed
        .acme
        .finish_run(&finish, RunState::CompletedWithErrors, "{}", &[])
        .await;
    done(ended.unwrap());
    let redriven = bed.acme.run_redrive(&run.id, None).await.unwrap().unwrap();
    assert!(matches!(redriven, Redrive::Queued(_)), "{redriven:?}");
    let again = bed.claim(WorkKind::Batch).await;
    let clean = result(vec![outcome(0, "a", 1, RecordState::Delivered)]);
    done(bed.acme.commit_batch(&again, &clean).await.unwrap());
    assert_eq!(list(IssueFilter::default()).await, [(1, 1, 0)]);
}

async fn issue_filters(bed: &Bed, run: &RunId) {
    let list = async |filter: IssueFilter| {
        let rows = bed.acme.issues(run, &filter).await.unwrap();
        let places: Vec<_> = rows.iter().map(|r| (r.partition, r.batch, r.no)).collect();
        places
    };
    let after = IssueFilter {
        after: Some((1, 0, 0)),
        limit: 1,
        ..IssueFilter::default()
    };
    assert_eq!(list(after).await, [(1, 0, 1)]);
    let code = IssueFilter {
        code: Some(ErrorCode::ValueMissing),
        ..IssueFilter::default()
    };
    assert_eq!(list(code).await, [(1, 0, 0), (1, 1, 0)]);
    let owner = IssueFilter {
        owner: Some(Owner::Mapping),
        ..IssueFilter::default()
    };
    assert_eq!(list(owner).await, [(1, 0, 1)]);
    let key = IssueFilter {
        key: Some("b".to_owned()),
        ..IssueFilter::default()
    };
    assert_eq!(list(key).await, [(1, 1, 0)]);
}
