//! What issues and explanations must not show: the values of fields that the document calls sensitive, the
//! source places that they are read from, wherever else those are read, and every value that is made of one of
//! them, by whatever way: from, formula, condition of a switch or field, argument of a function, key of a lookup.
//!
//! Invariant: a place is the same however it is written: by an index, by a query, or as the element of an `each`.
//! Where it depends on the row whether two places are one, they are.
//!
//! Deliberately absent: weighing how much a value tells of what it is made of. A count or a digest of something
//! sensitive is hidden too; the target document has it all the same.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Body, EachExtra, EachSource, MaskedTargets, Node, NodesPath, Scope, Source, TargetStep,
    ValueNode, WantedSlot,
};
use crate::document::escape_pointer;
use crate::formula::expression::{Expression, Reference, SlotRef};
use crate::functions::Call;
use crate::path::Places;

/// What a document keeps from people, to be kept by a plan of another version of it too.
#[derive(Debug, Clone, Default)]
pub struct Sensitive {
    /// where sensitive values are read from
    places: Vec<Places>,
    /// where values stand that are made of them
    targets: MaskedTargets,
}

/// See the module. Asked only where something is wrong or explained.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// where sensitive values are read from
    places: Vec<Places>,
    /// tables and slots
    slots: BTreeSet<(u16, u16)>,
    /// of fields, helper values and aggregates
    variables: BTreeSet<u32>,
}

/// A value with the node that holds it.
type Holder<'p> = (&'p Node, &'p ValueNode);

/// What a value is made of.
#[derive(Debug, Clone, Copy)]
enum Part<'p> {
    Reference(Reference),
    Nodes(&'p NodesPath),
}

