//! What issues and explanations must not show: the values of fields that the document calls sensitive, and
//! the source places that they are read from, wherever else those are read.
//!
//! Deliberately absent: what another field makes of such a place and writes. Its author has said by
//! leaving out `sensitive` that the result may be seen.

use super::{Body, EachExtra, Node, Scope, Source, WantedSlot};
use crate::formula::expression::{Expression, Reference, SlotRef};

/// See the module. Asked only where something is wrong or explained.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// tables and slots
    slots: Vec<(u16, u16)>,
    variables: Vec<u32>,
}

impl Hidden {
    pub(crate) fn of<'p>(
        nodes: &[Node],
        eaches: impl Iterator<Item = &'p EachExtra>,
        slots: &[Vec<WantedSlot>],
        scopes: &[Scope],
    ) -> Self {
        let mut hidden = Self::default();
        hidden.add(nodes);
        hidden.spread(slots, scopes);
        for accumulator in eaches.flat_map(|each| &each.accumulators) {
            if accumulator
                .input
                .is_some_and(|input| hidden.variable(input))
            {
                hidden.variables.push(accumulator.output);
            }
        }
        hidden
    }

    fn add(&mut self, nodes: &[Node]) {
        for node in nodes {
            match &node.body {
                Body::Value(value) if value.sensitive => {
                    self.variables.push(value.variable);
                    self.add_source(&value.source);
                }
                Body::Value(_) => {}
                Body::Object { nodes, .. } => self.add(nodes),
                Body::Each(each) => self.add(&each.nodes),
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

    fn add_slot(&mut self, slot: (u16, u16)) {
        if !self.slots.contains(&slot) {
            self.slots.push(slot);
        }
    }

    fn add_source(&mut self, source: &Source) {
        each_slot(source, &mut |slot| self.add_slot((slot.table, slot.slot)));
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

    /// Whether a formula reads something hidden.
    pub(crate) fn formula(&self, expression: &Expression) -> bool {
        let mut found = Vec::new();
        expression.references(&mut found);
        found.into_iter().any(|reference| match reference {
            Reference::Slot(slot) => self.slot(slot),
            Reference::Variable(index) => self.variable(index),
        })
    }

    /// Whether a value is made of something hidden.
    pub(crate) fn source(&self, source: &Source) -> bool {
        match source {
            Source::Formula(expression) => self.formula(expression),
            Source::Switch(cases) => cases.iter().any(|case| {
                self.source(&case.source)
                    || case.when.as_ref().is_some_and(|when| self.formula(when))
            }),
            other => {
                let mut any = false;
                each_slot(other, &mut |slot| any |= self.slot(slot));
                any
            }
        }
    }
}

/// The places that a value is made of; what a condition reads is not one of them.
fn each_slot(source: &Source, found: &mut impl FnMut(SlotRef)) {
    match source {
        Source::Slot(slot) => found(*slot),
        Source::FirstOf(slots) => slots.iter().for_each(|slot| found(*slot)),
        Source::Nodes(nodes) => found(nodes.within),
        Source::Constant(_) => {}
        Source::Formula(expression) => {
            let mut references = Vec::new();
            expression.references(&mut references);
            for reference in references {
                if let Reference::Slot(slot) = reference {
                    found(slot);
                }
            }
        }
        Source::Switch(cases) => cases
            .iter()
            .for_each(|case| each_slot(&case.source, &mut *found)),
    }
}
