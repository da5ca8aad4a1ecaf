//! What the formulas and fields of the reference can read: the source, parameters, fields that were made
//! before, and aggregates over them.

use tributary_mapping::document::SourceFormat;

use super::formula::evaluate;
use super::interpret::Interpreter;
use super::number::Number;
use super::value::{Facts, Made, Step, TreeKind, Value};

impl<'a> Interpreter<'a> {
    pub(super) fn facts(&self) -> Facts<'a> {
        Facts {
            locale: &self.sample.locale,
            lookups: &self.sample.lookups,
        }
    }

    pub(super) fn source(&self, scope: Option<&str>, path: &[Step]) -> Value {
        let level = match scope {
            None => self.levels.last(),
            Some(name) => self
                .levels
                .iter()
                .rev()
                .find(|level| level.name.as_deref() == Some(name)),
        };
        let Some(tree) = level.unwrap().element.at(path) else {
            return Value::Null;
        };
        match &tree.kind {
            TreeKind::Null => Value::Null,
            TreeKind::Bool(truth) => Value::Bool(*truth),
            TreeKind::Number => Value::Digits(tree.text.clone()),
            TreeKind::Text(text) if self.means_null(text) => Value::Null,
            TreeKind::Text(text) => Value::Text(text.clone()),
            TreeKind::Array(_) | TreeKind::Object(_) => Value::Copy(tree.text.clone()),
        }
    }

    fn means_null(&self, text: &str) -> bool {
        let source = &self.sample.document.source;
        match &source.null_tokens {
            Some(tokens) => tokens.iter().any(|token| token == text),
            None => source.format == SourceFormat::Csv && text.is_empty(),
        }
    }

    pub(super) fn param(&self, name: &str) -> Value {
        self.sample.params.get(name).cloned().unwrap_or(Value::Null)
    }

    pub(super) fn field(&self, name: &str) -> Value {
        let found = self
            .levels
            .iter()
            .rev()
            .find_map(|level| level.fields.get(name));
        found.unwrap_or_else(|| panic!("no field {name}")).clone()
    }

    pub(super) fn over(&self, aggregate: &str, each: &str, field: Option<&str>) -> Value {
        let found = self
            .levels
            .iter()
            .rev()
            .find_map(|level| level.eaches.get(each))
            .unwrap();
        let Some(elements) = found else {
            return Value::Failed;
        };
        let Some(field) = field else {
            return Value::Number(Number::from_count(elements.len()));
        };
        let values: Vec<&Value> = elements.iter().map(|element| &element[field]).collect();
        if values.iter().any(|value| matches!(value, Value::Failed)) {
            return Value::Failed;
        }
        let there = values.into_iter().filter(|value| !value.is_null());
        match aggregate {
            "count" => Value::Number(Number::from_count(there.count())),
            "sum" => {
                let sum = there.fold(Number::zero(), |sum, value| {
                    sum.add(&value.number().unwrap()).unwrap()
                });
                Value::Number(sum)
            }
            "min" => there
                .reduce(|best, next| {
                    if next.order(best).unwrap().is_lt() {
                        next
                    } else {
                        best
                    }
                })
                .cloned()
                .unwrap_or(Value::Null),
            _ => there
                .reduce(|best, next| {
                    if next.order(best).unwrap().is_gt() {
                        next
                    } else {
                        best
                    }
                })
                .cloned()
                .unwrap_or(Value::Null),
        }
    }

    pub(super) fn formula(&self, text: &str) -> Made<Value> {
        evaluate(&self.sample.formulas[text], self)
    }

    /// Whether it holds; none: something it needs has failed.
    pub(super) fn holds(&self, text: &str) -> Made<Option<bool>> {
        match self.formula(text)? {
            Value::Bool(truth) => Ok(Some(truth)),
            Value::Failed => Ok(None),
            _ => Err("formula_failed"),
        }
    }
}
