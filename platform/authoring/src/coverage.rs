//! What the tests of a document reach: fields, conditions, cases of a switch, error policies, lookups and
//! quality rules.
//!
//! A field is reached when a test makes its value and the value does not fail; a `when` when it once leaves
//! its field out; a case when it is the one taken; an `on_error` other than `reject` when it once steps in; a lookup when a value goes
//! through it; a rule when a record breaks it; a filter when it once leaves out a row. Deliberately absent: rules
//! over a run, which no test is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;
use tributary_mapping::document::{Document, Field, OnError, RowStep, RuleScope};
use tributary_mapping::{ExplainedField, Explanation};
use tributary_model::issue::{Severity, shorten};

use crate::testing::TestOutcome;

/// What can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    Field,
    Condition,
    Case,
    OnError,
    Lookup,
    Filter,
    Rule,
}

impl PartKind {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Field, "fields"),
        (Self::Condition, "conditions"),
        (Self::Case, "switch cases"),
        (Self::OnError, "error policies"),
        (Self::Lookup, "lookups"),
        (Self::Filter, "filters"),
        (Self::Rule, "rules"),
    ];
}

/// A part of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    pub kind: PartKind,
    /// id of the field or rule, name of the lookup
    pub name: String,
    /// what exactly: the condition, the policy
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// place in the document
    pub pointer: String,
    pub reached: bool,
}

/// All parts with whether a test reached them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// in the order of the document, by kind
    pub parts: Vec<Part>,
}

/// Measures what the tests reached.
#[must_use]
pub fn coverage(document: &Document, outcomes: &[TestOutcome]) -> Coverage {
    let reached = Reached::of(outcomes);
    let mut parts = Vec::new();
    of_fields(&document.fields, "/fields", &reached, &mut parts);
    for name in document.lookups.keys() {
        parts.push(Part {
            kind: PartKind::Lookup,
            name: name.clone(),
            detail: String::new(),
            pointer: format!("/lookups/{}", crate::leaves::segment(name)),
            reached: reached.lookup(name),
        });
    }
    for (place, step) in document.rows.iter().enumerate() {
        let RowStep::Filter { id, keep, .. } = step else {
            continue;
        };
        parts.push(Part {
            kind: PartKind::Filter,
            name: id.clone(),
            detail: keep.clone(),
            pointer: format!("/rows/{place}"),
            reached: reached.filters.contains(id.as_str()),
        });
    }
    for (place, rule) in document.quality.iter().enumerate() {
        if rule.scope == RuleScope::Run {
            continue;
        }
        parts.push(Part {
            kind: PartKind::Rule,
            name: rule.id.clone(),
            detail: rule.check.clone().unwrap_or_else(|| rule.id.clone()),
            pointer: format!("/quality/{place}"),
            reached: reached.issues.contains(rule.id.as_str()),
        });
    }
    parts.sort_by_key(|part| part.kind);
    Coverage { parts }
}

/// What the explanations show.
struct Reached<'a> {
    made: BTreeSet<&'a str>,
    left_out: BTreeSet<&'a str>,
    cases: BTreeSet<(&'a str, usize)>,
    warned: BTreeSet<&'a str>,
    issues: BTreeSet<&'a str>,
    filters: BTreeSet<&'a str>,
    fields: Vec<&'a ExplainedField>,
}

impl<'a> Reached<'a> {
    fn of(outcomes: &'a [TestOutcome]) -> Self {
        let mut reached = Self {
            made: BTreeSet::new(),
            left_out: BTreeSet::new(),
            cases: BTreeSet::new(),
            warned: BTreeSet::new(),
            issues: BTreeSet::new(),
            filters: BTreeSet::new(),
            fields: Vec::new(),
        };
        for outcome in outcomes {
            if let Some(explanation) = &outcome.explanation {
                reached.take(explanation);
            }
        }
        reached
    }

    fn take(&mut self, explanation: &'a Explanation) {
        for field in &explanation.fields {
            // a field that its condition left out tells of the condition, not of a value
            if field.origin == "when" {
                if field.failed {
                    continue;
                }
                self.left_out.insert(&field.node);
                continue;
            }
            // a value that failed went through lookups and cases, but was not made
            if !field.failed {
                self.made.insert(&field.node);
            }
            self.fields.push(field);
            if let Some(case) = field.case {
                self.cases.insert((&field.node, case));
            }
        }
        for row in &explanation.dropped {
            self.filters.insert(&row.filter);
        }
        for issue in &explanation.issues {
            if let Some(rule) = issue.rule.as_deref() {
                self.issues.insert(rule);
                if issue.severity == Severity::Warning {
                    self.warned.insert(rule);
                }
            }
        }
    }

