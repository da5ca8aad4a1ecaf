//! Quality rules: of a record while it is mapped, of its finished document, of a run's figures.

use std::collections::{BTreeSet, HashMap};

use bumpalo::Bump;
use jiff::Timestamp;
use jsonschema::Validator;
use serde_json::Value as Json;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Severity, Stage, shorten};

use super::external::Calls;
use super::issues::Spot;
use super::run::{Run, Surroundings};
use crate::Plan;
use crate::document::{RuleSeverity, escape_pointer};
use crate::formula::evaluate::condition;
use crate::formula::expression::{Expression, Reference};
use crate::path::Step;
use crate::plan::{
    Check, DocumentCheck, DocumentRule, Figure, MASK, MaskedTargets, Rule, RunFigures, RunRule,
    RunRuleResult, TargetStep, UniqueColumn,
};
use crate::reader::pick;
use crate::value::{Failure, Made, Value, parse_json_number};

/// Most issues that one rule over the whole document leaves for one record.
const MAX_FINDINGS: usize = 10;

/// What a document rule found: target pointer, message, and the value unless it is sensitive.
type Finding = (String, String, Option<String>);

impl<'a> Run<'a> {
    /// Checks the rules of a scope.
    pub(super) fn rules(&mut self, rules: &'a [Rule]) {
        for rule in rules {
            match self.is_met(&rule.check) {
                Ok(Some(true) | None) => {}
                Ok(Some(false)) => {
                    let failure = Failure {
                        code: ErrorCode::QualityRule,
                        message: rule.message.to_string(),
                        hint: None,
                    };
                    self.broken_rule(rule, failure);
                }
                Err(mut failure) => {
                    failure.message = format!("the rule could not be checked: {}", failure.message);
                    self.broken_rule(rule, *failure);
                }
            }
        }
    }

    /// None: a value that the rule needs has failed.
    fn is_met(&self, check: &'a Check) -> Made<Option<bool>> {
        match check {
            Check::Formula(formula) => condition(formula, self),
            Check::Key { variable, table } => {
                let Some(lookup) = self.plan.lookups.get(*table) else {
                    return Ok(Some(false));
                };
                Ok(Some(match self.variable(*variable) {
                    Value::Failed | Value::Null => true,
                    Value::Text(text) | Value::Number(text) => lookup.get(text).is_some(),
                    other => lookup.get(&super::rows::shown(other)).is_some(),
                }))
            }
        }
    }

    #[cold]
    fn broken_rule(&mut self, rule: &Rule, failure: Failure) {
        let target: Option<&[TargetStep]> = rule.target.as_deref();
        let spot = Spot {
            rule: &rule.id,
            target,
            slot: None,
            sensitive: false,
        };
        let mut failure = failure;
        if failure.code != ErrorCode::QualityRule
            && let Check::Formula(formula) = &rule.check
            && self.plan.hidden.formula(formula)
        {
            failure.message = failure.code.info().title.to_owned();
            failure.hint = None;
        }
        let seen = rule
            .variable
            .filter(|index| !self.plan.hidden.variable(*index));
        let value = seen.map(|variable| self.variable(variable));
        let mut issue = self.issue_of(&spot, failure, severity(rule.severity));
        let text = match value {
            Some(Value::Null | Value::Failed) | None => None,
            Some(Value::Text(text) | Value::Number(text) | Value::Json(text)) => {
                Some(text.to_owned())
            }
            Some(other) => Some(super::rows::shown(other)),
        };
        issue.value = text.map(|text| shorten(&text, 200));
        self.keep_of_rule(issue, rule.severity);
    }

    /// Checks the rules over the whole document, whose text is `bytes`.
    #[cold]
    pub(super) fn document_rules(&mut self, rules: &'a [DocumentRule], bytes: &[u8]) {
        let text = self
            .arena
            .alloc_str(std::str::from_utf8(bytes).unwrap_or_default());
        for rule in rules {
            let found = match &rule.check {
                DocumentCheck::Unique { elements, columns } => {
                    self.doubles(text, elements, columns)
                }
                DocumentCheck::Schema(validator) => against(text, validator, &rule.masked),
            };
            for (target, message, value) in found {
                let message = match &rule.message {
                    Some(written) => format!("{written} ({message})"),
                    None => message,
                };
                let mut issue = Issue::error(Stage::Map, ErrorCode::QualityRule, message);
                issue.severity = severity(rule.severity);
                issue.rule = Some(rule.id.to_string());
                issue.target_path = Some(target);
                issue.value = value;
                issue.position = self.position(0);
                self.keep_of_rule(issue, rule.severity);
            }
        }
    }

