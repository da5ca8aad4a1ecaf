//! What is known about the shape of records: a tree of named nodes with their types and rules, read
//! from a JSON Schema, from the columns of a CSV, or inferred from samples.
//!
//! The check lets types flow from a source's schema to a target's; suggestions and imports walk the
//! same tree. Invariants: pure; at most [`MAX_DEPTH`] levels and [`MAX_NODES`] nodes, whatever is
//! read; a strange schema gives a tree with notes, never an error and never a panic.
//!
//! Deliberately absent: validation of a record (the `jsonschema` crate does that), references to
//! other documents (nothing is fetched).

mod fields;
mod infer;
mod json;
mod looks;
mod merge;
mod place;
mod read;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::decimal::Decimal;
pub use fields::{FieldSeen, LooksLike};
pub use json::json_schema;
pub use looks::{Looks, number_in};
pub use place::{Found, Leaf, member_step};

/// Most levels of a tree; what lies deeper is cut off with a note.
pub const MAX_DEPTH: usize = 64;

/// Most nodes of a tree; what comes later is cut off with a note.
pub const MAX_NODES: usize = 50_000;

/// The shape of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// the record itself
    pub root: Node,
}

/// What kind of value stands at a node, in the words of the mapping document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    String,
    Int,
    Decimal,
    Bool,
    /// a calendar date written `yyyy-MM-dd`
    Date,
    /// an instant or local time written as RFC 3339 has it
    DateTime,
    Object,
    Array,
    Any,
}

impl NodeKind {
    /// The word for messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Decimal => "decimal",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Object => "object",
            Self::Array => "array",
            Self::Any => "any",
        }
    }

    /// Whether it is one value: no object, no array.
    #[must_use]
    pub fn is_scalar(self) -> bool {
        !matches!(self, Self::Object | Self::Array | Self::Any)
    }
}

/// An end of a range of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    pub value: Decimal,
    /// the value itself does not belong to the range
    pub exclusive: bool,
}

/// One member, element or column with everything that is known about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// name of the member; `*` for the elements of an array, empty for the record itself
    pub name: String,
    /// the possible kinds, in the order of [`NodeKind`], without null; empty means unknown
    pub kinds: Vec<NodeKind>,
    /// null is allowed, or was seen
    pub nullable: bool,
    /// the object around it must have it
    pub required: bool,
    /// given by the other side, never sent to it (`readOnly`)
    pub read_only: bool,
    /// allowed values, null excepted; empty: no such list
    pub values: Vec<Value>,
    /// the one allowed value
    pub constant: Option<Value>,
    /// regular expression (ECMA 262) of a text
    pub pattern: Option<String>,
    /// format as the schema names it (`email`, `int64`)
    pub format: Option<String>,
    pub minimum: Option<Bound>,
    pub maximum: Option<Bound>,
    /// characters of a text
    pub min_length: Option<u64>,
    /// characters of a text
    pub max_length: Option<u64>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    /// decimals of a number, from `multipleOf` (0.01 gives 2)
    pub decimals: Option<u8>,
    /// an object may have members that are not among its children
    pub open: bool,
    pub title: Option<String>,
    pub description: Option<String>,
    pub examples: Vec<Value>,
    /// members of an object, in the order of the schema
    pub children: Vec<Node>,
    /// the elements of an array
    pub items: Option<Box<Node>>,
    /// what the tree does not say: alternatives, a cut recursion, keywords that were not read
    pub notes: Vec<String>,
    /// the subtree is cut here because it contains itself (the reference) or is too large
    pub cut: Option<String>,
    /// what samples showed
    pub observed: Option<Observed>,
}

/// What samples showed of one node.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// places where it could have stood
    pub places: u64,
    /// of these: null, missing, or an empty text
    pub empty: u64,
    /// different values that are not empty, at most [`Observed::MAX_DISTINCT`]
    pub distinct: u64,
    /// characters of the shortest and longest text
    pub lengths: Option<(u64, u64)>,
    /// smallest and largest number
    pub numbers: Option<(Decimal, Decimal)>,
    /// texts with white space at an end
    pub padded: u64,
    /// what all texts can be read as, the likeliest first; empty: plain text, or no text
    pub looks: Vec<Looks>,
    /// the first text that is not the same number in all locales of [`Looks::Decimal`]: `1.234`
    pub ambiguous: Option<String>,
}

impl Observed {
    /// Where counting of different values stops.
    pub const MAX_DISTINCT: u64 = 1_000;

    /// Share of places without a value, 0 to 1.
    #[must_use]
    pub fn empty_share(&self) -> f64 {
        if self.places == 0 {
            return 0.0;
        }
        // counts of samples are far below 2^52
        self.empty as f64 / self.places as f64
    }
}

impl Node {
    /// The one kind of the node; [`NodeKind::Any`] where it is unknown or one of several.
    #[must_use]
    pub fn kind(&self) -> NodeKind {
        match self.kinds.as_slice() {
            [kind] => *kind,
            // every whole number is a number
            [NodeKind::Int, NodeKind::Decimal] => NodeKind::Decimal,
            _ => NodeKind::Any,
        }
    }

    /// Whether it may be of `kind`.
    #[must_use]
    pub fn may_be(&self, kind: NodeKind) -> bool {
        self.kinds.is_empty()
            || self.kinds.contains(&kind)
            || self.kinds.contains(&NodeKind::Any)
            || (kind == NodeKind::Int && self.kinds.contains(&NodeKind::Decimal))
    }

    /// The child of this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// A node of one kind about which nothing else is known.
    pub(crate) fn of(name: &str, kind: NodeKind) -> Self {
        Self {
            name: name.to_owned(),
            kinds: vec![kind],
            ..Self::default()
        }
    }
}

impl Schema {
    /// The tree of a JSON Schema (2020-12, draft-07 and the dialect of OpenAPI 3). References are
    /// followed inside `document` only.
    #[must_use]
    pub fn from_json_schema(document: &Value) -> Self {
        read::read(document, document)
    }

    /// The tree of a schema that is a part of a larger document, such as an OpenAPI description:
    /// references are followed in `document`.
    #[must_use]
    pub fn from_part(document: &Value, schema: &Value) -> Self {
        read::read(document, schema)
    }

    /// Names of the members of a record: the columns of a table.
    #[must_use]
    pub fn member_names(&self) -> Vec<String> {
        let members = self.root.children.iter();
        members.map(|node| node.name.clone()).collect()
    }

    /// A record of texts, one per column of a CSV.
    #[must_use]
    pub fn from_columns(columns: &[String]) -> Self {
        let mut root = Node::of("", NodeKind::Object);
        for column in columns.iter().take(MAX_NODES) {
            if root.child(column).is_none() {
                let mut node = Node::of(column, NodeKind::String);
                node.nullable = true;
                root.children.push(node);
            }
        }
        Self { root }
    }

    /// What samples show: kinds that were seen, nullable where a value was null or missing.
    #[must_use]
    pub fn infer(samples: &[Value]) -> Self {
        Self {
            root: infer::infer(samples),
        }
    }

    /// Adds what samples show to a tree that was declared: examples, counts, looks. Kinds and
    /// rules stay as declared.
    pub fn observe(&mut self, samples: &[Value]) {
        let seen = infer::infer(samples);
        infer::transfer(&mut self.root, &seen);
    }
}
