//! A mapping over sample rows, for the check: which fields fail, how often, and on what.
//!
//! Invariants: the real plan decides, so what is found here is what a run would find; bounded by
//! [`MAX_EXAMPLES`] per finding; values of sensitive fields are masked. Deliberately absent: reading
//! samples; the caller has them.

use std::collections::{BTreeMap, HashMap};

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Severity};
use tributary_model::rows::RowFormat;

use crate::diagnostic::{Diagnostic, code};
use crate::document::{Field, RuleSeverity};
use crate::{Document, Environment, Row, RunRuleResult, compile};

/// Examples kept of one finding.
pub const MAX_EXAMPLES: usize = 5;

/// A node or rule that fails on some of the samples.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CounterExample {
    /// id of the node or rule; empty: the row as a whole
    pub node: String,
    /// its place in the document, RFC 6901
    pub pointer: String,
    pub code: ErrorCode,
    /// an error, or a warning with which the record goes on
    pub severity: Severity,
    /// records on which it fails
    pub failed: u64,
    /// records in all
    pub records: u64,
    /// the first of them, with different values where there are some
    pub examples: Vec<FailedValue>,
    /// "fails on 3 of 500: $.qty = \"1.000,00\" (line 17)"
    pub message: String,
    /// what to do, as the issue says it
    pub hint: String,
}

/// One value on which a node fails.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FailedValue {
    /// the input, where there are several
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_path: Option<String>,
    /// masked if the field is sensitive
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// from 1
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    pub message: String,
}

impl CounterExample {
    /// The same as a finding of the check, `M2101`. It never keeps a document from being compiled.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::warning(
            code::COUNTER_EXAMPLE,
            self.pointer.clone(),
            self.message.clone(),
            self.hint.clone(),
        )
    }
}

/// Maps sample rows and tells what fails, in the order in which it first fails.
///
/// # Errors
/// The findings of the check, if the document cannot be compiled or does not fit the format.
pub fn check_samples(
    document: &Document,
    environment: &Environment<'_>,
    format: &RowFormat,
    rows: &[Row<'_>],
) -> Result<Vec<CounterExample>, Vec<Diagnostic>> {
    let plan = compile(document, environment)?;
    let mut worker = plan.worker(format)?;
    let mut groups: Vec<Vec<Row<'_>>> = Vec::new();
    let mut by_key: HashMap<Vec<u8>, usize> = HashMap::new();
    for row in rows {
        let mut key = Vec::new();
        let grouped = plan.grouping().is_some() && worker.group_key(row, &mut key).is_ok();
        if !grouped {
            groups.push(vec![*row]);
            continue;
        }
        let place = *by_key.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.push(*row);
        }
    }
    let mut examples = CounterExamples::new(document);
    let mut out = Vec::new();
    for group in &groups {
        out.clear();
        examples.add("", worker.map(group, &mut out).issues);
    }
    Ok(examples.finish())
}

/// Collects what fails while records are mapped one after the other, in memory that does not grow with them.
#[derive(Debug)]
pub struct CounterExamples {
    pointers: BTreeMap<String, String>,
    found: Vec<CounterExample>,
    places: BTreeMap<(String, &'static str), usize>,
    records: u64,
}

impl CounterExamples {
    /// For records of `document`.
    #[must_use]
    pub fn new(document: &Document) -> Self {
        Self {
            pointers: pointers(document),
            found: Vec::new(),
            places: BTreeMap::new(),
            records: 0,
        }
    }

    /// Takes the issues of the next record; a record without any counts too. `file` names its input where there are
    /// several.
    pub fn add(&mut self, file: &str, issues: &[Issue]) {
        self.records += 1;
        let mut told = Vec::new();
        for issue in issues {
            let node = issue.rule.clone().unwrap_or_default();
            let key = (node.clone(), issue.code.as_str());
            let next = self.found.len();
            let place = *self.places.entry(key).or_insert(next);
            if place == next {
                self.found.push(started(node, issue, &self.pointers));
            }
            if let Some(example) = self.found.get_mut(place) {
                // a record counts once, however many of its elements fail
                example.failed += u64::from(!told.contains(&place));
                add(example, file, issue);
            }
            told.push(place);
        }
    }

