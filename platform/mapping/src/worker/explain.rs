//! How a record came to be: mapped once more with every step written down. Production pays nothing for
//! it, because functions are pure: the same rows give the same record.
//!
//! Invariants: what is explained is what a run does, not a second implementation; sensitive values
//! are masked.

use tributary_model::issue::{Issue, Severity, shorten};

use super::explanation::{
    DroppedRow, ExplainedCall, ExplainedField, ExplainedInput, ExplainedStep, Explanation,
};
use super::nodes::Dropped;
use super::rows::{raw_text, shown};
use super::run::Run;
use super::{Row, Verdict, Worker};
use crate::formula::evaluate::condition;
use crate::formula::expression::{Expression, Reference, SlotRef};
use crate::functions::Call;
use crate::plan::{Filter, MASK, Node, Source, ValueNode};
use crate::value::{Made, Value};

/// Longest value that is shown, in characters.
const VALUE_LENGTH: usize = 200;

/// Rows that filters took out and that are told.
const MOST_DROPPED: usize = 50;

/// What is written down while a record is mapped.
#[derive(Debug, Default)]
pub(super) struct Trace {
    fields: Vec<ExplainedField>,
    dropped: Vec<DroppedRow>,
}

impl Worker {
    /// Maps one record like [`Worker::map`] and tells how each of its fields was made.
    pub fn explain(&mut self, rows: &[Row<'_>]) -> Explanation {
        let mut out = Vec::new();
        let mut trace = Trace::default();
        let outcome = self.mapped(rows, &mut out, Some(&mut trace));
        let written = String::from_utf8_lossy(&out).trim_end().to_owned();
        Explanation {
            verdict: outcome.verdict,
            key: outcome.key.to_owned(),
            output: (outcome.verdict == Verdict::Mapped).then_some(written),
            issues: outcome.issues.to_vec(),
            fields: trace.fields,
            dropped: trace.dropped,
        }
    }
}

impl<'a> Run<'a> {
    /// Makes and writes a value as always, and writes its story down.
    #[cold]
    pub(super) fn traced_value(
        &mut self,
        node: &'a Node,
        value: &'a ValueNode,
        out: &mut Vec<u8>,
    ) -> Result<(), Dropped> {
        let mut field = self.story(node, &value.origin);
        let sensitive = self.plan.hidden.variable(value.variable);
        let notices = self.notices.get_mut().len();
        self.veil_calls();
        self.source_story(&value.source, value, &mut field);
        let start = self.make(&value.source);
        let end = self.step_stories(start, &value.steps, sensitive, &mut field);
        field.failed = matches!(end, Ok(Value::Failed));
        if let Some(rule) = &value.combine {
            let combined = self.combined_rows(value, rule, sensitive);
            // one row without a value leaves the whole without one
            field.failed = combined.rows.iter().any(|row| row.failed);
            field.combined = Some(combined);
        }
        field.calls = self.call_stories(sensitive);
        // the value is made once more, and warns once more
        self.notices.get_mut().truncate(notices);
        let (before, issues) = (out.len(), self.issues.len());
        let result = self.plain_value(node, value, out);
        // the same calls once more
        self.calls.get_mut().told.clear();
        let written = out.get(before..).unwrap_or_default();
        let text = String::from_utf8_lossy(written);
        let is_first = !text.starts_with(',');
        let name = node.name.as_ref().map_or(0, |name| name.length(is_first));
        field.written = text
            .get(name..)
            .filter(|text| !text.is_empty())
            .map(|text| {
                if sensitive {
                    MASK.to_owned()
                } else {
                    shorten(text, VALUE_LENGTH)
                }
            });
        if let Some(issue) = self.issues.get(issues..).and_then(<[Issue]>::first) {
            field.note = Some(format!("{}: {}", issue.code.as_str(), issue.message));
            // an error policy puts something in the place of what failed
            field.failed = issue.severity == Severity::Error || result.is_err();
        } else if field.failed {
            field.note = Some("needs a value that has failed".to_owned());
        } else if node.name.is_none() {
            field.note = Some("helper value, not written".to_owned());
        } else if field.written.is_none() {
            field
                .note
                .get_or_insert_with(|| "null, left out".to_owned());
        }
        self.tell(field);
        result
    }

