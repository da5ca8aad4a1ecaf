//! Bytes of a row to slots: only what the plan wants is kept, everything is checked.
//!
//! A *table* holds one row of slots per element of a scope: table 0 the source rows, every further
//! table the elements of one JSON array. A slot borrows from the row; nothing is decoded but escapes
//! of wanted texts.

mod csv;
mod json;
mod locate;
mod pick;
pub(crate) mod scan;
mod shape;
mod trie;

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

pub(crate) use csv::{CsvBinding, column_range, read_csv};
pub(crate) use json::{read_element, read_json, shapes};
pub(crate) use locate::locate;
pub(crate) use pick::{elements, members, parse, pick, value_of};
pub(crate) use scan::plain_run;
pub(crate) use shape::Shape;
pub(crate) use trie::{NodeId, ROOT, Trie};

/// What a row says about one wanted place.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Slot<'a> {
    #[default]
    Missing,
    Null,
    Bool(bool),
    /// a text that stands in JSON just as it is, without quotes
    Text(&'a str),
    /// a text that may have to be escaped in JSON
    Decoded(&'a str),
    Number(&'a str),
    /// text of an object or array
    Json(&'a str),
    /// elements of an array, by their place in the array's table
    Items {
        first: u32,
        count: u32,
    },
}

/// The slots of all elements of one scope, row by row.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) slots: ArenaVec<'a, Slot<'a>>,
    width: usize,
    rows: u32,
}

impl<'a> Table<'a> {
    pub(crate) fn new_in(width: usize, arena: &'a Bump) -> Self {
        Self {
            slots: ArenaVec::new_in(arena),
            width,
            rows: 0,
        }
    }

    /// Adds an empty row; gives the place of its first slot.
    pub(crate) fn push_row(&mut self) -> usize {
        let base = self.slots.len();
        self.slots.resize(base + self.width, Slot::Missing);
        self.rows += 1;
        base
    }

    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// The place of the first slot of a row.
    pub(crate) fn base(&self, row: u32) -> usize {
        row as usize * self.width
    }

    /// The slots of the row that starts at `base`.
    pub(crate) fn row_mut(&mut self, base: usize) -> &mut [Slot<'a>] {
        self.slots
            .get_mut(base..base + self.width)
            .unwrap_or_default()
    }

    /// A slot of the row that starts at `base`.
    #[inline]
    pub(crate) fn get(&self, base: usize, slot: u16) -> Slot<'a> {
        let place = base + usize::from(slot);
        self.slots.get(place).copied().unwrap_or_default()
    }

    /// Stores a slot of the row that starts at `base`.
    pub(crate) fn set(&mut self, base: usize, slot: u16, value: Slot<'a>) {
        if let Some(place) = self.slots.get_mut(base + usize::from(slot)) {
            *place = value;
        }
    }
}

/// Why a row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadError {
    pub(crate) code: ErrorCode,
    /// byte in the row, from 0
    pub(crate) offset: usize,
    pub(crate) message: String,
}

impl ReadError {
    pub(crate) fn new(code: ErrorCode, offset: usize, message: impl Into<String>) -> Self {
        Self {
            code,
            offset,
            message: message.into(),
        }
    }
}