    fn lookup(&self, name: &str) -> bool {
        let quoted = [format!("\"{name}\""), format!("'{name}'")];
        let names = |text: &str| quoted.iter().any(|quoted| text.contains(quoted));
        self.fields.iter().any(|field| {
            names(&field.origin)
                || field
                    .steps
                    .iter()
                    .any(|step| step.function.contains("lookup") && names(&step.arguments))
        })
    }
}

fn of_fields(fields: &[Field], around: &str, reached: &Reached<'_>, parts: &mut Vec<Part>) {
    for (place, field) in fields.iter().enumerate() {
        let pointer = format!("{around}/{place}");
        let id = field.id.as_str();
        let mut part = |kind, detail: String, below: &str, reached| {
            parts.push(Part {
                kind,
                name: id.to_owned(),
                detail,
                pointer: format!("{pointer}{below}"),
                reached,
            });
        };
        if field.object.is_none() && field.each.is_none() {
            part(
                PartKind::Field,
                String::new(),
                "",
                reached.made.contains(id),
            );
        }
        if let Some(when) = &field.when {
            let left_out = reached.left_out.contains(id);
            part(PartKind::Condition, when.clone(), "/when", left_out);
        }
        for (number, case) in field.switch.iter().flatten().enumerate() {
            let detail = case.when.clone().unwrap_or_else(|| "else".to_owned());
            let taken = reached.cases.contains(&(id, number + 1));
            part(PartKind::Case, detail, &format!("/switch/{number}"), taken);
        }
        if field.on_error != OnError::Reject {
            let policy = serde_json::to_value(field.on_error).unwrap_or_default();
            let policy = policy.as_str().unwrap_or_default().to_owned();
            part(
                PartKind::OnError,
                policy,
                "/on_error",
                reached.warned.contains(id),
            );
        }
        if let Some(inner) = &field.object {
            of_fields(inner, &format!("{pointer}/object"), reached, parts);
        }
        of_fields(&field.fields, &format!("{pointer}/fields"), reached, parts);
    }
}

impl Coverage {
    /// Reached and all parts of a kind.
    #[must_use]
    pub fn count(&self, kind: PartKind) -> (usize, usize) {
        let of_kind = self.parts.iter().filter(|part| part.kind == kind);
        let all = of_kind.clone().count();
        (of_kind.filter(|part| part.reached).count(), all)
    }

    /// Reached parts of a hundred; 100 if there is nothing to reach.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let reached = self.parts.iter().filter(|part| part.reached).count();
        if self.parts.is_empty() {
            return 100.0;
        }
        // counts of parts are far below 2^52
        reached as f64 * 100.0 / self.parts.len() as f64
    }

    /// A table by kind, and the parts that no test reached.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::from("coverage         reached\n");
        for (kind, word) in PartKind::ALL {
            let (reached, all) = self.count(kind);
            if all > 0 {
                let _ = writeln!(out, "  {word:<14} {:>8}", format!("{reached}/{all}"));
            }
        }
        let _ = writeln!(out, "  {:<14} {:>7.0}%", "all", self.percent().floor());
        let missing: Vec<&Part> = self.parts.iter().filter(|part| !part.reached).collect();
        if missing.is_empty() {
            return out;
        }
        out.push_str("not reached by any test\n");
        for part in missing {
            let what = match part.kind {
                PartKind::Field => format!("field {}", part.name),
                PartKind::Condition => {
                    format!("{}: never left out by when {}", part.name, part.detail)
                }
                PartKind::Case => format!("{}: case {}", part.name, part.detail),
                PartKind::OnError => format!("{}: on_error {}", part.name, part.detail),
                PartKind::Lookup => format!("lookup {}", part.name),
                PartKind::Filter => {
                    format!(
                        "filter {}: never left out a row ({})",
                        part.name, part.detail
                    )
                }
                PartKind::Rule => format!("rule {}: never broken ({})", part.name, part.detail),
            };
            let _ = writeln!(out, "  {:<60}  {}", shorten(&what, 60), part.pointer);
        }
        out
    }
}
