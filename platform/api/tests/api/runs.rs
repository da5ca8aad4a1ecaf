//! Runs: starting them once, watching, cancelling, taking up again, and what can be downloaded.

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tributary_lake::{Layer, ObjectKey};
use tributary_model::counters::Counters;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::RunId;
use tributary_model::issue::{Issue, Stage};
use tributary_model::problem::Problem;
use tributary_model::rows::{RowFormat, RowPosition};
use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{
    Announced, BatchAmount, BatchObjects, BatchResult, Fenced, Lease, NewBatch, NewPage,
    NewPartition, NewPlan, RecordIssue, RecordOutcome, record_key_hash,
};

use crate::harness::{Api, Call, document_of, slug};

fn start(tenant: &str) -> Call {
    let path = format!("/api/v1/tenants/{tenant}/runs");
    Call::new(Method::POST, &path).json(&json!({"integration": "orders"}))
}

fn at(tenant: &str, run: &str, rest: &str) -> String {
    format!("/api/v1/tenants/{tenant}/runs/{run}{rest}")
}

/// Starts a run and does a worker's work by hand up to its one batch of two records, which has a
/// worker. Gives the run's id.
async fn extracted(api: &Api, tenant: &str) -> (String, Lease) {
    let engineer = api.engineer(tenant);
    let answer = api.ok(start(tenant).bearer(&engineer)).await;
    let run = answer.json()["id"].as_str().unwrap().to_owned();
    let store = api.state.store.tenant(&slug(tenant));
    let lease = claim(api, WorkKind::Plan).await;
    let partition = NewPartition {
        no: 0,
        descriptor: "{}".to_owned(),
        state: None,
    };
    let planned = NewPlan {
        partitions: vec![partition],
        ..NewPlan::default()
    };
    done(store.commit_plan(&lease, &planned).await.unwrap());
    let lease = claim(api, WorkKind::Extract).await;
    let page = NewPage {
        no: 0,
        object: "lake/raw/x".to_owned(),
        format: RowFormat::Ndjson,
        source: "orders.ndjson".to_owned(),
        first: RowPosition { line: 1, offset: 0 },
        rows: 3,
        bytes: 100,
    };
    let batch = NewBatch {
        no: 0,
        input: "{}".to_owned(),
        rows: 3,
        records: 2,
    };
    done(
        store
            .commit_page(&lease, &page, None, &[batch])
            .await
            .unwrap(),
    );
    done(store.commit_extract_done(&lease, None).await.unwrap());
    (run, claim(api, WorkKind::Batch).await)
}

/// A run with one batch of two records, of which 4711 is delivered and 4712 is quarantined. Gives
/// the run's id.
pub(crate) async fn work_off(api: &Api, tenant: &str) -> String {
    let (run, lease) = extracted(api, tenant).await;
    let store = api.state.store.tenant(&slug(tenant));
    let results = put_results(api, tenant, &run).await;
    done(
        store
            .commit_batch(&lease, &batch_result(results))
            .await
            .unwrap(),
    );
    let lease = claim(api, WorkKind::Finish).await;
    let end = RunState::CompletedWithErrors;
    done(store.finish_run(&lease, end, "{}", &[]).await.unwrap());
    run
}

async fn claim(api: &Api, kind: WorkKind) -> Lease {
    let system = api.state.store.system();
    let lease = system.claim("test", 1, 60_000).await.unwrap().remove(0);
    assert_eq!(lease.kind, kind);
    lease
}

fn done<T>(fenced: Fenced<T>) {
    assert!(matches!(fenced, Fenced::Done(_)));
}

async fn put_results(api: &Api, tenant: &str, run: &str) -> String {
    let system = api.state.store.system();
    let key = system
        .tenant(&slug(tenant))
        .await
        .unwrap()
        .unwrap()
        .wrapped_key;
    let vault = api.state.vault.tenant(&slug(tenant), &key).unwrap();
    let run = RunId::parse(run).unwrap();
    let integration = slug("orders");
    let folder = ObjectKey::folder(
        Layer::Results,
        &slug(tenant),
        &integration,
        "orders",
        "2026-11-21",
        &run,
    );
    let key = folder.unwrap().file(0, 0, 1, "ndjson.zst").unwrap();
    let line = format!("{{\"key\":\"4711\",\"tenant\":\"{tenant}\",\"tax\":-1.90}}\n");
    let put = api.state.lake.put(&vault, &key, line.into()).await;
    put.unwrap().key
}

