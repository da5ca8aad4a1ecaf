//! What an operator writes into the server's configuration: places for one tenant alone, and plans; and
//! what a plan with little time does to a long read.

use serde_json::{Value, json};
use tributary_tests::expected::Expected;
use tributary_tests::rest::Rest;

use crate::theatre::Theatre;

/// A server with this configuration file.
async fn open(theatre: &mut Theatre, text: &str) -> anyhow::Result<Rest> {
    let file = theatre.stage.dir.path().join("tributary.toml");
    std::fs::write(&file, text)?;
    let variable = (
        "TRIBUTARY_CONFIG".to_owned(),
        file.to_string_lossy().into_owned(),
    );
    theatre.stage.server.environment.push(variable);
    theatre.open().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_one_tenant_may_reach_is_closed_to_the_others() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let erp = theatre.erp.address.to_string();
    theatre.stage.server.forbid(&erp);
    let text = format!("[egress.tenants]\nglobex = [\"{erp}\"]\n");
    let rest = open(&mut theatre, &text).await?;
    let (succeeded, shown, said) = theatre
        .stage
        .cli(&["connection", "check", "globex", "erp"])?;
    assert!(succeeded, "{shown}{said}");
    // the same document in another tenant
    let mut document = rest.get("/tenants/globex/connections/erp").await?;
    document["secrets"] = json!({"token": theatre.erp.token});
    rest.put("/tenants/acme/connections/erp", &document).await?;
    let (succeeded, shown, said) = theatre.stage.cli(&["connection", "check", "acme", "erp"])?;
    assert!(!succeeded, "{shown}{said}");
    assert!(
        shown.contains("FAILED") && !shown.contains("ok  "),
        "nothing was dialled: {shown}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_bounds_the_runs_that_are_open() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = open(
        &mut theatre,
        "[plans.small]\nopen_runs = 1\nmemory_mib = 64\n",
    )
    .await?;
    let (succeeded, shown, said) = theatre
        .stage
        .cli(&["limits", "globex", "--plan", "small"])?;
    assert!(succeeded, "{shown}{said}");
    let mut second = rest.get("/tenants/globex/integrations/order-tax").await?;
    second["name"] = json!("second");
    rest.put("/tenants/globex/integrations/second", &second)
        .await?;

    theatre.taxman_faults(&json!({ "down": true })).await?;
    let first = rest.start_run("globex", "order-tax").await?;
    let body = json!({ "integration": "second" });
    let (status, problem) = rest
        .call(reqwest::Method::POST, "/tenants/globex/runs", Some(&body))
        .await?;
    assert_eq!(problem["code"], "plan_limit", "{status} {problem}");
    let (_, shown, _) = theatre.stage.cli(&["limits", "globex"])?;
    assert!(shown.contains("open_runs"), "{shown}");
    // a tenant without a plan is not bounded by another's
    rest.start_run("acme", "order-tax").await?;

    theatre.taxman_faults(&json!({})).await?;
    // it may be paused by now, or not yet
    let resume = format!("/tenants/globex/runs/{first}/resume");
    rest.call(reqwest::Method::POST, &resume, None).await?;
    let ended: Value = rest.finished("globex", &first, 120).await?;
    assert!(ended["counters"]["delivered"].as_u64() > Some(0), "{ended}");
    let id = rest.start_run("globex", "second").await?;
    rest.finished("globex", &id, 120).await?;
    // a plan that a tenant has may not go
    theatre.stage.server.kill();
    std::fs::write(theatre.stage.dir.path().join("tributary.toml"), "")?;
    theatre.stage.server.start()?;
    let refused = theatre.stage.server.ready().await.err();
    let refused = refused.map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("[plans.small]"), "{refused}");
    Ok(())
}

/// With three seconds each call is told at once that its time is nearly over, so each reads one page.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_runs_out_of_time_goes_on_behind_its_checkpoint() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = open(&mut theatre, "[plans.brief]\nread_wall_s = 3\n").await?;
    let (succeeded, shown, said) = theatre
        .stage
        .cli(&["limits", "globex", "--plan", "brief"])?;
    assert!(succeeded, "{shown}{said}");
    let expected = Expected::read(&theatre.stage.programs.tenants.join("globex"))?;
    let id = rest.start_run("globex", "order-tax").await?;
    let run = rest.finished("globex", &id, 120).await?;
    assert_eq!(run["state"], "completed_with_errors", "{run}");
    expected.compare_counters(&run)?;
    let results = format!("/tenants/globex/runs/{id}/results?format=ndjson");
    expected.compare_records(&rest.lines(&results).await?)?;
    let logs = format!("/tenants/globex/runs/{id}/logs");
    let lines = rest.lines(&logs).await?;
    let pages = lines
        .iter()
        .filter(|line| line["message"].to_string().contains("a page was read"))
        .count();
    assert!(pages > 1, "there was something to go on with: {lines:?}");
    Ok(())
}
