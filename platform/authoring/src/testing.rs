//! The tests of a document, with what differs value by value, and expectations written anew.
//!
//! A test passes here exactly when it passes in [`tributary_mapping::run_tests`]; on top of that what
//! it makes must fit the target's schema, where one is given. Deliberately absent: running anything
//! else than the tests that the document carries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jsonschema::Validator;
use serde::Serialize;
use serde_json::Value;
use tributary_mapping::document::{Document, Exact, ExpectedIssue, RuleSeverity, TestCase};
use tributary_mapping::{Environment, Explanation, Verdict, compile, explain_test, map_test};
use tributary_model::issue::{Issue, Severity, shorten};
use tributary_model::rows::RowPosition;

use crate::leaves::leaves;
use crate::run_rules::{RunCheck, RunReport};
use crate::summary::MappedRecord;

/// Longest value in a difference, in characters.
const VALUE_LENGTH: usize = 120;

/// The schema that everything must fit which a mapping makes.
pub struct TargetCheck(Validator);

impl TargetCheck {
    /// # Errors
    /// What is wrong with the schema.
    pub fn new(schema: &Value) -> Result<Self, String> {
        jsonschema::validator_for(schema)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// What of `output` does not fit, each with its pointer.
    #[must_use]
    pub fn faults(&self, output: &str) -> Vec<Difference> {
        let Ok(value) = serde_json::from_str::<Value>(output) else {
            return Vec::new();
        };
        let faults = self.0.iter_errors(&value);
        faults
            .map(|error| Difference::Schema {
                pointer: error.instance_path().to_string(),
                message: shorten(&error.to_string(), 300),
            })
            .collect()
    }
}

/// What became of a test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestOutcome {
    pub name: String,
    /// none: passed
    pub differences: Vec<Difference>,
    /// the rule with the severity `fail` that the record breaks: a run with it would deliver nothing
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stops_run: Option<String>,
    /// how the record came to be; none if the document could not be compiled
    #[serde(skip)]
    pub explanation: Option<Explanation>,
}

impl TestOutcome {
    /// Whether all was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Difference {
    /// the record was mapped, skipped or quarantined, and should not have been
    Verdict { expected: Verdict, found: Verdict },
    /// a value of the output, as JSON; none: not there
    Value {
        pointer: String,
        expected: Option<String>,
        found: Option<String>,
    },
    /// the output as a text
    Text { expected: String, found: String },
    /// an issue that did not come
    IssueMissing { expected: ExpectedIssue },
    /// an issue that was not expected
    IssueUnexpected { found: Box<Issue> },
    /// the right issues, in another order
    IssueOrder,
    /// the output does not fit the target's schema
    Schema { pointer: String, message: String },
    /// the document cannot be compiled with the test's parameters
    Document { message: String },
}

/// Runs the tests of a document.
#[must_use]
pub fn test_document(
    document: &Document,
    environment: &Environment<'_>,
    target: Option<&TargetCheck>,
) -> Vec<TestOutcome> {
    let run = |test: &TestCase| match explain_test(document, test, environment) {
        Err(diagnostics) => TestOutcome {
            name: test.name.clone(),
            differences: diagnostics
                .iter()
                .map(|diagnostic| Difference::Document {
                    message: diagnostic.to_string(),
                })
                .collect(),
            stops_run: None,
            explanation: None,
        },
        Ok(explanation) => TestOutcome {
            name: test.name.clone(),
            differences: differences(test, &explanation, target),
            stops_run: stopping_rule(document, &explanation),
            explanation: Some(explanation),
        },
    };
    document.tests.iter().map(run).collect()
}

fn stopping_rule(document: &Document, explanation: &Explanation) -> Option<String> {
    let fails = |id: &&str| {
        let mut rules = document.quality.iter();
        rules.any(|rule| rule.severity == RuleSeverity::Fail && rule.id == **id)
    };
    let mut broken = explanation.issues.iter();
    let rule = broken.find_map(|issue| issue.rule.as_deref().filter(|id| fails(id)))?;
    Some(rule.to_owned())
}