fn batch_result(results: String) -> BatchResult {
    let mut counters = Counters {
        rows: 3,
        ..Counters::default()
    };
    counters.add(RecordState::Delivered);
    counters.add(RecordState::Quarantined);
    let outcome = |ordinal, key: &str, state| RecordOutcome {
        ordinal,
        key: key.to_owned(),
        key_hash: record_key_hash(key),
        content_hash: [7; 32],
        state,
        resend: None,
        sent: None,
        external_id: None,
    };
    let issue = Issue::error(
        Stage::Map,
        ErrorCode::NumberInvalid,
        "\"1,2,3\" is not a number",
    )
    .with_value("=1,2,3")
    .at(RowPosition {
        line: 2,
        offset: 40,
    });
    BatchResult {
        counters,
        amounts: vec![BatchAmount {
            name: "/total".to_owned(),
            state: RecordState::Delivered,
            amount: Some("19.90".to_owned()),
            records: 1,
        }],
        outcomes: vec![
            outcome(0, "4711", RecordState::Delivered),
            outcome(1, "4712", RecordState::Quarantined),
        ],
        issues: vec![RecordIssue {
            ordinal: 1,
            key: "4712".to_owned(),
            issue,
        }],
        objects: BatchObjects {
            processed: None,
            results: Some(results),
            receipts: None,
        },
        target_ms: 5,
        calls: 1,
        ..BatchResult::default()
    }
}

#[tokio::test]
async fn a_run_is_started_once_per_key_and_wakes_the_workers() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let with_key = |key: &str| {
        start("acme")
            .header("idempotency-key", key)
            .bearer(&engineer)
    };
    let first = api.call(with_key("k1")).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let run = first.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        first.headers[header::LOCATION],
        at("acme", &run, "").as_str()
    );
    assert_eq!(first.json()["state"], "queued");
    let woken = tokio::time::timeout(std::time::Duration::ZERO, api.state.wake.notified());
    assert!(woken.await.is_ok(), "nobody was woken");
    // what the document says by now does not matter to a request that was answered before
    let path = "/api/v1/tenants/acme/integrations/orders";
    let mut changed = document_of("integrations", "orders");
    changed["title"] = json!("another");
    changed["mode"] = json!("incremental");
    api.ok(Call::put(path, &changed).bearer(&engineer)).await;
    let again = api.call(with_key("k1")).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text());
    assert_eq!(again.json()["id"], run.as_str());
    let other = Call::new(Method::POST, "/api/v1/tenants/acme/runs")
        .header("idempotency-key", "k1")
        .json(&json!({"integration": "orders", "mode": "incremental"}));
    let other = api.call(other.bearer(&engineer)).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    let second = api.call(start("acme").bearer(&engineer)).await;
    assert_eq!(
        second.status,
        StatusCode::CONFLICT,
        "one run of an integration at a time"
    );
    assert!(second.json()["detail"].as_str().unwrap().contains(&run));
    // the same key of another tenant is another key
    let globex = start("globex").header("idempotency-key", "k1");
    let globex = api.call(globex.bearer(&api.engineer("globex"))).await;
    assert_eq!(globex.status, StatusCode::CREATED);
    for bad in ["", "a b", &"k".repeat(201)] {
        assert_eq!(
            api.call(with_key(bad)).await.status,
            StatusCode::BAD_REQUEST,
            "{bad}"
        );
    }
    let missing = Call::new(Method::POST, "/api/v1/tenants/acme/runs");
    let missing = missing
        .json(&json!({"integration": "nothing"}))
        .bearer(&engineer);
    let missing = api.call(missing).await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(missing.json()["code"], "reference_missing");
}

