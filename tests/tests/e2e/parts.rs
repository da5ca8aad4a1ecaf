//! A file that cannot be read stops no other: they are delivered and known as read, the next run meets
//! the bad one alone, and the corrected one goes through.

use std::io::Write as _;

use reqwest::Method;
use serde_json::{Value, json};
use tributary_counterparts::{records, web};
use tributary_tests::rest::Rest;
use tributary_tests::stage::Stage;

use crate::flow::{self, TENANT, bearer, put};
use crate::intake::mapping;
use crate::theatre::control;

/// What can be wrong with a whole file.
struct Poison {
    name: &'static str,
    bytes: Vec<u8>,
    code: &'static str,
    corrected: Vec<u8>,
}

struct Scene {
    _stage: Stage,
    target: web::Handle,
    rest: Rest,
}

async fn scene() -> anyhow::Result<Scene> {
    let target = records::start().await?;
    let mut stage = Stage::new(&[target.address.to_string()])?;
    let rest = flow::open(&mut stage, &["rest-target", "upload"]).await?;
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
    put(&rest, "mappings", "orders", &mapping("orders", "csv")).await?;
    Ok(Scene {
        _stage: stage,
        target,
        rest,
    })
}

/// A place for files and an integration that reads them, both called `name`.
async fn inbox(scene: &Scene, name: &str, after: &str, mapping: &str) -> anyhow::Result<()> {
    let inbox = json!({ "name": name, "connector": "upload", "endpoint": { "kind": "uploads" },
        "config": { "stream": "orders", "after": after } });
    put(&scene.rest, "connections", name, &inbox).await?;
    let integration = json!({
        "name": name, "source": { "connection": name, "stream": "orders" }, "mapping": mapping,
        "target": { "connection": "target" }, "mode": "incremental",
    });
    put(&scene.rest, "integrations", name, &integration).await
}

async fn upload(scene: &Scene, inbox: &str, file: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = format!("/tenants/{TENANT}/uploads/{inbox}/{file}");
    let sent = scene
        .rest
        .bytes(Method::PUT, &path, &[], bytes.to_vec())
        .await?;
    anyhow::ensure!(sent.0 < 300, "{file}: {} {}", sent.0, sent.1);
    Ok(())
}

fn csv(header: &str, keys: &[String]) -> Vec<u8> {
    let lines: String = keys.iter().map(|key| format!("{key},1.10\n")).collect();
    format!("{header}\n{lines}").into_bytes()
}

pub(crate) fn packed(content: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("b.csv", stored)?;
    zip.write_all(content)?;
    Ok(zip.finish()?.into_inner())
}

fn keys(prefix: &str, file: &str) -> Vec<String> {
    (0..3).map(|n| format!("{prefix}-{file}-{n}")).collect()
}

fn poisons(prefix: &str) -> anyhow::Result<Vec<Poison>> {
    let good = csv("id,total", &keys(prefix, "b"));
    Ok(vec![
        Poison {
            name: "b.csv.zip",
            bytes: b"this is no zip file, whatever its name says".repeat(20),
            code: "archive_invalid",
            corrected: packed(&good)?,
        },
        Poison {
            name: "b.csv",
            bytes: csv("number,total", &keys(prefix, "b")),
            code: "csv_header",
            corrected: good,
        },
    ])
}

/// The run failed of this file alone, and says so.
fn names_the_file(run: &Value, poison: &Poison, parts: u64) {
    assert_eq!(run["state"], "failed", "{run}");
    assert_eq!(run["problem"]["code"], poison.code, "{run}");
    assert_eq!(run["report"]["partitions"], parts, "{run}");
    let failed = run["failed_parts"].as_array().map_or(0, Vec::len);
    assert_eq!(failed, 1, "{run}");
    for part in [&run["failed_parts"][0], &run["report"]["failed_parts"][0]] {
        let label = part["part"].as_str().unwrap_or_default();
        assert!(label.ends_with(poison.name), "{run}");
        assert_eq!(part["problem"]["code"], poison.code, "{run}");
        let hint = part["problem"]["hint"].as_str().unwrap_or_default();
        assert!(!hint.is_empty() && !hint.contains("redrive"), "{run}");
    }
    let detail = run["problem"]["detail"].as_str().unwrap_or_default();
    let counted = format!("1 of the run's {parts} parts");
    assert_eq!(detail.contains(&counted), parts > 1, "{detail}");
}

