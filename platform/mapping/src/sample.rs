//! Runs a mapping's own tests: sample rows through the real plan, compared with what the document
//! expects.

use std::collections::BTreeMap;

use serde_json::Value;
use tributary_model::issue::{Issue, Severity};
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

use crate::document::{Exact, ExpectedIssue, SourceFormat, TestCase};
use crate::path::Step;
use crate::{
    Date, Decimal, Diagnostic, Document, Environment, Explanation, Plan, Row, Verdict, Worker,
    compile,
};

/// What became of one test of a document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TestReport {
    pub name: String,
    /// what is different from the expectation; none: passed
    pub differences: Vec<String>,
}

impl TestReport {
    /// Whether everything was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Runs the tests of a document. A test's own parameters come before those of the environment.
#[must_use]
pub fn run_tests(document: &Document, environment: &Environment<'_>) -> Vec<TestReport> {
    document
        .tests
        .iter()
        .map(|test| TestReport {
            name: test.name.clone(),
            differences: run(document, test, environment).err().unwrap_or_default(),
        })
        .collect()
}

/// How the record of a test came to be; what the test expects is not looked at.
///
/// # Errors
/// The findings that keep the document from being compiled with the test's parameters.
pub fn explain_test(
    document: &Document,
    test: &TestCase,
    environment: &Environment<'_>,
) -> Result<Explanation, Vec<Diagnostic>> {
    with_rows(document, test, environment, |worker, rows| {
        worker.explain(rows)
    })
}

/// What the record of a test came to, for rules over a run.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedTest {
    pub verdict: Verdict,
    pub key: String,
    pub issues: Vec<Issue>,
    /// as in [`crate::Outcome`]
    pub amounts: Vec<Option<Decimal>>,
    pub dates: Vec<Option<Date>>,
    pub stops_run: bool,
    /// the line of the target document; empty if nothing was mapped
    pub output: Vec<u8>,
}

/// Maps the record of a test; what the test expects is not looked at.
///
/// # Errors
/// As [`explain_test`].
pub fn map_test(
    document: &Document,
    test: &TestCase,
    environment: &Environment<'_>,
) -> Result<MappedTest, Vec<Diagnostic>> {
    with_rows(document, test, environment, |worker, rows| {
        let mut out = Vec::new();
        let outcome = worker.map(rows, &mut out);
        MappedTest {
            verdict: outcome.verdict,
            key: outcome.key.to_owned(),
            issues: outcome.issues.to_vec(),
            amounts: outcome.amounts.to_vec(),
            dates: outcome.dates.to_vec(),
            stops_run: outcome.stops_run,
            output: out,
        }
    })
}

