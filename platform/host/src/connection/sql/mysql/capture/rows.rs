//! What the events of the binary log mean: rows of the tables that are asked for.
//!
//! Invariants: a row's place is the end of the transaction before its own; events before their commit are
//! all of transactions that were committed, since others are not in the log; a table whose shape changed
//! in what is read, and changes that were logged as statements, are errors, never rows that mean something
//! else.

use mysql_async::binlog::EventType;
use mysql_async::binlog::events::{Event, EventData, RowsEventData, TableMapEvent};
use mysql_async::binlog::row::BinlogRow;
use mysql_async::binlog::value::BinlogValue;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::columns::{Table, instant, write};
use super::place::Place;
use crate::connection::sql::capture::{Operation, Transaction, end_row, gone};
use crate::connection::sql::json;
use crate::connection::sql::page::{PageWriter, SqlPage};

/// MariaDB's compressed events (`log_bin_compress`): QUERY_COMPRESSED_EVENT and those of rows.
const COMPRESSED: std::ops::RangeInclusive<u8> = 165..=171;
/// The event was made for this reader and stands in no file (LOG_EVENT_ARTIFICIAL_F).
const ARTIFICIAL: u16 = 0x20;
/// Statements that change rows. In a log of rows they are there as text only if a session left it.
const CHANGING: [&str; 6] = ["insert", "update", "delete", "replace", "load", "merge"];

/// Events go in, pages come out.
pub(super) struct Rows {
    tables: Vec<Table>,
    /// the end of the last transaction
    place: Place,
    /// the end of the last event
    reached: Place,
    inside: bool,
    /// the event that names the file that was asked for has come
    begun: bool,
    transaction: Transaction,
    writer: PageWriter,
}

impl Rows {
    pub(super) fn new(tables: Vec<Table>, from: Place) -> Result<Self, Problem> {
        Ok(Self {
            tables,
            transaction: Transaction {
                position: from.text(),
                ..Transaction::default()
            },
            reached: from.clone(),
            place: from,
            inside: false,
            begun: false,
            writer: PageWriter::new(std::iter::empty())?,
        })
    }

    /// Everything before this place is in the pages.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The rows that wait for a page to be full.
    pub(super) fn cut(&mut self) -> Option<SqlPage> {
        self.writer.rest()
    }

    /// Takes one event, with the table that it is of if it is one of rows; gives the pages that are full.
    pub(super) fn take(
        &mut self,
        event: &Event,
        table_of: impl Fn(u64) -> Option<TableMapEvent<'static>>,
    ) -> Result<Vec<SqlPage>, Problem> {
        let header = event.header();
        let artificial = header.flags_raw() & ARTIFICIAL != 0 || header.log_pos() == 0;
        if !artificial {
            self.reached.pass(header.event_size(), header.log_pos());
        }
        if COMPRESSED.contains(&header.event_type_raw()) {
            let detail = "the server compresses its binary log, which is not read here";
            let problem = Problem::new(ErrorCode::ConfigInvalid, detail);
            return Err(problem.hint("SET GLOBAL log_bin_compress = OFF, then run in full once"));
        }
        self.transaction.committed_at =
            instant(&header.timestamp().to_string()).unwrap_or_default();
        let mut pages = Vec::new();
        match header.event_type() {
            Ok(EventType::ROTATE_EVENT) => self.rotated(event, artificial)?,
            Ok(EventType::QUERY_EVENT) => pages.extend(self.query(event)?),
            Ok(EventType::XID_EVENT) => self.committed(),
            Ok(
                EventType::WRITE_ROWS_EVENT
                | EventType::UPDATE_ROWS_EVENT
                | EventType::DELETE_ROWS_EVENT
                | EventType::WRITE_ROWS_EVENT_V1
                | EventType::UPDATE_ROWS_EVENT_V1
                | EventType::DELETE_ROWS_EVENT_V1
                | EventType::PARTIAL_UPDATE_ROWS_EVENT,
            ) => {
                self.inside = true;
                let data = event.read_data().map_err(|error| damaged(&error))?;
                if let Some(EventData::RowsEvent(rows)) = data {
                    let table = table_of(rows.table_id()).ok_or_else(|| damaged(&"no table"))?;
                    self.rows(&rows, &table, &mut pages)?;
                }
            }
            Ok(EventType::TABLE_MAP_EVENT) => self.inside = true,
            _ if !self.inside => self.committed(),
            _ => {}
        }
        Ok(pages)
    }