async fn states(scene: &Scene, inbox: &str) -> anyhow::Result<Vec<(String, String)>> {
    let path = format!("/tenants/{TENANT}/uploads/{inbox}");
    let list = scene.rest.get(&path).await?;
    let text = |file: &Value, name: &str| file[name].as_str().unwrap_or_default().to_owned();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let told = items
        .iter()
        .map(|file| (text(file, "name"), text(file, "state")));
    Ok(told.collect())
}

async fn story(scene: &Scene, inbox: &str, after: &str, poison: &Poison) -> anyhow::Result<()> {
    self::inbox(scene, inbox, after, "orders").await?;
    for file in ["a", "c"] {
        let name = format!("{file}.csv");
        upload(scene, inbox, &name, &csv("id,total", &keys(inbox, file))).await?;
    }
    upload(scene, inbox, poison.name, &poison.bytes).await?;
    let first = flow::run(&scene.rest, inbox, "incremental").await?;
    names_the_file(&first, poison, 3);
    assert_eq!(first["counters"]["delivered"], 6, "{first}");
    assert_eq!(first["counters"]["pending"], 0, "{first}");

    // taken up again, it is the bad part alone that is tried, and it is as bad as before
    let id = first["id"].as_str().unwrap_or_default();
    let path = format!("/tenants/{TENANT}/runs/{id}");
    scene
        .rest
        .post(&format!("{path}/redrive"), &json!({}))
        .await?;
    let again = scene.rest.finished(TENANT, id, 60).await?;
    names_the_file(&again, poison, 3);
    assert_eq!(again["counters"], first["counters"], "{again}");

    let second = flow::run(&scene.rest, inbox, "incremental").await?;
    names_the_file(&second, poison, 1);
    assert_eq!(second["counters"]["read"], 0, "{second}");
    if after == "archive" {
        for (name, state) in states(scene, inbox).await? {
            assert_eq!(state == "archived", name != poison.name, "{name}: {state}");
        }
    }

    upload(scene, inbox, poison.name, &poison.corrected).await?;
    let third = flow::run(&scene.rest, inbox, "incremental").await?;
    assert_eq!(third["state"], "succeeded", "{third}");
    assert_eq!(third["report"]["partitions"], 1, "{third}");
    assert_eq!(third["counters"]["delivered"], 3, "{third}");
    assert_eq!(third["failed_parts"], json!([]), "{third}");
    let last = flow::run(&scene.rest, inbox, "incremental").await?;
    assert_eq!(last["report"]["partitions"], 0, "{last}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_stops_no_other() -> anyhow::Result<()> {
    let scene = scene().await?;
    let mut stories = 0;
    for after in ["keep", "archive"] {
        for number in 0..2 {
            let inbox = format!("{after}-{number}");
            for poison in poisons(&inbox)?.get(number).into_iter() {
                story(&scene, &inbox, after, poison).await?;
                stories += 1;
            }
        }
    }
    assert_eq!(stories, 4);
    let told = control(&scene.target, "effects", None).await?;
    let by_code = told["by_code"].as_object().cloned().unwrap_or_default();
    assert_eq!(by_code.len(), stories * 9, "{told}");
    assert!(by_code.values().all(|count| *count == 1), "{told}");
    Ok(())
}

/// Rules over the run are about all that was read: without a part nobody can ask them.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_its_rules_delivers_nothing_without_a_part() -> anyhow::Result<()> {
    let scene = scene().await?;
    let mut ruled = mapping("ruled", "csv");
    ruled["quality"] = json!([
        { "id": "enough", "scope": "run", "severity": "fail", "check": "read >= 1" }]);
    put(&scene.rest, "mappings", "ruled", &ruled).await?;
    inbox(&scene, "held", "keep", "ruled").await?;
    upload(
        &scene,
        "held",
        "a.csv",
        &csv("id,total", &keys("held", "a")),
    )
    .await?;
    for poison in poisons("held")?.get(1).into_iter() {
        upload(&scene, "held", poison.name, &poison.bytes).await?;
        let run = flow::run(&scene.rest, "held", "incremental").await?;
        assert_eq!(run["state"], "failed", "{run}");
        assert_eq!(run["problem"]["code"], poison.code, "{run}");
        assert_eq!(run["counters"]["delivered"], 0, "{run}");
        assert_eq!(
            run["failed_parts"][0]["problem"]["code"], poison.code,
            "{run}"
        );
        upload(&scene, "held", poison.name, &poison.corrected).await?;
        let run = flow::run(&scene.rest, "held", "incremental").await?;
        assert_eq!(run["state"], "succeeded", "{run}");
        assert_eq!(run["counters"]["delivered"], 6, "{run}");
    }
    Ok(())
}
