//! acme: German order lines from SFTP, equal to the expectations to the last record.

use serde_json::json;
use tributary_tests::expected::Expected;

use crate::theatre::Theatre;

#[tokio::test(flavor = "multi_thread")]
async fn acme_equals_its_expectations_and_a_second_run_sends_nothing() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let expected = Expected::read(&theatre.stage.programs.tenants.join("acme"))?;

    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 120).await?;
    assert_eq!(run["state"], "completed_with_errors", "{run}");
    expected.compare_counters(&run)?;
    let path = format!("/tenants/acme/runs/{id}/results?format=ndjson");
    expected.compare_records(&rest.lines(&path).await?)?;
    assert_eq!(run["report"]["reconciliation"]["balanced"], true);

    let effects = theatre.effects().await?;
    assert_eq!(
        effects["effects"],
        expected.summary["counters"]["delivered"]
    );
    assert_eq!(effects["total_tax"], expected.summary["total_tax"]);
    assert_eq!(effects["duplicates"], 0);
    let amount = &expected.summary["amounts"]["/total_amount"]["delivered"];
    let reported = run["report"]["amounts"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|line| line["name"] == "/total_amount" && line["state"] == "delivered")
        .map_or(json!(null), |line| line["total"].clone());
    assert_eq!(&reported, amount);

    // Same files again: the file ledger knows them, so nothing is read and nothing is sent.
    let again = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &again, 60).await?;
    assert_eq!(run["state"], "succeeded", "{run}");
    assert_eq!(run["counters"]["delivered"], 0);
    assert_eq!(theatre.effects().await?["effects"], effects["effects"]);

    // Everything read again in full: the content is known, so it is unchanged.
    let body = json!({ "integration": "order-tax", "mode": "full" });
    let full = rest.post("/tenants/acme/runs", &body).await?;
    let full = rest
        .finished("acme", full["id"].as_str().unwrap_or_default(), 120)
        .await?;
    assert_eq!(
        full["counters"]["unchanged"],
        expected.summary["counters"]["delivered"]
    );
    assert_eq!(full["counters"]["delivered"], 0);
    assert_eq!(theatre.effects().await?["effects"], effects["effects"]);
    Ok(())
}