    fn committed(&mut self) {
        self.inside = false;
        self.place = self.reached.clone();
        self.transaction.position = self.place.text();
    }

    fn rotated(&mut self, event: &Event, artificial: bool) -> Result<(), Problem> {
        if artificial && !std::mem::replace(&mut self.begun, true) {
            // The first one repeats what was asked for, with a checksum that nobody has announced yet.
            return Ok(());
        }
        if let Some(EventData::RotateEvent(rotate)) =
            event.read_data().map_err(|error| damaged(&error))?
        {
            let next = Place {
                file: rotate.name().into_owned(),
                offset: rotate.position(),
            };
            // a server that was stopped names the next file only here
            if !artificial || next.file != self.reached.file {
                self.reached = next;
            }
            if !self.inside {
                self.committed();
            }
        }
        Ok(())
    }

    fn query(&mut self, event: &Event) -> Result<Option<SqlPage>, Problem> {
        let data = event.read_data().map_err(|error| damaged(&error))?;
        let Some(EventData::QueryEvent(query)) = data else {
            return Ok(None);
        };
        let (text, schema) = (query.query(), query.schema());
        let words = words(&text);
        match words.first().map(String::as_str) {
            Some("begin") => {
                self.inside = true;
                return Ok(None);
            }
            Some("commit" | "rollback") => {
                self.committed();
                return Ok(None);
            }
            Some("savepoint" | "release") => return Ok(None),
            _ => {}
        }
        let said = self.statement(&words, &schema);
        // a statement of its own ends what it is in
        if !self.inside {
            self.committed();
        }
        said
    }

    /// A statement that is in the log as text.
    fn statement(&mut self, words: &[String], schema: &str) -> Result<Option<SqlPage>, Problem> {
        let first = words.first().map_or("", String::as_str);
        let named = |table: &&Table| {
            let name = table.name.to_lowercase();
            let here = schema.eq_ignore_ascii_case(&table.database);
            let database = table.database.to_lowercase();
            words.contains(&name) && (here || words.contains(&database))
        };
        let Some(table) = self.tables.iter().find(named) else {
            return Ok(None);
        };
        if first == "truncate" {
            for column in table.columns.iter().filter(|column| column.wanted) {
                json::null(self.writer.field(&column.name));
            }
            let what = (Operation::Truncate, table.name.as_str());
            return end_row(&mut self.writer, what, &self.transaction, &[]);
        }
        let name = format!("{}.{}", table.database, table.name);
        if CHANGING.contains(&first) {
            let detail = format!(
                "a change of {name} stands in the binary log as a statement ({first} …), not as rows"
            );
            let problem = gone(detail);
            return Err(problem.hint("SET GLOBAL binlog_format = 'ROW' and let sessions that are open begin anew; then run the integration once in full"));
        }
        if shapes(words, &table.name) {
            return Err(gone(format!(
                "the table {name} was altered since the last read ({first} table …), and the binary log has no names of columns"
            )));
        }
        Ok(None)
    }