fn run(
    document: &Document,
    test: &TestCase,
    environment: &Environment<'_>,
) -> Result<(), Vec<String>> {
    let found = with_rows(document, test, environment, |worker, rows| {
        let mut out = Vec::new();
        let outcome = worker.map(rows, &mut out);
        (outcome.verdict, outcome.issues.to_vec(), out)
    });
    let shown = |diagnostics: Vec<Diagnostic>| {
        diagnostics
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let (verdict, issues, out) = found.map_err(shown)?;
    compare(test, verdict, &issues, &out)
}

/// Compiles the document for a test and does `work` with the test's rows.
fn with_rows<T>(
    document: &Document,
    test: &TestCase,
    environment: &Environment<'_>,
    work: impl FnOnce(&mut Worker, &[Row<'_>]) -> T,
) -> Result<T, Vec<Diagnostic>> {
    let mut params: BTreeMap<String, Value> = environment.params.clone();
    params.extend(
        test.params
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let environment = Environment {
        params: &params,
        ..*environment
    };
    let plan = compile(document, &environment)?;
    let format = row_format(document.source.format, test, &plan);
    let texts = row_texts(test, &plan, &format);
    let mut offset = 0;
    let rows: Vec<Row<'_>> = texts
        .iter()
        .zip(1..)
        .map(|(text, line)| {
            let position = RowPosition { line, offset };
            offset += text.len() as u64 + 1;
            Row {
                position,
                bytes: text.as_bytes(),
            }
        })
        .collect();
    let mut worker = plan.worker(&format)?;
    Ok(work(&mut worker, &rows))
}

/// A test names only the columns it needs; those the plan wants besides are empty.
fn row_format(format: SourceFormat, test: &TestCase, plan: &Plan) -> RowFormat {
    match format {
        SourceFormat::Json => RowFormat::Ndjson,
        SourceFormat::Csv => {
            let mut columns = test.columns.clone();
            for wanted in plan.slots.first().into_iter().flatten() {
                if let Some(Step::Name(name)) = wanted.path.first()
                    && !columns.contains(name)
                {
                    columns.push(name.clone());
                }
            }
            let delimiter = test.delimiter.unwrap_or(';');
            RowFormat::Csv(CsvFormat {
                delimiter,
                quote: Some('"'),
                encoding: "utf-8".to_owned(),
                columns,
            })
        }
    }
}

fn row_texts(test: &TestCase, plan: &Plan, format: &RowFormat) -> Vec<String> {
    let padding = match format {
        RowFormat::Csv(csv) => csv
            .delimiter
            .to_string()
            .repeat(csv.columns.len() - test.columns.len()),
        _ => String::new(),
    };
    let text = |row: &Exact| match row {
        Exact::Text(text) => format!("{text}{padding}"),
        value => value.to_string(),
    };
    // a JSON row may be given as a value, or as its text where the text itself matters
    debug_assert!(plan.format == SourceFormat::Csv || padding.is_empty());
    test.rows.iter().map(text).collect()
}

fn compare(
    test: &TestCase,
    verdict: Verdict,
    issues: &[Issue],
    out: &[u8],
) -> Result<(), Vec<String>> {
    let mut differences = Vec::new();
    let text = String::from_utf8_lossy(out);
    let wants_output = test.expect.is_some() || test.expect_text.is_some();
    let rejects = test
        .expect_issues
        .iter()
        .any(|issue| issue.severity.as_deref() != Some("warning"));
    let wanted = match (test.expect_skipped, wants_output, rejects) {
        (true, ..) => Verdict::Skipped,
        (false, true, _) | (false, false, false) => Verdict::Mapped,
        (false, false, true) => Verdict::Quarantined,
    };
    if verdict != wanted {
        differences.push(format!("the record is {verdict:?}, expected {wanted:?}"));
    }
    if let Some(expected) = &test.expect
        && verdict == Verdict::Mapped
        && !Exact::parse(&text).is_ok_and(|found| found.same(expected))
    {
        differences.push(format!("output {}, expected {expected}", text.trim_end()));
    }
    if let Some(expected) = &test.expect_text
        && text.trim_end() != expected
        && verdict == Verdict::Mapped
    {
        differences.push(format!(
            "output {}, expected the text {expected}",
            text.trim_end()
        ));
    }
    let fits = issues.len() == test.expect_issues.len()
        && issues
            .iter()
            .zip(&test.expect_issues)
            .all(|(issue, expected)| expected.matches(issue));
    if !fits {
        let found: Vec<String> = issues.iter().map(describe).collect();
        let expected: Vec<String> = test
            .expect_issues
            .iter()
            .map(|issue| serde_json::to_string(issue).unwrap_or_default())
            .collect();
        differences.push(format!(
            "issues [{}], expected [{}]",
            found.join(", "),
            expected.join(", ")
        ));
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(differences)
    }
}

impl ExpectedIssue {
    /// Whether `issue` has all that is named.
    #[must_use]
    pub fn matches(&self, issue: &Issue) -> bool {
        let severity = match issue.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let same = |found: Option<&str>, wanted: &Option<String>| {
            wanted.is_none() || wanted.as_deref() == found
        };
        issue.code.as_str() == self.code
            && same(Some(severity), &self.severity)
            && same(issue.rule.as_deref(), &self.rule)
            && same(issue.source_path.as_deref(), &self.source_path)
            && same(issue.target_path.as_deref(), &self.target_path)
            && same(issue.value.as_deref(), &self.value)
            && self
                .line
                .is_none_or(|line| issue.position.is_some_and(|position| position.line == line))
    }
}

fn describe(issue: &Issue) -> String {
    let line = issue.position.map_or(0, |position| position.line);
    format!(
        "{{code {}, rule {:?}, source_path {:?}, target_path {:?}, value {:?}, line {line}: {} ({})}}",
        issue.code.as_str(),
        issue.rule.as_deref().unwrap_or_default(),
        issue.source_path.as_deref().unwrap_or_default(),
        issue.target_path.as_deref().unwrap_or_default(),
        issue.value.as_deref().unwrap_or_default(),
        issue.message,
        issue.hint
    )
}
