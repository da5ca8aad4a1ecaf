//! Evaluates a resolved formula on the current elements of a run.

use std::cmp::Ordering;

use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};
use tributary_model::error_code::ErrorCode;

use super::ast::Operator;
use super::expression::Expression;
use crate::decimal::{Decimal, DecimalError, Small};
use crate::reader::pick;
use crate::value::{Constant, Made, Value, failure, failure_with_hint};
use crate::worker::run::Run;

/// The value of `expression`. [`Value::Failed`] if something it needs has failed before.
pub(crate) fn evaluate<'a>(expression: &'a Expression, run: &Run<'a>) -> Made<Value<'a>> {
    match expression {
        Expression::Constant(constant) => Ok(constant.value()),
        Expression::Slot(slot) => Ok(run.slot(*slot)),
        Expression::Variable(index) => Ok(run.variable(*index)),
        Expression::Not(inner) => match evaluate(inner, run)? {
            Value::Failed => Ok(Value::Failed),
            value => Ok(Value::Bool(!truth(value)?)),
        },
        Expression::Negate(inner) => match evaluate(inner, run)? {
            Value::Failed => Ok(Value::Failed),
            value => Ok(Value::Decimal(operand(value)?.negate())),
        },
        Expression::And(left, right) => junction(left, right, false, run),
        Expression::Or(left, right) => junction(left, right, true, run),
        Expression::Arithmetic(..) | Expression::ShiftRight(..) => {
            let quick = small(expression, run);
            if quick.is_none() {
                calculated(expression, run)
            } else {
                Ok(Value::Decimal(quick.decimal()))
            }
        }
        Expression::Compare(operator, left, right) => {
            compare(*operator, evaluate(left, run)?, evaluate(right, run)?)
        }
        Expression::In(needle, list) => member(needle, list, run),
        Expression::If(condition, yes, no) => match evaluate(condition, run)? {
            Value::Failed => Ok(Value::Failed),
            value if truth(value)? => evaluate(yes, run),
            _ => evaluate(no, run),
        },
        Expression::Coalesce(items) => {
            for item in items {
                match evaluate(item, run)? {
                    Value::Null => {}
                    value => return Ok(value),
                }
            }
            Ok(Value::Null)
        }
        Expression::Concat(items) => concat(items, run),
        Expression::Least(items) => extreme(items, Ordering::Less, run),
        Expression::Greatest(items) => extreme(items, Ordering::Greater, run),
        Expression::Apply(inner, call) => call.apply(evaluate(inner, run)?, run),
        Expression::Item => Ok(run.item()),
        Expression::Pick(inner, path) => Ok(pick(evaluate(inner, run)?, path, run.arena)),
        Expression::List(items) => list(items, run),
        Expression::InList(needle, list) => in_list(needle, list, run),
    }
}

/// Arithmetic whose quick lane has ended: every operand is a calculation of its own, and none is tried
/// in the quick lane again.
fn calculated<'a>(expression: &'a Expression, run: &Run<'a>) -> Made<Value<'a>> {
    match expression {
        Expression::Arithmetic(operator, left, right) => {
            let (left, right) = (calculated(left, run)?, calculated(right, run)?);
            if matches!(left, Value::Failed) || matches!(right, Value::Failed) {
                return Ok(Value::Failed);
            }
            arithmetic(*operator, operand(left)?, operand(right)?)
        }
        Expression::ShiftRight(inner, places) => match calculated(inner, run)? {
            Value::Failed => Ok(Value::Failed),
            value => operand(value)?
                .shift_right(*places)
                .map(Value::Decimal)
                .or_else(overflow),
        },
        other => evaluate(other, run),
    }
}

/// The quick lane of arithmetic: small numbers in registers. [`Small::NONE`] if anything is not one.
pub(crate) fn small<'a>(expression: &'a Expression, run: &Run<'a>) -> Small {
    match expression {
        Expression::Constant(Constant::Decimal(number)) => Small::from_decimal(*number),
        Expression::Variable(index) => small_value(run.variable(*index)),
        Expression::Slot(slot) => small_value(run.slot(*slot)),
        Expression::Negate(inner) => small(inner, run).negate(),
        Expression::Arithmetic(operator, left, right) => {
            let (left, right) = (small(left, run), small(right, run));
            match operator {
                Operator::Add => left.add(right),
                Operator::Subtract => left.add(right.negate()),
                Operator::Multiply => left.multiply(right),
                _ => Small::NONE,
            }
        }
        Expression::ShiftRight(inner, places) => small(inner, run).shift_right(*places),
        Expression::Coalesce(items) => match items.first() {
            Some(first) => small(first, run),
            None => Small::NONE,
        },
        Expression::Apply(inner, call) => {
            let number = small(inner, run);
            if number.is_none() {
                return number;
            }
            call.operation.number(number)
        }
        _ => Small::NONE,
    }
}

fn small_value(value: Value<'_>) -> Small {
    match value {
        Value::Decimal(number) => Small::from_decimal(number),
        Value::Number(digits) => Small::parse(digits, b'.'),
        _ => Small::NONE,
    }
}

