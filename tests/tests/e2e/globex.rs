//! globex: orders from the ERP's paginated JSON API; the second run sends only what changed.

use serde_json::json;
use tributary_tests::expected::Expected;

use crate::theatre::{Theatre, control};

#[tokio::test(flavor = "multi_thread")]
async fn globex_equals_its_expectations_and_the_second_run_sends_only_changes() -> anyhow::Result<()>
{
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let expected = Expected::read(&theatre.stage.programs.tenants.join("globex"))?;

    let id = rest.start_run("globex", "order-tax").await?;
    let run = rest.finished("globex", &id, 120).await?;
    assert_eq!(run["state"], "completed_with_errors", "{run}");
    expected.compare_counters(&run)?;
    let path = format!("/tenants/globex/runs/{id}/results?format=ndjson");
    expected.compare_records(&rest.lines(&path).await?)?;
    let first = theatre.effects().await?;
    assert_eq!(first["effects"], expected.summary["counters"]["delivered"]);
    assert_eq!(first["total_tax"], expected.summary["total_tax"]);

    // Three delivered orders change after the run.
    let delivered: Vec<String> = expected
        .records
        .iter()
        .filter(|record| record["state"] == "delivered")
        .filter_map(|record| record["key"].as_str().map(str::to_owned))
        .collect();
    for key in delivered.iter().step_by(400).take(3) {
        let change = json!({ "order_id": key, "set": { "/purchase_order": "PO-CHANGED" } });
        control(&theatre.erp, "change", Some(&change)).await?;
    }
    let second = rest.start_run("globex", "order-tax").await?;
    let run = rest.finished("globex", &second, 60).await?;
    assert_eq!(run["counters"]["delivered"], 3, "{run}");
    let read = run["counters"]["read"].as_u64().unwrap_or(u64::MAX);
    assert!(
        read < 100,
        "an incremental run reads the changes and the ties, not {read}"
    );
    let effects = theatre.effects().await?;
    let grown = effects["effects"].as_u64().unwrap_or(0) - first["effects"].as_u64().unwrap_or(0);
    assert_eq!(grown, 3);
    assert_eq!(effects["duplicates"], 0);
    Ok(())
}