    /// Elements with the same values as one before them.
    fn doubles(
        &self,
        text: &'a str,
        steps: &[Option<String>],
        columns: &[UniqueColumn],
    ) -> Vec<Finding> {
        let mut elements = Vec::new();
        self.collect(Value::Json(text), steps, &mut String::new(), &mut elements);
        let mut seen: HashMap<String, String> = HashMap::with_capacity(elements.len());
        let mut found = Vec::new();
        for (element, pointer) in elements {
            let values: Vec<Value<'a>> = columns
                .iter()
                .map(|column| pick(element, &column.path, self.arena))
                .collect();
            if values.iter().all(|value| value.is_null()) {
                continue;
            }
            let keys: Vec<String> = values.iter().map(|value| key(*value)).collect();
            let Some(first) = seen.insert(keys.join("\u{1f}"), pointer.clone()) else {
                continue;
            };
            let shown: Vec<String> = values
                .iter()
                .zip(columns)
                .map(|(value, column)| match (column.sensitive, value) {
                    (true, _) => MASK.to_owned(),
                    (_, Value::Null) => "null".to_owned(),
                    (_, Value::Text(text) | Value::Number(text) | Value::Json(text)) => {
                        (*text).to_owned()
                    }
                    (_, other) => super::rows::shown(*other),
                })
                .collect();
            let below = columns.first().map_or("", |column| &column.pointer);
            found.push((
                format!("{pointer}{below}"),
                format!("the same as {first}{below}"),
                Some(shorten(&shown.join(", "), 200)),
            ));
            if found.len() == MAX_FINDINGS {
                break;
            }
        }
        found
    }