    /// What fails, in the order in which it first failed.
    #[must_use]
    pub fn finish(mut self) -> Vec<CounterExample> {
        for example in &mut self.found {
            example.records = self.records;
            example.message = message(example);
        }
        self.found
    }
}

/// The rules over a run that are not met on samples, as findings of the check.
#[must_use]
pub fn broken_run_rules(document: &Document, results: &[RunRuleResult]) -> Vec<Diagnostic> {
    let pointers = pointers(document);
    let broken = results.iter().filter(|result| !result.met);
    broken
        .map(|result| {
            let mut message = format!("is not met on the samples: expected {}", result.expected);
            if !result.measured.is_empty() {
                message.push_str("; measured ");
                message.push_str(&result.measured);
            }
            let hint = match result.severity {
                RuleSeverity::Fail => {
                    "a run with these records would be stopped before it delivers anything"
                }
                RuleSeverity::Error => "a run with these records would not be green",
                RuleSeverity::Warn => "the report of a run with these records would say so",
            };
            let pointer = pointers.get(&result.rule).cloned().unwrap_or_default();
            Diagnostic::warning(code::COUNTER_EXAMPLE, pointer, message, hint)
        })
        .collect()
}

fn started(node: String, issue: &Issue, pointers: &BTreeMap<String, String>) -> CounterExample {
    CounterExample {
        pointer: pointers.get(&node).cloned().unwrap_or_default(),
        node,
        code: issue.code,
        severity: issue.severity,
        failed: 0,
        records: 0,
        examples: Vec::new(),
        message: String::new(),
        hint: issue.hint.clone(),
    }
}

fn add(example: &mut CounterExample, file: &str, issue: &Issue) {
    let known = example
        .examples
        .iter()
        .any(|other| other.value == issue.value && other.message == issue.message);
    if known || example.examples.len() == MAX_EXAMPLES {
        return;
    }
    example.examples.push(FailedValue {
        file: file.to_owned(),
        source_path: issue.source_path.clone(),
        value: issue.value.clone(),
        line: issue.position.map(|position| position.line),
        message: issue.message.clone(),
    });
}

fn message(example: &CounterExample) -> String {
    let shown: Vec<String> = example
        .examples
        .iter()
        .map(|failed| {
            let line = match (failed.line, failed.file.as_str()) {
                (Some(line), "") => format!(" (line {line})"),
                (Some(line), file) => format!(" ({file}, line {line})"),
                (None, _) => String::new(),
            };
            match (&failed.source_path, &failed.value) {
                (Some(path), Some(value)) => format!("{path} = {value:?}{line}"),
                (Some(path), None) => format!("{path}: {}{line}", failed.message),
                (None, Some(value)) => format!("{value:?}: {}{line}", failed.message),
                (None, None) => format!("{}{line}", failed.message),
            }
        })
        .collect();
    let more = match example.failed > shown.len() as u64 {
        true => ", …",
        false => "",
    };
    format!(
        "fails on {} of {} records: {}{more}",
        example.failed,
        example.records,
        shown.join(", ")
    )
}

/// The place of every node, row step and rule in the document.
fn pointers(document: &Document) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (place, step) in document.rows.iter().enumerate() {
        let id = match step {
            crate::document::RowStep::Filter { id, .. }
            | crate::document::RowStep::Dedupe { id, .. } => id,
            crate::document::RowStep::Group(group) => &group.id,
        };
        found.insert(id.clone(), format!("/rows/{place}"));
    }
    for (place, rule) in document.quality.iter().enumerate() {
        found.insert(rule.id.clone(), format!("/quality/{place}"));
    }
    if !document.source.key.is_empty() {
        // what issues about the record's key name
        found.insert("key".to_owned(), "/source/key".to_owned());
    }
    of_fields(&document.fields, "/fields", &mut found);
    found
}

fn of_fields(fields: &[Field], pointer: &str, found: &mut BTreeMap<String, String>) {
    for (place, field) in fields.iter().enumerate() {
        let pointer = format!("{pointer}/{place}");
        if let Some(inner) = &field.object {
            of_fields(inner, &format!("{pointer}/object"), found);
        }
        of_fields(&field.fields, &format!("{pointer}/fields"), found);
        found.insert(field.id.clone(), pointer);
    }
}
