//! Runs that are taken up again: what was set aside goes on, what was delivered is not sent twice,
//! and the results are as whole as those of a run that went well at once.
//!
//! Each test forces its way of setting work aside; none depends on when something happens, only on
//! that it happened.

use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::{Value, json};
use tributary_tests::expected::Expected;
use tributary_tests::rest::Rest;

use crate::theatre::{Theatre, control};

/// Takes the run up again and waits for its end.
async fn redriven(rest: &Rest, tenant: &str, id: &str) -> anyhow::Result<Value> {
    let path = format!("/tenants/{tenant}/runs/{id}");
    let queued = rest.post(&format!("{path}/redrive"), &json!({})).await?;
    assert_eq!(queued["attempt"], 2, "{queued}");
    rest.finished(tenant, id, 180).await
}

/// The run and its results are what a run without trouble gives.
async fn compare(theatre: &Theatre, rest: &Rest, tenant: &str, run: &Value) -> anyhow::Result<()> {
    assert_eq!(run["state"], "completed_with_errors", "{run}");
    assert_eq!(run["report"]["reconciliation"]["balanced"], true, "{run}");
    assert_eq!(run["counters"]["unchanged"], 0, "{run}");
    let expected = Expected::read(&theatre.stage.programs.tenants.join(tenant))?;
    expected.compare_counters(run)?;
    let id = run["id"].as_str().unwrap_or_default();
    let path = format!("/tenants/{tenant}/runs/{id}/results?format=ndjson");
    expected.compare_records(&rest.lines(&path).await?)?;
    let effects = theatre.effects().await?;
    let delivered = &expected.summary["counters"]["delivered"];
    assert_eq!(&effects["effects"], delivered, "{effects}");
    assert_eq!(effects["duplicates"], 0, "{effects}");
    assert_eq!(effects["adjustments"], 0, "{effects}");
    Ok(())
}

