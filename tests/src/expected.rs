//! Compares a run with the committed expectations of a tenant (`tenants/<tenant>/expected`),
//! which a script in another language computed without the engine.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// The expectations of one tenant.
pub struct Expected {
    /// `summary.json`
    pub summary: Value,
    /// `records.ndjson`
    pub records: Vec<Value>,
}

impl Expected {
    /// Reads `<tenant folder>/expected`.
    ///
    /// # Errors
    /// When a file is missing or not JSON.
    pub fn read(tenant_folder: &Path) -> anyhow::Result<Self> {
        let folder = tenant_folder.join("expected");
        let summary = std::fs::read(folder.join("summary.json")).context("summary.json")?;
        let records = std::fs::read_to_string(folder.join("records.ndjson"))?;
        Ok(Self {
            summary: serde_json::from_slice(&summary)?,
            records: records
                .lines()
                .map(serde_json::from_str)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Every counter of the run must be the expected one.
    ///
    /// # Errors
    /// Names each counter that differs.
    pub fn compare_counters(&self, run: &Value) -> anyhow::Result<()> {
        let expected = self.summary["counters"]
            .as_object()
            .context("summary.json has no counters")?;
        let mut wrong = Vec::new();
        for (name, value) in expected {
            let found = &run["counters"][name];
            if found != value {
                wrong.push(format!("{name}: expected {value}, found {found}"));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        bail!("counters differ: {}", wrong.join("; "))
    }

    /// Every record of the run's results must be the expected one, and none may be missing.
    ///
    /// # Errors
    /// Names the first records that differ.
    pub fn compare_records(&self, results: &[Value]) -> anyhow::Result<()> {
        let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in &self.records {
            let (key, line) = expected_line(record);
            expected.entry(key).or_default().push(line);
        }
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in results {
            let (key, line) = found_line(record);
            found.entry(key).or_default().push(line);
        }
        let mut wrong = Vec::new();
        let keys: std::collections::BTreeSet<&String> =
            expected.keys().chain(found.keys()).collect();
        for key in keys {
            let mut left = expected.get(key).cloned().unwrap_or_default();
            let mut right = found.get(key).cloned().unwrap_or_default();
            left.sort();
            right.sort();
            if left != right {
                wrong.push(format!("{key:?}: expected {left:?}, found {right:?}"));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let shown: Vec<&str> = wrong.iter().take(5).map(String::as_str).collect();
        bail!("{} records differ, e.g.\n{}", wrong.len(), shown.join("\n"))
    }
}

fn expected_line(record: &Value) -> (String, String) {
    let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let mut codes: Vec<String> = record["codes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|code| code.as_str().map(str::to_owned))
        .collect();
    codes.sort();
    codes.dedup();
    let line = format!(
        "{} {} tax {} amount {}",
        text("state"),
        codes.join(","),
        text("total_tax"),
        text("total_amount")
    );
    (text("key"), line)
}

fn found_line(record: &Value) -> (String, String) {
    let mut codes: Vec<String> = record["issues"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|issue| issue["severity"] == "error")
        .filter_map(|issue| issue["code"].as_str().map(str::to_owned))
        .collect();
    codes.sort();
    codes.dedup();
    let amount = |key: &str| match &record["detail"][key] {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    };
    let line = format!(
        "{} {} tax {} amount {}",
        record["state"].as_str().unwrap_or_default(),
        codes.join(","),
        amount("total_tax"),
        amount("total_amount")
    );
    (record["key"].as_str().unwrap_or_default().to_owned(), line)
}
