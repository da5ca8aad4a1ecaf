//! Rules that may stop a run: what each batch comes to, and what all of them together mean.
//!
//! Invariants: figures are those of mapped records and of nothing else, so that they are the same
//! whenever a batch is mapped; sums are exact or an error, never a little off.

use serde::{Deserialize, Serialize};
use tributary_mapping::decimal::Decimal;
use tributary_mapping::document::RuleSeverity;
use tributary_mapping::{Date, Plan, RunFigures, RunRuleResult, Verdict};
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;

use crate::map::{MappedBatch, PinnedPlan};

/// Records that a report names at most.
const MOST_RECORDS: usize = 20;

/// What mapped batches came to. Stored with a batch until all of them are mapped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub read: u64,
    pub mapped: u64,
    pub skipped: u64,
    pub quarantined: u64,
    /// decimal texts, in the order of the plan's amount names
    pub sums: Vec<String>,
    /// `yyyy-MM-dd`, in the order of the plan's date names
    pub newest: Vec<Option<String>>,
    /// records that break a rule with the severity `fail`
    pub stopping: u64,
    /// the first of them
    pub stopped_by: Vec<StoppingRecord>,
}

/// A record that breaks a rule with the severity `fail`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppingRecord {
    pub rule: String,
    /// at most 200 characters
    pub key: String,
    pub message: String,
    /// as found, unless it is sensitive
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub line: u64,
    pub partition: u32,
    pub batch: u32,
    pub ordinal: u32,
}

impl Figures {
    /// What `batch` came to; `place` is its partition and number.
    ///
    /// # Errors
    /// `number_range` if a sum has too many digits.
    pub fn of(plan: &Plan, batch: &MappedBatch, place: (u32, u32)) -> Result<Self, Problem> {
        let mut sums = vec![Decimal::ZERO; plan.amount_names().len()];
        let mut newest: Vec<Option<Date>> = vec![None; plan.date_names().len()];
        let mut figures = Self::default();
        for (record, ordinal) in batch.records.iter().zip(0_u32..) {
            figures.read += 1;
            match record.verdict {
                Verdict::Skipped => figures.skipped += 1,
                Verdict::Quarantined => figures.quarantined += 1,
                Verdict::Mapped => {
                    figures.mapped += 1;
                    for ((sum, amount), name) in sums
                        .iter_mut()
                        .zip(&record.amounts)
                        .zip(plan.amount_names())
                    {
                        let amount = amount.unwrap_or(Decimal::ZERO);
                        *sum = sum.add(amount).map_err(|_| too_large(name))?;
                    }
                    for (newest, date) in newest.iter_mut().zip(&record.dates) {
                        *newest = (*newest).max(*date);
                    }
                }
            }
            if record.stops_run {
                figures.stopping += 1;
                figures.name_record(plan, batch, place, ordinal);
            }
        }
        figures.sums = sums.iter().map(ToString::to_string).collect();
        figures.newest = newest
            .iter()
            .map(|date| date.map(|date| date.to_string()))
            .collect();
        Ok(figures)
    }

    fn name_record(&mut self, plan: &Plan, batch: &MappedBatch, place: (u32, u32), ordinal: u32) {
        let Some(record) = batch.records.get(ordinal as usize) else {
            return;
        };
        let broken = batch
            .issues
            .iter()
            .filter(|(of, _)| *of == ordinal)
            .map(|(_, issue)| issue);
        for issue in broken {
            let rule = issue.rule.as_deref().unwrap_or_default();
            if self.stopped_by.len() < MOST_RECORDS && plan.stops_run(rule) {
                self.stopped_by.push(StoppingRecord {
                    rule: rule.to_owned(),
                    key: shorten(&record.key, 200),
                    message: issue.message.clone(),
                    value: issue.value.clone(),
                    line: record.position.line,
                    partition: place.0,
                    batch: place.1,
                    ordinal,
                });
            }
        }
    }