/// What the rules over a run say of the records of all tests together, as if they were one run; none without such
/// rules. A word about the rules and not about the tests: each of those is one record.
#[must_use]
pub fn rules_on_tests(
    document: &Document,
    environment: &Environment<'_>,
    started_ms: i64,
) -> Option<RunReport> {
    let plan = compile(document, environment).ok()?;
    if !plan.has_run_rules() {
        return None;
    }
    let mut check = RunCheck::new(&plan);
    for test in &document.tests {
        let mapped = map_test(document, test, environment).ok()?;
        let record = MappedRecord {
            verdict: mapped.verdict,
            key: mapped.key,
            issues: mapped.issues,
            amounts: mapped.amounts,
            dates: mapped.dates,
            stops_run: mapped.stops_run,
        };
        check.add(RowPosition { line: 1, offset: 0 }, &record);
    }
    Some(check.report(started_ms))
}

fn differences(
    test: &TestCase,
    found: &Explanation,
    target: Option<&TargetCheck>,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    let expected = expected_verdict(test);
    if found.verdict != expected {
        differences.push(Difference::Verdict {
            expected,
            found: found.verdict,
        });
    }
    if let Some(output) = &found.output {
        if let Some(expected) = &test.expect {
            value_differences(&expected.to_string(), output, &mut differences);
        }
        if let Some(expected) = &test.expect_text
            && expected != output
        {
            differences.push(Difference::Text {
                expected: expected.clone(),
                found: output.clone(),
            });
        }
        if let Some(target) = target {
            differences.extend(target.faults(output));
        }
    }
    issue_differences(&test.expect_issues, &found.issues, &mut differences);
    differences
}

fn expected_verdict(test: &TestCase) -> Verdict {
    let output = test.expect.is_some() || test.expect_text.is_some();
    let errors = test
        .expect_issues
        .iter()
        .any(|issue| issue.severity.as_deref() != Some("warning"));
    match (test.expect_skipped, output, errors) {
        (true, ..) => Verdict::Skipped,
        (false, false, true) => Verdict::Quarantined,
        (false, ..) => Verdict::Mapped,
    }
}

/// The values in which two JSON texts differ; `1.50` and `1.5` are one number, `0.1` and `0.10000000000000000001`
/// are not.
fn value_differences(expected: &str, found: &str, differences: &mut Vec<Difference>) {
    let expected = leaves(expected);
    let found = leaves(found);
    let known: BTreeMap<&str, &str> = found
        .iter()
        .map(|(pointer, text)| (pointer.as_str(), text.as_str()))
        .collect();
    let mut wanted = BTreeSet::new();
    for (pointer, text) in &expected {
        wanted.insert(pointer.as_str());
        let other = known.get(pointer.as_str()).copied();
        if is_empty(text) && holds_parts(&found, pointer) {
            // what is in it is told part by part
            continue;
        }
        if !other.is_some_and(|other| same_value(text, other)) {
            differences.push(Difference::Value {
                pointer: pointer.clone(),
                expected: Some(text.clone()),
                found: other.map(str::to_owned),
            });
        }
    }
    for (pointer, text) in &found {
        let told = is_empty(text) && holds_parts(&expected, pointer);
        if !wanted.contains(pointer.as_str()) && !told {
            differences.push(Difference::Value {
                pointer: pointer.clone(),
                expected: None,
                found: Some(text.clone()),
            });
        }
    }
}

/// Whether the text is an object or array with nothing in it.
fn is_empty(text: &str) -> bool {
    matches!(text, "{}" | "[]")
}

/// Whether something stands below `pointer`.
fn holds_parts(leaves: &[(String, String)], pointer: &str) -> bool {
    let below = format!("{pointer}/");
    leaves.iter().any(|(other, _)| other.starts_with(&below))
}

fn same_value(one: &str, other: &str) -> bool {
    match (Exact::parse(one), Exact::parse(other)) {
        (Ok(one), Ok(other)) => one.same(&other),
        _ => one == other,
    }
}

fn issue_differences(
    expected: &[ExpectedIssue],
    found: &[Issue],
    differences: &mut Vec<Difference>,
) {
    let in_order = expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|(expected, found)| expected.matches(found));
    if in_order {
        return;
    }
    let before = differences.len();
    let mut open: Vec<&Issue> = found.iter().collect();
    for expected in expected {
        match open.iter().position(|issue| expected.matches(issue)) {
            Some(place) => {
                open.remove(place);
            }
            None => differences.push(Difference::IssueMissing {
                expected: expected.clone(),
            }),
        }
    }
    for issue in open {
        differences.push(Difference::IssueUnexpected {
            found: Box::new(issue.clone()),
        });
    }
    if differences.len() == before {
        differences.push(Difference::IssueOrder);
    }
}

