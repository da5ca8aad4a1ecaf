//! Quality rules of a plan: per record, over the finished target document, over the figures of a run.

use jsonschema::Validator;
use serde::{Deserialize, Serialize};

use super::{MaskedTargets, TargetStep};
use crate::date::Date;
use crate::document::RuleSeverity;
use crate::formula::expression::Expression;
use crate::path::Path;
use crate::value::Value;
use crate::{Decimal, Plan};

/// A quality rule that is checked while a record is mapped.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: Box<str>,
    pub(crate) check: Check,
    pub(crate) severity: RuleSeverity,
    pub(crate) message: Box<str>,
    pub(crate) target: Option<Box<[TargetStep]>>,
    /// the value that the rule is about, unless it is sensitive
    pub(crate) variable: Option<u32>,
}

/// What a rule asks.
#[derive(Debug)]
pub(crate) enum Check {
    Formula(Expression),
    /// the value of the variable is a key of the lookup
    Key {
        variable: u32,
        table: usize,
    },
}

/// A rule over the finished target document. Records of plans without such rules do not pay for them.
#[derive(Debug)]
pub(crate) struct DocumentRule {
    pub(crate) id: Box<str>,
    pub(crate) severity: RuleSeverity,
    /// none: the validator's own words
    pub(crate) message: Option<Box<str>>,
    pub(crate) check: DocumentCheck,
    pub(crate) masked: MaskedTargets,
}

impl DocumentRule {
    /// Says which values are not to be seen.
    pub(crate) fn mask(&mut self, targets: &MaskedTargets) {
        if let DocumentCheck::Unique { columns, .. } = &mut self.check {
            for column in columns {
                column.sensitive = targets.covers(&column.target);
            }
        }
        self.masked.clone_from(targets);
    }
}

#[derive(Debug)]
pub(crate) enum DocumentCheck {
    /// no two elements share the values of all columns
    Unique {
        /// to the elements; none stands for every element
        elements: Vec<Option<String>>,
        columns: Vec<UniqueColumn>,
    },
    Schema(Box<Validator>),
}

/// One of the values that are unique together.
#[derive(Debug)]
pub(crate) struct UniqueColumn {
    /// below the element
    pub(crate) path: Path,
    /// the same as part of a pointer
    pub(crate) pointer: Box<str>,
    /// the whole pointer, with `*` for elements
    pub(crate) target: Box<str>,
    pub(crate) sensitive: bool,
}

/// A rule over the figures of a run.
#[derive(Debug)]
pub(crate) struct RunRule {
    pub(crate) id: Box<str>,
    pub(crate) check: Expression,
    /// the same as it is written
    pub(crate) text: Box<str>,
    pub(crate) severity: RuleSeverity,
    pub(crate) message: Box<str>,
}

/// A figure of a run that rules may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    Read,
    Mapped,
    Skipped,
    Quarantined,
    /// sum of an amount, by its place in [`Plan::amount_names`]
    Sum(usize),
    /// newest value of a date, by its place in [`Plan::date_names`]
    Newest(usize),
}

/// What a run came to, in records, for [`Plan::check_run`].
#[derive(Debug, Clone, Copy, Default)]
pub struct RunFigures<'a> {
    /// records: rows, or groups of rows
    pub read: u64,
    pub mapped: u64,
    /// left out by filters
    pub skipped: u64,
    pub quarantined: u64,
    /// sums of the amounts of mapped records, in the order of [`Plan::amount_names`]; one that is
    /// missing is 0
    pub sums: &'a [Decimal],
    /// newest dates of mapped records, in the order of [`Plan::date_names`]
    pub newest: &'a [Option<Date>],
    /// when the run started, milliseconds since 1970, for `today()` and `now()`
    pub started_ms: Option<i64>,
}

/// What became of one rule over a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRuleResult {
    /// its id
    pub rule: String,
    pub severity: RuleSeverity,
    pub met: bool,
    /// the formula that must be true
    pub expected: String,
    /// the figures that it names: `quarantined = 3, read = 100`
    pub measured: String,
    /// of a rule that is not met
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl RunFigures<'_> {
    pub(crate) fn value(&self, figure: Figure) -> Value<'static> {
        let count = |number: u64| {
            Value::Decimal(Decimal::new(i128::from(number), 0).unwrap_or(Decimal::ZERO))
        };
        match figure {
            Figure::Read => count(self.read),
            Figure::Mapped => count(self.mapped),
            Figure::Skipped => count(self.skipped),
            Figure::Quarantined => count(self.quarantined),
            Figure::Sum(place) => {
                Value::Decimal(self.sums.get(place).copied().unwrap_or(Decimal::ZERO))
            }
            Figure::Newest(place) => match self.newest.get(place) {
                Some(Some(date)) => Value::Date(*date),
                _ => Value::Null,
            },
        }
    }
}

impl Plan {
    /// Whether the document has rules for [`Plan::check_run`].
    #[must_use]
    pub fn has_run_rules(&self) -> bool {
        !self.run_rules.is_empty()
    }

    /// Whether a run must map everything before it delivers anything: a rule over the run, or one that
    /// stops it, may forbid the delivery.
    #[must_use]
    pub fn holds_delivery(&self) -> bool {
        let of_loops = self.eaches.iter().flat_map(|each| &each.rules);
        let mut severities = self
            .rules
            .iter()
            .chain(of_loops)
            .map(|rule| rule.severity)
            .chain(self.document_rules.iter().map(|rule| rule.severity));
        self.has_run_rules() || severities.any(|severity| severity == RuleSeverity::Fail)
    }

    /// Whether the quality rule with this id (the `rule` of an issue) has the severity `fail`: the
    /// run is to be stopped when it is broken.
    #[must_use]
    pub fn stops_run(&self, rule: &str) -> bool {
        let of_loops = self.eaches.iter().flat_map(|each| &each.rules);
        let rules = self.rules.iter().chain(of_loops);
        rules
            .map(|rule| (&rule.id, rule.severity))
            .chain(
                self.document_rules
                    .iter()
                    .map(|rule| (&rule.id, rule.severity)),
            )
            .chain(self.run_rules.iter().map(|rule| (&rule.id, rule.severity)))
            .any(|(id, severity)| **id == *rule && severity == RuleSeverity::Fail)
    }
}
