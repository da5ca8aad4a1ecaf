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

/// What fails in silence, because it has been told where it happened, or with a code.
enum Stop {
    Silent,
    Told(&'static str),
}

impl From<&'static str> for Stop {
    fn from(code: &'static str) -> Self {
        Self::Told(code)
    }
}

/// The value of the formula.
pub(super) fn evaluate(formula: &Formula, at: &Interpreter<'_>) -> Made<Value> {
    match value_of(formula, at) {
        Ok(value) => Ok(value),
        Err(Stop::Silent) => Ok(Value::Failed),
        Err(Stop::Told(code)) => Err(code),
    }
}

/// The value of a part; a part that has failed makes the whole fail, unless it is not needed.
fn value_of(formula: &Formula, at: &Interpreter<'_>) -> Result<Value, Stop> {
    let value = match formula {
        Formula::Number(digits) => Value::Number(Number::parse(digits).unwrap()),
        Formula::Text(text) => Value::Text(text.clone()),
        Formula::Bool(truth) => Value::Bool(*truth),
        Formula::Null => Value::Null,
        Formula::Source(scope, path) => at.source((scope != "src").then_some(scope.as_str()), path),
        Formula::Param(name) => at.param(name),
        Formula::Field(name) => at.field(name),
        Formula::Over(name, each, field) => at.over(name, each, field.as_deref()),
        Formula::Not(inner) => Value::Bool(!truth(&value_of(inner, at)?)?),
        Formula::Minus(inner) => Value::Number(operand(&value_of(inner, at)?)?.negated()),
        Formula::Two(operator @ ("or" | "||" | "and" | "&&"), left, right) => {
            let stop = matches!(*operator, "or" | "||");
            let decided = truth(&value_of(left, at)?)? == stop;
            Value::Bool(if decided {
                stop
            } else {
                truth(&value_of(right, at)?)?
            })
        }
        Formula::Two(operator, left, right) => two(operator, left, right, at)?,
        Formula::In(needle, items) => {
            let needle = value_of(needle, at)?;
            let mut found = false;
            for item in items {
                found = found || needle.same(&value_of(item, at)?)?;
            }
            Value::Bool(found)
        }
        Formula::If(_, parts) => {
            let [condition, yes, no] = parts.as_ref();
            let chosen = if truth(&value_of(condition, at)?)? {
                yes
            } else {
                no
            };
            value_of(chosen, at)?
        }
        Formula::Several(name, items) => several(name, items, at)?,
        Formula::Call(name, arguments, value) => {
            apply(name, &value_of(value, at)?, arguments, &at.facts())?
        }
    };
    if matches!(value, Value::Failed) {
        Err(Stop::Silent)
    } else {
        Ok(value)
    }
}

fn two(
    operator: &str,
    left: &Formula,
    right: &Formula,
    at: &Interpreter<'_>,
) -> Result<Value, Stop> {
    let sides = (value_of(left, at), value_of(right, at));
    let (left, right) = match sides {
        (Ok(left), Ok(right)) => (left, right),
        // the left side is told first
        (Err(Stop::Told(code)), _) | (_, Err(Stop::Told(code))) => return Err(Stop::Told(code)),
        _ => return Err(Stop::Silent),
    };
    let order = || left.order(&right);
    Ok(Value::Bool(match operator {
        "==" => left.same(&right)?,
        "!=" => !left.same(&right)?,
        "<" => order()?.is_lt(),
        "<=" => order()?.is_le(),
        ">" => order()?.is_gt(),
        ">=" => order()?.is_ge(),
        _ => {
            let (left, right) = (operand(&left)?, operand(&right)?);
            let made = match operator {
                "+" => left.add(&right),
                "-" => left.add(&right.negated()),
                "*" => left.multiply(&right),
                "/" => left.divide(&right),
                _ => left.remainder(&right),
            };
            return Ok(Value::Number(made.ok_or("formula_failed")?));
        }
    }))
}

fn several(name: &str, items: &[Formula], at: &Interpreter<'_>) -> Result<Value, Stop> {
    let (mut best, mut joined) = (Value::Null, String::new());
    for item in items {
        let value = value_of(item, at)?;
        if value.is_null() {
            continue;
        }
        match name {
            "coalesce" => return Ok(value),
            "concat" => joined.push_str(&value.text()?),
            _ => {
                // what is compared is a number, no longer the digits of the source
                let value = match value {
                    Value::Digits(_) => Value::Number(value.number()?),
                    other => other,
                };
                let better = best.is_null() || {
                    let order = value.order(&best)?;
                    if name == "least" {
                        order.is_lt()
                    } else {
                        order.is_gt()
                    }
                };
                if better {
                    best = value;
                }
            }
        }
    }
    Ok(if name == "concat" {
        Value::Text(joined)
    } else {
        best
    })
}