#[tokio::test]
async fn a_finished_run_is_accounted_for_in_every_form() {
    let api = Api::start().await;
    let viewer = api.token(tributary_model::role::Role::CustomerViewer, "acme");
    let run = work_off(&api, "acme").await;
    let get = |rest: &str| Call::get(&at("acme", &run, rest)).bearer(&viewer);
    let view = api.ok(get("")).await.json();
    assert_eq!(view["state"], "completed_with_errors");
    assert_eq!(view["counters"]["read"], 2);
    assert_eq!(view["counters"]["delivered"], 1);
    assert_eq!(view["counters"]["quarantined"], 1);
    assert_eq!(view["unexplained"], 0);
    let list = Call::get("/api/v1/tenants/acme/runs").bearer(&viewer);
    let list = api.ok(list).await.json();
    assert_eq!(list["items"][0]["id"], run.as_str());
    assert_eq!(list["items"][0]["counters"], view["counters"]);
    assert_eq!(view["amounts"][0]["amount"], "19.90");
    assert_eq!(view["issues"][0]["code"], "number_invalid");
    assert_eq!(view["issues"][0]["count"], 1);
    assert_eq!(view["connectors"]["files"], "digest-of-files");

    let issues = api.ok(get("/issues")).await.json();
    assert_eq!(issues["items"][0]["key"], "4712");
    assert_eq!(issues["items"][0]["line"], 2);
    assert_eq!(
        issues["items"][0]["hint"],
        ErrorCode::NumberInvalid.info().hint
    );
    assert!(issues.get("next").is_none());
    assert_eq!(
        api.ok(get("/issues?code=internal")).await.json()["items"],
        json!([])
    );
    assert_eq!(
        api.ok(get("/issues?owner=customer&key=4712")).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let lines = api.ok(get("/issues?format=ndjson")).await;
    assert_eq!(lines.headers[header::CONTENT_TYPE], "application/x-ndjson");
    assert_eq!(lines.text().lines().count(), 1);
    let csv = api
        .ok(get("/issues").header("accept", "text/csv"))
        .await
        .text();
    let row = csv.lines().nth(1).unwrap();
    assert!(
        row.starts_with("4712,map,number_invalid,error,customer,"),
        "{row}"
    );
    assert!(row.contains("\"'=1,2,3\""), "a formula in {row}");

    let results = api.ok(get("/results")).await;
    assert_eq!(
        results.text(),
        "{\"key\":\"4711\",\"tenant\":\"acme\",\"tax\":-1.90}\n"
    );
    let name = format!("attachment; filename=\"{run}-results.ndjson\"");
    assert_eq!(results.headers[header::CONTENT_DISPOSITION], name.as_str());
    let csv = api.ok(get("/results?format=csv")).await.text();
    assert_eq!(csv, "\u{feff}key,tenant,tax,more\r\n4711,acme,-1.90,\r\n");
}

#[tokio::test]
async fn a_record_has_a_life_line_and_an_ended_run_a_short_stream() {
    let api = Api::start().await;
    let viewer = api.token(tributary_model::role::Role::CustomerViewer, "acme");
    let run = work_off(&api, "acme").await;
    let life = Call::get("/api/v1/tenants/acme/integrations/orders/records/4712");
    let life = api.ok(life.bearer(&viewer)).await.json();
    assert_eq!(life["items"][0]["state"], "quarantined");
    assert_eq!(life["items"][0]["run"], run.as_str());
    assert_eq!(life["items"][0]["issues"][0]["code"], "number_invalid");

    let events = api
        .ok(Call::get(&at("acme", &run, "/events")).bearer(&viewer))
        .await
        .text();
    let names: Vec<&str> = events
        .lines()
        .filter_map(|l| l.strip_prefix("event: "))
        .collect();
    assert_eq!(names, ["run", "end"]);
    let data = events
        .lines()
        .find_map(|l| l.strip_prefix("data: "))
        .unwrap();
    let seen: Value = serde_json::from_str(data).unwrap();
    assert_eq!(seen["state"], "completed_with_errors");
}

#[tokio::test]
async fn a_record_in_doubt_is_settled_once() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let (run, lease) = extracted(&api, "acme").await;
    let store = api.state.store.tenant(&slug("acme"));
    let announced = Announced {
        key_hash: record_key_hash("47/13"),
        content_hash: [7; 32],
        resend: 0,
    };
    let intent = store.commit_intent(&lease, "[[0,0,0]]", &[announced]).await;
    done(intent.unwrap());
    let problem = Problem::new(ErrorCode::TargetUnavailable, "down");
    done(store.fail_work(&lease, &problem, None).await.unwrap());
    let record = "/api/v1/tenants/acme/integrations/orders/records/47%2F13";
    let settle = |body: &Value| {
        let call = Call::new(Method::POST, &format!("{record}/settle"));
        api.call(call.json(body).bearer(&engineer))
    };

    let early = settle(&json!({"delivered": true})).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    let detail = format!("a run of the integration is under way: {run}");
    assert_eq!(early.json()["detail"], detail.as_str());
    let lease = claim(&api, WorkKind::Finish).await;
    let end = RunState::Failed;
    done(store.finish_run(&lease, end, "{}", &[]).await.unwrap());

    let wrong = settle(&json!({"delivered": false, "external_id": "TX-1"})).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{}", wrong.text());
    assert_eq!(wrong.json()["pointer"], "/external_id");
    let before = api.ok(Call::get(record).bearer(&engineer)).await.json();
    assert_eq!(before["state"], "uncertain");
    assert_eq!(before["items"], json!([]), "nothing of it was recorded");

    let word = json!({"delivered": true, "external_id": "TX-1", "note": "seen in the portal"});
    let settled = settle(&word).await;
    assert_eq!(settled.status, StatusCode::OK, "{}", settled.text());
    let life = settled.json();
    assert_eq!(life["state"], "delivered");
    assert_eq!(life["settlements"][0]["external_id"], "TX-1");
    assert_eq!(life["settlements"][0]["note"], "seen in the portal");
    assert!(life["settlements"][0]["settled_by"].as_str().unwrap().len() > 2);
    let twice = settle(&json!({"delivered": false})).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let detail = "the record is delivered, not uncertain";
    assert_eq!(twice.json()["detail"], detail);
}