    /// Adds what another batch came to.
    ///
    /// # Errors
    /// `number_range` if a sum has too many digits; `storage_failed` if `other` is of another plan.
    pub fn add(&mut self, plan: &Plan, other: &Self) -> Result<(), Problem> {
        self.read += other.read;
        self.mapped += other.mapped;
        self.skipped += other.skipped;
        self.quarantined += other.quarantined;
        self.stopping += other.stopping;
        let room = MOST_RECORDS.saturating_sub(self.stopped_by.len());
        let more = other.stopped_by.iter().take(room).cloned();
        self.stopped_by.extend(more);
        let (mut left, right) = (sums(plan, self)?, sums(plan, other)?);
        for ((sum, amount), name) in left.iter_mut().zip(right).zip(plan.amount_names()) {
            *sum = sum.add(amount).map_err(|_| too_large(name))?;
        }
        self.sums = left.iter().map(ToString::to_string).collect();
        self.newest.resize(plan.date_names().len(), None);
        for (newest, date) in self.newest.iter_mut().zip(&other.newest) {
            // the text of a date is in the order of the days
            *newest = newest.take().max(date.clone());
        }
        Ok(())
    }

    /// What the rules over the run say of these figures.
    ///
    /// # Errors
    /// `storage_failed` if the figures are of another plan.
    pub fn check(&self, pinned: &PinnedPlan) -> Result<Vec<RunRuleResult>, Problem> {
        let newest: Vec<Option<Date>> = self
            .newest
            .iter()
            .map(|date| date.as_deref().and_then(Date::parse_iso))
            .collect();
        let figures = RunFigures {
            read: self.read,
            mapped: self.mapped,
            skipped: self.skipped,
            quarantined: self.quarantined,
            sums: &sums(&pinned.plan, self)?,
            newest: &newest,
            started_ms: Some(pinned.started_ms),
        };
        Ok(pinned.plan.check_run(&figures))
    }
}

/// Why the run is to be stopped, if it is: the first rule over a record, else the first over the run.
#[must_use]
pub fn stopped(figures: &Figures, results: &[RunRuleResult]) -> Option<Problem> {
    let nothing = "nothing of the run was delivered; correct the source or the mapping and start a \
                   new run";
    if let Some(first) = figures.stopped_by.first() {
        let key = match first.key.as_str() {
            "" => format!("the record at line {}", first.line),
            key => format!("the record {key} (line {})", first.line),
        };
        let detail = format!(
            "the rule {} stops the run: {} of {} records break it or another such rule; first {key}: {}",
            first.rule, figures.stopping, figures.read, first.message
        );
        return Some(Problem::new(ErrorCode::QualityRule, detail).hint(nothing));
    }
    if figures.stopping > 0 {
        let detail = format!(
            "{} of {} records break a rule that stops the run",
            figures.stopping, figures.read
        );
        return Some(Problem::new(ErrorCode::QualityRule, detail).hint(nothing));
    }
    let broken = results
        .iter()
        .find(|result| !result.met && result.severity == RuleSeverity::Fail)?;
    let detail = format!("the rule {} stops the run: {}", broken.rule, told(broken));
    Some(Problem::new(ErrorCode::QualityRule, detail).hint(nothing))
}

/// Why a run that went well otherwise is not green: the first broken rule with the severity `error`.
#[must_use]
pub fn not_green(results: &[RunRuleResult]) -> Option<Problem> {
    let broken = results
        .iter()
        .find(|result| !result.met && result.severity == RuleSeverity::Error)?;
    let detail = format!("the rule {} is broken: {}", broken.rule, told(broken));
    Some(Problem::new(ErrorCode::QualityRule, detail))
}

fn told(result: &RunRuleResult) -> String {
    let mut text = result.message.clone();
    if !text.contains(&result.expected) {
        text.push_str(&format!("; expected {}", result.expected));
    }
    if !result.measured.is_empty() {
        text.push_str(&format!("; measured {}", result.measured));
    }
    text
}

