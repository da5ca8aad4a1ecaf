//! Connectors in processes of their own: both tenants' runs come to the same, also when those processes
//! are killed again and again.

use std::time::{Duration, Instant};

use serde_json::json;
use tributary_tests::expected::Expected;
use tributary_tests::rest::{Rest, ended};

use crate::theatre::Theatre;

/// Kills of runners in one test: fewer than the tries that a piece of work has, since they may all meet one.
const KILLS: u32 = 3;
/// Between two kills, so that they meet different work.
const PAUSE: Duration = Duration::from_millis(700);

async fn start() -> anyhow::Result<(Theatre, Rest)> {
    let mut theatre = Theatre::new().await?;
    theatre.stage.server.environment =
        vec![("TRIBUTARY_HOST__ISOLATION".to_owned(), "all".to_owned())];
    let rest = theatre.open().await?;
    Ok((theatre, rest))
}

/// The server's runners, by number.
fn runners(theatre: &Theatre) -> Vec<u32> {
    let server = theatre.stage.server.pid().unwrap_or_default().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(number) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        let read = |name: &str| std::fs::read_to_string(entry.path().join(name));
        let status = read("stat").unwrap_or_default();
        let rest = status.rsplit(')').next().unwrap_or_default();
        let parent = rest.split_whitespace().nth(1).unwrap_or_default();
        if parent == server
            && read("cmdline")
                .unwrap_or_default()
                .contains("run-connector")
        {
            found.push(number);
        }
    }
    found
}

fn same(theatre: &Theatre, tenant: &str, run: &serde_json::Value) -> anyhow::Result<Expected> {
    let expected = Expected::read(&theatre.stage.programs.tenants.join(tenant))?;
    anyhow::ensure!(run["state"] == "completed_with_errors", "{tenant}: {run}");
    expected.compare_counters(run)?;
    Ok(expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_equal_their_expectations_with_every_connector_apart() -> anyhow::Result<()> {
    let (theatre, rest) = start().await?;
    let mut delivered = 0;
    for tenant in ["acme", "globex"] {
        let id = rest.start_run(tenant, "order-tax").await?;
        let run = rest.finished(tenant, &id, 120).await?;
        let expected = same(&theatre, tenant, &run)?;
        let path = format!("/tenants/{tenant}/runs/{id}/results?format=ndjson");
        expected.compare_records(&rest.lines(&path).await?)?;
        delivered += expected.summary["counters"]["delivered"]
            .as_u64()
            .unwrap_or(0);
        assert!(!runners(&theatre).is_empty());
    }
    let effects = theatre.effects().await?;
    assert_eq!(effects["effects"], json!(delivered));
    assert_eq!(effects["duplicates"], 0);
    let connectors = rest.get("/connectors").await?;
    for connector in connectors["items"].as_array().into_iter().flatten() {
        assert_eq!(connector["isolation"], "runner", "{connector}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn runners_that_are_killed_cost_time_and_nothing_else() -> anyhow::Result<()> {
    let (theatre, rest) = start().await?;
    theatre.taxman_faults(&json!({ "latency_ms": 20 })).await?;
    let id = rest.start_run("acme", "order-tax").await?;
    let path = format!("/tenants/acme/runs/{id}");
    let (started, mut kills, mut killed) = (Instant::now(), 0, None);
    let server = theatre.stage.server.pid();
    while !ended(&rest.get(&path).await?) {
        anyhow::ensure!(
            started.elapsed() < Duration::from_secs(120),
            "{kills} kills"
        );
        if kills < KILLS
            && killed.is_none_or(|at: Instant| at.elapsed() > PAUSE)
            && let Some(runner) = runners(&theatre).first()
        {
            let status = std::process::Command::new("kill")
                .args(["-9", &runner.to_string()])
                .status()?;
            kills += u32::from(status.success());
            killed = Some(Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(37)).await;
    }
    assert!(kills > 0, "no runner was met");
    let run = rest.get(&path).await?;
    let expected = same(&theatre, "acme", &run)?;
    expected.compare_records(&rest.lines(&format!("{path}/results?format=ndjson")).await?)?;
    let effects = theatre.effects().await?;
    assert_eq!(
        effects["effects"],
        expected.summary["counters"]["delivered"]
    );
    assert_eq!(effects["duplicates"], 0);
    assert_eq!(theatre.stage.server.pid(), server, "the platform went on");
    Ok(())
}
