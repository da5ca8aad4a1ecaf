//! From row bytes to the rows of one record: read, filter, compare, sort, key.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt::Write as _;

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::run::{Reader, Run};
use crate::document::{Keep, SortKind, SortOrder};
use crate::formula::evaluate::condition;
use crate::formula::expression::SlotRef;
use crate::functions::Locale;
use crate::functions::trimmed;
use crate::plan::{Group, KEY_SEPARATOR, SortBy};
use crate::reader::{ReadError, Slot, read_csv, read_json};
use crate::value::{Made, Value, failure};

impl<'a> Run<'a> {
    /// The group key of the only row; whether there is one. A row that cannot be read to its end and
    /// a row that the filters drop belong to their group too, as long as their key can be read: the
    /// group is quarantined with the first and counted as skipped if it has none but the second.
    pub(super) fn group_key(mut self, reader: &mut Reader, key: &mut String) -> bool {
        let readable = self.read_rows(reader);
        self.key(key, readable)
    }

    /// Reads all rows into table 0; whether all could be read.
    pub(super) fn read_rows(&mut self, reader: &mut Reader) -> bool {
        for (number, row) in self.rows.iter().enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let limit = self.plan.limits.max_row_bytes as usize;
            let read = if row.bytes.len() > limit {
                Err(ReadError::new(
                    ErrorCode::RowTooLarge,
                    limit,
                    format!(
                        "the row has {} bytes, the limit is {limit}",
                        row.bytes.len()
                    ),
                ))
            } else {
                self.read_row(row.bytes, reader)
            };
            if let Err(error) = read {
                // a row that was refused before it was read keeps its place
                if let Some(table) = self
                    .tables
                    .first_mut()
                    .filter(|table| table.rows() <= number)
                {
                    table.push_row();
                }
                self.read_issue(number, row.bytes, error);
            }
            self.order.push(number);
        }
        !self.failed
    }

    fn read_row(&mut self, bytes: &'a [u8], reader: &mut Reader) -> Result<(), ReadError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let offset = error.valid_up_to();
            ReadError::new(
                ErrorCode::EncodingInvalid,
                offset,
                format!("byte {offset} of the row is not valid UTF-8"),
            )
        })?;
        match reader {
            Reader::Json(shapes) => {
                read_json(text, &self.plan.tries, shapes, self.tables, self.arena)
            }
            Reader::Csv => match (self.csv, self.tables.first_mut()) {
                (Some(binding), Some(table)) => read_csv(text, binding, table, self.arena),
                _ => Ok(()),
            },
        }
    }

    /// Takes out the rows that a filter drops; whether one is left.
    pub(super) fn filter_rows(&mut self) -> bool {
        let plan = self.plan;
        if plan.filters.is_empty() {
            return !self.order.is_empty();
        }
        let mut kept = ArenaVec::with_capacity_in(self.order.len(), self.arena);
        for place in 0..self.order.len() {
            let row = self.order.get(place).copied().unwrap_or(0);
            self.select(0, row);
            let mut keep = true;
            for filter in &plan.filters {
                match condition(&filter.keep, self) {
                    Ok(truth) => keep = truth.unwrap_or(true),
                    Err(failure) => self.filter_issue(filter, *failure, row),
                }
                // what one filter has dropped is nothing to the next
                if !keep {
                    if self.trace.is_some() {
                        self.dropped(filter);
                    }
                    break;
                }
            }
            if keep {
                kept.push(row);
            }
        }
        self.order = kept;
        !self.order.is_empty()
    }

    /// Takes out rows that say the same as another.
    pub(super) fn dedupe_rows(&mut self) {
        let plan = self.plan;
        for dedupe in &plan.dedupes {
            let mut seen: HashMap<String, usize> = HashMap::with_capacity(self.order.len());
            let mut kept: ArenaVec<'a, u32> = ArenaVec::new_in(self.arena);
            for place in 0..self.order.len() {
                let row = self.order.get(place).copied().unwrap_or(0);
                self.select(0, row);
                let mut key = String::new();
                for slot in &dedupe.by {
                    // 1.50 and 1.5 are one number, whatever their digits
                    let value = self.slot(*slot);
                    match value.decoded() {
                        Ok(Value::Decimal(number)) => key.push_str(&number.normalize().to_string()),
                        _ => key.push_str(self.json(value)),
                    }
                    key.push(KEY_SEPARATOR);
                }
                match (seen.get(&key), dedupe.keep) {
                    (None, _) => {
                        seen.insert(key, kept.len());
                        kept.push(row);
                    }
                    (Some(other), Keep::Last) => {
                        if let Some(place) = kept.get_mut(*other) {
                            *place = row;
                        }
                    }
                    (Some(_), Keep::First) => {}
                }
            }
            // rows stay in the order of the source, whichever of several is kept
            kept.sort_unstable();
            self.order = kept;
        }
    }

    /// Size, agreement and order of a group.
    pub(super) fn group_rows(&mut self) {
        let Some(group) = &self.plan.group else {
            return;
        };
        let (rows, limit) = (self.order.len(), group.grouping.max_members as usize);
        if rows > limit {
            let first = self.order.first().copied().unwrap_or(0);
            self.row_issue(
                ErrorCode::RecordTooLarge,
                first,
                format!("the group has {rows} rows, the limit is {limit}"),
            );
            self.order.truncate(limit);
        }
        for slot in &group.agree {
            self.compare_rows(*slot, group);
        }
        self.sort_rows(group);
    }

    fn compare_rows(&mut self, slot: SlotRef, group: &Group) {
        let first_row = self.order.first().copied().unwrap_or(0);
        self.select(0, first_row);
        let first = self.slot(slot);
        for place in 1..self.order.len() {
            let row = self.order.get(place).copied().unwrap_or(0);
            self.select(0, row);
            let other = self.slot(slot);
            if !matches!(first.same(other), Ok(true)) {
                let line = |row: u32| {
                    self.rows
                        .get(row as usize)
                        .map_or(0, |row| row.position.line)
                };
                let message = format!(
                    "{} in line {} and {} in line {} belong to one group",
                    shown(first),
                    line(first_row),
                    shown(other),
                    line(row)
                );
                self.slot_issue(ErrorCode::GroupConflict, &group.id, slot, message);
                return;
            }
        }
    }

    fn sort_rows(&mut self, group: &Group) {
        let width = group.sort.len();
        if width == 0 || self.order.len() < 2 {
            return;
        }
        let mut keys: ArenaVec<'a, Value<'a>> =
            ArenaVec::with_capacity_in(self.rows.len() * width, self.arena);
        keys.resize(self.rows.len() * width, Value::Null);
        for place in 0..self.order.len() {
            let row = self.order.get(place).copied().unwrap_or(0);
            self.select(0, row);
            for (number, by) in group.sort.iter().enumerate() {
                match sort_key(self.slot(by.slot), by) {
                    Ok(key) => {
                        if let Some(cell) = keys.get_mut(row as usize * width + number) {
                            *cell = key;
                        }
                    }
                    Err(failure) => self.failed_slot(&group.id, by.slot, *failure),
                }
            }
        }
        let key = |row: u32, number: usize| {
            keys.get(row as usize * width + number)
                .copied()
                .unwrap_or(Value::Null)
        };
        // unstable with the row's number as last criterion: stable without an allocation
        self.order.sort_unstable_by(|left, right| {
            for (number, by) in group.sort.iter().enumerate() {
                let order = compare_keys(key(*left, number), key(*right, number));
                let order = if by.order == SortOrder::Descending {
                    order.reverse()
                } else {
                    order
                };
                if order.is_ne() {
                    return order;
                }
            }
            left.cmp(right)
        });
    }

    /// Writes the record's key; whether all its parts are there. A row that could not be read has told
    /// why already.
    pub(super) fn key(&mut self, key: &mut String, readable: bool) -> bool {
        let mut complete = true;
        for (number, slot) in self.plan.key.iter().enumerate() {
            let text = match self.slot(*slot) {
                Value::Text(text) => trimmed(text),
                Value::Number(digits) => digits,
                Value::Bool(true) => "true",
                Value::Bool(false) => "false",
                _ => "",
            };
            if text.is_empty() {
                if complete && readable {
                    let message = "the key field is empty or missing".to_owned();
                    self.slot_issue(ErrorCode::KeyMissing, "key", *slot, message);
                }
                complete = false;
            }
            if number > 0 {
                key.push('|');
            }
            if !text.bytes().any(|byte| matches!(byte, b'|' | b'\\')) {
                key.push_str(text);
                continue;
            }
            for sign in text.chars() {
                if matches!(sign, '|' | '\\') {
                    key.push('\\');
                }
                key.push(sign);
            }
        }
        if !complete {
            key.clear();
        }
        complete
    }
}

