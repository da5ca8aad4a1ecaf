//! The tenants' documents are sound, and the mappings make of the sample data what
//! `tenants/expected.py` computed without them. No server is needed: rows are read by `formats`,
//! grouped here in memory and mapped by `mapping`; what the target would say is left out.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tributary_formats::csv;
use tributary_formats::rows::RowReader;
use tributary_mapping::{Environment, Plan, Row, Verdict, Worker, compile, parse};
use tributary_model::document::{
    ConnectionDocument, IntegrationDocument, LookupDocument, TenantDocument,
};
use tributary_model::issue::Severity;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

const TENANTS: [&str; 2] = ["acme", "globex"];

fn folder(tenant: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tenants")
        .join(tenant)
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap();
    // As the command line fills them in before anything is parsed.
    let text = text.replace("${ACME_SFTP_PORT}", "22");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All documents of a kind by file name, which must be the document's own name.
fn documents<T: DeserializeOwned>(tenant: &str, kind: &str) -> BTreeMap<String, T> {
    let mut found = BTreeMap::new();
    for entry in folder(tenant).join(kind).read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let document: Value = read(&path);
        assert_eq!(document["name"], json!(name), "{}", path.display());
        found.insert(name, read(&path));
    }
    found
}

struct Tenant {
    plan: Arc<Plan>,
    connections: BTreeMap<String, ConnectionDocument>,
}

fn tenant(name: &str) -> Tenant {
    let document: TenantDocument = read(&folder(name).join("tenant.json"));
    assert_eq!(document.name.to_string(), name);
    let connections: BTreeMap<String, ConnectionDocument> = documents(name, "connections");
    let lookups: BTreeMap<String, LookupDocument> = documents(name, "lookups");
    let integrations: BTreeMap<String, IntegrationDocument> = documents(name, "integrations");
    let integration = &integrations["order-tax"];
    for connection in [
        &integration.source.connection,
        &integration.target.connection,
    ] {
        assert!(
            connections.contains_key(connection.as_str()),
            "{name}: {connection}"
        );
    }
    let path = folder(name).join(format!("mappings/{}.json", integration.mapping));
    let mapping = parse(&std::fs::read(&path).unwrap()).unwrap();
    let environment = Environment::new(&lookups, &integration.params);
    assert_eq!(
        tributary_mapping::check(&mapping, &environment),
        Vec::new(),
        "{name}"
    );
    Tenant {
        plan: compile(&mapping, &environment).unwrap(),
        connections,
    }
}

#[test]
fn every_document_is_sound() {
    for name in TENANTS {
        tenant(name);
    }
}

/// One row in memory: its place, its text, the code of its fault.
type Taken = (RowPosition, Vec<u8>, Option<String>);

