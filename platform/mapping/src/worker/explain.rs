//! How a record came to be: mapped once more with every step written down. Production pays nothing for
//! it, because functions are pure: the same rows give the same record.
//!
//! Invariants: what is explained is what a run does, not a second implementation; sensitive values
//! are masked.

use serde::{Deserialize, Serialize};
use tributary_model::issue::{Issue, shorten};
use tributary_model::rows::RowPosition;

use super::issues::MASK;
use super::nodes::Dropped;
use super::rows::{raw_text, shown};
use super::run::Run;
use super::{Row, Verdict, Worker};
use crate::formula::evaluate::condition;
use crate::formula::expression::{Expression, Reference, SlotRef};
use crate::functions::Call;
use crate::plan::{Body, Node, Source, ValueNode};
use crate::value::{Made, Value};

/// Longest value that is shown, in characters.
const VALUE_LENGTH: usize = 200;

/// A record with all that led to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    pub verdict: Verdict,
    pub key: String,
    /// the target document, if there is one
    pub output: Option<String>,
    /// in the order in which they were made
    pub fields: Vec<ExplainedField>,
    pub issues: Vec<Issue>,
}

/// A field of the target, or a helper value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedField {
    /// the node's id in the document
    pub node: String,
    /// JSON Pointer in the target document
    pub target: String,
    /// what the document says: `from $.qty`, `formula a * b`, …
    pub origin: String,
    pub inputs: Vec<ExplainedInput>,
    pub steps: Vec<ExplainedStep>,
    /// which case of a switch it was, from 1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<usize>,
    /// what was written, as JSON; none: nothing was
    pub written: Option<String>,
    /// why nothing was written, or which way was taken
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A source value, or a value made before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedInput {
    /// normalized path in the row, or the name of a field
    pub name: String,
    /// where the row stood, for a source value
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<RowPosition>,
    /// as it stands there; none: nothing is there
    pub value: Option<String>,
    /// false: another of several paths was taken
    pub used: bool,
}

/// One function and what it made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedStep {
    pub function: String,
    /// its arguments, as JSON
    pub arguments: String,
    /// the value after it, or why there is none
    pub value: String,
    pub failed: bool,
}

impl Worker {
    /// Maps one record like [`Worker::map`] and tells how each of its fields was made.
    pub fn explain(&mut self, rows: &[Row<'_>]) -> Explanation {
        let mut out = Vec::new();
        let mut fields = Vec::new();
        let outcome = self.mapped(rows, &mut out, Some(&mut fields));
        let written = String::from_utf8_lossy(&out).trim_end().to_owned();
        Explanation {
            verdict: outcome.verdict,
            key: outcome.key.to_owned(),
            output: (outcome.verdict == Verdict::Mapped).then_some(written),
            issues: outcome.issues.to_vec(),
            fields,
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
        let sensitive = value.sensitive;
        let start = match self.source_story(&value.source, sensitive, &mut field) {
            Some(value) => Ok(value),
            None => self.make(&value.source),
        };
        self.step_stories(start, &value.steps, sensitive, &mut field);
        let (before, issues) = (out.len(), self.issues.len());
        let result = self.plain_value(node, value, out);
        let written = out.get(before..).unwrap_or_default();
        let text = String::from_utf8_lossy(written);
        let name = node.key.as_deref().map_or(0, <[u8]>::len);
        // the first member of an object has no comma before its name
        let name = if text.starts_with(',') {
            name
        } else {
            name.saturating_sub(1)
        };
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
        } else if node.key.is_none() {
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
    pub(super) fn left_out(&mut self, node: &'a Node) {
        let mut field = self.story(node, "when");
        field.note = Some("left out, its condition is not true".to_owned());
        if let Some(when) = &node.when {
            field.inputs = self.references(when, false);
        }
        self.tell(field);
    }

    fn tell(&mut self, field: ExplainedField) {
        if let Some(trace) = &mut self.trace {
            trace.push(field);
        }
    }

    fn story(&self, node: &Node, origin: &str) -> ExplainedField {
        ExplainedField {
            node: node.id.to_string(),
            target: self.target_path(&node.target),
            origin: origin.to_owned(),
            inputs: Vec::new(),
            steps: Vec::new(),
            case: None,
            written: None,
            note: None,
        }
    }

    /// The inputs of a source; of a switch also which case it was, and its value.
    fn source_story(
        &self,
        source: &'a Source,
        sensitive: bool,
        field: &mut ExplainedField,
    ) -> Option<Value<'a>> {
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
            Source::Formula(expression) => field.inputs = self.references(expression, sensitive),
            Source::Switch(cases) => {
                for (place, case) in cases.iter().enumerate() {
                    let chosen = match &case.when {
                        None => true,
                        Some(when) => {
                            field.inputs.extend(self.references(when, sensitive));
                            matches!(condition(when, self), Ok(Some(true)))
                        }
                    };
                    if !chosen {
                        continue;
                    }
                    field.case = Some(place + 1);
                    field.note = Some(format!("case {} of the switch", place + 1));
                    self.source_story(&case.source, sensitive, field);
                    let start = self.make(&case.source);
                    self.step_stories(start, &case.steps, sensitive, field);
                    break;
                }
            }
        }
        None
    }

    fn step_stories(
        &self,
        start: Made<Value<'a>>,
        steps: &'a [Call],
        sensitive: bool,
        field: &mut ExplainedField,
    ) {
        let mut made = start;
        for step in steps {
            let Ok(value) = made else { return };
            made = step.apply(value, self);
            let (text, failed) = match &made {
                Ok(_) if sensitive => (MASK.to_owned(), false),
                Ok(value) => (shown(*value), matches!(value, Value::Failed)),
                Err(failure) => (failure.message.clone(), true),
            };
            field.steps.push(ExplainedStep {
                function: step.function.to_owned(),
                arguments: step.arguments.to_string(),
                value: text,
                failed,
            });
        }
    }

    fn input(&self, slot: SlotRef, used: bool, sensitive: bool) -> ExplainedInput {
        let masked = sensitive || self.hides(&|value| takes(&value.source, slot));
        let value = raw_text(self.raw(slot)).map(|text| {
            if masked {
                MASK.to_owned()
            } else {
                shorten(text, VALUE_LENGTH)
            }
        });
        ExplainedInput {
            name: self.source_path(slot),
            position: self.position(slot.scope),
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
            _ if sensitive || self.hides(&|value| value.variable == index) => Some(MASK.to_owned()),
            value => Some(shown(value)),
        };
        ExplainedInput {
            name: name.map_or_else(|| "an aggregate".to_owned(), ToString::to_string),
            position: None,
            value,
            used: true,
        }
    }

    /// Whether a sensitive field is meant: its value is masked wherever else it is read.
    fn hides(&self, meant: &dyn Fn(&ValueNode) -> bool) -> bool {
        fn look(nodes: &[Node], meant: &dyn Fn(&ValueNode) -> bool) -> bool {
            nodes.iter().any(|node| match &node.body {
                Body::Value(value) => value.sensitive && meant(value),
                Body::Object { nodes, .. } => look(nodes, meant),
                Body::Each(each) => look(&each.nodes, meant),
            })
        }
        look(&self.plan.nodes, meant)
    }
}

/// Whether a source reads the slot as it is.
fn takes(source: &Source, slot: SlotRef) -> bool {
    match source {
        Source::Slot(one) => *one == slot,
        Source::FirstOf(slots) => slots.contains(&slot),
        Source::Nodes(_) | Source::Constant(_) | Source::Formula(_) => false,
        Source::Switch(cases) => cases.iter().any(|case| takes(&case.source, slot)),
    }
}
