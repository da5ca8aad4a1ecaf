//! A formula of the plan: names are slots and variables, functions are operations.

use super::ast::Operator;
use crate::functions::Call;
use crate::path::Path;
use crate::value::Constant;

/// Where a source value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotRef {
    /// scope whose current element is meant
    pub(crate) scope: u16,
    /// table of the scope
    pub(crate) table: u16,
    pub(crate) slot: u16,
}

/// What a formula reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    Slot(SlotRef),
    Variable(u32),
}

/// A resolved formula.
#[derive(Debug)]
pub(crate) enum Expression {
    Constant(Constant),
    Slot(SlotRef),
    /// a target value or an aggregate
    Variable(u32),
    Not(Box<Expression>),
    Negate(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Arithmetic(Operator, Box<Expression>, Box<Expression>),
    /// division by a power of ten: only the scale moves
    ShiftRight(Box<Expression>, u8),
    Compare(Operator, Box<Expression>, Box<Expression>),
    In(Box<Expression>, Vec<Expression>),
    If(Box<Expression>, Box<Expression>, Box<Expression>),
    Coalesce(Vec<Expression>),
    Concat(Vec<Expression>),
    Least(Vec<Expression>),
    Greatest(Vec<Expression>),
    Apply(Box<Expression>, Box<Call>),
    /// the element that a function over a list is at
    Item,
    /// what stands at a path inside a value
    Pick(Box<Expression>, Path),
    List(Vec<Expression>),
    /// whether a value is in a computed list
    InList(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Collects what it reads, in the order in which it is written; of a call also what its arguments read.
    pub(crate) fn references(&self, found: &mut Vec<Reference>) {
        match self {
            Self::Slot(slot) => found.push(Reference::Slot(*slot)),
            Self::Variable(index) => found.push(Reference::Variable(*index)),
            _ => {}
        }
        for part in self.parts() {
            part.references(found);
        }
        if let Self::Apply(_, call) = self {
            found.extend(call.reads.iter());
        }
    }

    /// The expressions that it is made of, in the order in which they are written.
    fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Constant(_) | Self::Item | Self::Slot(_) | Self::Variable(_) => Vec::new(),
            Self::Not(inner)
            | Self::Negate(inner)
            | Self::ShiftRight(inner, _)
            | Self::Apply(inner, _)
            | Self::Pick(inner, _) => vec![inner.as_ref()],
            Self::And(left, right)
            | Self::Or(left, right)
            | Self::Arithmetic(_, left, right)
            | Self::Compare(_, left, right)
            | Self::InList(left, right) => vec![left.as_ref(), right.as_ref()],
            Self::If(condition, yes, no) => vec![condition.as_ref(), yes.as_ref(), no.as_ref()],
            Self::In(needle, items) => std::iter::once(needle.as_ref()).chain(items).collect(),
            Self::Coalesce(items)
            | Self::Concat(items)
            | Self::Least(items)
            | Self::Greatest(items)
            | Self::List(items) => items.iter().collect(),
        }
    }
}
