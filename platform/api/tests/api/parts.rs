//! Parts of the source that could not be read, as a run's view tells them.

use axum::http::Method;
use serde_json::json;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::WorkKind;
use tributary_store::{Fenced, NewPartition, NewPlan};

use crate::harness::{Api, Call, slug};

#[tokio::test]
async fn a_run_names_the_parts_that_could_not_be_read() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let start = Call::new(Method::POST, "/api/v1/tenants/acme/runs");
    let start = start.json(&json!({"integration": "orders"}));
    let run = api.ok(start.bearer(&engineer)).await.json();
    let path = format!("/api/v1/tenants/acme/runs/{}", run["id"].as_str().unwrap());
    assert_eq!(run["failed_parts"], json!([]));

    let store = api.state.store.tenant(&slug("acme"));
    let system = api.state.store.system();
    let claim = async |kind| {
        let lease = system.claim("test", 1, 60_000).await.unwrap().remove(0);
        assert_eq!(lease.kind, kind);
        lease
    };
    let file = |no: u32| NewPartition {
        no,
        descriptor: json!({"key": format!("in/{no}.csv")}).to_string(),
        state: None,
    };
    let planned = NewPlan {
        partitions: vec![file(0), file(1)],
        ..NewPlan::default()
    };
    let plan = claim(WorkKind::Plan).await;
    let done = store.commit_plan(&plan, &planned).await.unwrap();
    assert!(matches!(done, Fenced::Done(())));
    let extract = claim(WorkKind::Extract).await;
    let part = extract.partition.unwrap();
    let damaged = Problem::new(ErrorCode::ArchiveInvalid, "it ends in the middle");
    let failed = store.fail_work(&extract, &damaged, None).await.unwrap();
    assert!(matches!(failed, Fenced::Done(state) if !state.terminal()));

    let view = api.ok(Call::get(&path).bearer(&engineer)).await.json();
    assert_eq!(view["state"], "running", "the other one goes on");
    let told = &view["failed_parts"];
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    assert_eq!(
        (&told[0]["no"], &told[0]["part"]),
        (&json!(part), &json!(format!("in/{part}.csv")))
    );
    assert_eq!(told[0]["problem"]["code"], "archive_invalid");
    assert_eq!(told[0]["problem"]["detail"], "it ends in the middle");
    assert!(!told[0]["problem"]["hint"].as_str().unwrap().is_empty());

    // who cancels wakes those that work on the run
    let cancel = Call::new(Method::POST, &format!("{path}/cancel"));
    api.ok(cancel.bearer(&engineer)).await;
    let heard = tokio::time::timeout(std::time::Duration::ZERO, api.state.cancelled.notified());
    assert!(heard.await.is_ok(), "nobody heard of it");
}