    /// A node that a condition left out.
    #[cold]
    pub(super) fn left_out(&mut self, node: &'a Node, failed: bool) {
        let mut field = self.story(node, "when");
        field.failed = failed;
        field.note = Some(match failed {
            true => "left out, its condition needs a value that has failed".to_owned(),
            false => "left out, its condition is not true".to_owned(),
        });
        if let Some(when) = &node.when {
            field.inputs = self.references(when, false);
            self.tell_parts(when, false, &mut field);
        }
        self.veil_calls();
        field.calls = self.call_stories(false);
        self.tell(field);
    }

    /// The current row, which a filter takes out.
    #[cold]
    pub(super) fn dropped(&mut self, filter: &Filter) {
        let row = DroppedRow {
            filter: filter.id.to_string(),
            position: self.position(0),
            inputs: self.references(&filter.keep, false),
        };
        if let Some(trace) = &mut self.trace
            && trace.dropped.len() < MOST_DROPPED
        {
            trace.dropped.push(row);
        }
    }

    /// How many fields were told, for [`Self::element_dropped`].
    pub(super) fn told(&self) -> usize {
        self.trace.as_ref().map_or(0, |trace| trace.fields.len())
    }

    /// Takes back that the fields told since were written: their element is left out.
    #[cold]
    pub(super) fn element_dropped(&mut self, told: usize) {
        let fields = self.trace.as_mut().map(|trace| &mut trace.fields);
        for field in fields
            .into_iter()
            .flat_map(|fields| fields.iter_mut().skip(told))
        {
            if field.written.take().is_some() {
                field.note = Some("not written, its element is left out".to_owned());
            }
        }
    }

    fn tell(&mut self, field: ExplainedField) {
        if let Some(trace) = &mut self.trace {
            trace.fields.push(field);
        }
    }

    /// What a formula comes to step by step, unless a part of it is not to be seen.
    fn tell_parts(&self, formula: &'a Expression, sensitive: bool, field: &mut ExplainedField) {
        if sensitive || self.plan.hidden.formula(formula) {
            return;
        }
        for part in self.formula_parts(formula) {
            if !field.parts.contains(&part) {
                field.parts.push(part);
            }
        }
    }

    fn story(&self, node: &Node, origin: &str) -> ExplainedField {
        ExplainedField {
            node: node.id.to_string(),
            target: self.target_path(&node.target),
            origin: origin.to_owned(),
            inputs: Vec::new(),
            parts: Vec::new(),
            steps: Vec::new(),
            combined: None,
            calls: Vec::new(),
            case: None,
            written: None,
            note: None,
            failed: false,
        }
    }

    /// The inputs of a source; of a switch also which case it was.
    fn source_story(&self, source: &'a Source, value: &'a ValueNode, field: &mut ExplainedField) {
        let sensitive = value.sensitive;
        match source {
            Source::Slot(slot) => field.inputs.push(self.input(*slot, true, sensitive)),
            Source::FirstOf(slots) => {
                let used = slots.iter().position(|slot| !self.slot(*slot).is_null());
                for (place, slot) in slots.iter().enumerate() {
                    field
                        .inputs
                        .push(self.input(*slot, used == Some(place), sensitive));
                }
            }
            Source::Nodes(nodes) => field.inputs.push(self.input(nodes.within, true, sensitive)),
            Source::Constant(_) => {}
            Source::Formula(expression) => {
                field.inputs.extend(self.references(expression, sensitive));
                self.tell_parts(expression, sensitive, field);
            }
            Source::Switch(cases) => {
                for (place, case) in cases.iter().enumerate() {
                    let chosen = match &case.when {
                        None => true,
                        Some(when) => {
                            field.inputs.extend(self.references(when, sensitive));
                            self.tell_parts(when, sensitive, field);
                            matches!(condition(when, self), Ok(Some(true)))
                        }
                    };
                    if !chosen {
                        continue;
                    }
                    field.case = Some(place + 1);
                    field.note = Some(format!("case {} of the switch", place + 1));
                    self.source_story(&case.source, value, field);
                    let start = self.make(&case.source);
                    let veiled = self.plan.hidden.variable(value.variable);
                    // the value is made by the switch as a whole
                    let _told = self.step_stories(start, &case.steps, veiled, field);
                    break;
                }
            }
        }
    }

