//! The parts of an explanation that only it calculates: a formula step by step with the values of what it
//! reads in place of their names, and the rows behind a combined value.
//!
//! Invariants: only what a formula looks at has a value here (the other side of an `if`, what stands behind an
//! `or` that is true already, is shown as `…`); bounded by [`MOST_PARTS`] and [`MOST_ROWS`]. The caller masks.

use serde_json::Value as Json;
use tributary_model::issue::shorten;

use super::explanation::{ExplainedCombine, ExplainedPart, ExplainedRow};
use super::rows::{raw_text, shown};
use super::run::Run;
use crate::decimal::power_of_ten;
use crate::formula::ast::Operator;
use crate::formula::evaluate::{condition, evaluate};
use crate::formula::expression::Expression;
use crate::functions::Call;
use crate::plan::{Combined, MASK, ValueNode};
use crate::value::{Made, Value};

/// Parts of a formula that are told.
const MOST_PARTS: usize = 20;

/// Rows of a combined value that are told.
const MOST_ROWS: usize = 50;

/// Longest part, in characters.
const PART_LENGTH: usize = 300;

/// What stands for what a formula does not look at.
const UNSEEN: &str = "…";

/// Binds more strongly than every operator.
const TIGHTEST: u8 = 7;

impl<'a> Run<'a> {
    /// How a formula comes to its value, the innermost parts first. A formula that only reads has none.
    pub(super) fn formula_parts(&self, expression: &'a Expression) -> Vec<ExplainedPart> {
        let mut parts = Vec::new();
        self.part(expression, &mut parts);
        parts
    }

    /// What stands for an expression in the text around it: its value. Its own text goes to `parts`.
    fn part(&self, expression: &'a Expression, parts: &mut Vec<ExplainedPart>) -> String {
        let text = match expression {
            Expression::Constant(_)
            | Expression::Slot(_)
            | Expression::Variable(_)
            | Expression::Item
            | Expression::List(_)
            | Expression::Pick(..) => return made_text(&evaluate(expression, self)).0,
            Expression::Arithmetic(..) | Expression::ShiftRight(..) | Expression::Negate(_) => {
                self.calculation(expression, 0, parts)
            }
            Expression::Not(inner) => format!("not {}", self.part(inner, parts)),
            Expression::And(left, right) => self.junction(left, right, false, parts),
            Expression::Or(left, right) => self.junction(left, right, true, parts),
            Expression::Compare(operator, left, right) => {
                let left = self.part(left, parts);
                format!("{left} {} {}", operator.sign(), self.part(right, parts))
            }
            Expression::In(needle, items) => {
                let needle = self.part(needle, parts);
                format!("{needle} in [{}]", self.list_text(items, parts))
            }
            Expression::InList(needle, list) => {
                let needle = self.part(needle, parts);
                format!("{needle} in {}", self.part(list, parts))
            }
            Expression::If(asked, yes, no) => {
                let asked_text = self.part(asked, parts);
                let (yes, no) = match condition(asked, self) {
                    Ok(Some(true)) => (self.part(yes, parts), UNSEEN.to_owned()),
                    Ok(Some(false)) => (UNSEEN.to_owned(), self.part(no, parts)),
                    _ => (UNSEEN.to_owned(), UNSEEN.to_owned()),
                };
                format!("{asked_text} ? {yes} : {no}")
            }
            Expression::Coalesce(items) => self.first_of(items, parts),
            Expression::Concat(items) => format!("concat({})", self.list_text(items, parts)),
            Expression::Least(items) => format!("least({})", self.list_text(items, parts)),
            Expression::Greatest(items) => format!("greatest({})", self.list_text(items, parts)),
            Expression::Apply(inner, call) => {
                let inner = self.part(inner, parts);
                format!("{}({inner}{})", call.function, arguments(call))
            }
        };
        let (value, failed) = made_text(&evaluate(expression, self));
        if parts.len() < MOST_PARTS {
            parts.push(ExplainedPart {
                text: shorten(&text, PART_LENGTH),
                value: value.clone(),
                failed,
            });
        }
        value
    }

