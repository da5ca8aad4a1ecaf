//! The state of one record: its slots, the current element of every scope, the target values made so
//! far. Everything lies in the worker's arena.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;

use bumpalo::Bump;
use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};
use jiff::Timestamp;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::Issue;

use super::explain::Trace;
use super::external::Calls;
use super::write::write_value;
use super::{Row, Verdict};
use crate::Plan;
use crate::date::{Date, DateTime};
use crate::decimal::Decimal;
use crate::formula::expression::SlotRef;
use crate::plan::{AccumulatorKind, EachExtra, OutputType};
use crate::reader::{CsvBinding, Shape, Slot, Table};
use crate::value::{Failure, Made, Value, failure_with_hint};

/// Most memory that the values of one record may take, bytes.
const MAX_MEMORY: usize = 256 << 20;

/// How rows are read.
#[derive(Debug)]
pub(crate) enum Reader {
    /// see [`Surroundings::csv`]
    Csv,
    Json(Vec<Vec<Shape>>),
}

/// What a record is mapped with and what it leaves besides its output.
pub(super) struct Surroundings<'a> {
    pub(super) issues: &'a mut Vec<Issue>,
    pub(super) amounts: &'a mut [Option<Decimal>],
    pub(super) dates: &'a mut [Option<Date>],
    pub(super) excluded: &'a mut Vec<(usize, usize)>,
    pub(super) stop: &'a mut bool,
    pub(super) now: Option<Timestamp>,
    pub(super) calls: &'a mut Calls,
    /// where the columns of a CSV stream go
    pub(super) csv: Option<&'a CsvBinding>,
}