/// What came of one partition (a file).
#[derive(Default)]
struct Seen {
    rows: u64,
    records: Vec<String>,
    rules: BTreeMap<String, BTreeMap<String, u64>>,
    warnings: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Seen {
    fn partition(
        &mut self,
        plan: &Arc<Plan>,
        format: &RowFormat,
        first: RowPosition,
        bytes: &[u8],
    ) {
        let mut worker = plan.worker(format).unwrap();
        let mut groups: Vec<Vec<Taken>> = Vec::new();
        let mut places: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        let mut reader = RowReader::new(format, first, bytes);
        while let Some(item) = reader.next() {
            self.rows += 1;
            let row = Row {
                position: item.position,
                bytes: &item.text,
            };
            let mut key = Vec::new();
            let grouped = plan.grouping().is_some() && worker.group_key(&row, &mut key).is_ok();
            let place = if grouped {
                *places.entry(key).or_insert(groups.len())
            } else {
                groups.len()
            };
            if place == groups.len() {
                groups.push(Vec::new());
            }
            let code = item.fault.map(|fault| fault.code.to_string());
            groups[place].push((item.position, item.text.to_vec(), code));
        }
        for group in &groups {
            self.record(&mut worker, group);
        }
    }

    fn record(&mut self, worker: &mut Worker, group: &[Taken]) {
        let rows: Vec<Row<'_>> = group
            .iter()
            .map(|(position, bytes, _)| Row {
                position: *position,
                bytes,
            })
            .collect();
        let faults: Vec<&String> = group
            .iter()
            .filter_map(|(_, _, code)| code.as_ref())
            .collect();
        let mut codes: BTreeSet<String> = faults.iter().map(|code| (*code).clone()).collect();
        if !faults.is_empty() {
            for code in faults {
                *self
                    .rules
                    .entry(code.clone())
                    .or_default()
                    .entry(String::new())
                    .or_default() += 1;
            }
            let mut key = Vec::new();
            let known = worker.group_key(&rows[0], &mut key).is_ok();
            let key = if known {
                String::from_utf8(key).unwrap()
            } else {
                String::new()
            };
            self.records.push(line(&key, "quarantined", &codes, ""));
            return;
        }
        let mut out = Vec::new();
        let outcome = worker.map(&rows, &mut out);
        let state = match outcome.verdict {
            Verdict::Mapped => "mapped",
            Verdict::Skipped => "skipped",
            Verdict::Quarantined => "quarantined",
        };
        for issue in outcome.issues {
            let counts = match issue.severity {
                Severity::Error => &mut self.rules,
                Severity::Warning => &mut self.warnings,
            };
            let code = issue.code.to_string();
            let rule = issue.rule.clone().unwrap_or_default();
            *counts
                .entry(code.clone())
                .or_default()
                .entry(rule)
                .or_default() += 1;
            if issue.severity == Severity::Error {
                codes.insert(code);
            }
        }
        let mapped = outcome.verdict == Verdict::Mapped;
        let amount = outcome.amounts[0]
            .filter(|_| mapped)
            .map(|amount| amount.to_string());
        self.records.push(line(
            outcome.key,
            state,
            &codes,
            &amount.unwrap_or_default(),
        ));
    }

    fn compare(mut self, tenant: &str) {
        let folder = folder(tenant).join("expected");
        let summary: Value = read(&folder.join("summary.json"));
        let text = std::fs::read_to_string(folder.join("records.ndjson")).unwrap();
        let mut expected: Vec<String> = text.lines().map(expected_line).collect();
        expected.sort();
        self.records.sort();
        let missing: Vec<_> = expected
            .iter()
            .filter(|line| self.records.binary_search(line).is_err())
            .collect();
        let extra: Vec<_> = self
            .records
            .iter()
            .filter(|line| expected.binary_search(line).is_err())
            .collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "{tenant}: expected {missing:#?}, found {extra:#?}"
        );
        assert_eq!(self.records.len(), expected.len());
        assert_eq!(json!(self.rows), summary["counters"]["rows"]);
        let mut rules = summary["rules"].clone();
        rules.as_object_mut().unwrap().remove("target_rejected");
        assert_eq!(json!(self.rules), rules, "{tenant}");
        assert_eq!(json!(self.warnings), summary["warnings"], "{tenant}");
    }
}

fn line(key: &str, state: &str, codes: &BTreeSet<String>, amount: &str) -> String {
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    format!("{key} {state} [{}] {amount}", codes.join(","))
}

/// What the mapping alone must give: what TAXMAN took or refused is `mapped`.
fn expected_line(text: &str) -> String {
    let record: Value = serde_json::from_str(text).unwrap();
    let state = match record["state"].as_str().unwrap() {
        "delivered" | "rejected" => "mapped",
        other => other,
    };
    let codes = record["codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap());
    let codes = codes
        .filter(|code| *code != "target_rejected")
        .map(str::to_owned)
        .collect();
    let amount = record["total_amount"]
        .as_str()
        .or(record["mapped_amount"].as_str());
    let amount = amount.unwrap_or_default();
    line(record["key"].as_str().unwrap(), state, &codes, amount)
}

#[test]
fn acme_maps_as_expected() {
    let acme = tenant("acme");
    let config = &acme.connections["files"].config["csv"];
    let one = |name: &str| config[name].as_str().unwrap().chars().next();
    let mut format = CsvFormat {
        delimiter: one("delimiter").unwrap(),
        quote: one("quote"),
        encoding: config["encoding"].as_str().unwrap().to_owned(),
        columns: Vec::new(),
    };
    csv::check(&format).unwrap();
    let mut seen = Seen::default();
    let mut files: Vec<PathBuf> = folder("acme")
        .join("samples")
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 3);
    for file in files {
        let bytes = std::fs::read(file).unwrap();
        let header = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        format.columns = csv::header(&bytes[..header], &format).unwrap();
        let first = RowPosition {
            line: 2,
            offset: header as u64,
        };
        seen.partition(
            &acme.plan,
            &RowFormat::Csv(format.clone()),
            first,
            &bytes[header..],
        );
    }
    seen.compare("acme");
}

#[test]
fn globex_maps_as_expected() {
    let globex = tenant("globex");
    let orders = std::fs::read_to_string(folder("globex").join("samples/orders.json")).unwrap();
    let body = format!("{{\"orders\":{orders},\"next_cursor\":null}}");
    let format = RowFormat::Json {
        records: "/orders".to_owned(),
    };
    let mut seen = Seen::default();
    seen.partition(
        &globex.plan,
        &format,
        RowPosition { line: 1, offset: 0 },
        body.as_bytes(),
    );
    seen.compare("globex");
}