/// The truth of a condition; `None` if something it needs has failed before.
pub(crate) fn condition<'a>(expression: &'a Expression, run: &Run<'a>) -> Made<Option<bool>> {
    match evaluate(expression, run)? {
        Value::Failed => Ok(None),
        value => truth(value).map(Some),
    }
}

fn truth(value: Value<'_>) -> Made<bool> {
    match value {
        Value::Bool(truth) => Ok(truth),
        other => failure(
            ErrorCode::FormulaFailed,
            format!("a {} where true or false is needed", other.kind_word()),
        ),
    }
}

fn operand(value: Value<'_>) -> Made<Decimal> {
    match value {
        Value::Null => failure_with_hint(
            ErrorCode::FormulaFailed,
            "null where a number is needed",
            "fill the value in the source, or say in the mapping what null means: coalesce(…, 0)",
        ),
        other => other.decimal(),
    }
}

/// `and` stops at the first false, `or` at the first true.
fn junction<'a>(
    left: &'a Expression,
    right: &'a Expression,
    stop: bool,
    run: &Run<'a>,
) -> Made<Value<'a>> {
    match evaluate(left, run)? {
        Value::Failed => Ok(Value::Failed),
        value if truth(value)? == stop => Ok(Value::Bool(stop)),
        _ => match evaluate(right, run)? {
            Value::Failed => Ok(Value::Failed),
            value => Ok(Value::Bool(truth(value)?)),
        },
    }
}

fn arithmetic<'a>(operator: Operator, left: Decimal, right: Decimal) -> Made<Value<'a>> {
    let result = match operator {
        Operator::Add => left.add(right),
        Operator::Subtract => left.subtract(right),
        Operator::Multiply => left.multiply(right),
        Operator::Divide => left.divide(right),
        _ => left.remainder(right),
    };
    result.map(Value::Decimal).or_else(overflow)
}

fn overflow<'a>(error: DecimalError) -> Made<Value<'a>> {
    failure(ErrorCode::FormulaFailed, format!("the result is {error}"))
}

fn compare<'a>(operator: Operator, left: Value<'a>, right: Value<'a>) -> Made<Value<'a>> {
    if matches!(left, Value::Failed) || matches!(right, Value::Failed) {
        return Ok(Value::Failed);
    }
    let holds = match operator {
        Operator::Equal => left.same(right)?,
        Operator::NotEqual => !left.same(right)?,
        Operator::Less => left.order(right)?.is_lt(),
        Operator::LessOrEqual => left.order(right)?.is_le(),
        Operator::Greater => left.order(right)?.is_gt(),
        _ => left.order(right)?.is_ge(),
    };
    Ok(Value::Bool(holds))
}

fn member<'a>(needle: &'a Expression, list: &'a [Expression], run: &Run<'a>) -> Made<Value<'a>> {
    let needle = evaluate(needle, run)?;
    if matches!(needle, Value::Failed) {
        return Ok(Value::Failed);
    }
    for item in list {
        let item = evaluate(item, run)?;
        if matches!(item, Value::Failed) {
            return Ok(Value::Failed);
        }
        if needle.same(item)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn list<'a>(items: &'a [Expression], run: &Run<'a>) -> Made<Value<'a>> {
    let mut made = ArenaVec::with_capacity_in(items.len(), run.arena);
    for item in items {
        match evaluate(item, run)? {
            Value::Failed => return Ok(Value::Failed),
            value => made.push(value),
        }
    }
    Ok(Value::List(made.into_bump_slice()))
}

fn in_list<'a>(needle: &'a Expression, list: &'a Expression, run: &Run<'a>) -> Made<Value<'a>> {
    let (needle, list) = (evaluate(needle, run)?, evaluate(list, run)?);
    if matches!(needle, Value::Failed) || matches!(list, Value::Failed) {
        return Ok(Value::Failed);
    }
    if list.is_null() {
        return Ok(Value::Bool(false));
    }
    for element in list.elements(run)? {
        if needle.same(*element)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn concat<'a>(items: &'a [Expression], run: &Run<'a>) -> Made<Value<'a>> {
    let mut joined = ArenaString::new_in(run.arena);
    for item in items {
        match evaluate(item, run)? {
            Value::Failed => return Ok(Value::Failed),
            Value::Null => {}
            value => joined.push_str(value.text()?),
        }
    }
    Ok(Value::Text(joined.into_bump_str()))
}

/// The least or greatest of the items that are not null.
fn extreme<'a>(items: &'a [Expression], wanted: Ordering, run: &Run<'a>) -> Made<Value<'a>> {
    let mut best = Value::Null;
    for item in items {
        let value = evaluate(item, run)?.decoded()?;
        match (value, best) {
            (Value::Failed, _) => return Ok(Value::Failed),
            (Value::Null, _) => {}
            (_, Value::Null) => best = value,
            _ if value.order(best)? == wanted => best = value,
            _ => {}
        }
    }
    Ok(best)
}
