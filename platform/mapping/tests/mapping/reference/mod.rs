//! The compiled plan against a slow reference that was written from the documents alone: random
//! documents, random records, and the same verdict, bytes, amounts and issues. Every record also takes
//! the ways that must not matter: explained instead of mapped, by a worker that has seen other records
//! and by a fresh one, and twice.
//!
//! `TRIBUTARY_REFERENCE_CASES` and `TRIBUTARY_REFERENCE_FIRST` choose more documents than the suite's.
//! A failure names its case; the same number makes the same case again.

mod documents;
mod formula;
mod formulas;
mod interpret;
mod kinds;
mod number;
pub(crate) mod numbers;
mod reads;
mod records;
mod rows;
mod steps;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use tributary_mapping::{Environment, Plan, Row, Verdict, Worker, compile};
use tributary_model::issue::{Issue, Severity};
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

use interpret::{Expected, Sample, Told, map};
use numbers::Random;
use records::{COLUMNS, csv_rows, json_rows};
use value::Tree;

/// Records of every document.
const RECORDS: usize = 12;

fn plan(sample: &Sample) -> Result<Arc<Plan>, String> {
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    compile(&sample.document, &environment).map_err(|found| {
        found
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    })
}

fn is_csv(sample: &Sample) -> bool {
    sample.document.source.format == tributary_mapping::document::SourceFormat::Csv
}

fn format(sample: &Sample) -> RowFormat {
    if !is_csv(sample) {
        return RowFormat::Ndjson;
    }
    RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote: Some('"'),
        encoding: "utf-8".to_owned(),
        columns: COLUMNS.map(str::to_owned).to_vec(),
    })
}

fn told(issue: &Issue) -> Told {
    let severity = match issue.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    (
        issue.code.as_str().to_owned(),
        severity,
        issue.rule.clone(),
        issue.target_path.clone(),
    )
}