    /// The values at the end of `steps`, with their pointers.
    fn collect(
        &self,
        value: Value<'a>,
        steps: &[Option<String>],
        pointer: &mut String,
        found: &mut Vec<(Value<'a>, String)>,
    ) {
        let length = pointer.len();
        match steps.split_first() {
            None => found.push((value, pointer.clone())),
            Some((Some(name), rest)) => {
                pointer.push('/');
                pointer.push_str(&escape_pointer(name));
                let inner = pick(value, &[Step::Name(name.clone())], self.arena);
                self.collect(inner, rest, pointer, found);
            }
            Some((None, rest)) => {
                let elements = value.elements(self).unwrap_or_default();
                for (number, element) in elements.iter().enumerate() {
                    pointer.push_str(&format!("/{number}"));
                    self.collect(*element, rest, pointer, found);
                    pointer.truncate(length);
                }
            }
        }
        pointer.truncate(length);
    }
}

/// A text that two values share if and only if they are the same.
fn key(value: Value<'_>) -> String {
    match value {
        Value::Text(text) => format!("t{text}"),
        Value::Number(digits) => match parse_json_number(digits) {
            Ok(number) => format!("n{}", number.normalize()),
            Err(_) => format!("n{digits}"),
        },
        Value::Json(text) => format!("j{text}"),
        Value::Null => "-".to_owned(),
        other => format!("o{}", super::rows::shown(other)),
    }
}

fn severity(severity: RuleSeverity) -> Severity {
    match severity {
        RuleSeverity::Error | RuleSeverity::Fail => Severity::Error,
        RuleSeverity::Warn => Severity::Warning,
    }
}

/// Where a document breaks a schema. The messages name no values of the document.
fn against(text: &str, validator: &Validator, masked: &MaskedTargets) -> Vec<Finding> {
    let Ok(document) = serde_json::from_str::<Json>(text) else {
        let message = "the document cannot be read again to compare it with the schema".to_owned();
        return vec![(String::new(), message, None)];
    };
    validator
        .iter_errors(&document)
        .take(MAX_FINDINGS)
        .map(|error| {
            let pointer = error.instance_path().to_string();
            let value = match error.instance().as_ref() {
                Json::Object(_) | Json::Array(_) | Json::Null => None,
                _ if masked.covers(&pointer) => Some(MASK.to_owned()),
                Json::String(text) => Some(shorten(text, 200)),
                other => Some(other.to_string()),
            };
            let message = shorten(&error.masked_with("the value").to_string(), 300);
            (pointer, message, value)
        })
        .collect()
}

impl Plan {
    /// Checks the rules over a whole run (`"scope": "run"`), all of them in the document's order. A
    /// rule that cannot be calculated because nothing was read (a share of 0 records) counts as met.
    #[must_use]
    pub fn check_run(&self, figures: &RunFigures<'_>) -> Vec<RunRuleResult> {
        if self.run_rules.is_empty() {
            return Vec::new();
        }
        let arena = Bump::new();
        let (mut issues, mut excluded, mut stop) = (Vec::new(), Vec::new(), false);
        let mut calls = Calls::new(self.code.len());
        let surroundings = Surroundings {
            issues: &mut issues,
            amounts: &mut [],
            dates: &mut [],
            excluded: &mut excluded,
            stop: &mut stop,
            now: figures
                .started_ms
                .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            calls: &mut calls,
            csv: None,
        };
        let mut run = Run::new(self, &arena, &[], surroundings);
        for (variable, figure) in &self.figures {
            run.set_variable(*variable, figures.value(*figure));
        }
        let masked = self.masked_figures();
        let results = self.run_rules.iter().map(|rule| {
            let broken = match condition(&rule.check, &run) {
                Ok(Some(true) | None) => None,
                Ok(Some(false)) => Some(rule.message.to_string()),
                Err(_) if figures.read == 0 => None,
                Err(failure) => {
                    let hidden = variables(&rule.check).any(|index| masked.contains(&index));
                    let why = match hidden {
                        true => failure.code.info().title,
                        false => failure.message.as_str(),
                    };
                    Some(format!("the rule could not be checked: {why}"))
                }
            };
            RunRuleResult {
                rule: rule.id.to_string(),
                severity: rule.severity,
                met: broken.is_none(),
                expected: rule.text.to_string(),
                measured: self.measured(rule, figures, &masked),
                message: broken.unwrap_or_default(),
            }
        });
        results.collect()
    }

    /// The figures that are made of sensitive values: of a run with one record they would be the value itself.
    fn masked_figures(&self) -> BTreeSet<u32> {
        let masked = self.masked_targets();
        let of = |names: &[String], place: usize| {
            let name = names.get(place);
            name.is_some_and(|name| masked.covers(name))
        };
        let hidden = self.figures.iter().filter(|(_, figure)| match figure {
            Figure::Sum(place) => of(&self.amount_names, *place),
            Figure::Newest(place) => of(&self.date_names, *place),
            Figure::Read | Figure::Mapped | Figure::Skipped | Figure::Quarantined => false,
        });
        hidden.map(|(variable, _)| *variable).collect()
    }

    /// The figures that a rule names, with their values.
    fn measured(&self, rule: &RunRule, figures: &RunFigures<'_>, masked: &BTreeSet<u32>) -> String {
        let mut parts: Vec<String> = Vec::new();
        for index in variables(&rule.check) {
            let figure = self.figures.iter().find(|(place, _)| *place == index);
            let (Some((_, figure)), Some(name)) = (figure, self.variable_names.get(&index)) else {
                continue;
            };
            let value = match masked.contains(&index) {
                true => MASK.to_owned(),
                false => super::rows::shown(figures.value(*figure)),
            };
            let part = format!("{name} = {value}");
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        parts.join(", ")
    }
}

/// The variables that a formula reads, some of them twice.
fn variables(formula: &Expression) -> impl Iterator<Item = u32> {
    let mut references = Vec::new();
    formula.references(&mut references);
    references.into_iter().filter_map(|one| match one {
        Reference::Variable(index) => Some(index),
        Reference::Slot(_) => None,
    })
}
