//! Rules that may stop a run: nothing is delivered before all of it is mapped and judged; what the
//! report says; how a record came to be.

use serde_json::{Value, json};
use tributary_tests::expected::Expected;
use tributary_tests::rest::Rest;

use crate::theatre::Theatre;

/// Puts globex's mapping with these rules and dates.
async fn with_rules(rest: &Rest, quality: &Value, dates: &Value) -> anyhow::Result<()> {
    let path = "/tenants/globex/mappings/orders-to-tax";
    let mut mapping = rest.get(path).await?;
    mapping["quality"] = quality.clone();
    mapping["dates"] = dates.clone();
    rest.put(path, &mapping).await?;
    Ok(())
}

async fn run_to_the_end(rest: &Rest) -> anyhow::Result<Value> {
    let body = json!({ "integration": "order-tax", "mode": "full" });
    let run = rest.post("/tenants/globex/runs", &body).await?;
    let id = run["id"].as_str().unwrap_or_default();
    rest.finished("globex", id, 120).await
}

fn rule<'a>(run: &'a Value, name: &str) -> &'a Value {
    let rules = run["report"]["rules"].as_array();
    let found = rules
        .into_iter()
        .flatten()
        .find(|rule| rule["rule"] == name);
    found.unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_over_the_run_decides_before_anything_is_delivered() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let expected = Expected::read(&theatre.stage.programs.tenants.join("globex"))?;
    let good = rest.get("/tenants/globex/mappings/orders-to-tax").await?["quality"].clone();
    let mut strict = good.clone();
    let share = json!({
        "id": "share", "scope": "run", "severity": "fail", "check": "quarantined / read <= 0.0001"
    });
    strict
        .as_array_mut()
        .into_iter()
        .for_each(|rules| rules.push(share.clone()));
    with_rules(&rest, &strict, &json!([])).await?;

    let run = run_to_the_end(&rest).await?;
    assert_eq!(run["state"], "failed", "{run}");
    assert_eq!(run["problem"]["code"], "quality_rule", "{run}");
    assert_eq!(run["counters"]["delivered"], 0);
    assert_eq!(run["counters"]["pending"], run["counters"]["read"]);
    assert_eq!(theatre.effects().await?["effects"], 0, "nothing has left");
    let share = rule(&run, "share");
    assert_eq!(share["met"], false);
    assert_eq!(share["expected"], "quarantined / read <= 0.0001");
    let quarantined = &expected.summary["counters"]["quarantined"];
    let read = &expected.summary["counters"]["read"];
    assert_eq!(
        share["measured"],
        format!("quarantined = {quarantined}, read = {read}")
    );
    let id = run["id"].as_str().unwrap_or_default();
    let (_, text, _) = theatre.stage.cli(&["runs", "globex", id])?;
    anyhow::ensure!(
        text.contains("rule         share            BROKEN (fail)"),
        "{text}"
    );

    // Met, the same rules let everything go; one that is only an error makes the run not green.
    let mut mild = good;
    for more in [
        json!({ "id": "share", "scope": "run", "severity": "fail", "check": "quarantined / read <= 0.9" }),
        json!({ "id": "dated", "scope": "run", "severity": "fail", "check": "date_diff(newest.date, today(null, 'UTC')) < 100000" }),
        json!({ "id": "huge", "scope": "run", "severity": "error", "check": "sums.total_amount > 1000000000" }),
    ] {
        mild.as_array_mut()
            .into_iter()
            .for_each(|rules| rules.push(more.clone()));
    }
    with_rules(&rest, &mild, &json!(["/date"])).await?;
    let run = run_to_the_end(&rest).await?;
    assert_eq!(run["state"], "completed_with_errors", "{run}");
    assert_eq!(run["problem"]["code"], "quality_rule", "{run}");
    expected.compare_counters(&run)?;
    assert_eq!(rule(&run, "share")["met"], true);
    let dated = rule(&run, "dated");
    assert_eq!(dated["met"], true, "{dated}");
    anyhow::ensure!(
        dated["measured"]
            .as_str()
            .unwrap_or_default()
            .contains("newest.date = 20"),
        "{dated}"
    );
    let effects = theatre.effects().await?;
    assert_eq!(
        effects["effects"],
        expected.summary["counters"]["delivered"]
    );
    assert_eq!(effects["duplicates"], 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_stops_the_run_is_named_and_explained() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let quality = json!([
        { "id": "blocked", "on": "code", "check": "code != 'SO-100002'", "severity": "fail",
          "message": "this order must never be sent" }
    ]);
    with_rules(&rest, &quality, &json!([])).await?;
    let run = run_to_the_end(&rest).await?;
    assert_eq!(run["state"], "failed", "{run}");
    assert_eq!(theatre.effects().await?["effects"], 0);
    let named = &run["report"]["stopped_by"][0];
    assert_eq!(named["key"], "SO-100002", "{run}");
    assert_eq!(named["rule"], "blocked");
    assert_eq!(run["report"]["stopping"], 1);
    let detail = run["problem"]["detail"].as_str().unwrap_or_default();
    anyhow::ensure!(detail.contains("SO-100002"), "{detail}");

    let id = run["id"].as_str().unwrap_or_default();
    let path = format!("/tenants/globex/runs/{id}/records/SO-100002/explain");
    let story = rest.get(&path).await?;
    assert_eq!(story["explanation"]["verdict"], "quarantined", "{story}");
    assert_eq!(story["explanation"]["issues"][0]["rule"], "blocked");

    // A redrive asks the same question of the same rows.
    rest.post(&format!("/tenants/globex/runs/{id}/redrive"), &json!({}))
        .await?;
    let again = rest.finished("globex", id, 120).await?;
    assert_eq!(again["state"], "failed", "{again}");
    assert_eq!(theatre.effects().await?["effects"], 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_record_came_to_be_is_told_by_rest_and_by_the_command_line() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 120).await?;
    let results = rest
        .lines(&format!("/tenants/acme/runs/{id}/results?format=ndjson"))
        .await?;
    let delivered = results
        .iter()
        .find(|line| line["state"] == "delivered")
        .unwrap_or(&Value::Null);
    let key = delivered["key"].as_str().unwrap_or_default();
    let path = format!("/tenants/acme/runs/{id}/records/{key}/explain");
    let story = rest.get(&path).await?;
    assert_eq!(story["source"], delivered["source"], "{story}");
    assert_eq!(story["lookups"], run["lookups"]);
    assert_eq!(story["lookups"]["countries"], 1, "{story}");
    assert_eq!(story["explanation"]["verdict"], "mapped");
    assert_eq!(story["explanation"]["output"], Value::Null);
    let fields = story["explanation"]["fields"].as_array();
    let lines: Vec<u64> = fields
        .into_iter()
        .flatten()
        .flat_map(|field| field["inputs"].as_array().into_iter().flatten())
        .filter_map(|input| input["position"]["line"].as_u64())
        .collect();
    let first = delivered["position"]["line"].as_u64().unwrap_or(0);
    anyhow::ensure!(lines.contains(&first), "line {first} is not in {lines:?}");

    let (good, text, said) = theatre.stage.cli(&["explain", "acme", &id, key])?;
    anyhow::ensure!(good, "{said}");
    for part in [
        "lookup countries version 1",
        &format!("{key}: mapped"),
        "line ",
    ] {
        anyhow::ensure!(text.contains(part), "{part:?} is not in {text}");
    }
    let (good, text, said) = theatre
        .stage
        .cli(&["explain", "acme", &id, key, "/total_amount"])?;
    anyhow::ensure!(good && text.contains("/total_amount = "), "{text}{said}");
    let (good, _, said) = theatre
        .stage
        .cli(&["explain", "acme", &id, key, "/nothing"])?;
    anyhow::ensure!(!good && said.contains("has no field"), "{said}");

    for missing in [
        format!("/tenants/acme/runs/{id}/records/none/explain"),
        format!("/tenants/globex/runs/{id}/records/{key}/explain"),
    ] {
        let (status, _) = rest.call(reqwest::Method::GET, &missing, None).await?;
        assert_eq!(status, 404, "{missing}");
    }
    std::fs::remove_dir_all(theatre.stage.dir.path().join("data/lake"))
        .or_else(|_| remove_lake(theatre.stage.dir.path()))?;
    let (status, answer) = rest.call(reqwest::Method::GET, &path, None).await?;
    assert_eq!(
        (status, &answer["code"]),
        (410, &json!("raw_gone")),
        "{answer}"
    );
    Ok(())
}

/// Wherever below `folder` the lake is.
fn remove_lake(folder: &std::path::Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.ends_with("lake") {
            return std::fs::remove_dir_all(path);
        }
        if path.is_dir() {
            remove_lake(&path)?;
        }
    }
    Ok(())
}