/// What the worker makes of the rows, after the checks that need no reference.
fn mapped(worker: &mut Worker, fresh: &mut Worker, rows: &[Row<'_>]) -> Expected {
    let mut out = Vec::new();
    let outcome = worker.map(rows, &mut out);
    let found = Expected {
        verdict: match outcome.verdict {
            Verdict::Mapped => "mapped",
            Verdict::Skipped => "skipped",
            Verdict::Quarantined => "quarantined",
        },
        key: outcome.key.to_owned(),
        issues: outcome.issues.iter().map(told).collect(),
        amounts: outcome
            .amounts
            .iter()
            .map(|amount| amount.map(|number| number.normalize().to_string()))
            .collect(),
        output: String::new(),
    };
    let (verdict, issues) = (outcome.verdict, outcome.issues.to_vec());
    let hash = outcome.content_hash(&out);

    let mut again = Vec::new();
    let second = fresh.map(rows, &mut again);
    assert_eq!(second.issues, issues, "a fresh worker tells something else");
    assert_eq!(second.content_hash(&again), hash);
    assert_eq!(again, out, "a fresh worker maps otherwise");

    let story = fresh.explain(rows);
    assert_eq!(
        (story.verdict, &story.key, &story.issues),
        (verdict, &found.key, &issues),
        "the explanation differs"
    );
    crate::explaining::agrees(&story);
    let output = String::from_utf8(out).unwrap();
    assert_eq!(
        story.output.unwrap_or_default(),
        output.trim_end_matches('\n'),
        "the explanation differs"
    );
    Expected { output, ..found }
}

/// Compares all records of a document; whether it could be compiled, and how many were mapped.
fn compare(case: u64) -> Result<usize, String> {
    let sample = documents::sample(case);
    let plan = plan(&sample)?;
    let mut random = Random::new(case ^ 0xface);
    let grouped = plan.grouping().is_some();
    let mut worker = plan.worker(&format(&sample)).unwrap();
    let mut good = 0;
    for _ in 0..RECORDS {
        let count = if grouped { 1 + random.below(5) } else { 1 };
        let (trees, texts): (Vec<Tree>, Vec<String>) = if is_csv(&sample) {
            csv_rows(&mut random, count, &sample.locale)
                .into_iter()
                .unzip()
        } else {
            let trees = json_rows(&mut random, count, &sample.locale);
            let texts = trees.iter().map(|tree| tree.text.clone()).collect();
            (trees, texts)
        };
        let rows: Vec<Row<'_>> = texts
            .iter()
            .enumerate()
            .map(|(number, text)| Row {
                position: RowPosition {
                    line: number as u64 + 1,
                    offset: 0,
                },
                bytes: text.as_bytes(),
            })
            .collect();
        let expected = map(&sample, &trees);
        let mut fresh = plan.worker(&format(&sample)).unwrap();
        let found = mapped(&mut worker, &mut fresh, &rows);
        good += usize::from(found.verdict == "mapped");
        assert!(
            found == expected,
            "case {case}\nfound    {found:#?}\nexpected {expected:#?}\nrows {}\ndocument {}",
            texts.join("\n"),
            tributary_mapping::document::canonical(&sample.document)
        );
    }
    Ok(good)
}

fn number_of(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn the_plan_does_what_the_documents_say() {
    let first = number_of("TRIBUTARY_REFERENCE_FIRST", 0);
    let cases = number_of("TRIBUTARY_REFERENCE_CASES", 256);
    let (mut good, mut refused) = (0, Vec::new());
    for case in first..first + cases {
        match compare(case) {
            Ok(mapped) => good += mapped,
            Err(why) => refused.push(format!("case {case}: {why}")),
        }
    }
    let records = (cases as usize - refused.len()) * RECORDS;
    println!(
        "{cases} documents, {} refused by the check; {records} records, {good} mapped",
        refused.len()
    );
    // most documents must be of use, and the records neither all good nor all bad
    assert!(
        refused.len() * 20 <= cases as usize,
        "{}",
        refused.join("\n")
    );
    assert!(
        good * 4 >= records && good < records,
        "{good} of {records} records were mapped"
    );
}

/// Numbers of up to 38 digits, of which more than half are as long as can be.
fn long_number(random: &mut Random) -> String {
    let count = random.pick(&[1, 2, 5, 18, 19, 20, 30, 37, 38, 38]);
    let digits: String = (0..count)
        .map(|place| random.pick(&[if place == 0 { '1' } else { '0' }, '1', '2', '5', '9', '9']))
        .collect();
    let point = random.below(count + 1);
    let (whole, fraction) = digits.split_at(count - point);
    let whole = if whole.is_empty() { "0" } else { whole };
    let minus = random.pick(&["", "-"]);
    if fraction.is_empty() {
        format!("{minus}{whole}")
    } else {
        format!("{minus}{whole}.{fraction}")
    }
}

#[test]
fn arithmetic_is_exact_up_to_38_digits() {
    use number::Number;
    use tributary_mapping::Decimal;

    let mut random = Random::new(38);
    let cases = number_of("TRIBUTARY_REFERENCE_CASES", 256) * 20;
    for _ in 0..cases {
        let (left, right) = (long_number(&mut random), long_number(&mut random));
        let (a, b) = (
            Number::parse(&left).unwrap(),
            Number::parse(&right).unwrap(),
        );
        let (c, d) = (
            Decimal::parse(&left).unwrap(),
            Decimal::parse(&right).unwrap(),
        );
        let pairs = [
            ("*", a.multiply(&b), c.multiply(d)),
            ("/", a.divide(&b), c.divide(d)),
            ("%", a.remainder(&b), c.remainder(d)),
            ("+", a.add(&b), c.add(d)),
            ("-", a.add(&b.negated()), c.subtract(d)),
        ];
        for (sign, expected, found) in pairs {
            let expected = expected.map(|number| number.normalized().text());
            let found = found.ok().map(|number| number.normalize().to_string());
            assert_eq!(found, expected, "{left} {sign} {right}");
        }
        assert_eq!(c.cmp(&d), a.order(&b), "{left} ? {right}");
    }
}