/// Writes into the tests that failed what came out instead. Gives the names of the tests that changed.
/// Tests whose document could not be compiled stay as they are.
pub fn update_expectations(document: &mut Document, outcomes: &[TestOutcome]) -> Vec<String> {
    let mut changed = Vec::new();
    for (test, outcome) in document.tests.iter_mut().zip(outcomes) {
        let Some(found) = &outcome.explanation else {
            continue;
        };
        let before = test.clone();
        if !outcome.passed() {
            write_expectation(test, found);
        }
        if *test != before {
            changed.push(test.name.clone());
        }
    }
    changed
}

fn write_expectation(test: &mut TestCase, found: &Explanation) {
    test.expect_skipped = found.verdict == Verdict::Skipped;
    match &found.output {
        None => {
            test.expect = None;
            test.expect_text = None;
        }
        Some(output) if test.expect_text.is_some() => {
            test.expect = None;
            test.expect_text = Some(output.clone());
        }
        // with the digits that came out
        Some(output) => test.expect = Exact::parse(output).ok(),
    }
    let known = std::mem::take(&mut test.expect_issues);
    let expectation = |issue: &Issue| {
        let before = known.iter().find(|expected| expected.matches(issue));
        before.cloned().unwrap_or_else(|| ExpectedIssue {
            code: issue.code.as_str().to_owned(),
            rule: issue.rule.clone(),
            severity: (issue.severity == Severity::Warning).then(|| "warning".to_owned()),
            value: issue.value.clone(),
            ..ExpectedIssue::default()
        })
    };
    test.expect_issues = found.issues.iter().map(expectation).collect();
}

/// The outcomes for a person: one line per test, and below a failed one what differs.
#[must_use]
pub fn outcomes_text(outcomes: &[TestOutcome]) -> String {
    let mut out = String::new();
    for outcome in outcomes {
        let word = if outcome.passed() { "ok  " } else { "FAIL" };
        let _ = writeln!(out, "{word}  {}", outcome.name);
        for difference in &outcome.differences {
            for line in difference.text().lines() {
                let _ = writeln!(out, "      {line}");
            }
        }
        if let Some(rule) = &outcome.stops_run {
            let _ = writeln!(
                out,
                "      a run with this record would deliver nothing: it breaks the rule {rule}"
            );
        }
    }
    out
}

impl Difference {
    /// For a person: one or several lines.
    #[must_use]
    pub fn text(&self) -> String {
        let shown = |value: &Option<String>| match value {
            Some(value) => shorten(value, VALUE_LENGTH),
            None => "nothing".to_owned(),
        };
        match self {
            Self::Verdict { expected, found } => format!(
                "the record is {}, expected {}",
                verdict_word(*found),
                verdict_word(*expected)
            ),
            Self::Value {
                pointer,
                expected,
                found,
            } => format!(
                "{}\n  - expected {}\n  + found    {}",
                if pointer.is_empty() {
                    "the output"
                } else {
                    pointer
                },
                shown(expected),
                shown(found)
            ),
            Self::Text { expected, found } => {
                format!("the text of the output\n  - expected {expected}\n  + found    {found}")
            }
            Self::IssueMissing { expected } => format!(
                "this issue did not come\n  - {}",
                serde_json::to_string(expected).unwrap_or_default()
            ),
            Self::IssueUnexpected { found } => {
                format!("this issue was not expected\n  + {}", issue_line(found))
            }
            Self::IssueOrder => "the issues come in another order".to_owned(),
            Self::Schema { pointer, message } => {
                format!("{pointer} does not fit the target's schema: {message}")
            }
            Self::Document { message } => message.clone(),
        }
    }
}

fn issue_line(issue: &Issue) -> String {
    let mut text = issue.code.as_str().to_owned();
    if let Some(rule) = &issue.rule {
        let _ = write!(text, " at {rule}");
    }
    if let Some(value) = &issue.value {
        let _ = write!(text, " [{}]", shorten(value, VALUE_LENGTH));
    }
    let _ = write!(text, ": {}", issue.message);
    text
}

/// The word for people.
#[must_use]
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Mapped => "mapped",
        Verdict::Skipped => "skipped",
        Verdict::Quarantined => "quarantined",
    }
}
