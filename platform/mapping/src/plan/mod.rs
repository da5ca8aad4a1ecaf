//! The compiled mapping: what a [`crate::Worker`] runs.
//!
//! Invariants: immutable; every index in it (slots, variables, tables, lookups, scopes) was given out
//! by the compiler and is in range. Texts that the output needs are written out already.

mod hidden;
mod lookup_table;
mod masked;
mod member_name;
mod null_tokens;
mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;

use tributary_model::external::{FunctionCode, ValueType};
use tributary_model::rows::RowFormat;

use crate::document::{
    Combine, GroupInput, Keep, Limits, OnError, SortKind, SortOrder, SourceFormat,
};
use crate::formula::expression::{Expression, SlotRef};
use crate::functions::{Call, Locale};
use crate::path::{Path, Query};
use crate::reader::Trie;
use crate::value::Constant;
use crate::{Diagnostic, Worker};
pub(crate) use hidden::Hidden;
pub use hidden::Sensitive;
pub(crate) use lookup_table::LookupTable;
pub use masked::{MASK, MaskedTargets};
pub(crate) use member_name::MemberName;
pub(crate) use null_tokens::NullTokens;
pub(crate) use rules::{Check, DocumentCheck, DocumentRule, Figure, Rule, RunRule, UniqueColumn};
pub use rules::{RunFigures, RunRuleResult};

/// Between the parts of a composite lookup key; no text of a table may hold it.
pub(crate) const KEY_SEPARATOR: char = '\u{1f}';

/// How the rows of a stream become records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grouping {
    /// whether the rows of a group stand together in the source
    pub input: GroupInput,
    /// most rows of one group; [`Worker::map`] quarantines a larger one
    pub max_members: u32,
}

/// A compiled mapping: immutable, shared between threads.
#[derive(Debug)]
pub struct Plan {
    pub(crate) digest: [u8; 32],
    pub(crate) amount_names: Vec<String>,
    pub(crate) date_names: Vec<String>,
    pub(crate) format: SourceFormat,
    pub(crate) null_tokens: NullTokens,
    pub(crate) limits: Limits,
    /// table 0: rows; then one per JSON array
    pub(crate) tries: Vec<Trie>,
    /// for every table the wanted places, in slot order
    pub(crate) slots: Vec<Vec<WantedSlot>>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) variables: u32,
    /// names of variables, for explanations
    pub(crate) variable_names: BTreeMap<u32, String>,
    pub(crate) lookups: Vec<LookupTable>,
    pub(crate) external: Vec<ExternalFunction>,
    /// the components of those, opened by a worker when it needs them
    pub(crate) code: Vec<Arc<dyn FunctionCode>>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) dedupes: Vec<Dedupe>,
    pub(crate) group: Option<Group>,
    /// the record's key, on scope 0
    pub(crate) key: Vec<SlotRef>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) eaches: Vec<EachExtra>,
    /// rules of the record
    pub(crate) rules: Vec<Rule>,
    /// rules over the finished target document
    pub(crate) document_rules: Vec<DocumentRule>,
    /// rules over the figures of a run, and the variables that hold those
    pub(crate) run_rules: Vec<RunRule>,
    pub(crate) figures: Vec<(u32, Figure)>,
    pub(crate) hidden: Hidden,
}

/// A place that the document reads.
#[derive(Debug)]
pub(crate) struct WantedSlot {
    pub(crate) path: Path,
    /// where the document names it first
    pub(crate) pointer: String,
}

/// An element that paths are evaluated on.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) name: Option<String>,
    pub(crate) parent: Option<u16>,
    pub(crate) table: usize,
    /// for an element of a JSON array: the array
    pub(crate) array: Option<(SlotRef, Path)>,
}

/// A function of code.
#[derive(Debug)]
pub(crate) struct ExternalFunction {
    pub(crate) name: Box<str>,
    /// name and version
    pub(crate) component: Box<str>,
    /// of the component's bytes
    pub(crate) digest: Box<str>,
    pub(crate) function: Box<str>,
    pub(crate) takes: ValueType,
    pub(crate) gives: ValueType,
    pub(crate) sensitive: bool,
    /// place in [`Plan::code`]
    pub(crate) code: usize,
}

/// A filter over rows.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) id: Box<str>,
    pub(crate) keep: Expression,
}

/// The group operator.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: Box<str>,
    pub(crate) grouping: Grouping,
    pub(crate) agree: Vec<SlotRef>,
    pub(crate) sort: Vec<SortBy>,
}

/// One criterion of a sort.
#[derive(Debug)]
pub(crate) struct SortBy {
    pub(crate) slot: SlotRef,
    pub(crate) kind: SortKind,
    pub(crate) order: SortOrder,
    pub(crate) locale: Locale,
}

/// One step of a target pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TargetStep {
    Name(Box<str>),
    /// element of the each at this depth, from 0
    Element(usize),
}

/// A node of the target tree.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: Box<str>,
    /// none for a helper value
    pub(crate) name: Option<MemberName>,
    pub(crate) target: Box<[TargetStep]>,
    pub(crate) when: Option<Expression>,
    /// does not count for the content hash
    pub(crate) excluded: bool,
    pub(crate) body: Body,
}

/// What a node writes.
#[derive(Debug)]
pub(crate) enum Body {
    Value(Box<ValueNode>),
    Object { nodes: Vec<Node>, omit_empty: bool },
    Each(Box<EachNode>),
}

