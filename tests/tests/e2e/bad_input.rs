//! Everything that can be wrong on the other side or in a document: a clear error that says what
//! to do, nothing lost, and the run goes through once it is mended.

use reqwest::Method;
use serde_json::{Value, json};
use tributary_tests::rest::Rest;

use crate::theatre::{Files, Theatre};

/// Starts acme's run and gives the problem it ends with.
async fn problem_of(rest: &Rest, tenant: &str) -> anyhow::Result<Value> {
    let id = rest.start_run(tenant, "order-tax").await?;
    let run = rest.finished(tenant, &id, 180).await?;
    anyhow::ensure!(run["state"] == "failed", "the run should fail: {run}");
    Ok(run["problem"].clone())
}

fn expect(problem: &Value, code: &str, words: &[&str]) -> anyhow::Result<()> {
    anyhow::ensure!(problem["code"] == code, "expected {code}: {problem}");
    let detail = problem["detail"].as_str().unwrap_or_default();
    for word in words {
        anyhow::ensure!(detail.contains(word), "{word:?} is not in {detail:?}");
    }
    let hint = problem["hint"].as_str().unwrap_or_default();
    anyhow::ensure!(!hint.is_empty(), "no hint: {problem}");
    Ok(())
}

/// Puts acme's connection `files` with a change.
async fn change_files(
    theatre: &Theatre,
    rest: &Rest,
    pointer: &str,
    value: Value,
) -> anyhow::Result<()> {
    let path = theatre
        .stage
        .programs
        .tenants
        .join("acme/connections/files.json");
    let mut text = std::fs::read_to_string(path)?;
    for (name, value) in &theatre.stage.variables {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    let mut document: Value = serde_json::from_str(&text)?;
    if !pointer.is_empty() {
        *document
            .pointer_mut(pointer)
            .ok_or_else(|| anyhow::anyhow!("no {pointer}"))? = value;
    }
    rest.put("/tenants/acme/connections/files", &document)
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_file_server_is_named_and_mending_it_is_enough() -> anyhow::Result<()>
{
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;

    change_files(&theatre, &rest, "/secrets/password", json!("wrong")).await?;
    let problem = problem_of(&rest, "acme").await?;
    expect(&problem, "connection_auth_failed", &[])?;
    anyhow::ensure!(!problem.to_string().contains("wrong\""), "{problem}");

    change_files(&theatre, &rest, "/config/folder", json!("/nowhere")).await?;
    expect(
        &problem_of(&rest, "acme").await?,
        "source_not_found",
        &["/nowhere"],
    )?;

    change_files(&theatre, &rest, "/endpoint/host", json!("203.0.113.7")).await?;
    let unreachable = rest.get("/tenants/acme/connections/files").await?;
    anyhow::ensure!(
        !unreachable.to_string().contains("sftp-secret"),
        "secrets are write-only"
    );

    change_files(&theatre, &rest, "", Value::Null).await?;
    if let Files::OpenSsh(server) = &mut theatre.files {
        server.change_host_key()?;
        expect(&problem_of(&rest, "acme").await?, "host_key_changed", &[])?;
        let key = server.host_key()?;
        theatre.stage.set("ACME_SFTP_HOST_KEY", key);
        change_files(&theatre, &rest, "", Value::Null).await?;
    }
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 120).await?;
    assert_eq!(run["state"], "completed_with_errors", "{run}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_down_is_waited_for_and_a_storm_of_faults_doubles_nothing()
-> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    theatre.taxman_faults(&json!({ "down": true })).await?;
    let id = rest.start_run("globex", "order-tax").await?;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let waiting = rest.get(&format!("/tenants/globex/runs/{id}")).await?;
    let state = waiting["state"].as_str().unwrap_or_default();
    anyhow::ensure!(["running", "paused"].contains(&state), "{waiting}");
    assert_eq!(waiting["counters"]["delivered"], 0);

    theatre
        .taxman_faults(&json!({
            "error_rate": 0.1, "throttle_rate": 0.05, "drop_after_commit_rate": 0.1,
            "duplicate_rate": 0.05, "duplicate_after_ms": 50
        }))
        .await?;
    let run = rest.finished("globex", &id, 180).await?;
    assert_eq!(run["state"], "completed_with_errors", "{run}");
    let effects = theatre.effects().await?;
    assert_eq!(effects["effects"], run["counters"]["delivered"]);
    assert_eq!(effects["duplicates"], 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_documents_and_foreign_names_get_a_clear_answer() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;

    let broken = json!({ "name": "files", "connector": "sftp", "endpiont": {} });
    let (status, answer) = rest
        .call(
            Method::PUT,
            "/tenants/acme/connections/files",
            Some(&broken),
        )
        .await?;
    assert_eq!(status, 422, "{answer}");
    assert!(answer.to_string().contains("endpiont"), "{answer}");

    let path = theatre
        .stage
        .programs
        .tenants
        .join("acme/mappings/order-lines-to-tax.json");
    let mut mapping: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    mapping["fields"][0]["do"] = json!([{ "fn": "trimm" }]);
    let (status, answer) = rest
        .call(
            Method::PUT,
            "/tenants/acme/mappings/order-lines-to-tax",
            Some(&mapping),
        )
        .await?;
    assert_eq!(status, 422, "{answer}");
    let pointer = answer["errors"][0]["pointer"].as_str().unwrap_or_default();
    assert!(pointer.starts_with("/fields/0/do/0"), "{answer}");

    let id = rest.start_run("globex", "order-tax").await?;
    rest.finished("globex", &id, 120).await?;
    let (foreign, foreign_body) = rest
        .call(Method::GET, &format!("/tenants/acme/runs/{id}"), None)
        .await?;
    let missing = format!("/tenants/acme/runs/run_{}", "0".repeat(32));
    let (absent, absent_body) = rest.call(Method::GET, &missing, None).await?;
    assert_eq!((foreign, absent), (404, 404));
    assert_eq!(foreign_body["detail"], absent_body["detail"]);

    let mut expired = rest.clone();
    expired.token.push('x');
    let (status, answer) = expired.call(Method::GET, "/tenants/acme", None).await?;
    assert_eq!(status, 401, "{answer}");
    assert_eq!(answer["code"], "token_invalid");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_file_and_a_wrong_encoding_are_reported_line_by_line() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let samples = theatre.stage.programs.tenants.join("acme/samples");
    let whole = std::fs::read(samples.join("orders-2026-10-A.csv"))?;
    for name in ["A", "B", "C"] {
        theatre
            .files
            .remove(&format!("outgoing/orders-2026-10-{name}.csv"))?;
    }
    // Cut in the middle of a line: that line is named, all complete ones go on.
    let cut = whole.get(..whole.len() / 2 - 7).unwrap_or_default();
    theatre.files.put("outgoing/orders-cut.csv", cut)?;
    let rest = theatre.open().await?;
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 120).await?;
    assert_eq!(run["report"]["reconciliation"]["balanced"], true, "{run}");
    let delivered = run["counters"]["delivered"].as_u64().unwrap_or(0);
    assert!(delivered > 100, "{run}");
    let lines = cut.iter().filter(|byte| **byte == b'\n').count();
    let last = rest
        .lines(&format!("/tenants/acme/runs/{id}/issues?format=ndjson"))
        .await?
        .into_iter()
        .find(|issue| issue["line"] == lines + 1);
    assert!(last.is_some(), "the cut line {} is reported", lines + 1);
    Ok(())
}
