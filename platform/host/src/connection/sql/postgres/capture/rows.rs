//! What the messages of a log mean: rows of the tables that are asked for.
//!
//! Invariants: a row whose table nobody asked for is passed over unread; an update that changes a row's key
//! is a delete of the old key and an update of the new one; a large value that an update did not touch is
//! left out and named, unless the log has the whole old row; what the log does not tell of a deleted row
//! is null.

use std::collections::HashMap;

use tributary_model::clock::civil;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::pgoutput::{Cell, Damaged, Message, Old, Relation, parse};
use super::text::Types;
use crate::connection::sql::capture::{CapturedTable, Operation, Transaction, end_row};
use crate::connection::sql::json;
use crate::connection::sql::page::{PageWriter, SqlPage};

/// From 1970-01-01 to 2000-01-01, days.
const EPOCH_DAYS: i64 = 10_957;
const DAY_MICROS: i64 = 86_400_000_000;

/// A table that is asked for, as the server has it now.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) asked: CapturedTable,
}

/// Messages go in, pages come out.
pub(super) struct Rows {
    tables: Vec<Table>,
    types: Types,
    relations: HashMap<u32, Known>,
    transaction: Transaction,
    writer: PageWriter,
    any: bool,
}

/// A table as messages tell it.
struct Known {
    relation: Relation,
    /// which of the tables that are asked for
    table: Option<usize>,
    /// of each column: whether its value is wanted
    wanted: Vec<bool>,
    /// of each column: whether it names a row
    key: Vec<bool>,
}

impl Known {
    fn new(relation: Relation, tables: &[Table]) -> Self {
        let same = |table: &Table| {
            table.oid == relation.id
                || (table.schema == relation.schema && table.asked.table == relation.name)
        };
        let table = tables.iter().position(same);
        let asked = table.and_then(|index| tables.get(index)).map(|t| &t.asked);
        let names = relation.columns.iter().map(|column| &column.name);
        let listed = |list: Option<&Vec<String>>, name: &String, empty: bool| {
            list.is_some_and(|list| list.contains(name) || (empty && list.is_empty()))
        };
        let wanted = names
            .clone()
            .map(|name| listed(asked.map(|a| &a.columns), name, true))
            .collect();
        let key = names
            .map(|name| listed(asked.map(|a| &a.key), name, false))
            .collect();
        Self {
            relation,
            table,
            wanted,
            key,
        }
    }

    /// Whether the row has another name than before.
    fn renamed(&self, old: &Old<'_>, new: &[Cell<'_>]) -> bool {
        let columns = self.relation.columns.iter().zip(&self.key);
        columns
            .zip(old.cells.iter().zip(new))
            .any(|((column, key), (old, new))| {
                *key && column.key && *new != Cell::Unchanged && old != new
            })
    }
}

impl Rows {
    pub(super) fn new(tables: Vec<Table>, types: Types) -> Result<Self, Problem> {
        Ok(Self {
            tables,
            types,
            relations: HashMap::new(),
            transaction: Transaction::default(),
            writer: PageWriter::new(std::iter::empty())?,
            any: false,
        })
    }

    /// Whether a row came since it was asked last.
    pub(super) fn take_any(&mut self) -> bool {
        std::mem::take(&mut self.any)
    }

    /// The rows that wait for a page to be full.
    pub(super) fn cut(&mut self) -> Option<SqlPage> {
        self.writer.rest()
    }

