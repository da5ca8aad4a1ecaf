//! `tributary mapping test`: the document's own tests, what they cover, and new expectations.

use std::path::PathBuf;

use anyhow::bail;
use serde_json::json;
use tributary_authoring::summary::counted;
use tributary_authoring::{
    RandomRecords, RunReport, TargetCheck, TestOutcome, coverage, outcomes_text, random_records,
    rules_on_tests, test_document, update_expectations,
};
use tributary_mapping::Environment;
use tributary_model::clock::{Clock as _, SystemClock};

use super::components::Aim;
use super::environment::EnvironmentOptions;
use super::schemas::{self, target_check};
use super::{Answer, Loaded, load};
use crate::print;

/// Arguments of `test`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 all tests passed (and the coverage is high enough), 1 not, 2 it could not be done."
)]
pub(super) struct TestArguments {
    /// the mapping
    document: PathBuf,
    #[command(flatten)]
    environment: EnvironmentOptions,
    /// JSON Schema that every output must fit (default: ../schemas/NAME.json, if the document names one)
    #[arg(long, value_name = "FILE")]
    target_schema: Option<PathBuf>,
    /// map so many random records (the tests' rows with other values); what comes out must fit the target's schema
    #[arg(long, value_name = "RECORDS", default_value_t = 0)]
    random: u64,
    /// begins other random records
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// write what comes out now into the tests that failed
    #[arg(long)]
    update: bool,
    /// show what the tests reach and what they do not
    #[arg(long)]
    coverage: bool,
    /// fail below this coverage in percent
    #[arg(long, value_name = "PERCENT")]
    min_coverage: Option<f64>,
    /// outcomes and coverage as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &TestArguments) -> anyhow::Result<Answer> {
    let mut loaded = load(&arguments.document)?;
    let given = arguments
        .environment
        .read_for(Aim::Test, &arguments.document, &loaded.document)?;
    let schema = schemas::target(
        &arguments.document,
        arguments.target_schema.as_ref(),
        &loaded.document,
    )?;
    let target = schema.as_deref().map(target_check).transpose()?;
    let environment = given.environment(None);
    let mut outcomes = test_document(&loaded.document, &environment, target.as_ref());
    if arguments.update {
        let changed = update_expectations(&mut loaded.document, &outcomes);
        if !changed.is_empty() {
            loaded.save_tests()?;
        }
        for name in &changed {
            print::remark(&format!("updated  {name}"));
        }
        outcomes = test_document(&loaded.document, &environment, target.as_ref());
    }
    let rules = rules_on_tests(&loaded.document, &environment, SystemClock.now_ms());
    let coverage = coverage(&loaded.document, &outcomes);
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    let enough = arguments
        .min_coverage
        .is_none_or(|wanted| coverage.percent() >= wanted);
    let random = random(arguments, &loaded, &environment, target.as_ref())?;
    let fine = failed == 0 && enough && random.misfits == 0;
    if arguments.json {
        let answer = json!({
            "passed": outcomes.len() - failed,
            "failed": failed,
            "tests": outcomes,
            "rules_over_a_run": rules.map(|report| report.rules),
            "random": (arguments.random > 0).then_some(&random),
            "coverage": { "percent": coverage.percent(), "parts": coverage.parts },
        });
        print::line(&answer.to_string());
        return Ok(Answer::is(fine));
    }
    show(arguments, &outcomes, failed);
    if let Some(report) = &rules {
        show_rules(report);
    }
    if arguments.coverage || !enough {
        print::text(&format!("\n{}", coverage.text()));
    }
    if !enough {
        print::remark(&format!(
            "the tests cover {:.0} % and {:.0} % are wanted (--min-coverage)",
            coverage.percent().floor(),
            arguments.min_coverage.unwrap_or_default()
        ));
    }
    if arguments.random > 0 {
        show_random(&random);
    }
    Ok(Answer::is(fine))
}

/// Random records, if they are wanted.
fn random(
    arguments: &TestArguments,
    loaded: &Loaded,
    environment: &Environment<'_>,
    target: Option<&TargetCheck>,
) -> anyhow::Result<RandomRecords> {
    let (count, seed) = (arguments.random, arguments.seed);
    match target {
        _ if count == 0 => Ok(RandomRecords::default()),
        Some(target) => Ok(random_records(
            &loaded.document,
            environment,
            target,
            count,
            seed,
        )),
        None => bail!(
            "random records are compared with the target's schema, and there is none\n  hint: give it with --target-schema, or name it in the document"
        ),
    }
}

fn show_random(random: &RandomRecords) {
    print::line(&format!(
        "\n{}: {} came out, {} of them do not fit the target's schema",
        counted(random.records, "random record"),
        print::grouped(random.mapped),
        print::grouped(random.misfits)
    ));
    for finding in &random.findings {
        print::line(&format!("  rows of {:?}, changed to", finding.test));
        for row in &finding.rows {
            print::line(&format!("    {row}"));
        }
        for fault in &finding.faults {
            print::line(&format!("    {}", fault.text()));
        }
    }
}

/// For information: a test is one record, so a rule over a run does not fail it.
fn show_rules(report: &RunReport) {
    let rules = RunReport {
        stopped_by: Vec::new(),
        ..report.clone()
    };
    print::text(&format!(
        "\nrules over a run, if the tests' records were one\n{}",
        rules.text()
    ));
}

fn show(arguments: &TestArguments, outcomes: &[TestOutcome], failed: usize) {
    print::painted(&outcomes_text(outcomes));
    let passed = outcomes.len() - failed;
    if outcomes.is_empty() {
        print::line(&format!(
            "{} has no tests; write sample rows and what must come of them into \"tests\"",
            arguments.document.display()
        ));
    } else if failed == 0 {
        print::line(&format!("{passed} passed"));
    } else {
        print::line(&format!("{passed} passed, {failed} failed"));
        print::remark("to accept what comes out now: the same command with --update");
    }
}
