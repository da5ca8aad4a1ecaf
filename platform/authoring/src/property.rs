//! Records that nobody thought of: the rows of a document's tests with some of their values exchanged. Whatever they
//! hold, what comes out must fit the target's schema, or be refused by the mapping.
//!
//! Invariants: the same seed gives the same records; rows keep their form (a CSV line stays one, a JSON row an object),
//! because what cannot be read is another question. Deliberately absent: shrinking what is found; a record has
//! at most [`MOST_CHANGES`] values that are not those of a test.

use serde::Serialize;
use tributary_mapping::document::{Document, Exact, SourceFormat, TestCase};
use tributary_mapping::{Environment, map_test};

use crate::testing::{Difference, TargetCheck};

/// Values of a record that are exchanged at most.
const MOST_CHANGES: u64 = 3;

/// Findings that are kept.
const MOST_FINDINGS: usize = 5;

/// Values that have broken mappings before, as texts.
const TEXTS: [&str; 20] = [
    "",
    " ",
    "0",
    "-1",
    "-0.004",
    "1.005",
    "0.1",
    "999999999999999999999999999999",
    "1,5",
    "1.000,00",
    "1e5",
    "x",
    "ÄÖÜß€",
    "\u{1F600}",
    "2026-02-29",
    "29.02.2024",
    "31.12.9999",
    "true",
    "null",
    "a text that goes on and on, far longer than the names and codes of any target may be",
];

/// The same as JSON that is no text.
const OTHERS: [&str; 10] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.005",
    "99999999999999999999.99",
    "1e30",
    "[]",
    "{}",
];

/// What became of random records.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RandomRecords {
    pub records: u64,
    /// those that came out; the others were refused or left out
    pub mapped: u64,
    /// those that came out and do not fit the target's schema
    pub misfits: u64,
    /// the first of them
    pub findings: Vec<RandomFinding>,
}

/// A record that came out and should not have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RandomFinding {
    /// the test whose rows were changed
    pub test: String,
    /// rows that can be made a test of
    pub rows: Vec<String>,
    pub output: String,
    pub faults: Vec<Difference>,
}

/// Maps `count` random records. A document without tests has none.
#[must_use]
pub fn random_records(
    document: &Document,
    environment: &Environment<'_>,
    target: &TargetCheck,
    count: u64,
    seed: u64,
) -> RandomRecords {
    let mut random = Random(seed);
    let mut found = RandomRecords::default();
    for number in 0..count {
        let tests = document.tests.len() as u64;
        let place = usize::try_from(number.checked_rem(tests).unwrap_or(0)).unwrap_or(0);
        let Some(test) = document.tests.get(place) else {
            break;
        };
        let changed = changed(document.source.format, test, &mut random);
        let Ok(mapped) = map_test(document, &changed, environment) else {
            continue;
        };
        found.records += 1;
        if mapped.output.is_empty() {
            continue;
        }
        found.mapped += 1;
        let output = String::from_utf8_lossy(&mapped.output);
        let faults = target.faults(&output);
        if faults.is_empty() {
            continue;
        }
        found.misfits += 1;
        if found.findings.len() < MOST_FINDINGS {
            found.findings.push(RandomFinding {
                test: test.name.clone(),
                rows: changed.rows.iter().map(row_text).collect(),
                output: output.trim_end().to_owned(),
                faults,
            });
        }
    }
    found
}

fn row_text(row: &Exact) -> String {
    match row {
        Exact::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The rows of a test with some of their values exchanged.
fn changed(format: SourceFormat, test: &TestCase, random: &mut Random) -> TestCase {
    let mut test = test.clone();
    for _ in 0..=random.below(MOST_CHANGES) {
        let place = random.place(test.rows.len());
        let delimiter = test.delimiter.unwrap_or(';');
        let Some(row) = test.rows.get_mut(place) else {
            break;
        };
        match (format, row) {
            (SourceFormat::Csv, Exact::Text(line)) => change_line(line, delimiter, random),
            (SourceFormat::Json, Exact::Text(text)) => {
                // a row that is given as its text
                if let Ok(mut value) = Exact::parse(text) {
                    change_value(&mut value, true, random);
                    *text = value.to_string();
                }
            }
            (_, row) => change_value(row, true, random),
        }
    }
    test
}

/// Exchanges a field of a CSV line.
fn change_line(line: &mut String, delimiter: char, random: &mut Random) {
    let mut fields: Vec<String> = fields(line, delimiter);
    let place = random.place(fields.len());
    if let Some(field) = fields.get_mut(place) {
        let text = random.one_of(&TEXTS);
        *field = match text.contains([delimiter, '"']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text.to_owned(),
        };
    }
    *line = fields.join(&delimiter.to_string());
}

/// The fields of a line with their quotes.
fn fields(line: &str, delimiter: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for sign in line.chars() {
        quoted ^= sign == '"';
        if sign == delimiter && !quoted {
            fields.push(String::new());
        } else if let Some(field) = fields.last_mut() {
            field.push(sign);
        }
    }
    fields
}

/// Exchanges a value somewhere in `value`, or takes a member out; a row stays an object.
fn change_value(value: &mut Exact, is_row: bool, random: &mut Random) {
    let deeper = is_row || random.below(4) > 0;
    match value {
        Exact::Members(members) if !members.is_empty() && deeper => {
            let place = random.place(members.len());
            if random.below(8) == 0 {
                members.remove(place);
            } else if let Some((_, inner)) = members.get_mut(place) {
                change_value(inner, false, random);
            }
        }
        Exact::List(values) if !values.is_empty() && deeper => {
            let place = random.place(values.len());
            if let Some(inner) = values.get_mut(place) {
                change_value(inner, false, random);
            }
        }
        _ if is_row => {}
        value if random.below(2) == 0 => {
            *value = Exact::Text(random.one_of(&TEXTS).to_owned());
        }
        value => *value = Exact::parse(random.one_of(&OTHERS)).unwrap_or(Exact::Null),
    }
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    fn one_of<'v>(&mut self, values: &[&'v str]) -> &'v str {
        values
            .get(self.place(values.len()))
            .copied()
            .unwrap_or_default()
    }
}
