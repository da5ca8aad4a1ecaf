//! What the reference does with the rows of a record before its fields: filters, dedupe, group, key.

use std::cmp::Ordering;

use tributary_mapping::document::{Group, Keep, RowStep, Sort, SortKind, SortOrder};

use super::interpret::Interpreter;
use super::value::{Made, Value, number_of};

/// Takes out the rows that the filters drop, one filter after the other; whether a row is left.
pub(super) fn filtered(at: &mut Interpreter<'_>) -> bool {
    let mut kept = Vec::new();
    for row in at.rows.clone() {
        at.levels.first_mut().unwrap().element = row.clone();
        let mut keep = true;
        for step in &at.sample.document.rows {
            let RowStep::Filter {
                id, keep: formula, ..
            } = step
            else {
                continue;
            };
            match at.holds(formula) {
                Ok(holds) => keep = holds.unwrap_or(true),
                Err(code) => at.tell(code, "error", id, None),
            }
            if !keep {
                break;
            }
        }
        if keep {
            kept.push(row);
        }
    }
    if kept.is_empty() {
        at.select_row(0);
        return false;
    }
    at.rows = kept;
    true
}

fn value(at: &mut Interpreter<'_>, row: usize, path: &str) -> Value {
    at.select_row(row);
    at.source(None, &at.sample.paths[path])
}

/// Dedupes, compares and sorts the rows of a group.
pub(super) fn grouped(at: &mut Interpreter<'_>) {
    let document = &at.sample.document;
    for step in &document.rows {
        match step {
            RowStep::Dedupe { by, keep, .. } => dedupe(at, by, *keep),
            RowStep::Group(_) | RowStep::Filter { .. } => {}
        }
    }
    for step in &document.rows {
        if let RowStep::Group(group) = step {
            group_rows(at, group);
        }
    }
}

fn dedupe(at: &mut Interpreter<'_>, by: &[String], keep: Keep) {
    let mut kept: Vec<(usize, Vec<Value>)> = Vec::new();
    for row in 0..at.rows.len() {
        let values: Vec<Value> = by.iter().map(|path| value(at, row, path)).collect();
        let alike = |other: &Vec<Value>| {
            values
                .iter()
                .zip(other)
                .all(|(left, right)| left.same(right) == Ok(true))
        };
        match kept.iter_mut().find(|(_, other)| alike(other)) {
            None => kept.push((row, values)),
            Some(place) if keep == Keep::Last => place.0 = row,
            Some(_) => {}
        }
    }
    kept.sort_by_key(|(row, _)| *row);
    at.rows = kept
        .into_iter()
        .map(|(row, _)| at.rows.get(row).unwrap().clone())
        .collect();
}

fn group_rows(at: &mut Interpreter<'_>, group: &Group) {
    let most = group.max_members as usize;
    if at.rows.len() > most {
        at.issues
            .push(("record_too_large".to_owned(), "error", None, None));
        at.rows.truncate(most);
    }
    for path in &group.agree {
        let first = value(at, 0, path);
        let conflict = (1..at.rows.len()).any(|row| first.same(&value(at, row, path)) != Ok(true));
        if conflict {
            at.tell("group_conflict", "error", &group.id, None);
        }
    }
    if at.rows.len() < 2 {
        return;
    }
    let mut keyed = Vec::new();
    for row in 0..at.rows.len() {
        let mut keys = Vec::new();
        for sort in &group.sort {
            let found = value(at, row, &sort.by);
            keys.push(
                sort_key(found, sort, &at.sample.locale).unwrap_or_else(|code| {
                    at.tell(code, "error", &group.id, None);
                    Value::Null
                }),
            );
        }
        keyed.push((keys, at.rows.get(row).unwrap().clone()));
    }
    keyed.sort_by(|(left, _), (right, _)| {
        let orders = left
            .iter()
            .zip(right)
            .zip(&group.sort)
            .map(|((left, right), sort)| {
                let order = match (left.is_null(), right.is_null()) {
                    (false, false) => left.order(right).unwrap(),
                    (left, right) => right.cmp(&left),
                };
                if sort.order == SortOrder::Descending {
                    order.reverse()
                } else {
                    order
                }
            });
        orders.fold(Ordering::Equal, Ordering::then)
    });
    at.rows = keyed.into_iter().map(|(_, row)| row).collect();
}

fn sort_key(value: Value, sort: &Sort, locale: &str) -> Made<Value> {
    match (sort.kind, value) {
        (_, Value::Null) => Ok(Value::Null),
        (SortKind::Text, Value::Digits(digits)) => Ok(Value::Text(digits)),
        (SortKind::Text, value) => value.text().map(Value::Text),
        (SortKind::Decimal, value) => number_of(&value, locale).map(Value::Number),
        (SortKind::Int, value) => match number_of(&value, locale)? {
            number if number.is_whole() => Ok(Value::Number(number)),
            _ => Err("number_invalid"),
        },
    }
}

/// The record's key, or an issue for the first part that is missing.
pub(super) fn key(at: &mut Interpreter<'_>) -> Option<String> {
    let document = &at.sample.document;
    let by = document.rows.iter().find_map(|step| match step {
        RowStep::Group(group) => Some(&group.by),
        _ => None,
    });
    let mut parts = Vec::new();
    for path in by.unwrap_or(&document.source.key) {
        let text = match at.source(None, &at.sample.paths[path]) {
            Value::Text(text) => text.trim().to_owned(),
            Value::Digits(digits) => digits,
            Value::Bool(truth) => truth.to_string(),
            _ => String::new(),
        };
        if text.is_empty() {
            at.tell("key_missing", "error", "key", None);
            return None;
        }
        parts.push(text.replace('\\', "\\\\").replace('|', "\\|"));
    }
    Some(parts.join("|"))
}