#[tokio::test]
async fn a_live_stream_follows_the_run_and_ends_with_it() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let answer = api.ok(start("acme").bearer(&engineer)).await;
    let run = answer.json()["id"].as_str().unwrap().to_owned();
    let watching = api.call(Call::get(&at("acme", &run, "/events")).bearer(&engineer));
    let cancelling = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        let cancel = Call::new(Method::POST, &at("acme", &run, "/cancel"));
        api.ok(cancel.bearer(&engineer)).await
    };
    let (events, cancelled) = tokio::join!(watching, cancelling);
    assert_eq!(cancelled.json()["state"], "cancelled");
    let text = events.text();
    let states: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: {\"id\""))
        .map(|rest| serde_json::from_str::<Value>(&format!("{{\"id\"{rest}")).unwrap())
        .map(|view| view["state"].clone())
        .collect();
    assert_eq!(states, ["queued", "cancelled"]);
    assert!(text.contains("event: end"));
}

#[tokio::test]
async fn runs_are_cancelled_and_taken_up_again_only_when_that_makes_sense() {
    let api = Api::start().await;
    let admin = api.token(tributary_model::role::Role::CustomerAdmin, "acme");
    let answer = api.ok(start("acme").bearer(&admin)).await;
    let run = answer.json()["id"].as_str().unwrap().to_owned();
    let post = |rest: &str| Call::new(Method::POST, &at("acme", &run, rest)).bearer(&admin);
    let early = api.call(post("/redrive")).await;
    assert_eq!(early.status, StatusCode::CONFLICT, "{}", early.text());
    assert_eq!(api.ok(post("/cancel")).await.json()["state"], "cancelled");
    assert_eq!(api.ok(post("/cancel")).await.json()["state"], "cancelled");
    // nothing closed it, so what is known stands for its report
    let view = Call::new(Method::GET, &at("acme", &run, "")).bearer(&admin);
    let report = api.ok(view).await.json()["report"].clone();
    assert_eq!(report["partial"], true, "{report}");
    assert_eq!(report["reconciliation"]["balanced"], true, "{report}");
    let redriven = api.ok(post("/redrive")).await.json();
    assert_eq!(
        (&redriven["state"], &redriven["attempt"]),
        (&json!("queued"), &json!(2))
    );
    assert_eq!(redriven["report"], json!(null), "it is under way again");
    api.ok(post("/cancel")).await;
    let done = work_off(&api, "acme").await;
    let post = |rest: &str| Call::new(Method::POST, &at("acme", &done, rest)).bearer(&admin);
    assert_eq!(api.call(post("/cancel")).await.status, StatusCode::CONFLICT);
    let nothing = api.call(post("/redrive")).await;
    assert_eq!(nothing.status, StatusCode::CONFLICT);
    assert!(
        nothing.json()["hint"]
            .as_str()
            .unwrap()
            .contains("correction")
    );
}

#[tokio::test]
async fn lists_go_page_by_page_without_gaps() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let mut made = Vec::new();
    for _ in 0..5 {
        let run = api.ok(start("acme").bearer(&engineer)).await.json()["id"].clone();
        let path = at("acme", run.as_str().unwrap(), "/cancel");
        api.ok(Call::new(Method::POST, &path).bearer(&engineer))
            .await;
        made.push(run);
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut path = "/api/v1/tenants/acme/runs?limit=2".to_owned();
    loop {
        let page = api.ok(Call::get(&path).bearer(&engineer)).await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["id"].clone()));
        let Some(next) = page.get("next") else { break };
        path = format!(
            "/api/v1/tenants/acme/runs?limit=2&after={}",
            next.as_str().unwrap()
        );
    }
    assert_eq!(seen, made);
    for bad in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "after=zz",
        "after=7b7d",
        "offset=1",
        "state=done",
    ] {
        let path = format!("/api/v1/tenants/acme/runs?{bad}");
        let answer = api.call(Call::get(&path).bearer(&engineer)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(answer.json()["code"], "request_invalid", "{bad}");
    }
}