impl Hidden {
    pub(crate) fn of<'p>(
        nodes: &[Node],
        eaches: impl Iterator<Item = &'p EachExtra>,
        slots: &[Vec<WantedSlot>],
        scopes: &[Scope],
        also: Option<&Sensitive>,
    ) -> Self {
        let mut holders = Vec::new();
        collect(nodes, &mut holders);
        let mut hidden = Self::default();
        if also.is_none() && !holders.iter().any(|(_, value)| value.sensitive) {
            return hidden;
        }
        let aggregates: Vec<(u32, u32)> = eaches
            .flat_map(|each| &each.accumulators)
            .filter_map(|one| Some((one.input?, one.output)))
            .collect();
        let mut tables = Tables {
            slots,
            scopes,
            elements: BTreeMap::from([(0, Places::default())]),
        };
        tables.add(nodes);
        hidden.add(&holders, &aggregates, &tables);
        if let Some(also) = also {
            hidden.add_those_of(also, &holders);
        }
        hidden.spread(&tables);
        hidden.derive(&holders, &aggregates);
        hidden
    }

    /// The sensitive fields and the places that they are read from, also by way of helper values.
    fn add(&mut self, holders: &[Holder<'_>], aggregates: &[(u32, u32)], tables: &Tables<'_>) {
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
            for part in made_of(value) {
                match part {
                    Part::Reference(Reference::Slot(slot)) => {
                        self.places.extend(tables.place(slot))
                    }
                    Part::Nodes(nodes) => self.places.extend(tables.found(nodes)),
                    Part::Reference(Reference::Variable(index)) => {
                        let index = inputs.get(&index).copied().unwrap_or(index);
                        open.extend(helpers.get(&index));
                    }
                }
            }
        }
    }

    /// What another version keeps from people: the same places, and fields of the same names.
    fn add_those_of(&mut self, other: &Sensitive, holders: &[Holder<'_>]) {
        self.places.extend(other.places.iter().cloned());
        let fields = holders.iter().filter(|(node, _)| {
            node.name.is_some() && other.targets.covers(&pattern(&node.target))
        });
        self.variables
            .extend(fields.map(|(_, value)| value.variable));
    }

    /// What is read of a hidden place is hidden, in whatever table, and what is a part of one or holds one.
    fn spread(&mut self, tables: &Tables<'_>) {
        for (wanted, table) in tables.slots.iter().zip(0_u16..) {
            let Some(top) = tables.elements.get(&usize::from(table)) else {
                continue;
            };
            for (wanted, slot) in wanted.iter().zip(0_u16..) {
                let place = top.at(&wanted.path);
                if self.places.iter().any(|one| one.overlap(&place)) {
                    self.slots.insert((table, slot));
                }
            }
        }
    }

    /// The values that are made of hidden ones, and those made of these.
    fn derive(&mut self, holders: &[Holder<'_>], aggregates: &[(u32, u32)]) {
        loop {
            let before = self.variables.len();
            for (node, value) in holders {
                let mut conditions = conditions(&value.source).chain(&node.when);
                if made_of(value).into_iter().any(|part| self.has(part))
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

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty() && self.variables.is_empty()
    }

    pub(crate) fn slot(&self, slot: SlotRef) -> bool {
        self.slots.contains(&(slot.table, slot.slot))
    }

    pub(crate) fn variable(&self, index: u32) -> bool {
        self.variables.contains(&index)
    }

    fn has(&self, part: Part<'_>) -> bool {
        match part {
            Part::Reference(reference) => self.reads(reference),
            Part::Nodes(nodes) => self.slot(nodes.within),
        }
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

    /// For a plan of another version.
    pub(crate) fn sensitive(&self, nodes: &[Node]) -> Sensitive {
        Sensitive {
            places: self.places.clone(),
            targets: self.targets(nodes),
        }
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

/// The tables of a plan: where their elements and slots stand in the row.
struct Tables<'p> {
    slots: &'p [Vec<WantedSlot>],
    scopes: &'p [Scope],
    /// of table 0 the row itself
    elements: BTreeMap<usize, Places>,
}

impl Tables<'_> {
    /// Adds those of the loops below `nodes`; the ones around them are there already.
    fn add(&mut self, nodes: &[Node]) {
        for node in nodes {
            match &node.body {
                Body::Value(_) => {}
                Body::Object { nodes, .. } => self.add(nodes),
                Body::Each(each) => {
                    let found = match &each.source {
                        EachSource::Members => None,
                        EachSource::Array(slot) => self.place(*slot).map(|array| array.elements()),
                        EachSource::Nodes(nodes, _) => self.found(nodes),
                    };
                    let scope = self.scopes.get(usize::from(each.scope));
                    if let (Some(found), Some(scope)) = (found, scope) {
                        self.elements.insert(scope.table, found);
                    }
                    self.add(&each.nodes);
                }
            }
        }
    }

    fn place(&self, slot: SlotRef) -> Option<Places> {
        let table = usize::from(slot.table);
        let wanted = self.slots.get(table)?.get(usize::from(slot.slot))?;
        Some(self.elements.get(&table)?.at(&wanted.path))
    }

    fn found(&self, nodes: &NodesPath) -> Option<Places> {
        Some(self.place(nodes.within)?.found_by(&nodes.query))
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
fn made_of(value: &ValueNode) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    each_part(&value.source, &mut found);
    of_steps(&value.steps, &mut found);
    found
}

fn each_part<'p>(source: &'p Source, found: &mut Vec<Part<'p>>) {
    let slot = |slot: &SlotRef| Part::Reference(Reference::Slot(*slot));
    match source {
        Source::Slot(one) => found.push(slot(one)),
        Source::FirstOf(slots) => found.extend(slots.iter().map(slot)),
        Source::Nodes(nodes) => found.push(Part::Nodes(nodes)),
        Source::Constant(_) => {}
        Source::Formula(expression) => {
            let mut references = Vec::new();
            expression.references(&mut references);
            found.extend(references.into_iter().map(Part::Reference));
        }
        Source::Switch(cases) => {
            for case in cases {
                each_part(&case.source, found);
                of_steps(&case.steps, found);
            }
        }
    }
}

fn of_steps<'p>(steps: &'p [Call], found: &mut Vec<Part<'p>>) {
    let reads = steps.iter().flat_map(|step| step.reads.iter());
    found.extend(reads.copied().map(Part::Reference));
}

fn conditions(source: &Source) -> impl Iterator<Item = &Expression> {
    let cases = match source {
        Source::Switch(cases) => cases.as_slice(),
        _ => &[],
    };
    cases.iter().filter_map(|case| case.when.as_ref())
}