/// Waits until `done` says so of the run.
async fn until(rest: &Rest, path: &str, done: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let run = rest.get(path).await?;
        if done(&run) {
            return Ok(run);
        }
        if Instant::now() > deadline {
            bail!("the run does not come so far: {run}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_the_target_refused_are_delivered_by_a_redrive() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let expected = Expected::read(&theatre.stage.programs.tenants.join("globex"))?;
    let delivered = expected.records.iter();
    let refused: Vec<&Value> = delivered
        .filter(|record| record["state"] == "delivered")
        .map(|record| &record["key"])
        .step_by(100)
        .collect();
    theatre
        .taxman_faults(&json!({ "refuse_codes": refused }))
        .await?;
    let id = rest.start_run("globex", "order-tax").await?;
    let run = rest.finished("globex", &id, 120).await?;
    let count = |name: &str| run["counters"][name].as_u64().unwrap_or(0);
    let usual = expected.summary["counters"]["rejected"].as_u64();
    assert_eq!(
        Some(count("rejected")),
        usual.map(|n| n + refused.len() as u64)
    );
    assert!(refused.len() > 10 && count("delivered") > 1_000, "{run}");

    theatre.taxman_faults(&json!({})).await?;
    let run = redriven(&rest, "globex", &id).await?;
    compare(&theatre, &rest, "globex", &run).await?;
    let effects = theatre.effects().await?;
    assert_eq!(effects["replays"], 0, "delivered records were sent again");

    // Everything read once more is unchanged, and stays so when the refused ones are redriven.
    let body = json!({ "integration": "order-tax", "mode": "full" });
    let full = rest.post("/tenants/globex/runs", &body).await?;
    let id = full["id"].as_str().unwrap_or_default();
    let full = rest.finished("globex", id, 120).await?;
    let again = redriven(&rest, "globex", id).await?;
    assert_eq!(again["counters"], full["counters"]);
    let unchanged = &expected.summary["counters"]["delivered"];
    assert_eq!(&again["counters"]["unchanged"], unchanged, "{again}");
    assert_eq!(theatre.effects().await?, effects);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extract_that_was_set_aside_goes_on_where_it_stopped() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    // Pages come slowly, so that batches of the first ones are delivered while the last are not read.
    control(
        &theatre.erp,
        "faults",
        Some(&json!({ "latency_ms": 1_000 })),
    )
    .await?;
    let id = rest.start_run("globex", "order-tax").await?;
    let path = format!("/tenants/globex/runs/{id}");
    until(&rest, &path, |run| {
        run["counters"]["delivered"].as_u64() > Some(0)
    })
    .await?;
    control(
        &theatre.erp,
        "faults",
        Some(&json!({ "unauthorized": true })),
    )
    .await?;
    let run = rest.finished("globex", &id, 120).await?;
    assert_eq!(run["state"], "failed", "{run}");
    assert_eq!(run["problem"]["code"], "connection_auth_failed", "{run}");
    let read = run["counters"]["read"].as_u64().unwrap_or(0);
    assert!(
        read < 1_500,
        "everything was read before the extract failed"
    );

    control(&theatre.erp, "faults", Some(&json!({}))).await?;
    let run = redriven(&rest, "globex", &id).await?;
    compare(&theatre, &rest, "globex", &run).await
}

/// The target does the work and loses every answer; the worker dies of it five times. So the
/// target knows records of which the ledger knows nothing.
#[tokio::test(flavor = "multi_thread")]
async fn batches_of_which_workers_died_are_redriven_without_a_second_effect() -> anyhow::Result<()>
{
    let mut theatre = Theatre::new().await?;
    theatre.stage.server.environment = vec![
        ("TRIBUTARY_WORKERS__LEASE_MS".to_owned(), "1000".to_owned()),
        ("TRIBUTARY_WORKERS__SLOTS".to_owned(), "8".to_owned()),
    ];
    theatre
        .taxman_faults(&json!({ "drop_after_commit_rate": 1.0 }))
        .await?;
    let mut rest = theatre.open().await?;
    // a pause would keep the batches from being tried until they count as deadly
    let integration = "/tenants/acme/integrations/order-tax";
    let mut document = rest.get(integration).await?;
    document["delivery"]["breaker"] = json!({ "failed_calls": 0 });
    rest.put(integration, &document).await?;
    let id = rest.start_run("acme", "order-tax").await?;
    let path = format!("/tenants/acme/runs/{id}");
    let mut kills = 0;
    loop {
        let before = theatre.effects().await?["replays"].clone();
        let run = until_sent(&theatre, &rest, &path, &before).await?;
        if run["state"] == "failed" {
            break;
        }
        anyhow::ensure!(kills < 60, "no end after {kills} kills: {run}");
        theatre.stage.server.kill();
        kills += 1;
        theatre.stage.server.start()?;
        rest = theatre.stage.server.ready().await?;
    }
    let run = rest.get(&path).await?;
    assert_eq!(run["attempt"], 1);
    assert_eq!(run["counters"]["delivered"], 0, "{run}");
    assert_eq!(run["problem"]["code"], "internal", "{run}");
    assert!(kills >= 5, "set aside after {kills} kills");
    let effects = theatre.effects().await?;
    assert!(effects["effects"].as_u64() > Some(0), "{effects}");

    theatre.taxman_faults(&json!({})).await?;
    let run = redriven(&rest, "acme", &id).await?;
    compare(&theatre, &rest, "acme", &run).await
}

/// Waits until the target was sent something again, or the run is over.
async fn until_sent(
    theatre: &Theatre,
    rest: &Rest,
    path: &str,
    before: &Value,
) -> anyhow::Result<Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let run = rest.get(path).await?;
        let effects = theatre.effects().await?;
        if run["state"] == "failed" || effects["replays"] != *before {
            // Time for the other batches to be on their way too.
            tokio::time::sleep(Duration::from_millis(300)).await;
            return Ok(run);
        }
        anyhow::ensure!(Instant::now() < deadline, "nothing is sent: {run}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