    fn rows(
        &mut self,
        rows: &RowsEventData<'_>,
        map: &TableMapEvent<'static>,
        pages: &mut Vec<SqlPage>,
    ) -> Result<(), Problem> {
        let same =
            |table: &Table| table.name == map.table_name() && table.database == map.database_name();
        let Some(place) = self.tables.iter().position(same) else {
            return Ok(());
        };
        for images in rows.rows(map) {
            let (before, after) = images.map_err(|error| damaged(&error))?;
            match (before, after) {
                (None, Some(after)) => {
                    pages.extend(self.row(place, Operation::Insert, &after)?);
                }
                (Some(before), None) => {
                    pages.extend(self.row(place, Operation::Delete, &before)?);
                }
                (Some(before), Some(after)) => {
                    if self.renamed(place, &before, &after) {
                        pages.extend(self.row(place, Operation::Delete, &before)?);
                    }
                    pages.extend(self.row(place, Operation::Update, &after)?);
                }
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// Whether the row has another name than before.
    fn renamed(&self, place: usize, before: &BinlogRow, after: &BinlogRow) -> bool {
        let columns = self
            .tables
            .get(place)
            .map_or(&[][..], |table| &table.columns);
        let mut keys = columns.iter().enumerate().filter(|(_, column)| column.key);
        keys.any(|(index, _)| before.as_ref(index) != after.as_ref(index))
    }

    fn row(
        &mut self,
        place: usize,
        operation: Operation,
        row: &BinlogRow,
    ) -> Result<Option<SqlPage>, Problem> {
        let Some(table) = self.tables.get(place) else {
            return Ok(None);
        };
        if row.len() != table.columns.len() {
            return Err(gone(format!(
                "the table {}.{} has {} columns now, and {} where the binary log is read",
                table.database,
                table.name,
                table.columns.len(),
                row.len()
            )));
        }
        for (index, column) in table.columns.iter().enumerate() {
            if !column.wanted {
                continue;
            }
            let value = row
                .as_ref(index)
                .unwrap_or(&BinlogValue::Value(mysql_async::Value::NULL));
            if write(&column.form, value, self.writer.field(&column.name)).is_none() {
                return Err(gone(format!(
                    "a value of the column {:?} of {}.{} in the binary log is not of the type that the column has now",
                    column.name, table.database, table.name
                )));
            }
        }
        let what = (operation, table.name.as_str());
        end_row(&mut self.writer, what, &self.transaction, &[])
    }
}

/// The words of a statement in lower case, without comments that come first, quotes and dots.
fn words(text: &str) -> Vec<String> {
    let mut rest = text.trim_start();
    while let Some(comment) = rest
        .strip_prefix("/*")
        .filter(|tail| !tail.starts_with('!'))
    {
        rest = comment
            .split_once("*/")
            .map_or("", |(_, tail)| tail)
            .trim_start();
    }
    let mark = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '-'));
    let words = rest.split(mark).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// Whether a statement changes the shape of the table, and does not only name it.
fn shapes(words: &[String], table: &str) -> bool {
    let first = words.first().map_or("", String::as_str);
    let Some(place) = words
        .iter()
        .position(|word| word == "table" || word == "tables")
    else {
        return false;
    };
    let mut objects = words.get(place + 1..).unwrap_or_default().iter();
    match first {
        // the first object, behind its database
        "alter" | "create" => objects
            .filter(|word| !matches!(word.as_str(), "if" | "not" | "exists"))
            .take(2)
            .any(|word| word.eq_ignore_ascii_case(table)),
        "rename" | "drop" => objects.any(|word| word.eq_ignore_ascii_case(table)),
        _ => false,
    }
}

fn damaged(cause: &dyn std::fmt::Display) -> Problem {
    let detail = format!("an event of the binary log is damaged: {cause}");
    Problem::new(ErrorCode::SourceProtocol, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let table = Table {
            database: "erp".to_owned(),
            name: "orders".to_owned(),
            columns: Vec::new(),
        };
        Rows::new(vec![table], Place::parse("binlog.000001:4").unwrap()).unwrap()
    }

    fn said(text: &str, schema: &str) -> Result<Option<SqlPage>, Problem> {
        rows().statement(&words(text), schema)
    }

    #[test]
    fn statements_that_touch_a_table_are_no_rows() {
        for (text, schema) in [
            ("ALTER TABLE orders ADD COLUMN a int", "erp"),
            (
                "/* tool */ alter table `erp`.`orders` drop column a",
                "other",
            ),
            ("rename table orders to old", "erp"),
            ("create or replace table orders (id int)", "erp"),
            ("INSERT INTO orders VALUES (1)", "erp"),
            ("update erp.orders set a = 1", ""),
        ] {
            assert_eq!(
                said(text, schema).unwrap_err().code,
                ErrorCode::ChangesGone,
                "{text}"
            );
        }
        for (text, schema) in [
            ("alter table orders add column a int", "other"),
            ("alter table lines add column a int", "erp"),
            ("create index a on orders (id)", "erp"),
            (
                "alter table erp.lines add foreign key (o) references orders (id)",
                "erp",
            ),
            ("insert into lines values (1)", "erp"),
            ("grant select on orders to a", "erp"),
        ] {
            assert!(said(text, schema).unwrap().is_none(), "{text}");
        }
    }

    #[test]
    fn a_truncate_is_a_row() {
        let mut rows = rows();
        rows.statement(&words("TRUNCATE `orders`"), "erp").unwrap();
        let page = rows.cut().unwrap();
        assert!(String::from_utf8_lossy(&page.bytes).contains("\"_change_op\":\"truncate\""));
    }
}
