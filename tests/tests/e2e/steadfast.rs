//! What a run is made of stays the same for its whole life, and a target that fails does not use it up.

use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::{Value, json};
use tributary_tests::expected::Expected;
use tributary_tests::rest::Rest;

use crate::theatre::{Theatre, control};

/// Puts a document with a change.
async fn change(rest: &Rest, path: &str, edit: impl FnOnce(&mut Value)) -> anyhow::Result<Value> {
    let mut document = rest.get(path).await?;
    edit(&mut document);
    rest.put(path, &document).await
}

async fn until(rest: &Rest, path: &str, state: &str) -> anyhow::Result<Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let run = rest.get(path).await?;
        if run["state"] == state {
            return Ok(run);
        }
        if Instant::now() > deadline {
            bail!("the run does not become {state}: {run}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Piece of work and number of the try, as the ledger counts it, of all tries of batches that were
/// not finished. The worker logs what it has leased.
fn tries(theatre: &Theatre) -> anyhow::Result<Vec<(String, String)>> {
    let log = std::fs::read_to_string(theatre.stage.server.log())?;
    let lines = log
        .lines()
        .filter(|line| line.contains("work was not finished"));
    let field = |line: &str, name: &str| {
        let rest = line.split(name).nth(1)?;
        let rest = rest.trim_start_matches(['"', ':', '=']);
        let word = rest.split([' ', ',', '"', '}']).next()?;
        Some(word.to_owned())
    };
    let batches = lines.filter(|line| field(line, "work.kind").as_deref() == Some("batch"));
    batches
        .map(|line| {
            let found = field(line, "work.id").zip(field(line, "work.attempt"));
            found.ok_or_else(|| anyhow::anyhow!("{line}"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_uses_the_tables_and_the_time_of_the_first_try() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let expected = Expected::read(&theatre.stage.programs.tenants.join("globex"))?;
    change(&rest, "/tenants/globex/mappings/orders-to-tax", |mapping| {
        let started = json!({
            "id": "started", "to": "purchase_order_no", "type": "datetime", "formula": "now()"
        });
        for field in mapping["fields"].as_array_mut().into_iter().flatten() {
            if field["id"] == "purchase_order" {
                *field = started.clone();
            }
        }
        mapping["tests"] = json!([]);
    })
    .await?;
    let delivered = expected
        .records
        .iter()
        .filter(|r| r["state"] == "delivered");
    let refused: Vec<&Value> = delivered.map(|record| &record["key"]).step_by(50).collect();
    theatre
        .taxman_faults(&json!({ "refuse_codes": refused }))
        .await?;
    let id = rest.start_run("globex", "order-tax").await?;
    let first = rest.finished("globex", &id, 120).await?;
    assert_eq!(first["lookups"], json!({ "product-tax": 1 }), "{first}");
    let key = refused[0].as_str().unwrap_or_default();
    let path = format!("/tenants/globex/runs/{id}/records/{key}/explain");
    let started = |story: &Value| {
        let fields = story["explanation"]["fields"].as_array();
        let field = fields
            .into_iter()
            .flatten()
            .find(|field| field["node"] == "started");
        field.cloned().unwrap_or_default()
    };
    let before = started(&rest.get(&path).await?);
    let text = first["started_at"].as_str().unwrap_or_default();
    let second = text.split('.').next().unwrap_or_default();
    anyhow::ensure!(
        before.to_string().contains(second),
        "{second} is not in {before}"
    );

    // Every code of the table changes; the run goes on with those that it began with.
    change(&rest, "/tenants/globex/lookups/product-tax", |table| {
        for row in table["rows"].as_array_mut().into_iter().flatten() {
            row["tax_code"] = json!("NT");
        }
    })
    .await?;
    theatre.taxman_faults(&json!({})).await?;
    rest.post(&format!("/tenants/globex/runs/{id}/redrive"), &json!({}))
        .await?;
    let run = rest.finished("globex", &id, 120).await?;
    expected.compare_counters(&run)?;
    let results = format!("/tenants/globex/runs/{id}/results?format=ndjson");
    expected.compare_records(&rest.lines(&results).await?)?;
    assert_eq!(
        theatre.effects().await?["total_tax"],
        expected.summary["total_tax"]
    );
    let story = rest.get(&path).await?;
    assert_eq!(story["lookups"], json!({ "product-tax": 1 }));
    assert_eq!(started(&story), before);

    let body = json!({ "integration": "order-tax", "mode": "full" });
    let next = rest.post("/tenants/globex/runs", &body).await?;
    assert_eq!(next["lookups"], json!({ "product-tax": 2 }), "{next}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_goes_back_to_what_it_was_is_sent_again() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let table = "/tenants/globex/lookups/product-tax";
    let original = rest.get(table).await?;
    let body = json!({ "integration": "order-tax", "mode": "full" });
    let mut calls = Vec::new();
    for content in ["as it is", "other codes", "as it is"] {
        let mut now = original.clone();
        if content == "other codes" {
            for row in now["rows"].as_array_mut().into_iter().flatten() {
                row["tax_code"] = json!("NT");
            }
        }
        rest.put(table, &now).await?;
        let run = rest.post("/tenants/globex/runs", &body).await?;
        let run = rest
            .finished("globex", run["id"].as_str().unwrap_or_default(), 120)
            .await?;
        calls.push(run["counters"]["delivered"].clone());
    }
    anyhow::ensure!(calls[1].as_u64() > Some(100), "{calls:?}");
    assert_eq!(calls[1], calls[2], "what changed has changed back");
    let effects = theatre.effects().await?;
    assert_eq!(
        effects["replays"], 0,
        "the target answered from memory: {effects}"
    );
    assert_eq!(effects["duplicates"], 0, "{effects}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_fails_pauses_the_run_and_its_first_answer_ends_the_pause()
-> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let expected = Expected::read(&theatre.stage.programs.tenants.join("globex"))?;
    change(
        &rest,
        "/tenants/globex/integrations/order-tax",
        |document| {
            document["delivery"]["breaker"] =
                json!({ "failed_calls": 4, "wait_ms": 400, "max_wait_ms": 3_600_000 });
        },
    )
    .await?;
    theatre.taxman_faults(&json!({ "down": true })).await?;
    let id = rest.start_run("globex", "order-tax").await?;
    let path = format!("/tenants/globex/runs/{id}");
    let paused = until(&rest, &path, "paused").await?;
    assert_eq!(paused["terminal"], false);
    let code = paused["problem"]["code"].as_str().unwrap_or_default();
    anyhow::ensure!(code.starts_with("connection_"), "{paused}");
    anyhow::ensure!(paused["resume_at"].is_string(), "{paused}");

    // Probes fail, the waits grow, no try is used up: three probes in a row are the same try.
    let until_paused = tries(&theatre)?.len();
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let tries = tries(&theatre)?.split_off(until_paused);
        if let [.., (one, first), (two, second), (three, third)] = tries.as_slice()
            && one == two
            && two == three
        {
            anyhow::ensure!(first == second && second == third, "{tries:?}");
            break;
        }
        anyhow::ensure!(Instant::now() < deadline, "too few probes: {tries:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let still = rest.get(&path).await?;
    assert_eq!(still["state"], "paused", "{still}");
    anyhow::ensure!(
        still["resume_at"] != paused["resume_at"],
        "no probe: {still}"
    );
    let (status, answer) = rest
        .call(
            reqwest::Method::POST,
            &format!("{path}/redrive"),
            Some(&json!({})),
        )
        .await?;
    assert_eq!(status, 409, "{answer}");

    // A person does not wait for the next probe.
    theatre.taxman_faults(&json!({})).await?;
    let (good, text, said) = theatre.stage.cli(&["runs", "resume", "globex", &id])?;
    anyhow::ensure!(good && text.contains("running"), "{text}{said}");
    let run = rest.finished("globex", &id, 120).await?;
    expected.compare_counters(&run)?;
    assert_eq!(run["attempt"], 1);
    assert_eq!(run["resume_at"], Value::Null);
    let effects = theatre.effects().await?;
    assert_eq!(
        effects["effects"],
        expected.summary["counters"]["delivered"]
    );
    assert_eq!(effects["duplicates"], 0);
    let (status, _) = rest
        .call(
            reqwest::Method::POST,
            &format!("{path}/resume"),
            Some(&json!({})),
        )
        .await?;
    assert_eq!(status, 409, "it is not paused any more");
    Ok(())
}

/// The target's address is wrong; whoever corrects it while the run is paused need not redrive it.
#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_connection_is_used_by_the_run_that_waits_for_it() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let expected = Expected::read(&theatre.stage.programs.tenants.join("globex"))?;
    change(
        &rest,
        "/tenants/globex/integrations/order-tax",
        |document| {
            document["delivery"]["breaker"] =
                json!({ "failed_calls": 2, "wait_ms": 300, "max_wait_ms": 1_000 });
        },
    )
    .await?;
    let connection = "/tenants/globex/connections/taxman";
    // a port at which somebody listens who does not speak HTTP
    let wrong = format!("http://127.0.0.1:{}/", theatre.files.port());
    let right = theatre.taxman.url.clone();
    // an endpoint that changes is given its secrets anew
    let secrets = json!({ "token": theatre.taxman.token });
    change(&rest, connection, |document| {
        document["endpoint"]["base_url"] = json!(wrong);
        document["secrets"] = secrets.clone();
    })
    .await?;
    let id = rest.start_run("globex", "order-tax").await?;
    until(&rest, &format!("/tenants/globex/runs/{id}"), "paused").await?;
    change(&rest, connection, |document| {
        document["endpoint"]["base_url"] = json!(right);
        document["secrets"] = secrets.clone();
    })
    .await?;
    let run = rest.finished("globex", &id, 60).await?;
    expected.compare_counters(&run)?;
    assert_eq!(run["attempt"], 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_and_the_command_line_check_a_mapping_against_the_same_schemas()
-> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let folder = theatre.stage.dir.path().join("globex");
    for kind in ["mappings", "lookups", "schemas"] {
        std::fs::create_dir_all(folder.join(kind))?;
    }
    let from = theatre.stage.programs.tenants.join("globex");
    let table = "lookups/product-tax.json";
    std::fs::copy(from.join(table), folder.join(table))?;
    let path = "/tenants/globex/mappings/orders-to-tax";
    let mut mapping = rest.get(path).await?;
    mapping["target"] = json!({ "schema": "transaction" });
    let file = folder.join("mappings/orders-to-tax.json");
    std::fs::write(&file, mapping.to_string())?;
    let file = file.to_string_lossy().into_owned();

    // Named and not there.
    let (status, answer) = rest
        .call(reqwest::Method::PUT, path, Some(&mapping))
        .await?;
    assert_eq!(
        (status, &answer["code"]),
        (422, &json!("reference_missing")),
        "{answer}"
    );
    let (good, _, said) = theatre.stage.cli(&["mapping", "check", &file])?;
    anyhow::ensure!(
        !good && said.contains("no schema \"transaction\""),
        "{said}"
    );

    // There, and the mapping does not fit it.
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["code", "warehouse"],
        "properties": { "code": { "type": "string" }, "warehouse": { "type": "string" } }
    });
    std::fs::write(folder.join("schemas/transaction.json"), schema.to_string())?;
    rest.put("/tenants/globex/schemas/transaction", &schema)
        .await?;
    let (status, answer) = rest
        .call(reqwest::Method::PUT, path, Some(&mapping))
        .await?;
    assert_eq!(
        (status, &answer["code"]),
        (422, &json!("mapping_invalid")),
        "{answer}"
    );
    let (good, found, _) = theatre.stage.cli(&["mapping", "check", &file, "--json"])?;
    anyhow::ensure!(!good, "{found}");
    let errors = found
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|finding| finding["severity"] == "error");
    let from_cli: Vec<Value> = errors.map(|finding| finding["pointer"].clone()).collect();
    let places = answer["errors"].as_array();
    let from_server: Vec<Value> = places
        .into_iter()
        .flatten()
        .map(|place| place["pointer"].clone())
        .collect();
    anyhow::ensure!(!from_cli.is_empty(), "{found}");
    assert_eq!(from_server, from_cli, "{answer}\n{found}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_connector_logged_is_with_its_run() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let faults = json!({ "unauthorized": true });
    control(&theatre.erp, "faults", Some(&faults)).await?;
    let id = rest.start_run("globex", "order-tax").await?;
    let run = rest.finished("globex", &id, 60).await?;
    assert_eq!(run["state"], "failed", "{run}");
    let lines = rest
        .lines(&format!("/tenants/globex/runs/{id}/logs"))
        .await?;
    let refused = lines.iter().find(|line| {
        let message = line["message"].as_str().unwrap_or_default();
        message.contains("a page was refused")
    });
    let refused = refused.ok_or_else(|| anyhow::anyhow!("{lines:?}"))?;
    assert_eq!(refused["level"], "warn");
    let connector = refused["connector"].as_str().unwrap_or_default();
    anyhow::ensure!(connector.starts_with("rest "), "{refused}");
    let (good, text, said) = theatre.stage.cli(&["logs", "globex", &id])?;
    anyhow::ensure!(good && text.contains("a page was refused"), "{text}{said}");
    anyhow::ensure!(!text.contains(&theatre.erp.token), "{text}");
    let (status, _) = rest
        .call(
            reqwest::Method::GET,
            &format!("/tenants/acme/runs/{id}/logs"),
            None,
        )
        .await?;
    assert_eq!(status, 404);
    Ok(())
}
