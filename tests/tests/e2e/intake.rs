//! What customers send by themselves, through the API and the command line, to the last record: pushed
//! batches that go to one run each, and files that are read once.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tributary_counterparts::{records, web};
use tributary_tests::rest::Rest;
use tributary_tests::stage::Stage;

use crate::flow::{self, TENANT, bearer, put};
use crate::theatre::control;

const RECORDS: &str = "/tenants/initech/integrations/pushed/records";

struct Scene {
    stage: Stage,
    target: web::Handle,
    rest: Rest,
    /// a client that can deliver and nothing else
    sender: Rest,
}

pub(crate) fn mapping(name: &str, format: &str) -> Value {
    json!({
        "version": 1, "name": name, "title": "Orders as they are",
        "source": { "format": format, "locale": "en-US", "time_zone": "UTC", "key": ["$.id"] },
        "fields": [
            { "id": "code", "to": "code", "type": "string(50)", "from": "$.id" },
            { "id": "total", "to": "total", "type": "decimal(14,2)", "from": "$.total",
              "do": [{ "fn": "to_decimal" }] },
        ],
    })
}

/// A target, and an integration for each way in.
async fn scene() -> anyhow::Result<Scene> {
    let target = records::start().await?;
    let mut stage = Stage::new(&[target.address.to_string()])?;
    let rest = flow::open(&mut stage, &["push", "rest-target", "upload"]).await?;
    let config = json!({
        "request": { "path": "keyed/records" },
        "resend": { "kind": "idempotency_key", "window_s": 86400 }, "external_id": "/id",
        "error": { "code": "/error/code", "message": "/error/message", "field": "/error/field" },
        "check": { "path": "ping" },
    });
    let connection = bearer(
        "rest-target",
        "target",
        (&target.url, &target.token),
        &config,
    );
    put(&rest, "connections", "target", &connection).await?;
    let inbox = json!({ "name": "inbox", "connector": "upload", "endpoint": { "kind": "uploads" },
        "config": { "stream": "orders", "pattern": "*.csv", "after": "archive" } });
    put(&rest, "connections", "inbox", &inbox).await?;
    let feed = json!({ "name": "feed", "connector": "push", "endpoint": { "kind": "push" },
        "config": { "stream": "orders" } });
    put(&rest, "connections", "feed", &feed).await?;
    let schema = json!({ "name": "row", "type": "object", "required": ["id"],
        "properties": { "id": { "type": "string" }, "total": {} } });
    put(&rest, "schemas", "row", &schema).await?;
    let mut pushed = mapping("pushed", "json");
    pushed["source"]["schema"] = json!("row");
    put(&rest, "mappings", "pushed", &pushed).await?;
    put(&rest, "mappings", "uploaded", &mapping("uploaded", "csv")).await?;
    for (name, source) in [("pushed", "feed"), ("uploaded", "inbox")] {
        let integration = json!({
            "name": name, "source": { "connection": source, "stream": "orders" }, "mapping": name,
            "target": { "connection": "target" }, "mode": "incremental",
            "delivery": { "max_attempts": 3, "max_backoff_ms": 500, "breaker": { "failed_calls": 0 } },
        });
        put(&rest, "integrations", name, &integration).await?;
    }
    let client = json!({ "name": "erp", "role": "ingest" });
    let client = rest
        .post(&format!("/tenants/{TENANT}/clients"), &client)
        .await?;
    let text = |name: &str| client[name].as_str().unwrap_or_default().to_owned();
    let (id, secret) = (text("client_id"), text("client_secret"));
    let sender = Rest::client(&stage.server.url(), &id, &secret).await?;
    Ok(Scene {
        stage,
        target,
        rest,
        sender,
    })
}

/// Pushes rows; gives the answer's status and receipt.
async fn push(rest: &Rest, key: &str, lines: &str) -> anyhow::Result<(u16, Value)> {
    let headers = [
        ("content-type", "application/x-ndjson"),
        ("idempotency-key", key),
    ];
    let body = lines.as_bytes().to_vec();
    rest.bytes(Method::POST, RECORDS, &headers, body).await
}

