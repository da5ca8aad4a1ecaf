//! A tenant's mapping that extends another one and calls a function of code: installed, checked,
//! pinned and run by the server.

use std::path::Path;

use serde_json::{Value, json};

use crate::theatre::Theatre;

/// A good tax number, and one with a wrong check digit.
const NUMBERS: [&str; 2] = ["GODE561231GR8", "GODE561231GR7"];

fn mapping(bad_order: &str, component: &str, node: &str) -> Value {
    let [good, bad] = NUMBERS;
    let formula =
        format!("external(if(src.auftrag_nr == '{bad_order}', '{bad}', '{good}'), 'rfc')");
    json!({
        "version": 1, "name": "acme-tax", "extends": "order-lines-to-tax@1",
        "external": { "rfc": {
            "component": component, "function": "mx_rfc", "takes": "text", "gives": "text" } },
        "overrides": [{ "op": "insert_after", "node": node, "nodes": [
            { "id": "tax_no", "to": null, "as": "tax_no", "type": "string", "formula": formula }] }]
    })
}

/// The refusal of a mapping, as one text.
async fn refused(rest: &tributary_tests::rest::Rest, mapping: &Value) -> String {
    match rest.put("/tenants/acme/mappings/acme-tax", mapping).await {
        Ok(_) => "it was accepted".to_owned(),
        Err(error) => format!("{error:#}"),
    }
}

/// A tenant that has nothing yet, whose derived mapping stands before its template in the alphabet.
fn fresh_tenant(acme: &Path) -> anyhow::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let text = std::fs::read(acme.join("tenant.json"))?;
    let mut tenant: Value = serde_json::from_slice(&text)?;
    tenant["name"] = json!("fresh");
    std::fs::write(folder.path().join("tenant.json"), tenant.to_string())?;
    for kind in ["lookups", "mappings"] {
        std::fs::create_dir(folder.path().join(kind))?;
        for entry in std::fs::read_dir(acme.join(kind))? {
            let entry = entry?;
            let place = folder.path().join(kind).join(entry.file_name());
            std::fs::copy(entry.path(), place)?;
        }
    }
    let derived = mapping("1", "tax-ids@0.1.0", "code").to_string();
    std::fs::write(folder.path().join("mappings/acme-tax.json"), derived)?;
    Ok(folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_derived_mapping_with_a_function_of_code_runs_on_the_server() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let tenants = theatre.stage.programs.tenants.join("acme");
    let sample = std::fs::read(tenants.join("samples/orders-2026-10-A.csv"))?;
    let lines: Vec<&[u8]> = sample.split_inclusive(|byte| *byte == b'\n').collect();
    let few = lines.get(..40).unwrap_or(&lines).concat();
    for name in ["A", "B", "C"] {
        theatre
            .files
            .remove(&format!("outgoing/orders-2026-10-{name}.csv"))?;
    }
    theatre.files.put("outgoing/orders-1.csv", &few)?;
    let rest = theatre.open().await?;
    theatre.stage.install_connectors(&["tax-ids"])?;

    // what a run of the template makes of it
    let id = rest.start_run("acme", "order-tax").await?;
    let plain = rest.finished("acme", &id, 120).await?;
    assert_eq!(plain["connectors"]["tax-ids@0.1.0"], Value::Null);
    let path = format!("/tenants/acme/runs/{id}/results?format=ndjson");
    let results = rest.lines(&path).await?;
    let delivered = results.iter().find(|line| line["state"] == "delivered");
    let order = delivered.and_then(|line| line["key"].as_str());
    let order = order.unwrap_or_default().to_owned();
    assert!(!order.is_empty(), "{plain}");

    let said = refused(&rest, &mapping(&order, "tax-ids@9.9.9", "code")).await;
    assert!(said.contains("M1504"), "{said}");
    let said = refused(&rest, &mapping(&order, "tax-ids@0.1.0", "codes")).await;
    assert!(said.contains("M2202"), "{said}");
    let good = mapping(&order, "tax-ids@0.1.0", "code");
    rest.put("/tenants/acme/mappings/acme-tax", &good).await?;
    let text = std::fs::read(tenants.join("integrations/order-tax.json"))?;
    let mut integration: Value = serde_json::from_slice(&text)?;
    integration["mapping"] = json!("acme-tax");
    rest.put("/tenants/acme/integrations/order-tax", &integration)
        .await?;

    // files are applied so that a template comes before what extends it
    theatre.stage.apply(fresh_tenant(&tenants)?.path())?;

    // the same file under another name, so that it is read again
    theatre.files.put("outgoing/orders-2.csv", &few)?;
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 120).await?;
    assert_eq!(run["report"]["reconciliation"]["balanced"], true, "{run}");
    let digest = run["connectors"]["tax-ids@0.1.0"].as_str();
    assert!(digest.is_some_and(|digest| digest.len() == 64), "{run}");
    let path = format!("/tenants/acme/runs/{id}/issues?format=ndjson");
    let issues = rest.lines(&path).await?;
    let of_code: Vec<&Value> = issues
        .iter()
        .filter(|issue| issue["rule"] == "tax_no")
        .collect();
    assert_eq!(of_code.len(), 1, "{issues:?}");
    assert_eq!(of_code[0]["code"], "value_invalid", "{issues:?}");
    assert_eq!(of_code[0]["key"], order.as_str(), "{issues:?}");
    let message = of_code[0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("8 is right"), "{message}");
    let path = format!("/tenants/acme/runs/{id}/results?format=ndjson");
    for line in rest.lines(&path).await? {
        let was = results.iter().find(|before| before["key"] == line["key"]);
        let state = was.and_then(|before| before["state"].as_str());
        let wanted = match (line["key"] == order.as_str(), state) {
            (true, _) => Some("quarantined"),
            // the same content as before
            (false, Some("delivered")) => Some("unchanged"),
            (false, state) => state,
        };
        assert_eq!(line["state"].as_str(), wanted, "{line}");
    }
    Ok(())
}
