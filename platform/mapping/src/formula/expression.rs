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
    /// Collects what it reads, in the order in which it is written.
    pub(crate) fn references(&self, found: &mut Vec<Reference>) {
        match self {
            Self::Constant(_) | Self::Item => {}
            Self::Slot(slot) => found.push(Reference::Slot(*slot)),
            Self::Variable(index) => found.push(Reference::Variable(*index)),
            Self::Not(inner)
            | Self::Negate(inner)
            | Self::ShiftRight(inner, _)
            | Self::Apply(inner, _)
            | Self::Pick(inner, _) => inner.references(found),
            Self::And(left, right)
            | Self::Or(left, right)
            | Self::Arithmetic(_, left, right)
            | Self::Compare(_, left, right)
            | Self::InList(left, right) => {
                left.references(found);
                right.references(found);
            }
            Self::If(condition, yes, no) => {
                for part in [condition, yes, no] {
                    part.references(found);
                }
            }
            Self::In(needle, items) => {
                needle.references(found);
                for item in items {
                    item.references(found);
                }
            }
            Self::Coalesce(items)
            | Self::Concat(items)
            | Self::Least(items)
            | Self::Greatest(items)
            | Self::List(items) => {
                for item in items {
                    item.references(found);
                }
            }
        }
    }
}
