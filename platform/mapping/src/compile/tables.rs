//! Parameters and lookups of the document, with the values that the environment gives.

use std::collections::HashMap;

use serde_json::Value;

use super::compiler::Compiler;
use crate::date::Date;
use crate::decimal::Decimal;
use crate::diagnostic::{Diagnostic, code};
use crate::document::{Lookup, ParamKind, escape_pointer, nearest};
use crate::plan::{KEY_SEPARATOR, LookupTable};
use crate::value::Constant;

impl Compiler<'_> {
    /// Fills in the parameters.
    pub(crate) fn read_params(&mut self) {
        let (document, environment) = (self.document, self.environment);
        for (name, param) in &document.params {
            let pointer = format!("/params/{name}");
            let given = environment
                .params
                .get(name)
                .filter(|value| !value.is_null());
            let value = given.or(param.default.as_ref()).unwrap_or(&Value::Null);
            if value.is_null() && param.required {
                self.error(
                    code::PARAM_MISSING,
                    &pointer,
                    format!("the parameter {name:?} has no value"),
                    "set it in the integration's params",
                );
            }
            match constant(value, param.kind) {
                Some(constant) => {
                    self.params.insert(name.clone(), constant);
                }
                None => {
                    self.error(
                        code::PARAM_TYPE,
                        &pointer,
                        format!("{value} is not a {}", kind_word(param.kind)),
                        format!(
                            "correct the value of {name:?} in the integration or its default here"
                        ),
                    );
                    self.params.insert(name.clone(), Constant::Null);
                }
            }
        }
        for name in environment
            .params
            .keys()
            .filter(|name| !document.params.contains_key(*name))
        {
            self.diagnostics.push(Diagnostic::warning(
                code::PARAM_UNKNOWN,
                "/params",
                format!("the integration sets {name:?}, which the mapping does not have"),
                "remove it there, or declare it here",
            ));
        }
    }

    /// The value of a parameter.
    pub(crate) fn param(&mut self, name: &str, pointer: &str) -> Option<Constant> {
        let found = self.params.get(name).cloned();
        if found.is_none() {
            let known: Vec<String> = self.params.keys().cloned().collect();
            let hint = match nearest(name, &known) {
                Some(candidate) => format!("did you mean {candidate:?}?"),
                None => "declare it under params".to_owned(),
            };
            self.error(
                code::PARAM_UNKNOWN,
                pointer,
                format!("there is no parameter {name:?}"),
                hint,
            );
        }
        found
    }

    /// Loads the lookups.
    pub(crate) fn read_lookups(&mut self) {
        let document = self.document;
        for (name, lookup) in &document.lookups {
            let pointer = format!("/lookups/{}", escape_pointer(name));
            let table = match &lookup.inline {
                Some(rows) => {
                    let rows = rows.iter();
                    let rows =
                        rows.map(|(key, value)| (key.as_str().into(), value.as_str().into()));
                    LookupTable::new(name, 1, rows)
                }
                None => self.load(name, lookup, &pointer),
            };
            self.lookups.push(table);
        }
    }

    fn load(&mut self, name: &str, lookup: &Lookup, pointer: &str) -> LookupTable {
        let wanted = lookup.table.as_deref().unwrap_or_default();
        let Some(source) = self.environment.lookups.get(wanted) else {
            let known: Vec<String> = self.environment.lookups.keys().cloned().collect();
            self.error(
                code::LOOKUP_UNKNOWN,
                format!("{pointer}/table"),
                format!("the tenant has no lookup {wanted:?}"),
                match nearest(wanted, &known) {
                    Some(candidate) => format!("did you mean {candidate:?}?"),
                    None => "add lookups/<name>.json to the tenant".to_owned(),
                },
            );
            return LookupTable::new(name, lookup.key.len().max(1), []);
        };
        let key = if lookup.key.is_empty() {
            &source.key
        } else {
            &lookup.key
        };
        let mut rows: HashMap<Box<str>, Box<str>> = HashMap::new();
        let value = lookup.value.as_deref().unwrap_or_default();
        for (number, row) in source.rows.iter().enumerate() {
            let mut joined = String::new();
            for (place, column) in key.iter().enumerate() {
                if place > 0 {
                    joined.push(KEY_SEPARATOR);
                }
                match row.get(column) {
                    Some(text) => joined.push_str(text),
                    None => {
                        self.column_missing(wanted, column, number, pointer);
                        return LookupTable::new(name, key.len(), []);
                    }
                }
            }
            let Some(answer) = row.get(value) else {
                self.column_missing(wanted, value, number, pointer);
                return LookupTable::new(name, key.len(), []);
            };
            let old = rows.insert(joined.as_str().into(), answer.as_str().into());
            if old.is_some_and(|old| *old != **answer) {
                self.error(
                    code::LOOKUP_TABLE,
                    pointer,
                    format!(
                        "{wanted}: the key {:?} has two values",
                        joined.replace(KEY_SEPARATOR, ", ")
                    ),
                    "remove one of the rows, or name more key columns",
                );
            }
        }
        LookupTable::new(name, key.len(), rows)
    }

    fn column_missing(&mut self, name: &str, column: &str, row: usize, pointer: &str) {
        self.error(
            code::LOOKUP_TABLE,
            pointer,
            format!("row {} of the lookup {name:?} has no {column:?}", row + 1),
            "correct the column's name, or fill it in the lookup document",
        );
    }

    /// A lookup's place and the number of its key columns.
    pub(crate) fn lookup(&mut self, name: &str, pointer: &str) -> Option<(usize, usize)> {
        let found = self.lookups.iter().position(|table| *table.name == *name);
        if let Some(place) = found {
            return self
                .lookups
                .get(place)
                .map(|table| (place, table.key_columns));
        }
        let known: Vec<String> = self.document.lookups.keys().cloned().collect();
        let hint = match nearest(name, &known) {
            Some(candidate) => format!("did you mean {candidate:?}?"),
            None => "declare it under lookups".to_owned(),
        };
        self.error(
            code::LOOKUP_UNKNOWN,
            pointer,
            format!("there is no lookup {name:?}"),
            hint,
        );
        None
    }
}

fn kind_word(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::String => "text",
        ParamKind::Int => "whole number",
        ParamKind::Decimal => "number",
        ParamKind::Bool => "boolean",
        ParamKind::Date => "date of the form yyyy-MM-dd",
    }
}

fn constant(value: &Value, kind: ParamKind) -> Option<Constant> {
    let number = |value: &Value| match value {
        Value::Number(number) => Decimal::parse(&number.to_string()).ok(),
        Value::String(text) => Decimal::parse(text).ok(),
        _ => None,
    };
    match (kind, value) {
        (_, Value::Null) => Some(Constant::Null),
        (ParamKind::String, Value::String(text)) => Some(Constant::Text(text.as_str().into())),
        (ParamKind::Bool, Value::Bool(truth)) => Some(Constant::Bool(*truth)),
        (ParamKind::Date, Value::String(text)) => Date::parse_iso(text).map(Constant::Date),
        (ParamKind::Decimal, value) => number(value).map(Constant::Decimal),
        (ParamKind::Int, value) => number(value)
            .filter(|n| n.is_integer())
            .map(Constant::Decimal),
        _ => None,
    }
}
