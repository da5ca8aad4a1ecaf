//! Groups whose rows stand together in the file: the same results as in any order, and a clear
//! answer where the file does not keep to it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tributary_tests::rest::Rest;

use crate::theatre::Theatre;

/// Lines of one of acme's files without quotes, so that a line is a row; the head apart.
fn simple_lines(theatre: &Theatre) -> anyhow::Result<(Vec<u8>, Vec<Vec<u8>>)> {
    let samples = theatre.stage.programs.tenants.join("acme/samples");
    let bytes = std::fs::read(samples.join("orders-2026-10-A.csv"))?;
    let mut lines = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec);
    let head = lines.next().unwrap_or_default();
    let fields = |line: &[u8]| line.iter().filter(|byte| **byte == b';').count();
    let columns = fields(&head);
    let simple = lines
        .filter(|line| !line.contains(&b'"') && fields(line) == columns)
        .filter(|line| key(line).iter().all(u8::is_ascii_digit))
        .collect();
    Ok((head, simple))
}

fn key(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == b';').next().unwrap_or_default()
}

fn file(head: &[u8], lines: &[Vec<u8>]) -> Vec<u8> {
    [head, &lines.concat()].concat()
}

/// A stage whose file server holds one file, and a mapping that groups by `input`.
async fn open(input: &str, file: &[u8]) -> anyhow::Result<(Theatre, Rest)> {
    let mut theatre = Theatre::new().await?;
    for name in ["A", "B", "C"] {
        theatre
            .files
            .remove(&format!("outgoing/orders-2026-10-{name}.csv"))?;
    }
    theatre.files.put("outgoing/orders-1.csv", file)?;
    let rest = theatre.open().await?;
    let path = theatre
        .stage
        .programs
        .tenants
        .join("acme/mappings/order-lines-to-tax.json");
    let mut mapping: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    assert_eq!(mapping["rows"][1]["op"], "group");
    mapping["rows"][1]["input"] = json!(input);
    rest.put("/tenants/acme/mappings/order-lines-to-tax", &mapping)
        .await?;
    Ok((theatre, rest))
}

/// Runs acme's integration; gives the run and each record's state, codes and tax by key.
async fn run(rest: &Rest) -> anyhow::Result<(Value, BTreeMap<String, String>)> {
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 120).await?;
    let path = format!("/tenants/acme/runs/{id}/results?format=ndjson");
    let mut records = BTreeMap::new();
    for line in rest.lines(&path).await? {
        let codes: Vec<&Value> = line["issues"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|issue| &issue["code"])
            .collect();
        let told = json!([line["state"], codes, line["detail"]["total_tax"]]).to_string();
        let key = line["key"].as_str().unwrap_or_default().to_owned();
        assert_eq!(records.insert(key, told), None, "a key comes twice");
    }
    Ok((run, records))
}

#[tokio::test(flavor = "multi_thread")]
async fn adjacent_rows_give_the_results_of_any_order_and_a_torn_order_is_not_sent()
-> anyhow::Result<()> {
    let (theatre, rest) = open("any", b"").await?;
    let (head, mut lines) = simple_lines(&theatre)?;
    lines.sort_by(|left, right| key(left).cmp(key(right)));
    let sorted = file(&head, &lines);
    theatre.files.put("outgoing/orders-1.csv", &sorted)?;
    let (any, expected) = run(&rest).await?;
    let effects = theatre.effects().await?;
    assert!(expected.len() > 500, "only {} records", expected.len());
    drop((theatre, rest));

    let (theatre, rest) = open("adjacent", &sorted).await?;
    let (adjacent, found) = run(&rest).await?;
    assert_eq!(adjacent["counters"], any["counters"]);
    assert_eq!(found, expected);
    let sent = theatre.effects().await?;
    assert_eq!(sent["effects"], effects["effects"]);
    assert_eq!(sent["total_tax"], effects["total_tax"]);

    // The first line goes to the end: its order is torn, the others are as they were.
    let first = lines.first().map(|line| key(line)).unwrap_or_default();
    let torn = String::from_utf8_lossy(first).into_owned();
    let rows = lines.iter().filter(|line| key(line) == torn.as_bytes());
    assert!(rows.count() > 1, "the order has one line only");
    lines.rotate_left(1);
    theatre
        .files
        .put("outgoing/orders-2.csv", &file(&head, &lines))?;
    let (run, _) = run(&rest).await?;
    assert_eq!(run["report"]["reconciliation"]["balanced"], true, "{run}");
    let id = run["id"].as_str().unwrap_or_default();
    let path = format!("/tenants/acme/runs/{id}/issues?code=group_conflict&format=ndjson");
    let issues = rest.lines(&path).await?;
    let of_torn: Vec<&Value> = issues
        .iter()
        .filter(|issue| issue["key"] == *torn)
        .collect();
    assert_eq!(of_torn.len(), 1, "{issues:?}");
    let message = of_torn[0]["message"].as_str().unwrap_or_default();
    let last = lines.len() + 1;
    assert!(
        message.ends_with(&format!("do not stand together; see line 2, {last}")),
        "{message}"
    );
    assert_eq!(theatre.effects().await?["effects"], effects["effects"]);
    Ok(())
}