fn orders(numbers: std::ops::Range<u32>) -> String {
    let line = |number| format!("{{\"id\": \"SO-{number}\", \"total\": \"{number}.10\"}}\n");
    numbers.map(line).collect()
}

/// How many effects each code had.
async fn effects(scene: &Scene) -> anyhow::Result<Vec<(String, u64)>> {
    let told = control(&scene.target, "effects", None).await?;
    let by_code = told["by_code"].as_object().cloned().unwrap_or_default();
    let count = |count: &Value| count.as_u64().unwrap_or(0);
    Ok(by_code
        .iter()
        .map(|(code, n)| (code.clone(), count(n)))
        .collect())
}

async fn issues(rest: &Rest, run: &Value) -> anyhow::Result<Vec<Value>> {
    let id = run["id"].as_str().unwrap_or_default();
    let path = format!("/tenants/{TENANT}/runs/{id}/issues?format=ndjson");
    rest.lines(&path).await
}

#[tokio::test(flavor = "multi_thread")]
async fn pushed_records_go_to_one_run_and_an_issue_names_batch_and_row() -> anyhow::Result<()> {
    let scene = scene().await?;
    let checked = flow::checked(&scene.rest, "feed").await?;
    anyhow::ensure!(checked.contains("\"ok\":true"), "{checked}");
    let (status, first) = push(&scene.sender, "k1", &orders(0..700)).await?;
    assert_eq!((status, &first["accepted"]), (202, &json!(700)), "{first}");
    // row 2 does not fit the schema, row 3 fits it and not the mapping
    let lines =
        "{\"id\":\"A\",\"total\":\"1.00\"}\n{\"id\":7}\n{\"id\":\"B\",\"total\":\"1,2,3\"}\n";
    let (status, second) = push(&scene.sender, "k2", lines).await?;
    assert_eq!((status, &second["refused"]), (202, &json!(1)), "{second}");
    let (status, again) = push(&scene.sender, "k2", lines).await?;
    assert_eq!((status, &again), (200, &second), "the same receipt");

    let run = flow::run(&scene.rest, "pushed", "incremental").await?;
    assert_eq!(run["state"], "completed_with_errors", "{run}");
    assert_eq!(run["counters"]["read"], 702, "{run}");
    assert_eq!(run["counters"]["delivered"], 701, "{run}");
    let issues = issues(&scene.rest, &run).await?;
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert_eq!(issues[0]["source"], second["id"], "{issues:?}");
    assert_eq!(
        (&issues[0]["line"], &issues[0]["key"]),
        (&json!(3), &json!("B"))
    );
    let path = RECORDS.replace("records", "pushes");
    let list = scene.rest.get(&path).await?;
    for push in list["items"].as_array().into_iter().flatten() {
        assert_eq!(push["run"], run["id"], "{push}");
    }

    // nothing waits, so nothing is read, in either mode
    for mode in ["incremental", "full"] {
        let run = flow::run(&scene.rest, "pushed", mode).await?;
        assert_eq!(
            (&run["state"], &run["counters"]["read"]),
            (&json!("succeeded"), &json!(0))
        );
    }
    push(&scene.sender, "k3", &orders(700..702)).await?;
    let run = flow::run(&scene.rest, "pushed", "full").await?;
    assert_eq!(run["counters"]["delivered"], 2, "{run}");
    let effects = effects(&scene).await?;
    assert_eq!(effects.len(), 703);
    assert!(effects.iter().all(|(_, count)| *count == 1), "{effects:?}");

    // who delivers sees nothing
    for path in [format!("/tenants/{TENANT}/runs"), path] {
        let (status, _) = scene.sender.call(Method::GET, &path, None).await?;
        assert_eq!(status, 403, "{path}");
    }
    let other = RECORDS.replace(TENANT, "globex");
    let (status, _) = scene
        .sender
        .bytes(Method::POST, &other, &[], Vec::new())
        .await?;
    assert_eq!(status, 404);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_keeps_its_batches_until_it_is_taken_up_again() -> anyhow::Result<()> {
    let scene = scene().await?;
    push(&scene.sender, "k1", &orders(0..20)).await?;
    control(
        &scene.target,
        "faults",
        Some(&json!({ "unauthorized": true })),
    )
    .await?;
    let failed = flow::run(&scene.rest, "pushed", "incremental").await?;
    assert_eq!(failed["state"], "failed", "{failed}");
    control(
        &scene.target,
        "faults",
        Some(&json!({ "unauthorized": false })),
    )
    .await?;
    push(&scene.sender, "k2", &orders(20..25)).await?;
    let second = flow::run(&scene.rest, "pushed", "incremental").await?;
    assert_eq!(
        second["counters"]["delivered"], 5,
        "only what came since: {second}"
    );
    let id = failed["id"].as_str().unwrap_or_default();
    let path = format!("/tenants/{TENANT}/runs/{id}");
    scene
        .rest
        .post(&format!("{path}/redrive"), &json!({}))
        .await?;
    let redriven = scene.rest.finished(TENANT, id, 120).await?;
    assert_eq!(redriven["state"], "succeeded", "{redriven}");
    assert_eq!(redriven["counters"]["delivered"], 20, "{redriven}");
    let effects = effects(&scene).await?;
    assert_eq!(effects.len(), 25);
    assert!(effects.iter().all(|(_, count)| *count == 1), "{effects:?}");
    Ok(())
}

/// Whatever was told to be accepted is delivered, once, although the server is killed while it takes
/// batches: a sender that got no answer asks again with the same key.
#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_no_accepted_batch_and_double_none() -> anyhow::Result<()> {
    const BATCHES: u32 = 60;
    let mut scene = scene().await?;
    let sender = scene.sender.clone();
    let sending = tokio::spawn(async move {
        let mut unanswered = 0_u32;
        for no in 0..BATCHES {
            let lines = orders(no * 10..no * 10 + 10);
            loop {
                match push(&sender, &format!("k{no}"), &lines).await {
                    Ok((200 | 202, receipt)) => {
                        anyhow::ensure!(receipt["accepted"] == 10, "{receipt}");
                        break;
                    }
                    Ok((status, answer)) => anyhow::bail!("{status} {answer}"),
                    Err(_) => unanswered += 1,
                }
                anyhow::ensure!(unanswered < 5_000, "the server does not come back");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Ok(unanswered)
    });
    let mut kills = 0_u64;
    while !sending.is_finished() {
        tokio::time::sleep(Duration::from_millis(60 + kills * 17 % 90)).await;
        scene.stage.server.kill();
        kills += 1;
        scene.stage.server.start()?;
        scene.rest = scene.stage.server.ready().await?;
    }
    let unanswered = sending.await??;
    let run = flow::run(&scene.rest, "pushed", "incremental").await?;
    assert_eq!(run["state"], "succeeded", "{run}");
    assert_eq!(run["counters"]["read"], BATCHES * 10, "{run}");
    let effects = effects(&scene).await?;
    assert_eq!(effects.len(), BATCHES as usize * 10);
    assert!(effects.iter().all(|(_, count)| *count == 1), "{effects:?}");
    eprintln!("{kills} kills, {unanswered} requests without an answer");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn uploaded_files_are_read_once_and_a_broken_one_harms_no_other() -> anyhow::Result<()> {
    let scene = scene().await?;
    let folder = scene.stage.dir.path();
    let lines = |numbers: std::ops::Range<u32>| -> String {
        numbers.map(|n| format!("SO-{n},{n}.10\n")).collect()
    };
    let (good, broken) = (folder.join("Aufträge.csv"), folder.join("broken.csv"));
    std::fs::write(&good, format!("id,total\n{}", lines(0..1_000)))?;
    std::fs::write(
        &broken,
        "id,total\nX-1,1.10\nX-2,2,2\nX-3,\"3.10\nX-4,4.10\n",
    )?;
    let (good, broken) = (good.to_string_lossy(), broken.to_string_lossy());
    let sent = scene
        .stage
        .cli(&["upload", TENANT, "inbox", &good, &broken, "--json"])?;
    anyhow::ensure!(sent.0, "{}", sent.2);
    assert_eq!(sent.1.lines().count(), 2, "{}", sent.1);
    let checked = flow::checked(&scene.rest, "inbox").await?;
    anyhow::ensure!(checked.contains("2 files"), "{checked}");

    let run = flow::run(&scene.rest, "uploaded", "incremental").await?;
    assert_eq!(run["state"], "completed_with_errors", "{run}");
    assert_eq!(run["counters"]["delivered"], 1_001, "{run}");
    let issues = issues(&scene.rest, &run).await?;
    let told: Vec<(&str, &Value, &str)> = issues
        .iter()
        .map(|issue| {
            let text = |name: &str| issue[name].as_str().unwrap_or_default();
            (text("source"), &issue["line"], text("code"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("broken.csv", &json!(3), "csv_columns"),
            ("broken.csv", &json!(4), "csv_quote")
        ]
    );
    // they were read, so they are put aside, and known when they are sent again
    let list = scene
        .rest
        .get(&format!("/tenants/{TENANT}/uploads/inbox"))
        .await?;
    for file in list["items"].as_array().into_iter().flatten() {
        assert_eq!(file["state"], "archived", "{file}");
    }
    let again = scene.stage.cli(&["upload", TENANT, "inbox", &good])?;
    anyhow::ensure!(
        again.0 && again.1.starts_with("unchanged"),
        "{} {}",
        again.1,
        again.2
    );
    let run = flow::run(&scene.rest, "uploaded", "incremental").await?;
    assert_eq!(run["counters"]["read"], 0, "{run}");

    // corrected and sent under the same name: another version, of which only the new is sent on
    std::fs::write(
        folder.join("broken.csv"),
        "id,total\nX-1,1.10\nX-2,2.20\nX-3,3.10\nX-4,4.10\n",
    )?;
    let corrected = scene.stage.cli(&["upload", TENANT, "inbox", &broken])?;
    anyhow::ensure!(
        corrected.1.contains("version 2"),
        "{} {}",
        corrected.1,
        corrected.2
    );
    let run = flow::run(&scene.rest, "uploaded", "incremental").await?;
    assert_eq!(run["state"], "succeeded", "{run}");
    assert_eq!(
        (&run["counters"]["delivered"], &run["counters"]["unchanged"]),
        (&json!(3), &json!(1))
    );
    let path = format!("/tenants/{TENANT}/uploads/inbox/broken.csv");
    let (status, _) = scene.rest.call(Method::DELETE, &path, None).await?;
    assert_eq!(status, 204);
    let effects = effects(&scene).await?;
    assert_eq!(effects.len(), 1_004);
    assert!(effects.iter().all(|(_, count)| *count == 1), "{effects:?}");
    Ok(())
}

/// More than a piece: what comes out is what went in, from any place.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_several_pieces_is_read_as_it_was_sent() -> anyhow::Result<()> {
    let scene = scene().await?;
    let filler = "ü".repeat(500);
    let rows: String = (0..10_000)
        .map(|n| format!("P-{n},{n}.10,{filler}\n"))
        .collect();
    let body = format!("id,total,filler\n{rows}").into_bytes();
    assert!(body.len() > 9 << 20);
    let path = format!("/tenants/{TENANT}/uploads/inbox/large.csv");
    let (status, answer) = scene.sender.bytes(Method::PUT, &path, &[], body).await?;
    assert_eq!(status, 201, "{answer}");
    let run = flow::run(&scene.rest, "uploaded", "incremental").await?;
    assert_eq!(run["state"], "succeeded", "{run}");
    assert_eq!(run["counters"]["delivered"], 10_000, "{run}");
    Ok(())
}