fn sort_key<'a>(value: Value<'a>, by: &SortBy) -> Made<Value<'a>> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let number = |locale: Locale| crate::functions::number(value, locale);
    match by.kind {
        SortKind::Text => match value {
            Value::Number(digits) => Ok(Value::Text(digits)),
            other => other.text().map(Value::Text),
        },
        SortKind::Decimal => number(by.locale).map(Value::Decimal),
        SortKind::Int => {
            let found = number(by.locale)?;
            if found.is_integer() {
                return Ok(Value::Decimal(found));
            }
            failure(
                ErrorCode::NumberInvalid,
                format!("{found} is not a whole number"),
            )
        }
    }
}

/// Nulls first; keys of one criterion have one kind otherwise.
fn compare_keys(left: Value<'_>, right: Value<'_>) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        _ => left.order(right).unwrap_or(Ordering::Equal),
    }
}

/// A value for a message.
pub(super) fn shown(value: Value<'_>) -> String {
    let mut text = String::new();
    let _infallible = match value {
        Value::Text(inner) => write!(text, "{:?}", tributary_model::issue::shorten(inner, 60)),
        Value::Number(inner) | Value::Json(inner) => {
            write!(text, "{}", tributary_model::issue::shorten(inner, 60))
        }
        Value::Decimal(number) => write!(text, "{number}"),
        Value::Date(date) => write!(text, "{date}"),
        Value::DateTime(instant) => write!(text, "{instant}"),
        Value::List(elements) => write!(text, "a list of {} elements", elements.len()),
        Value::Bool(truth) => write!(text, "{truth}"),
        Value::Null | Value::Failed => write!(text, "no value"),
    };
    text
}

/// A slot's text for an issue.
pub(super) fn raw_text(slot: Slot<'_>) -> Option<&str> {
    match slot {
        Slot::Text(text) | Slot::Decoded(text) | Slot::Number(text) | Slot::Json(text) => {
            Some(text)
        }
        Slot::Bool(true) => Some("true"),
        Slot::Bool(false) => Some("false"),
        Slot::Missing | Slot::Null | Slot::Items { .. } => None,
    }
}
