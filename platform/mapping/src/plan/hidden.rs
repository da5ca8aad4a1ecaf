//! What issues and explanations must not show: the values of fields that the document calls sensitive, the
//! source places that they are read from, wherever else those are read, and every value that is made of one of
//! them, by whatever way: from, formula, condition of a switch or field, argument of a function, key of a lookup.
//!
//! Deliberately absent: weighing how much a value tells of what it is made of. A count or a digest of something
//! sensitive is hidden too; the target document has it all the same.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Body, EachExtra, MaskedTargets, Node, Scope, Source, TargetStep, ValueNode, WantedSlot,
};
use crate::document::escape_pointer;
use crate::formula::expression::{Expression, Reference, SlotRef};
use crate::functions::Call;

/// See the module. Asked only where something is wrong or explained.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// tables and slots
    slots: Vec<(u16, u16)>,
    /// of fields, helper values and aggregates
    variables: BTreeSet<u32>,
}

/// A value with the node that holds it.
type Holder<'p> = (&'p Node, &'p ValueNode);

impl Hidden {
    pub(crate) fn of<'p>(
        nodes: &[Node],
        eaches: impl Iterator<Item = &'p EachExtra>,
        slots: &[Vec<WantedSlot>],
        scopes: &[Scope],
    ) -> Self {
        let mut holders = Vec::new();
        collect(nodes, &mut holders);
        let mut hidden = Self::default();
        if !holders.iter().any(|(_, value)| value.sensitive) {
            return hidden;
        }
        let aggregates: Vec<(u32, u32)> = eaches
            .flat_map(|each| &each.accumulators)
            .filter_map(|one| Some((one.input?, one.output)))
            .collect();
        hidden.add(&holders, &aggregates);
        hidden.spread(slots, scopes);
        hidden.derive(&holders, &aggregates);
        hidden
    }

    /// The sensitive fields and what they are read from, also by way of helper values.
    fn add(&mut self, holders: &[Holder<'_>], aggregates: &[(u32, u32)]) {
        let helpers: BTreeMap<u32, &ValueNode> = holders
            .iter()
            .filter(|(node, _)| node.name.is_none())
            .map(|(_, value)| (value.variable, *value))
            .collect();
        let inputs: BTreeMap<u32, u32> = aggregates.iter().map(|(from, to)| (*to, *from)).collect();
        let mut open: Vec<&ValueNode> = holders
            .iter()
            .map(|(_, value)| *value)
            .filter(|value| value.sensitive)
            .collect();
        while let Some(value) = open.pop() {
            if !self.variables.insert(value.variable) {
                continue;
            }
            for reference in made_of(value) {
                match reference {
                    Reference::Slot(slot) => self.add_slot((slot.table, slot.slot)),
                    Reference::Variable(index) => {
                        let index = inputs.get(&index).copied().unwrap_or(index);
                        open.extend(helpers.get(&index));
                    }
                }
            }
        }
    }

    /// What is a part of a hidden place is hidden too, and what holds one; not the other parts of that.
    fn spread(&mut self, slots: &[Vec<WantedSlot>], scopes: &[Scope]) {
        let named = self.slots.len();
        let mut next = 0;
        while let Some((table, slot)) = self.slots.get(next).copied() {
            let wanted = slots.get(usize::from(table));
            let Some(place) = wanted.and_then(|wanted| wanted.get(usize::from(slot))) else {
                next += 1;
                continue;
            };
            for (other, number) in wanted.into_iter().flatten().zip(0_u16..) {
                let holds = place.path.starts_with(&other.path);
                let is_part = next < named && other.path.starts_with(&place.path);
                if holds || is_part {
                    self.add_slot((table, number));
                }
            }
            let loops = scopes
                .iter()
                .filter(|scope| scope.table == usize::from(table));
            for (array, _) in loops.filter_map(|scope| scope.array.as_ref()) {
                self.add_slot((array.table, array.slot));
            }
            next += 1;
        }
    }

    /// The values that are made of hidden ones, and those made of these.
    fn derive(&mut self, holders: &[Holder<'_>], aggregates: &[(u32, u32)]) {
        loop {
            let before = self.variables.len();
            for (node, value) in holders {
                let mut conditions = conditions(&value.source).chain(&node.when);
                if made_of(value).into_iter().any(|one| self.reads(one))
                    || conditions.any(|one| self.formula(one))
                {
                    self.variables.insert(value.variable);
                }
            }
            for (input, output) in aggregates {
                if self.variable(*input) {
                    self.variables.insert(*output);
                }
            }
            if self.variables.len() == before {
                return;
            }
        }
    }

    fn add_slot(&mut self, slot: (u16, u16)) {
        if !self.slots.contains(&slot) {
            self.slots.push(slot);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    pub(crate) fn slot(&self, slot: SlotRef) -> bool {
        self.slots.contains(&(slot.table, slot.slot))
    }

    pub(crate) fn variable(&self, index: u32) -> bool {
        self.variables.contains(&index)
    }

    fn reads(&self, reference: Reference) -> bool {
        match reference {
            Reference::Slot(slot) => self.slot(slot),
            Reference::Variable(index) => self.variable(index),
        }
    }

    /// Whether a formula reads something hidden.
    pub(crate) fn formula(&self, expression: &Expression) -> bool {
        let mut found = Vec::new();
        expression.references(&mut found);
        found.into_iter().any(|reference| self.reads(reference))
    }

    /// Where in the target document the hidden values stand.
    pub(crate) fn targets(&self, nodes: &[Node]) -> MaskedTargets {
        let mut holders = Vec::new();
        collect(nodes, &mut holders);
        let patterns = holders
            .into_iter()
            .filter(|(node, value)| node.name.is_some() && self.variable(value.variable))
            .map(|(node, _)| pattern(&node.target));
        MaskedTargets::new(patterns.collect())
    }
}

fn collect<'p>(nodes: &'p [Node], found: &mut Vec<Holder<'p>>) {
    for node in nodes {
        match &node.body {
            Body::Value(value) => found.push((node, value)),
            Body::Object { nodes, .. } => collect(nodes, found),
            Body::Each(each) => collect(&each.nodes, found),
        }
    }
}

fn pattern(target: &[TargetStep]) -> String {
    let mut pattern = String::new();
    for step in target {
        pattern.push('/');
        match step {
            TargetStep::Name(name) => pattern.push_str(&escape_pointer(name)),
            TargetStep::Element(_) => pattern.push('*'),
        }
    }
    pattern
}

/// What a value is made of; what its conditions read is not a part of it.
fn made_of(value: &ValueNode) -> Vec<Reference> {
    let mut found = Vec::new();
    each_part(&value.source, &mut found);
    of_steps(&value.steps, &mut found);
    found
}

fn each_part(source: &Source, found: &mut Vec<Reference>) {
    match source {
        Source::Slot(slot) => found.push(Reference::Slot(*slot)),
        Source::FirstOf(slots) => found.extend(slots.iter().copied().map(Reference::Slot)),
        Source::Nodes(nodes) => found.push(Reference::Slot(nodes.within)),
        Source::Constant(_) => {}
        Source::Formula(expression) => expression.references(found),
        Source::Switch(cases) => {
            for case in cases {
                each_part(&case.source, found);
                of_steps(&case.steps, found);
            }
        }
    }
}

fn of_steps(steps: &[Call], found: &mut Vec<Reference>) {
    found.extend(steps.iter().flat_map(|step| step.reads.iter()));
}

fn conditions(source: &Source) -> impl Iterator<Item = &Expression> {
    let cases = match source {
        Source::Switch(cases) => cases.as_slice(),
        _ => &[],
    };
    cases.iter().filter_map(|case| case.when.as_ref())
}
