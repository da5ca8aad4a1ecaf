//! What the rules that may stop a run say of records that were mapped here, so that a preview does not
//! promise what a run would not deliver.
//!
//! Invariants: figures are those of the platform: records, and sums and newest dates of mapped records alone;
//! sums are exact, and one that cannot be exact stops the run. Deliberately absent: the tolerance of an integration,
//! which is not at hand, and what the target answers.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Serialize;
use tributary_mapping::document::RuleSeverity;
use tributary_mapping::{Date, Decimal, Plan, RunFigures, RunRuleResult, Verdict};
use tributary_model::issue::shorten;
use tributary_model::rows::RowPosition;

use crate::summary::{MappedRecord, counted};

/// Records that a report names.
const MOST_RECORDS: usize = 5;

/// Counts records as a run does.
pub struct RunCheck {
    plan: Arc<Plan>,
    read: u64,
    mapped: u64,
    skipped: u64,
    quarantined: u64,
    sums: Vec<Decimal>,
    newest: Vec<Option<Date>>,
    /// name of an amount whose sum has too many digits
    overflow: Option<String>,
    stopping: u64,
    stopped_by: Vec<StoppingRecord>,
}

/// A record that breaks a rule with the severity `fail`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoppingRecord {
    pub rule: String,
    pub key: String,
    pub position: RowPosition,
    pub message: String,
}

/// What a run with these records would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// false: a run would be stopped before anything of it is delivered
    pub delivers: bool,
    /// why it would be stopped
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// records that break a rule with the severity `fail`
    pub stopping: u64,
    /// the first of them
    pub stopped_by: Vec<StoppingRecord>,
    /// every rule over the run, in the order of the document
    pub rules: Vec<RunRuleResult>,
}

impl RunCheck {
    /// For records of `plan`.
    #[must_use]
    pub fn new(plan: &Arc<Plan>) -> Self {
        Self {
            sums: vec![Decimal::ZERO; plan.amount_names().len()],
            newest: vec![None; plan.date_names().len()],
            plan: Arc::clone(plan),
            read: 0,
            mapped: 0,
            skipped: 0,
            quarantined: 0,
            overflow: None,
            stopping: 0,
            stopped_by: Vec::new(),
        }
    }

    /// Counts a record whose first row stands at `position`.
    pub fn add(&mut self, position: RowPosition, record: &MappedRecord) {
        self.read += 1;
        match record.verdict {
            Verdict::Skipped => self.skipped += 1,
            Verdict::Quarantined => self.quarantined += 1,
            Verdict::Mapped => {
                self.mapped += 1;
                self.take_figures(record);
            }
        }
        if !record.stops_run {
            return;
        }
        self.stopping += 1;
        for issue in &record.issues {
            let rule = issue.rule.as_deref().unwrap_or_default();
            if self.stopped_by.len() < MOST_RECORDS && self.plan.stops_run(rule) {
                self.stopped_by.push(StoppingRecord {
                    rule: rule.to_owned(),
                    key: shorten(&record.key, 200),
                    position,
                    message: issue.message.clone(),
                });
            }
        }
    }

    fn take_figures(&mut self, record: &MappedRecord) {
        let names = self.plan.amount_names();
        for ((sum, amount), name) in self.sums.iter_mut().zip(&record.amounts).zip(names) {
            match sum.add(amount.unwrap_or(Decimal::ZERO)) {
                Ok(more) => *sum = more,
                Err(_) => {
                    self.overflow.get_or_insert_with(|| name.to_string());
                }
            }
        }
        for (newest, date) in self.newest.iter_mut().zip(&record.dates) {
            *newest = (*newest).max(*date);
        }
    }

    /// What the rules say of all that was counted. `started_ms`: when the run started, milliseconds since 1970.
    #[must_use]
    pub fn report(&self, started_ms: i64) -> RunReport {
        let rules = self.plan.check_run(&RunFigures {
            read: self.read,
            mapped: self.mapped,
            skipped: self.skipped,
            quarantined: self.quarantined,
            sums: &self.sums,
            newest: &self.newest,
            started_ms: Some(started_ms),
        });
        let stopped = self.why_stopped(&rules);
        RunReport {
            delivers: stopped.is_none(),
            stopped,
            stopping: self.stopping,
            stopped_by: self.stopped_by.clone(),
            rules,
        }
    }

    fn why_stopped(&self, rules: &[RunRuleResult]) -> Option<String> {
        if let (Some(name), true) = (&self.overflow, self.plan.holds_delivery()) {
            return Some(format!(
                "the sum of {name} over the run has more than 38 digits"
            ));
        }
        if self.stopping > 0 {
            // the record's list of issues may be full, and not hold the one of the rule
            let first = self.stopped_by.first();
            let rule = first.map_or("with the severity fail", |first| &first.rule);
            return Some(format!(
                "the rule {rule} stops the run: {} of {} break it or another such rule",
                counted(self.stopping, "record"),
                self.read
            ));
        }
        let broken = rules
            .iter()
            .find(|rule| !rule.met && rule.severity == RuleSeverity::Fail)?;
        Some(format!(
            "the rule {} stops the run: {}",
            broken.rule, broken.message
        ))
    }
}

impl RunReport {
    /// Whether a run would be green, as far as its rules go: a broken warning is no reason not to be.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        let green = |rule: &RunRuleResult| rule.met || rule.severity == RuleSeverity::Warn;
        self.delivers && self.rules.iter().all(green)
    }

    /// Every rule with what was expected and measured, and the records that stop the run; empty if there is
    /// nothing of that.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for rule in &self.rules {
            let word = match (rule.met, rule.severity) {
                (true, _) => "met    ",
                (false, RuleSeverity::Warn) => "warning",
                (false, RuleSeverity::Error) => "BROKEN ",
                (false, RuleSeverity::Fail) => "STOPS  ",
            };
            let _ = writeln!(
                out,
                "{word}  rule {}: expected {}",
                rule.rule, rule.expected
            );
            if !rule.measured.is_empty() {
                let _ = writeln!(out, "         measured {}", rule.measured);
            }
            if !rule.met && !rule.message.contains(&rule.expected) {
                let _ = writeln!(out, "         {}", rule.message);
            }
        }
        for record in &self.stopped_by {
            let key = match record.key.as_str() {
                "" => "the record".to_owned(),
                key => format!("the record {key}"),
            };
            let (rule, line, message) = (&record.rule, record.position.line, &record.message);
            let _ = writeln!(out, "STOPS    rule {rule}: {key}, line {line}: {message}");
        }
        out
    }
}
