//! The element for which a formula gives the least or greatest value.

use std::cmp::Ordering;

use super::each::made;
use crate::formula::expression::Expression;
use crate::value::{Made, Value};
use crate::worker::run::Run;

/// The first element whose value by `by` goes before that of all others in the wanted order.
pub(super) fn extreme<'a>(
    value: Value<'a>,
    by: &'a Expression,
    wanted: Ordering,
    run: &Run<'a>,
) -> Made<Value<'a>> {
    let (mut best, mut of_best) = (Value::Null, Value::Null);
    for element in value.elements(run)? {
        let made = match made(by, *element, run)? {
            Some(Value::Null) => continue,
            Some(made) => made.decoded()?,
            None => return Ok(Value::Failed),
        };
        // a value of a type without an order is refused even if it is alone
        let other = if of_best.is_null() { made } else { of_best };
        if made.order(other)? == wanted || of_best.is_null() {
            (best, of_best) = (*element, made);
        }
    }
    Ok(best)
}
