//! One value of all the rows of a group: what a field's `combine` says.

use std::cmp::Ordering;

use tributary_model::error_code::ErrorCode;

use super::rows::shown;
use super::run::Run;
use crate::document::Combine;
use crate::plan::{Combined, ValueNode};
use crate::value::{Made, Value, failure};

impl<'a> Run<'a> {
    /// The value of the field made of every row of the group, and combined.
    pub(super) fn combined(&mut self, value: &'a ValueNode, rule: &'a Combined) -> Made<Value<'a>> {
        let first = self.current.first().copied().unwrap_or(0);
        let mut sofar = Value::Null;
        let mut failed = None;
        for place in 0..self.order.len() {
            let row = self.order.get(place).copied().unwrap_or(0);
            self.select(0, row);
            let next = self
                .through(value)
                .and_then(|next| self.joined(sofar, next, rule, place == 0));
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
                Ok(sofar)
            }
        }
    }

    fn joined(
        &self,
        sofar: Value<'a>,
        next: Value<'a>,
        rule: &'a Combined,
        is_first: bool,
    ) -> Made<Value<'a>> {
        match (rule.rule, sofar, next) {
            (_, Value::Failed, _) | (_, _, Value::Failed) => Ok(Value::Failed),
            (Combine::Same, _, _) if is_first => Ok(next),
            (Combine::Same, _, _) if sofar.same(next)? => Ok(sofar),
            (Combine::Same, _, _) => failure(
                ErrorCode::GroupConflict,
                format!("{} and {} in rows of one group", shown(sofar), shown(next)),
            ),
            (_, Value::Null, next) => Ok(next),
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
                let (left, right) = (sofar.text()?, next.text()?);
                let known = left.split(&*rule.separator).any(|part| part == right);
                if known {
                    return Ok(sofar);
                }
                let mut joined = self.text_buffer(left.len() + rule.separator.len() + right.len());
                joined.push_str(left);
                joined.push_str(&rule.separator);
                joined.push_str(right);
                Ok(Value::Text(joined.into_bump_str()))
            }
        }
    }
}
