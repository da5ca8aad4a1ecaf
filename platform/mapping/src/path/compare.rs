//! Comparisons of RFC 9535, section 2.3.5.2.2: numbers exactly, texts by their characters, arrays and
//! objects part by part.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::evaluate::{Evaluation, QueryError};
use super::number::NumberRef;
use super::query::Operator;
use super::tree::Id;

/// One side of a comparison.
#[derive(Debug)]
pub(super) enum Scalar<'v> {
    Null,
    Bool(bool),
    Number(NumberRef<'v>),
    Text(Cow<'v, str>),
    /// an array or object of the tree
    Nested(Id),
}

/// Whether a comparison holds; `None` is the RFC's `Nothing`, which only equals itself.
pub(super) fn holds(
    evaluation: &mut Evaluation<'_, '_>,
    left: Option<&Scalar<'_>>,
    operator: Operator,
    right: Option<&Scalar<'_>>,
) -> Result<bool, QueryError> {
    Ok(match operator {
        Operator::Equal => equal(evaluation, left, right)?,
        Operator::NotEqual => !equal(evaluation, left, right)?,
        Operator::Less => order(left, right) == Some(Ordering::Less),
        Operator::Greater => order(left, right) == Some(Ordering::Greater),
        Operator::LessOrEqual => {
            order(left, right) == Some(Ordering::Less) || equal(evaluation, left, right)?
        }
        Operator::GreaterOrEqual => {
            order(left, right) == Some(Ordering::Greater) || equal(evaluation, left, right)?
        }
    })
}

/// The order of two numbers or two texts; UTF-8 sorts like its characters.
fn order(left: Option<&Scalar<'_>>, right: Option<&Scalar<'_>>) -> Option<Ordering> {
    match (left?, right?) {
        (Scalar::Number(a), Scalar::Number(b)) => Some(a.compare(*b)),
        (Scalar::Text(a), Scalar::Text(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn equal(
    evaluation: &mut Evaluation<'_, '_>,
    left: Option<&Scalar<'_>>,
    right: Option<&Scalar<'_>>,
) -> Result<bool, QueryError> {
    Ok(match (left, right) {
        (None, None) => true,
        (Some(Scalar::Null), Some(Scalar::Null)) => true,
        (Some(Scalar::Bool(a)), Some(Scalar::Bool(b))) => a == b,
        (Some(Scalar::Number(_)), Some(Scalar::Number(_)))
        | (Some(Scalar::Text(_)), Some(Scalar::Text(_))) => {
            order(left, right) == Some(Ordering::Equal)
        }
        (Some(Scalar::Nested(a)), Some(Scalar::Nested(b))) => equal_nested(evaluation, *a, *b)?,
        _ => false,
    })
}

/// Whether two values of the tree are equal; as deep as the tree, which is bounded.
fn equal_values(evaluation: &mut Evaluation<'_, '_>, a: Id, b: Id) -> Result<bool, QueryError> {
    let left = evaluation.scalar(a)?;
    let right = evaluation.scalar(b)?;
    equal(evaluation, Some(&left), Some(&right))
}

fn equal_nested(evaluation: &mut Evaluation<'_, '_>, a: Id, b: Id) -> Result<bool, QueryError> {
    evaluation.pay(1)?;
    let tree = evaluation.tree;
    let (left, right) = (tree.children(a), tree.children(b));
    if a == b {
        return Ok(true);
    }
    if tree.kind(a) != tree.kind(b) || left.len() != right.len() {
        return Ok(false);
    }
    for (one, other) in left.iter().zip(right) {
        evaluation.pay(1)?;
        let name = tree.name(*one);
        // members mostly come in the same order
        let other = match name {
            Some(name) if tree.name(*other) != Some(name) => evaluation.member(b, name)?,
            _ => Some(*other),
        };
        let Some(other) = other else {
            return Ok(false);
        };
        if !equal_values(evaluation, *one, other)? {
            return Ok(false);
        }
    }
    Ok(true)
}
