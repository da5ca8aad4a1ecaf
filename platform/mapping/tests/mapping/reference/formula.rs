//! Formulas of the reference: they are trees from the beginning. Written as text with no more brackets
//! than the table of `platform/docs/mapping/formulas.md` asks for, so that the crate's parser must find
//! the same tree.

use serde_json::{Map, Value as Json};

use super::interpret::Interpreter;
use super::number::Number;
use super::value::{Made, Step, Value, apply};

#[derive(Debug, Clone)]
pub(super) enum Formula {
    Number(String),
    Text(String),
    Bool(bool),
    Null,
    /// a path on the named scope; `src` is the nearest
    Source(String, Vec<Step>),
    Param(String),
    /// a field that stands before
    Field(String),
    Not(Box<Formula>),
    Minus(Box<Formula>),
    Two(&'static str, Box<Formula>, Box<Formula>),
    In(Box<Formula>, Vec<Formula>),
    /// as `? :`, or as a function
    If(bool, Box<[Formula; 3]>),
    /// `coalesce`, `concat`, `least`, `greatest`
    Several(&'static str, Vec<Formula>),
    /// a function of the catalogue
    Call(&'static str, Map<String, Json>, Box<Formula>),
    /// an aggregate over an `each`, of one of its fields
    Over(&'static str, String, Option<String>),
}

fn strength(formula: &Formula) -> u8 {
    match formula {
        Formula::If(false, _) => 1,
        Formula::Two("or" | "||", ..) => 2,
        Formula::Two("and" | "&&", ..) => 3,
        Formula::Not(_) => 4,
        Formula::Two("==" | "!=" | "<" | "<=" | ">" | ">=", ..) | Formula::In(..) => 5,
        Formula::Two("+" | "-", ..) => 6,
        Formula::Two(..) => 7,
        Formula::Minus(_) => 8,
        _ => 9,
    }
}

fn at_least(needed: u8, formula: &Formula) -> String {
    let text = written(formula);
    if strength(formula) < needed {
        format!("({text})")
    } else {
        text
    }
}

fn quoted(text: &str) -> String {
    format!(
        "'{}'",
        text.replace('\\', "\\\\")
            .replace('\'', "\\'")
            .replace('\n', "\\n")
            .replace('\t', "\\t")
    )
}

fn listed(items: &[Formula]) -> String {
    items.iter().map(written).collect::<Vec<_>>().join(", ")
}

fn word(json: &Json) -> String {
    match json {
        Json::String(text) => quoted(text),
        Json::Array(items) => format!(
            "[{}]",
            items.iter().map(word).collect::<Vec<_>>().join(", ")
        ),
        other => other.to_string(),
    }
}

/// The text of the formula.
pub(super) fn written(formula: &Formula) -> String {
    match formula {
        Formula::Number(digits) => digits.clone(),
        Formula::Text(text) => quoted(text),
        Formula::Bool(truth) => truth.to_string(),
        Formula::Null => "null".to_owned(),
        Formula::Source(scope, path) => {
            let mut text = scope.clone();
            for step in path {
                match step {
                    Step::Index(index) => text.push_str(&format!("[{index}]")),
                    Step::Name(name) if name.chars().all(|sign| sign.is_ascii_alphanumeric()) => {
                        text.push_str(&format!(".{name}"));
                    }
                    Step::Name(name) => text.push_str(&format!("[{}]", quoted(name))),
                }
            }
            text
        }
        Formula::Param(name) => format!("param.{name}"),
        Formula::Field(name) => name.clone(),
        Formula::Not(inner) => format!("not {}", at_least(4, inner)),
        Formula::Minus(inner) => format!("- {}", at_least(8, inner)),
        Formula::Two(operator, left, right) => {
            let own = strength(formula);
            // comparisons do not chain, the others associate to the left
            let left = at_least(if own == 5 { 6 } else { own }, left);
            format!("{left} {operator} {}", at_least(own + 1, right))
        }
        Formula::In(needle, items) => format!("{} in [{}]", at_least(6, needle), listed(items)),
        Formula::If(true, parts) => format!("if({})", listed(parts.as_slice())),
        Formula::If(false, parts) => {
            let [condition, yes, no] = parts.as_ref();
            format!(
                "{} ? {} : {}",
                at_least(2, condition),
                written(yes),
                written(no)
            )
        }
        Formula::Several(name, items) => format!("{name}({})", listed(items)),
        Formula::Call(name, arguments, value) => {
            let arguments: String = arguments
                .values()
                .map(|json| format!(", {}", word(json)))
                .collect();
            format!("{name}({}{arguments})", written(value))
        }
        Formula::Over(name, each, None) => format!("{name}({each})"),
        Formula::Over(name, each, Some(field)) => format!("{name}({each}.{field})"),
    }
}

fn truth(value: &Value) -> Made<bool> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        _ => Err("formula_failed"),
    }
}

fn operand(value: &Value) -> Made<Number> {
    if value.is_null() {
        Err("formula_failed")
    } else {
        value.number()
    }
}

/// The value of the formula.
pub(super) fn evaluate(formula: &Formula, at: &Interpreter<'_>) -> Made<Value> {
    // a part that has failed makes the whole fail in silence, unless it was not needed
    macro_rules! value {
        ($part:expr) => {
            match evaluate($part, at)? {
                Value::Failed => return Ok(Value::Failed),
                value => value,
            }
        };
    }
    Ok(match formula {
        Formula::Number(digits) => Value::Number(Number::parse(digits).unwrap()),
        Formula::Text(text) => Value::Text(text.clone()),
        Formula::Bool(truth) => Value::Bool(*truth),
        Formula::Null => Value::Null,
        Formula::Source(scope, path) => at.source((scope != "src").then_some(scope.as_str()), path),
        Formula::Param(name) => at.param(name),
        Formula::Field(name) => at.field(name),
        Formula::Not(inner) => Value::Bool(!truth(&value!(inner))?),
        Formula::Minus(inner) => Value::Number(operand(&value!(inner))?.negated()),
        Formula::Two(operator @ ("or" | "||" | "and" | "&&"), left, right) => {
            let stop = matches!(*operator, "or" | "||");
            if truth(&value!(left))? == stop {
                return Ok(Value::Bool(stop));
            }
            Value::Bool(truth(&value!(right))?)
        }
        Formula::Two(operator @ ("+" | "-" | "*" | "/" | "%"), left, right) => {
            let (left, right) = (evaluate(left, at)?, evaluate(right, at)?);
            if matches!(left, Value::Failed) || matches!(right, Value::Failed) {
                return Ok(Value::Failed);
            }
            let (left, right) = (operand(&left)?, operand(&right)?);
            let made = match *operator {
                "+" => left.add(&right),
                "-" => left.add(&right.negated()),
                "*" => left.multiply(&right),
                "/" => left.divide(&right),
                _ => left.remainder(&right),
            };
            Value::Number(made.ok_or("formula_failed")?)
        }
        Formula::Two(operator, left, right) => {
            let (left, right) = (evaluate(left, at)?, evaluate(right, at)?);
            if matches!(left, Value::Failed) || matches!(right, Value::Failed) {
                return Ok(Value::Failed);
            }
            Value::Bool(match *operator {
                "==" => left.same(&right)?,
                "!=" => !left.same(&right)?,
                "<" => left.order(&right)?.is_lt(),
                "<=" => left.order(&right)?.is_le(),
                ">" => left.order(&right)?.is_gt(),
                _ => left.order(&right)?.is_ge(),
            })
        }
        Formula::In(needle, items) => {
            let needle = value!(needle);
            for item in items {
                if needle.same(&value!(item))? {
                    return Ok(Value::Bool(true));
                }
            }
            Value::Bool(false)
        }
        Formula::If(_, parts) => {
            let [condition, yes, no] = parts.as_ref();
            let part = if truth(&value!(condition))? { yes } else { no };
            evaluate(part, at)?
        }
        Formula::Several("coalesce", items) => {
            for item in items {
                let value = evaluate(item, at)?;
                if !value.is_null() {
                    return Ok(value);
                }
            }
            Value::Null
        }
        Formula::Several("concat", items) => {
            let mut joined = String::new();
            for item in items {
                let value = value!(item);
                if !value.is_null() {
                    joined.push_str(&value.text()?);
                }
            }
            Value::Text(joined)
        }
        Formula::Several(name, items) => {
            let mut best = Value::Null;
            for item in items {
                let value = value!(item);
                if let Value::Digits(_) = value {
                    value.number()?;
                }
                if value.is_null() {
                    continue;
                }
                let better = best.is_null() || {
                    let order = value.order(&best)?;
                    if *name == "least" {
                        order.is_lt()
                    } else {
                        order.is_gt()
                    }
                };
                if better {
                    best = value;
                }
            }
            best
        }
        Formula::Call(name, arguments, value) => {
            apply(name, &value!(value), arguments, &at.facts())?
        }
        Formula::Over(name, each, field) => at.over(name, each, field.as_deref()),
    })
}