    /// A calculation as one text, with parentheses where the operator around it binds more strongly.
    fn calculation(
        &self,
        expression: &'a Expression,
        around: u8,
        parts: &mut Vec<ExplainedPart>,
    ) -> String {
        let (text, strength) = match expression {
            Expression::Arithmetic(operator, left, right) => {
                let strength = operator.strength();
                let left = self.calculation(left, strength, parts);
                let right = self.calculation(right, strength + 1, parts);
                (format!("{left} {} {right}", operator.sign()), strength)
            }
            Expression::ShiftRight(inner, places) => {
                let strength = Operator::Divide.strength();
                let inner = self.calculation(inner, strength, parts);
                let divisor = power_of_ten(u32::from(*places)).unwrap_or(1);
                (format!("{inner} / {divisor}"), strength)
            }
            Expression::Negate(inner) => {
                let inner = self.calculation(inner, TIGHTEST, parts);
                (format!("-{inner}"), TIGHTEST)
            }
            other => return self.part(other, parts),
        };
        match strength < around {
            true => format!("({text})"),
            false => text,
        }
    }

    /// `and`, `or`: the right side counts only where the left one has not decided.
    fn junction(
        &self,
        left: &'a Expression,
        right: &'a Expression,
        stop: bool,
        parts: &mut Vec<ExplainedPart>,
    ) -> String {
        let word = if stop { "or" } else { "and" };
        let left_text = self.part(left, parts);
        let right_text = match condition(left, self) {
            Ok(Some(truth)) if truth != stop => self.part(right, parts),
            _ => UNSEEN.to_owned(),
        };
        format!("{left_text} {word} {right_text}")
    }

    fn first_of(&self, items: &'a [Expression], parts: &mut Vec<ExplainedPart>) -> String {
        let mut texts = Vec::with_capacity(items.len());
        let mut found = false;
        for item in items {
            if found {
                texts.push(UNSEEN.to_owned());
                continue;
            }
            texts.push(self.part(item, parts));
            found = !matches!(evaluate(item, self), Ok(Value::Null));
        }
        format!("coalesce({})", texts.join(", "))
    }

    fn list_text(&self, items: &'a [Expression], parts: &mut Vec<ExplainedPart>) -> String {
        let texts: Vec<String> = items.iter().map(|item| self.part(item, parts)).collect();
        texts.join(", ")
    }

    /// Every row of the group with what it brings to a combined value.
    pub(super) fn combined_rows(
        &mut self,
        value: &'a ValueNode,
        rule: &Combined,
        sensitive: bool,
    ) -> ExplainedCombine {
        let first = self.current.first().copied().unwrap_or(0);
        let mut rows = Vec::new();
        for place in 0..self.order.len().min(MOST_ROWS) {
            let row = self.order.get(place).copied().unwrap_or(0);
            self.select(0, row);
            let (text, failed) = made_text(&self.through(value));
            let slot = self.used_slot(&value.source);
            let input = slot.and_then(|slot| raw_text(self.raw(slot)));
            let veiled = |text: String| match sensitive {
                true => MASK.to_owned(),
                false => text,
            };
            rows.push(ExplainedRow {
                position: self.position(0),
                place: slot.and_then(|slot| self.place(slot, sensitive)),
                input: input.map(|text| veiled(shorten(text, 200))),
                value: veiled(text),
                failed,
            });
        }
        self.select(0, first);
        ExplainedCombine {
            rule: rule.rule,
            more: self.order.len() - rows.len(),
            rows,
        }
    }
}

/// The value for people, or why there is none; whether there is none.
pub(super) fn made_text(made: &Made<Value<'_>>) -> (String, bool) {
    match made {
        Ok(value) => (shown(*value), matches!(value, Value::Failed)),
        Err(failure) => (failure.message.clone(), true),
    }
}

/// The further arguments of a call, as a formula gives them.
fn arguments(call: &Call) -> String {
    let Ok(Json::Object(members)) = serde_json::from_str::<Json>(&call.arguments) else {
        return String::new();
    };
    members.values().map(|value| format!(", {value}")).collect()
}