fn sums(plan: &Plan, figures: &Figures) -> Result<Vec<Decimal>, Problem> {
    let mut sums = Vec::with_capacity(plan.amount_names().len());
    for text in &figures.sums {
        let sum = text.parse().map_err(|_| {
            let detail = format!("a stored sum is no number: {text:?}");
            Problem::new(ErrorCode::StorageFailed, detail)
        })?;
        sums.push(sum);
    }
    sums.resize(plan.amount_names().len(), Decimal::ZERO);
    Ok(sums)
}

fn too_large(name: &str) -> Problem {
    let detail = format!("the sum of {name} over the run has more than 38 digits");
    Problem::new(ErrorCode::NumberRange, detail)
        .hint("look for amounts that are absurdly large, or remove the field from amounts")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use tributary_mapping::Environment;
    use tributary_model::rows::{RowFormat, RowPosition};

    use super::*;
    use crate::cut::BatchInput;
    use crate::map::map_batch;

    /// 2026-03-05 12:00 UTC
    const STARTED_MS: i64 = 1_772_712_000_000;

    fn pinned(quality: serde_json::Value) -> PinnedPlan {
        pinned_with(quality, 50)
    }

    fn pinned_with(quality: serde_json::Value, max_issues: u32) -> PinnedPlan {
        let document = json!({
            "version": 1, "name": "x", "source": { "format": "json", "key": ["$.id"] },
            "fields": [
                { "id": "id", "to": "id", "type": "string", "from": "$.id" },
                { "id": "total", "to": "total", "type": "decimal(9,2)", "from": "$.total" },
                { "id": "day", "to": "day", "type": "date", "from": "$.day",
                  "do": [{ "fn": "date_parse", "formats": ["yyyy-MM-dd"] }], "null": "omit" },
                { "id": "at", "to": "at", "type": "datetime", "formula": "now()" }
            ],
            "amounts": ["/total"], "dates": ["/day"], "quality": quality,
            "limits": { "max_issues": max_issues }
        });
        let document = tributary_mapping::parse(document.to_string().as_bytes()).unwrap();
        let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
        let environment = Environment::new(&lookups, &params);
        PinnedPlan {
            plan: tributary_mapping::compile(&document, &environment).unwrap(),
            started_ms: STARTED_MS,
        }
    }

    fn figures(pinned: &PinnedPlan, rows: &str) -> Figures {
        let input = BatchInput::Page {
            object: String::new(),
            source: String::new(),
            format: RowFormat::Ndjson,
            first: RowPosition { line: 1, offset: 0 },
            skip: 0,
            take: 99,
        };
        let batch = map_batch(pinned, &input, rows.as_bytes()).unwrap();
        for line in batch.ndjson.split(|byte| *byte == b'\n') {
            let text = String::from_utf8_lossy(line);
            assert!(
                line.is_empty() || text.contains("2026-03-05T12:00:00Z"),
                "{text}"
            );
        }
        // through its stored form, as between two processes
        let figures = Figures::of(&pinned.plan, &batch, (3, 7)).unwrap();
        serde_json::from_str(&serde_json::to_string(&figures).unwrap()).unwrap()
    }

    const ONE: &str = "{\"id\":\"a\",\"total\":1.10,\"day\":\"2026-03-01\"}\n\
                       {\"id\":\"b\",\"total\":\"x\",\"day\":\"2027-01-01\"}\n";
    const TWO: &str =
        "{\"id\":\"c\",\"total\":2.05,\"day\":\"2026-02-28\"}\n{\"id\":\"stop\",\"total\":-9}\n";

    #[test]
    fn batches_add_up_and_only_mapped_records_count() {
        let pinned = pinned(json!([]));
        let mut all = Figures::default();
        for rows in [ONE, TWO] {
            all.add(&pinned.plan, &figures(&pinned, rows)).unwrap();
        }
        assert_eq!((all.read, all.mapped, all.quarantined), (4, 3, 1));
        assert_eq!(all.sums, ["-5.85"]);
        assert_eq!(all.newest, [Some("2026-03-01".to_owned())]);
        assert_eq!(all.stopping, 0);
    }

    #[test]
    fn a_rule_over_a_record_stops_the_run_and_the_record_is_named() {
        let pinned = pinned(json!([
            { "id": "known", "on": "id", "check": "id != 'stop'", "severity": "fail" }
        ]));
        assert!(pinned.plan.holds_delivery());
        let all = figures(&pinned, TWO);
        assert_eq!((all.stopping, all.quarantined), (1, 1));
        let named = &all.stopped_by[0];
        assert_eq!(
            (named.key.as_str(), named.line, named.ordinal),
            ("stop", 2, 1)
        );
        assert_eq!((named.partition, named.batch), (3, 7));
        assert_eq!(named.value.as_deref(), Some("stop"));
        let problem = stopped(&all, &[]).unwrap();
        assert_eq!(problem.code, ErrorCode::QualityRule);
        assert!(
            problem.detail.contains("the record stop (line 2)"),
            "{problem:?}"
        );
        assert_eq!(stopped(&figures(&pinned, ONE), &[]), None);
    }

    /// A record with more issues than are kept stops the run all the same, and is named.
    #[test]
    fn the_limit_of_issues_hides_no_rule_that_stops_the_run() {
        let rules = json!([
            { "id": "warned", "check": "src.id == 'x'", "severity": "warn" },
            { "id": "whole", "check": "src.id == 'x'", "severity": "error" },
            { "id": "known", "on": "id", "check": "id != 'stop'", "severity": "fail" },
            { "id": "also", "on": "id", "check": "id != 'stop'", "severity": "fail" }
        ]);
        for most in [1, 2, 3, 50] {
            let pinned = pinned_with(rules.clone(), most);
            let all = figures(&pinned, TWO);
            assert_eq!((all.stopping, all.quarantined), (1, 2), "{most}");
            let named = all.stopped_by.first().map(|record| record.rule.as_str());
            assert_eq!(named, Some("known"), "{most}");
            assert_eq!(all.stopped_by[0].value.as_deref(), Some("stop"));
            let stop = stopped(&all, &[]).unwrap().detail;
            assert!(stop.contains("the rule known stops the run"), "{stop}");
        }
        // figures that name nobody, as an older version has stored them
        let unnamed = Figures {
            read: 9,
            stopping: 2,
            ..Figures::default()
        };
        let stop = stopped(&unnamed, &[]).unwrap().detail;
        assert!(stop.contains("2 of 9 records"), "{stop}");
    }

    #[test]
    fn rules_over_the_run_say_what_was_expected_and_measured() {
        let pinned = pinned(json!([
            { "id": "share", "scope": "run", "check": "quarantined / read <= 0.1", "severity": "fail" },
            { "id": "fresh", "scope": "run", "check": "date_diff(newest.day, today(null, 'UTC')) <= 3", "severity": "error" }
        ]));
        let check = |rows: &str| {
            let figures = figures(&pinned, rows);
            let results = figures.check(&pinned).unwrap();
            (stopped(&figures, &results), not_green(&results))
        };
        let (stop, stale) = check(ONE);
        let stop = stop.unwrap().detail;
        assert!(
            stop.contains("expected") || stop.contains("quarantined / read <= 0.1"),
            "{stop}"
        );
        assert!(
            stop.contains("measured quarantined = 1, read = 2"),
            "{stop}"
        );
        let stale = stale.unwrap().detail;
        assert!(stale.contains("newest.day = 2026-03-01"), "{stale}");
        let fresh = "{\"id\":\"a\",\"total\":1,\"day\":\"2026-03-02\"}\n";
        assert_eq!(check(fresh), (None, None));
    }
}
