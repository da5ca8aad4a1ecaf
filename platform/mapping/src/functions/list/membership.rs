//! The elements of one list by whether another has them.

use std::collections::HashSet;

use bumpalo::collections::Vec as ArenaVec;

use super::key::Key;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::value::{Made, Value};
use crate::worker::run::Run;

/// The elements that the list `with` has, or those that it does not have.
pub(super) fn keep<'a>(
    value: Value<'a>,
    with: &'a Expression,
    wanted: bool,
    run: &Run<'a>,
) -> Made<Value<'a>> {
    let elements = value.elements(run)?;
    let mut others = HashSet::new();
    match evaluate(with, run)? {
        Value::Failed => return Ok(Value::Failed),
        Value::Null => {}
        list => {
            for element in list.elements(run)? {
                others.insert(Key::of(*element)?);
            }
        }
    }
    let mut kept = ArenaVec::new_in(run.arena);
    for element in elements {
        if others.contains(&Key::of(*element)?) == wanted {
            kept.push(*element);
        }
    }
    Ok(Value::List(kept.into_bump_slice()))
}