    /// Takes one message; gives the pages that are full.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<SqlPage>, Problem> {
        let mut pages = Vec::new();
        match parse(bytes).map_err(damaged)? {
            Message::Begin {
                commit,
                committed_micros,
            } => {
                self.transaction = Transaction {
                    position: lsn_text(commit),
                    committed_at: instant(committed_micros),
                };
            }
            Message::Relation(relation) => {
                let known = Known::new(relation, &self.tables);
                self.relations.insert(known.relation.id, known);
            }
            Message::Insert { relation, new } => {
                pages.extend(self.row(relation, Operation::Insert, &new, None)?);
            }
            Message::Update { relation, old, new } => {
                if let Some(old) = &old
                    && self.known(relation)?.renamed(old, &new)
                {
                    pages.extend(self.deleted(relation, old)?);
                }
                let old = old.as_ref().filter(|old| old.whole);
                pages.extend(self.row(relation, Operation::Update, &new, old)?);
            }
            Message::Delete { relation, old } => pages.extend(self.deleted(relation, &old)?),
            Message::Truncate { relations } => {
                for relation in relations {
                    pages.extend(self.row(relation, Operation::Truncate, &[], None)?);
                }
            }
            Message::Commit | Message::Other => {}
        }
        Ok(pages)
    }

    fn known(&self, relation: u32) -> Result<&Known, Problem> {
        self.relations.get(&relation).ok_or_else(not_told)
    }

    /// A row as it is after the change; values that are not in the log come out of `old`, if it has them.
    fn row(
        &mut self,
        relation: u32,
        operation: Operation,
        cells: &[Cell<'_>],
        old: Option<&Old<'_>>,
    ) -> Result<Option<SqlPage>, Problem> {
        // not by a method: that would hold the writer too
        let known = self.relations.get(&relation).ok_or_else(not_told)?;
        if known.table.is_none() {
            return Ok(None);
        }
        let mut unchanged = Vec::new();
        let columns = known.relation.columns.iter().zip(&known.wanted);
        for (index, (column, wanted)) in columns.enumerate() {
            if !wanted {
                continue;
            }
            let before = old.and_then(|old| old.cells.get(index));
            let value = match (cells.get(index).unwrap_or(&Cell::Null), before) {
                (Cell::Unchanged, Some(before)) => before,
                (cell, _) => cell,
            };
            match value {
                Cell::Unchanged => unchanged.push(column.name.as_str()),
                Cell::Null => json::null(self.writer.field(&column.name)),
                Cell::Text(text) => {
                    let out = self.writer.field(&column.name);
                    let written = self.types.write(column.type_oid, text, out);
                    written.ok_or_else(|| not_text(&known.relation, &column.name))?;
                }
            }
        }
        self.any = true;
        let what = (operation, known.relation.name.as_str());
        end_row(&mut self.writer, what, &self.transaction, &unchanged)
    }

    /// A row that is gone, with what the log tells of it.
    fn deleted(&mut self, relation: u32, old: &Old<'_>) -> Result<Option<SqlPage>, Problem> {
        let known = self.known(relation)?;
        // what is not part of the identity is not in the log
        let told = known.relation.columns.iter().zip(&old.cells);
        let cells: Vec<Cell<'_>> = told
            .map(|(column, cell)| match (column.key || old.whole, cell) {
                (false, _) | (true, Cell::Unchanged) => Cell::Null,
                (true, cell) => *cell,
            })
            .collect();
        self.row(relation, Operation::Delete, &cells, None)
    }
}

/// As the server writes a place in its log.
pub(super) fn lsn_text(lsn: u64) -> String {
    format!("{:X}/{:X}", lsn >> 32, lsn & 0xffff_ffff)
}

fn instant(micros: i64) -> String {
    let date = json::date(civil(micros.div_euclid(DAY_MICROS) + EPOCH_DAYS));
    let clock = json::clock(micros.rem_euclid(DAY_MICROS).unsigned_abs());
    format!("{date}T{clock}Z")
}

fn damaged(damaged: Damaged) -> Problem {
    Problem::new(ErrorCode::SourceProtocol, damaged.to_string())
}

fn not_told() -> Problem {
    damaged(Damaged("a row of a table that was not told of"))
}