    fn step_stories(
        &self,
        start: Made<Value<'a>>,
        steps: &'a [Call],
        sensitive: bool,
        field: &mut ExplainedField,
    ) -> Made<Value<'a>> {
        let mut made = start;
        for step in steps {
            let value = made?;
            made = step.apply(value, self);
            let (text, failed) = match &made {
                Ok(_) if sensitive => (MASK.to_owned(), false),
                Ok(value) => (shown(*value), matches!(value, Value::Failed)),
                Err(failure) if sensitive => (failure.code.info().title.to_owned(), true),
                Err(failure) => (failure.message.clone(), true),
            };
            field.steps.push(ExplainedStep {
                function: step.function.to_owned(),
                arguments: step.arguments.to_string(),
                value: text,
                failed,
            });
        }
        made
    }

    /// Masks the calls told so far: they are those of conditions around the next value, and which of them
    /// were given something sensitive is not known.
    fn veil_calls(&mut self) {
        if !self.plan.hidden.is_empty() {
            for call in &mut self.calls.get_mut().told {
                veil(call);
            }
        }
    }

    /// The calls since the last story. A condition before the value counts as a part of it.
    fn call_stories(&mut self, sensitive: bool) -> Vec<ExplainedCall> {
        let mut calls: Vec<ExplainedCall> = Vec::new();
        for call in std::mem::take(&mut self.calls.get_mut().told) {
            // the story of a switch goes the same way twice
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
        if sensitive {
            calls.iter_mut().for_each(veil);
        }
        calls
    }

    fn input(&self, slot: SlotRef, used: bool, sensitive: bool) -> ExplainedInput {
        let value = raw_text(self.raw(slot)).map(|text| {
            if sensitive || self.plan.hidden.slot(slot) {
                MASK.to_owned()
            } else {
                shorten(text, VALUE_LENGTH)
            }
        });
        ExplainedInput {
            name: self.source_path(slot),
            position: self.position(slot.scope),
            place: self.place(slot, sensitive),
            value,
            used,
        }
    }

    /// What a formula reads.
    fn references(&self, expression: &Expression, sensitive: bool) -> Vec<ExplainedInput> {
        let mut found = Vec::new();
        expression.references(&mut found);
        let mut inputs: Vec<ExplainedInput> = Vec::with_capacity(found.len());
        for reference in found {
            let input = match reference {
                Reference::Slot(slot) => self.input(slot, true, sensitive),
                Reference::Variable(index) => self.made_before(index, sensitive),
            };
            if !inputs.contains(&input) {
                inputs.push(input);
            }
        }
        inputs
    }

    fn made_before(&self, index: u32, sensitive: bool) -> ExplainedInput {
        let name = self.plan.variable_names.get(&index);
        let value = match self.variable(index) {
            Value::Null | Value::Failed => None,
            _ if sensitive || self.plan.hidden.variable(index) => Some(MASK.to_owned()),
            value => Some(shown(value)),
        };
        ExplainedInput {
            name: name.map_or_else(|| "an aggregate".to_owned(), ToString::to_string),
            position: None,
            place: None,
            value,
            used: true,
        }
    }
}

fn veil(call: &mut ExplainedCall) {
    MASK.clone_into(&mut call.input);
    MASK.clone_into(&mut call.answer);
}
