//! One value of all the rows of a group: what a field's `combine` says.

use std::cmp::Ordering;
use std::collections::HashSet;

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::rows::shown;
use super::run::Run;
use crate::document::Combine;
use crate::plan::{Combined, ValueNode};
use crate::value::{Made, Value, failure};

/// The different texts of `join`, put together at the end: one after the other would take memory with
/// the square of their number.
struct Texts<'a> {
    order: ArenaVec<'a, &'a str>,
    known: HashSet<&'a str>,
}

impl<'a> Texts<'a> {
    fn add(&mut self, text: &'a str) {
        if self.known.insert(text) {
            self.order.push(text);
        }
    }
}

impl<'a> Run<'a> {
    /// The value of the field made of every row of the group, and combined.
    pub(super) fn combined(&mut self, value: &'a ValueNode, rule: &'a Combined) -> Made<Value<'a>> {
        let first = self.current.first().copied().unwrap_or(0);
        let mut sofar = Value::Null;
        let mut failed = None;
        let mut texts = Texts {
            order: ArenaVec::new_in(self.arena),
            known: HashSet::new(),
        };
        for place in 0..self.order.len() {
            let row = self.order.get(place).copied().unwrap_or(0);
            self.select(0, row);
            let next = self
                .through(value)
                .and_then(|next| self.joined(sofar, next, rule, place == 0, &mut texts));
            match next {
                Ok(next) => sofar = next,
                Err(failure) => {
                    failed = Some(failure);
                    break;
                }
            }
        }
        match failed {
            // the row that failed stays the current one, so that the issue names its place
            Some(failure) => Err(failure),
            None => {
                self.select(0, first);
                if texts.order.len() < 2 || matches!(sofar, Value::Failed) {
                    return Ok(sofar);
                }
                let joined = texts.order.join(&*rule.separator);
                Ok(Value::Text(self.arena.alloc_str(&joined)))
            }
        }
    }

    fn joined(
        &self,
        sofar: Value<'a>,
        next: Value<'a>,
        rule: &'a Combined,
        is_first: bool,
        texts: &mut Texts<'a>,
    ) -> Made<Value<'a>> {
        match (rule.rule, sofar, next) {
            (_, Value::Failed, _) | (_, _, Value::Failed) => Ok(Value::Failed),
            (Combine::Same, _, _) if is_first => Ok(next),
            (Combine::Same, _, _) if sofar.same(next)? => Ok(sofar),
            (Combine::Same, _, _) => failure(
                ErrorCode::GroupConflict,
                format!("{} and {} in rows of one group", shown(sofar), shown(next)),
            ),
            (_, Value::Null, next) => {
                if let (Combine::Join, Value::Text(text)) = (rule.rule, next) {
                    texts.add(text);
                }
                Ok(next)
            }
            (_, sofar, Value::Null) => Ok(sofar),
            (Combine::First, sofar, _) => Ok(sofar),
            (Combine::Last, _, next) => Ok(next),
            (Combine::Sum, sofar, next) => match sofar.decimal()?.add(next.decimal()?) {
                Ok(sum) => Ok(Value::Decimal(sum)),
                Err(error) => failure(ErrorCode::FormulaFailed, format!("the sum has {error}")),
            },
            (Combine::Min | Combine::Max, sofar, next) => {
                let wanted = match rule.rule {
                    Combine::Min => Ordering::Less,
                    _ => Ordering::Greater,
                };
                Ok(if next.order(sofar)? == wanted {
                    next
                } else {
                    sofar
                })
            }
            (Combine::Join, sofar, next) => {
                sofar.text()?;
                texts.add(next.text()?);
                Ok(sofar)
            }
        }
    }
}