/// A single value.
#[derive(Debug)]
pub(crate) struct ValueNode {
    pub(crate) source: Source,
    /// what the document says, for explanations
    pub(crate) origin: Box<str>,
    pub(crate) steps: Vec<Call>,
    pub(crate) combine: Option<Box<Combined>>,
    pub(crate) output: OutputType,
    pub(crate) variable: u32,
    /// whether a formula, rule or aggregate reads the variable
    pub(crate) read: bool,
    /// the place of a text that goes to the target as it is
    pub(crate) copied: Option<SlotRef>,
    /// whether all steps make of a text that stands in JSON as it is another such text
    pub(crate) plain: bool,
    /// whether the quick lane is worth trying
    pub(crate) quick: bool,
    pub(crate) omit_null: bool,
    pub(crate) required: bool,
    pub(crate) on_error: OnError,
    pub(crate) on_error_value: Constant,
    pub(crate) sensitive: bool,
    pub(crate) amount: Option<usize>,
    pub(crate) date: Option<usize>,
}

/// Where a value comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Slot(SlotRef),
    /// the first that is not null
    FirstOf(Vec<SlotRef>),
    /// all results of a path
    Nodes(Box<NodesPath>),
    Constant(Constant),
    Formula(Expression),
    Switch(Vec<Case>),
}

/// A path with several results.
#[derive(Debug)]
pub(crate) struct NodesPath {
    /// the smallest part of the row that holds all results
    pub(crate) within: SlotRef,
    /// the rest of the path, on that part
    pub(crate) query: Query,
}

/// How the values of all rows of a group become one.
#[derive(Debug)]
pub(crate) struct Combined {
    pub(crate) rule: Combine,
    pub(crate) separator: Box<str>,
}

/// Rows that agree in some places are one.
#[derive(Debug)]
pub(crate) struct Dedupe {
    pub(crate) by: Vec<SlotRef>,
    pub(crate) keep: Keep,
}

/// One alternative.
#[derive(Debug)]
pub(crate) struct Case {
    /// none: else
    pub(crate) when: Option<Expression>,
    pub(crate) source: Source,
    pub(crate) steps: Vec<Call>,
}

/// The written type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OutputType {
    Text {
        max: Option<u32>,
    },
    Enum {
        values: Box<[String]>,
    },
    Int,
    /// digits in all and after the point; none: as many as there are
    Decimal {
        size: Option<(u8, u8)>,
    },
    Bool,
    Date,
    DateTime,
    /// any value
    Json,
    /// a list whose elements have a type
    Array(Box<OutputType>),
}

impl OutputType {
    /// Whether a text fits without a closer look.
    #[inline]
    pub(crate) fn takes_as_is(&self, text: &str) -> bool {
        // a text has at most as many characters as bytes
        matches!(self, Self::Text { max } if max.is_none_or(|max| text.len() <= max as usize))
    }

    /// The type of a list's elements.
    pub(crate) fn of_elements(&self) -> &Self {
        match self {
            Self::Array(inner) => inner,
            _ => &Self::Json,
        }
    }
}

/// A loop over elements.
#[derive(Debug)]
pub(crate) struct EachNode {
    /// place in [`Plan::eaches`]
    pub(crate) index: usize,
    pub(crate) scope: u16,
    pub(crate) source: EachSource,
    pub(crate) keep: Option<Expression>,
    pub(crate) min_items: u32,
    pub(crate) max_items: u32,
    pub(crate) nodes: Vec<Node>,
}

/// What a loop goes over.
#[derive(Debug)]
pub(crate) enum EachSource {
    /// the rows of the group
    Members,
    /// the elements of a JSON array
    Array(SlotRef),
    /// the results of a path, which become elements of a table
    Nodes(Box<NodesPath>, usize),
}

/// What later parts of the document add to a loop.
#[derive(Debug, Default)]
pub(crate) struct EachExtra {
    pub(crate) accumulators: Vec<Accumulator>,
    pub(crate) rules: Vec<Rule>,
}

/// An aggregate over the elements of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accumulator {
    pub(crate) kind: AccumulatorKind,
    /// variable of the element; none for the number of elements
    pub(crate) input: Option<u32>,
    /// variable that holds the aggregate
    pub(crate) output: u32,
}

/// The aggregates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccumulatorKind {
    Sum,
    Count,
    Min,
    Max,
}

impl Plan {
    /// BLAKE3 of everything the output depends on: document, parameters, tables, engine version.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// How rows are grouped; `None`: every row is a record.
    #[must_use]
    pub fn grouping(&self) -> Option<Grouping> {
        self.group.as_ref().map(|group| group.grouping)
    }

    /// Target pointers of the amounts to reconcile, in the document's order.
    #[must_use]
    pub fn amount_names(&self) -> &[String] {
        &self.amount_names
    }

    /// Target pointers of the dates whose newest value counts, in the document's order.
    #[must_use]
    pub fn date_names(&self) -> &[String] {
        &self.date_names
    }

    /// What of the target document is not to be shown to people: sensitive values and what is made of them.
    #[must_use]
    pub fn masked_targets(&self) -> MaskedTargets {
        self.hidden.targets(&self.nodes)
    }

    /// What the document keeps from people, for [`Environment::with_sensitive`](crate::Environment::with_sensitive).
    #[must_use]
    pub fn sensitive(&self) -> Sensitive {
        self.hidden.sensitive(&self.nodes)
    }

    /// The names at the top of a row (columns, members) that the mapping reads; some twice.
    pub fn source_names(&self) -> impl Iterator<Item = &str> {
        let wanted = self.slots.first().into_iter().flatten();
        wanted.filter_map(|wanted| match wanted.path.first() {
            Some(crate::path::Step::Name(name)) => Some(name.as_str()),
            _ => None,
        })
    }

    /// A worker for one stream.
    ///
    /// # Errors
    /// `M1801` another format than the document's source, `M1203` a column that the stream does not have.
    pub fn worker(self: &Arc<Self>, format: &RowFormat) -> Result<Worker, Vec<Diagnostic>> {
        Worker::new(Arc::clone(self), format)
    }
}