/// State of one record.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) arena: &'a Bump,
    pub(super) rows: &'a [Row<'a>],
    /// where the columns of a CSV stream go
    pub(super) csv: Option<&'a CsvBinding>,
    pub(super) tables: &'a mut [Table<'a>],
    /// for every scope the row of its table that is current
    pub(super) current: &'a mut [u32],
    /// for every scope where that row's slots start
    bases: &'a mut [usize],
    pub(super) variables: &'a mut [Value<'a>],
    /// rows that the filters left, in order
    pub(super) order: ArenaVec<'a, u32>,
    /// for every loop around the current node the number of the element written
    pub(super) elements: ArenaVec<'a, u32>,
    /// ranges of the output that do not count for the content hash
    pub(super) excluded: &'a mut Vec<(usize, usize)>,
    /// elements that paths with several results found: table, row, path below their part of the row
    pub(super) element_paths: ArenaVec<'a, (usize, u32, &'a str)>,
    pub(super) issues: &'a mut Vec<Issue>,
    pub(super) amounts: &'a mut [Option<Decimal>],
    pub(super) dates: &'a mut [Option<Date>],
    pub(super) failed: bool,
    /// a rule with the severity `fail` is broken
    pub(super) stop: &'a mut bool,
    now: Option<Timestamp>,
    /// the element that the innermost function over a list is at
    pub(super) item: Cell<Value<'a>>,
    /// instances of functions of code
    pub(super) calls: RefCell<&'a mut Calls>,
    /// where the story of every value is told, if somebody asks for it
    pub(super) trace: Option<&'a mut Trace>,
    /// warnings of functions, until their node is known
    pub(super) notices: RefCell<Vec<Failure>>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        arena: &'a Bump,
        rows: &'a [Row<'a>],
        surroundings: Surroundings<'a>,
    ) -> Self {
        let Surroundings {
            issues,
            amounts,
            dates,
            excluded,
            stop,
            now,
            calls,
            csv,
        } = surroundings;
        let widths = plan.slots.iter().map(Vec::len);
        let tables = arena.alloc_slice_fill_iter(widths.map(|width| Table::new_in(width, arena)));
        let current = arena.alloc_slice_fill_copy(plan.scopes.len(), 0);
        let bases = arena.alloc_slice_fill_copy(plan.scopes.len(), 0);
        let variables = arena.alloc_slice_fill_copy(plan.variables as usize, Value::Null);
        let mut run = Self {
            plan,
            arena,
            rows,
            csv,
            tables,
            current,
            bases,
            variables,
            order: ArenaVec::new_in(arena),
            elements: ArenaVec::new_in(arena),
            element_paths: ArenaVec::new_in(arena),
            excluded,
            issues,
            amounts,
            dates,
            failed: false,
            stop,
            now,
            item: Cell::new(Value::Null),
            calls: RefCell::new(calls),
            trace: None,
            notices: RefCell::new(Vec::new()),
        };
        for extra in &plan.eaches {
            run.start_accumulators(extra);
        }
        run
    }

    /// Reads, filters, groups, maps, checks. The output may hold a part of a record that failed.
    pub(super) fn record(
        mut self,
        reader: &mut Reader,
        key: &mut String,
        out: &mut Vec<u8>,
    ) -> Verdict {
        let readable = self.read_rows(reader);
        if readable && !self.filter_rows() {
            let filter_failed = self.failed;
            // a record that is left out needs no key, but is found by it if it has one
            self.select(0, 0);
            self.key(key, true);
            if filter_failed {
                return Verdict::Quarantined;
            }
            self.issues.clear();
            return Verdict::Skipped;
        }
        if readable {
            self.dedupe_rows();
            self.group_rows();
        }
        self.select(0, self.order.first().copied().unwrap_or(0));
        let keyed = self.key(key, readable);
        if !readable || !keyed {
            return Verdict::Quarantined;
        }
        let start = out.len();
        out.push(b'{');
        let plan = self.plan;
        // a line can be dropped only inside a loop, which the compiler has checked
        let _dropped = self.nodes(&plan.nodes, out);
        out.push(b'}');
        self.rules(&plan.rules);
        if !plan.document_rules.is_empty() && !self.failed {
            self.document_rules(&plan.document_rules, out.get(start..).unwrap_or_default());
        }
        let size = out.len() - start;
        if size > plan.limits.max_output_bytes as usize {
            let limit = plan.limits.max_output_bytes;
            self.row_issue(
                ErrorCode::RecordTooLarge,
                0,
                format!("the target document has {size} bytes, the limit is {limit}"),
            );
        }
        if self.failed {
            return Verdict::Quarantined;
        }
        out.push(b'\n');
        Verdict::Mapped
    }

    /// Makes a row of a scope's table the current one.
    pub(super) fn select(&mut self, scope: u16, row: u32) {
        let id = usize::from(scope);
        let base = self
            .plan
            .scopes
            .get(id)
            .and_then(|scope| self.tables.get(scope.table))
            .map_or(0, |table| table.base(row));
        if let (Some(current), Some(start)) = (self.current.get_mut(id), self.bases.get_mut(id)) {
            *current = row;
            *start = base;
        }
    }

    /// What the source says, as it is.
    #[inline]
    pub(super) fn raw(&self, slot: SlotRef) -> Slot<'a> {
        match (
            self.tables.get(usize::from(slot.table)),
            self.bases.get(usize::from(slot.scope)),
        ) {
            (Some(table), Some(base)) => table.get(*base, slot.slot),
            _ => Slot::Missing,
        }
    }

    /// The source value; missing values and null tokens are null.
    #[inline]
    pub(crate) fn slot(&self, slot: SlotRef) -> Value<'a> {
        match self.raw(slot) {
            Slot::Text(text) | Slot::Decoded(text) if self.is_null_token(text) => Value::Null,
            Slot::Text(text) | Slot::Decoded(text) => Value::Text(text),
            Slot::Number(digits) => Value::Number(digits),
            Slot::Bool(truth) => Value::Bool(truth),
            Slot::Json(text) => Value::Json(text),
            Slot::Missing | Slot::Null | Slot::Items { .. } => Value::Null,
        }
    }

    #[inline]
    pub(super) fn is_null_token(&self, text: &str) -> bool {
        self.plan.null_tokens.contains(text)
    }

    #[inline]
    pub(crate) fn variable(&self, index: u32) -> Value<'a> {
        self.variables
            .get(index as usize)
            .copied()
            .unwrap_or(Value::Null)
    }

    #[inline]
    pub(super) fn set_variable(&mut self, index: u32, value: Value<'a>) {
        if let Some(place) = self.variables.get_mut(index as usize) {
            *place = value;
        }
    }

    /// An empty text in the arena.
    pub(crate) fn text_buffer(&self, capacity: usize) -> ArenaString<'a> {
        ArenaString::with_capacity_in(capacity, self.arena)
    }

    /// Text of a number or date, in the arena.
    pub(crate) fn display(&self, value: impl std::fmt::Display) -> &'a str {
        let mut text = self.text_buffer(24);
        // writing into memory cannot fail
        let _infallible = write!(text, "{value}");
        text.into_bump_str()
    }

    /// The element that the innermost function over a list is at.
    pub(crate) fn item(&self) -> Value<'a> {
        self.item.get()
    }

    /// Does `work` with `element` as the current one.
    pub(crate) fn with_item<T>(&self, element: Value<'a>, work: impl FnOnce() -> T) -> T {
        let outer = self.item.replace(element);
        let made = work();
        self.item.set(outer);
        made
    }

    /// An instant as a value.
    pub(crate) fn date_time(&self, instant: DateTime) -> Value<'a> {
        Value::DateTime(self.arena.alloc(instant))
    }

    /// When the run started, if the caller of the worker has said so.
    pub(crate) fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// The value as JSON text, in the arena.
    pub(crate) fn json(&self, value: Value<'a>) -> &'a str {
        if let Value::Json(text) | Value::Number(text) = value {
            return text;
        }
        let mut bytes = Vec::with_capacity(32);
        write_value(value, &OutputType::Json, &mut bytes);
        // what is written is text; an empty text in place of anything else is never reached
        self.arena
            .alloc_str(std::str::from_utf8(&bytes).unwrap_or_default())
    }

    /// Whether the record has taken more memory than a record may: functions over lists inside each
    /// other can make much of little.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.arena.allocated_bytes() > MAX_MEMORY
    }

    /// What a step says then.
    #[cold]
    pub(crate) fn full<T>(&self) -> Made<T> {
        failure_with_hint(
            ErrorCode::RecordTooLarge,
            format!(
                "the record takes more than {} MiB of memory",
                MAX_MEMORY >> 20
            ),
            "look for functions over lists inside each other, or send the data in smaller records",
        )
    }

    /// Leaves a warning for the current node.
    pub(crate) fn warn(&self, code: ErrorCode, message: String) {
        self.notices.borrow_mut().push(Failure {
            code,
            message,
            hint: None,
        });
    }

    /// Sets the aggregates of a loop to those of no element.
    pub(super) fn start_accumulators(&mut self, extra: &EachExtra) {
        for accumulator in &extra.accumulators {
            let start = match accumulator.kind {
                AccumulatorKind::Sum | AccumulatorKind::Count => Value::Decimal(Decimal::ZERO),
                AccumulatorKind::Min | AccumulatorKind::Max => Value::Null,
            };
            self.set_variable(accumulator.output, start);
        }
    }
}