fn not_text(relation: &Relation, column: &str) -> Problem {
    let detail = format!(
        "a value of the column {column:?} of {}.{} is no text in UTF-8",
        relation.schema, relation.name
    );
    Problem::new(ErrorCode::SourceProtocol, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn number(bytes: &mut Vec<u8>, count: usize, width: usize) {
        bytes.extend_from_slice(&(count as u64).to_be_bytes()[8 - width..]);
    }

    /// `None`: null; `u` alone: unchanged.
    fn cells(mark: u8, values: &[Option<&str>]) -> Vec<u8> {
        let mut bytes = vec![mark];
        number(&mut bytes, values.len(), 2);
        for value in values {
            match value {
                None => bytes.push(b'n'),
                Some("u") => bytes.push(b'u'),
                Some(text) => {
                    bytes.push(b't');
                    number(&mut bytes, text.len(), 4);
                    bytes.extend_from_slice(text.as_bytes());
                }
            }
        }
        bytes
    }

    fn message(kind: u8, relation: usize, parts: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![kind];
        number(&mut bytes, relation, 4);
        bytes.extend(parts.concat());
        bytes
    }

    /// A table with a key (int4) and a note (text); `whole`: all columns are its identity.
    fn relation(id: usize, name: &str, whole: bool) -> Vec<u8> {
        let mut bytes = format!("public\0{name}\0d\0\x02").into_bytes();
        for (column, oid, key) in [("id", 23, true), ("note", 25, whole)] {
            bytes.push(u8::from(key));
            bytes.extend_from_slice(column.as_bytes());
            bytes.push(0);
            number(&mut bytes, oid, 4);
            number(&mut bytes, 0xffff_ffff, 4);
        }
        message(b'R', id, &[bytes])
    }

    fn begin(commit: usize) -> Vec<u8> {
        let mut bytes = vec![b'B'];
        number(&mut bytes, commit, 8);
        number(&mut bytes, 1_000_000, 8);
        number(&mut bytes, 5, 4);
        bytes
    }

    fn rows(columns: &[&str], messages: &[Vec<u8>]) -> Vec<Value> {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let table = Table {
            oid: 7,
            schema: "public".to_owned(),
            asked: CapturedTable {
                table: "orders".to_owned(),
                columns: own(columns),
                key: own(&["id"]),
                ..CapturedTable::default()
            },
        };
        let mut rows = Rows::new(vec![table], Types::default()).unwrap();
        for message in messages {
            assert!(rows.take(message).unwrap().is_empty());
        }
        let page = rows.cut().map(|page| page.bytes).unwrap_or_default();
        let text = String::from_utf8(page.to_vec()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn said(row: &Value) -> String {
        let mut row = row.clone();
        let columns = row.as_object_mut().unwrap();
        let op = columns.remove("_change_op").unwrap();
        let unchanged = columns.remove("_change_unchanged").unwrap();
        columns.retain(|name, _| !name.starts_with("_change_"));
        format!("{} {row} {unchanged}", op.as_str().unwrap())
    }

    #[test]
    fn each_change_is_a_row_with_its_place() {
        let told = rows(
            &[],
            &[
                begin(0x1_0000_00ab),
                relation(7, "orders", false),
                relation(8, "lines", false),
                message(b'I', 7, &[cells(b'N', &[Some("1"), None])]),
                message(b'I', 8, &[cells(b'N', &[Some("9"), None])]),
                message(b'U', 7, &[cells(b'N', &[Some("1"), Some("u")])]),
                message(
                    b'U',
                    7,
                    &[
                        cells(b'K', &[Some("1"), None]),
                        cells(b'N', &[Some("2"), Some("b")]),
                    ],
                ),
                message(b'D', 7, &[cells(b'K', &[Some("2"), None])]),
                message(b'T', 1, &[vec![0, 0, 0, 0, 7]]),
            ],
        );
        let said: Vec<String> = told.iter().map(said).collect();
        assert_eq!(
            said,
            [
                r#"insert {"id":1,"note":null} null"#,
                r#"update {"id":1} ["note"]"#,
                r#"delete {"id":1,"note":null} null"#,
                r#"update {"id":2,"note":"b"} null"#,
                r#"delete {"id":2,"note":null} null"#,
                r#"truncate {"id":null,"note":null} null"#,
            ]
        );
        assert_eq!(
            told[0],
            json!({"id": 1, "note": null, "_change_op": "insert", "_change_table": "orders",
                "_change_position": "1/AB", "_change_time": "2000-01-01T00:00:01Z",
                "_change_unchanged": null})
        );
    }

    #[test]
    fn a_whole_old_row_fills_in_what_did_not_change() {
        let told = rows(
            &["id", "note"],
            &[
                relation(7, "orders", true),
                message(
                    b'U',
                    7,
                    &[
                        cells(b'O', &[Some("1"), Some("a")]),
                        cells(b'N', &[Some("1"), Some("u")]),
                    ],
                ),
                message(b'D', 7, &[cells(b'O', &[Some("1"), Some("a")])]),
            ],
        );
        let said: Vec<String> = told.iter().map(said).collect();
        assert_eq!(
            said,
            [
                r#"update {"id":1,"note":"a"} null"#,
                r#"delete {"id":1,"note":"a"} null"#
            ]
        );
    }

    #[test]
    fn only_columns_that_are_asked_for_come() {
        let insert = message(b'I', 9, &[cells(b'N', &[Some("1"), Some("a")])]);
        // made anew under its name: another number, the same table
        let told = rows(&["id"], &[relation(9, "orders", false), insert]);
        assert_eq!(said(&told[0]), r#"insert {"id":1} null"#);
    }

    #[test]
    fn a_row_of_no_table_is_damage() {
        let mut rows = Rows::new(Vec::new(), Types::default()).unwrap();
        for bytes in [message(b'I', 7, &[cells(b'N', &[])]), vec![b'X']] {
            assert_eq!(
                rows.take(&bytes).unwrap_err().code,
                ErrorCode::SourceProtocol
            );
        }
    }
}
