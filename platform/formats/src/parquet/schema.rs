//! The schema as a tree: which columns make which part of a record, and what their values mean.
//!
//! A group that is a LIST or MAP disappears in the JSON but for its brackets: `a.list.element` is the
//! array `a`, whatever the names in between, by the rules for old and new writers. Invariants: names
//! beside each other differ; a node's columns are neighbours, in the order of the tree; at most
//! [`MAX_DEPTH`] levels and [`MAX_LEAVES`] columns.
//! Source: `LogicalTypes.md` of apache/parquet-format.

use std::collections::HashSet;
use std::ops::Range;

use super::invalid;
use crate::fault::ReadFault;
use crate::json::write_text;

/// Groups inside each other.
const MAX_DEPTH: u16 = 64;

/// Columns, as many as a sheet may have.
const MAX_LEAVES: usize = 16_384;

/// An element of the schema as it stands in the footer.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) physical: Option<Physical>,
    pub(super) length: i64,
    pub(super) repetition: i64,
    pub(super) children: Option<i64>,
    pub(super) converted: Option<i64>,
    pub(super) scale: i64,
    pub(super) annotation: Option<Annotation>,
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Physical {
    Boolean,
    Int32,
    Int64,
    Int96,
    Float,
    Double,
    Bytes,
    Fixed,
}

impl Physical {
    pub(super) fn of(code: i64) -> Option<Self> {
        Some(match code {
            0 => Self::Boolean,
            1 => Self::Int32,
            2 => Self::Int64,
            3 => Self::Int96,
            4 => Self::Float,
            5 => Self::Double,
            6 => Self::Bytes,
            7 => Self::Fixed,
            _ => return None,
        })
    }
}

/// What a time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    pub(super) fn of(id: i64) -> Option<Self> {
        Some(match id {
            1 => Self::Millis,
            2 => Self::Micros,
            3 => Self::Nanos,
            _ => return None,
        })
    }
}

/// What the schema says that a value or group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Annotation {
    Text,
    Map,
    List,
    Decimal(i64),
    Date,
    Time(Unit),
    Timestamp(Unit, bool),
    Integer(i64, bool),
    Uuid,
    Float16,
    Interval,
    /// nothing that changes how it is written
    Other,
}

/// What a column's values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// as stored: a boolean, a number, or bytes as Base64
    Plain,
    Text,
    /// digits behind the point
    Decimal(u32),
    Date,
    Time(Unit),
    /// `true`: UTC
    Timestamp(Unit, bool),
    /// bits
    Unsigned(u32),
    Uuid,
    Float16,
    Interval,
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// names from the top, joined by dots
    pub(super) path: String,
    pub(super) physical: Physical,
    /// bytes of a [`Physical::Fixed`]
    pub(super) length: usize,
    pub(super) meaning: Meaning,
    /// the levels of a value that is there
    pub(super) definition: u16,
    pub(super) repetition: u16,
}

/// A part of a record.
#[derive(Debug)]
pub(super) struct Node {
    /// its name as a JSON key with the colon
    pub(super) key: Vec<u8>,
    pub(super) presence: Presence,
    pub(super) shape: Shape,
    /// the columns below it
    pub(super) leaves: Range<usize>,
}

/// When a part is there, by the level of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Always,
    /// from this definition level on, otherwise it is `null`
    Optional(u16),
    /// an element from this definition level on; another one follows at this repetition level
    Repeated(u16, u16),
}

#[derive(Debug)]
pub(super) enum Shape {
    Leaf,
    Object(Vec<Node>),
    /// entries, whose node is repeated and has a key and mostly a value
    Map(Box<Node>),
    /// a group that only wraps what is in it
    Only(Box<Node>),
}

/// The tree with its columns.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) root: Node,
    pub(super) leaves: Vec<Leaf>,
    /// the names at the top
    pub(super) names: Vec<String>,
}

/// Makes the tree.
pub(super) fn build(elements: &[Element], binary_as_text: bool) -> Result<Schema, ReadFault> {
    let mut builder = Builder {
        elements,
        at: 0,
        leaves: Vec::new(),
        path: Vec::new(),
        binary_as_text,
    };
    // The top is a record, whatever it calls itself.
    let top = Element {
        annotation: None,
        converted: None,
        ..builder.take()?.clone()
    };
    let root = builder.group(&top, Presence::Always, (0, 0))?;
    if builder.at < elements.len() {
        return Err(invalid("the schema has elements that belong to no group"));
    }
    Ok(Schema {
        root,
        leaves: builder.leaves,
        names: top_names(elements),
    })
}

/// The names of the first level: each element behind the root that no group before it has taken.
fn top_names(elements: &[Element]) -> Vec<String> {
    let mut names = Vec::new();
    // elements that belong to the group before
    let mut inside = 0_i64;
    for element in elements.iter().skip(1) {
        if inside == 0 {
            names.push(element.name.clone());
        } else {
            inside -= 1;
        }
        inside += element.children.unwrap_or(0);
    }
    names
}

struct Builder<'e> {
    elements: &'e [Element],
    at: usize,
    leaves: Vec<Leaf>,
    path: Vec<&'e str>,
    binary_as_text: bool,
}

impl<'e> Builder<'e> {
    fn take(&mut self) -> Result<&'e Element, ReadFault> {
        let element = self.elements.get(self.at);
        self.at += 1;
        element.ok_or_else(|| invalid("the schema ends inside a group"))
    }

    /// The next element and everything below it; `levels` are those of its parent.
    fn node(&mut self, levels: (u16, u16)) -> Result<Node, ReadFault> {
        let element = self.take()?;
        let (definition, repetition) = levels;
        let (presence, levels) = match element.repetition {
            0 => (Presence::Always, levels),
            1 => (
                Presence::Optional(definition + 1),
                (definition + 1, repetition),
            ),
            2 => (
                Presence::Repeated(definition + 1, repetition + 1),
                (definition + 1, repetition + 1),
            ),
            other => {
                let name = &element.name;
                return Err(invalid(format!(
                    "{name:?} has the unknown repetition {other}"
                )));
            }
        };
        self.path.push(&element.name);
        let node = match element.physical {
            None => self.group(element, presence, levels),
            Some(physical) => self.leaf(element, physical, presence, levels),
        };
        self.path.pop();
        node
    }

    fn leaf(
        &mut self,
        element: &Element,
        physical: Physical,
        presence: Presence,
        (definition, repetition): (u16, u16),
    ) -> Result<Node, ReadFault> {
        let at = self.leaves.len();
        if at == MAX_LEAVES {
            return Err(invalid(format!(
                "the schema has more than {MAX_LEAVES} columns"
            )));
        }
        let length = match (physical, usize::try_from(element.length)) {
            (Physical::Fixed, Ok(length)) if (1..1 << 20).contains(&length) => length,
            (Physical::Fixed, _) => {
                let (name, length) = (&element.name, element.length);
                return Err(invalid(format!("{name:?} has values of {length} bytes")));
            }
            (Physical::Int96, _) => 12,
            _ => 0,
        };
        self.leaves.push(Leaf {
            path: self.path.join("."),
            physical,
            length,
            meaning: meaning(element, physical, length, self.binary_as_text)?,
            definition,
            repetition,
        });
        Ok(Node {
            key: key(&element.name),
            presence,
            shape: Shape::Leaf,
            leaves: at..at + 1,
        })
    }

    fn group(
        &mut self,
        element: &Element,
        presence: Presence,
        levels: (u16, u16),
    ) -> Result<Node, ReadFault> {
        if self.path.len() >= usize::from(MAX_DEPTH) {
            return Err(invalid(format!(
                "the schema is deeper than {MAX_DEPTH} levels"
            )));
        }
        let from = self.leaves.len();
        let children = element.children.unwrap_or(0);
        let mut nodes = Vec::new();
        let mut names = HashSet::new();
        for _ in 0..children {
            let node = self.node(levels)?;
            if !names.insert(node.key.clone()) {
                let group = &element.name;
                return Err(invalid(format!("the group {group:?} has a name twice")));
            }
            nodes.push(node);
        }
        let leaves = from..self.leaves.len();
        if leaves.is_empty() {
            let name = &element.name;
            return Err(invalid(format!("the group {name:?} has no columns")));
        }
        Ok(Node {
            key: key(&element.name),
            presence,
            shape: shape(element, nodes),
            leaves,
        })
    }
}

fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    write_text(&mut key, name);
    key.push(b':');
    key
}

/// What a group looks like. A LIST or MAP that is not built as one is an object.
fn shape(element: &Element, mut nodes: Vec<Node>) -> Shape {
    let annotation = annotation(element);
    let only = match (nodes.pop(), nodes.len()) {
        (Some(node), 0) => node,
        (last, _) => {
            nodes.extend(last);
            return Shape::Object(nodes);
        }
    };
    let repeated = matches!(only.presence, Presence::Repeated(..));
    match (annotation, repeated) {
        (Some(Annotation::List), true) => Shape::Only(Box::new(unwrapped(&element.name, only))),
        (Some(Annotation::Map), true) if entries(&only) => Shape::Map(Box::new(only)),
        _ => Shape::Object(vec![only]),
    }
}

/// The repeated part of a list: what is in it is the element, unless it is the element itself.
fn unwrapped(list: &str, repeated: Node) -> Node {
    let Shape::Object(mut inner) = repeated.shape else {
        return repeated;
    };
    let name = repeated.key.as_slice();
    let old = name == key("array") || name == key(&format!("{list}_tuple"));
    let shape = match (inner.pop(), inner.len()) {
        (Some(element), 0) if !old && !matches!(element.presence, Presence::Repeated(..)) => {
            Shape::Only(Box::new(element))
        }
        (last, _) => {
            inner.extend(last);
            Shape::Object(inner)
        }
    };
    Node { shape, ..repeated }
}

/// Whether a repeated group has a key that is always one value, and at most a value beside it.
fn entries(repeated: &Node) -> bool {
    match &repeated.shape {
        Shape::Object(inner) => match inner.as_slice() {
            [key] | [key, _] => {
                matches!(key.shape, Shape::Leaf) && !matches!(key.presence, Presence::Repeated(..))
            }
            _ => false,
        },
        _ => false,
    }
}

/// The annotation, or the older one that says the same.
fn annotation(element: &Element) -> Option<Annotation> {
    if element.annotation.is_some() {
        return element.annotation;
    }
    match element.converted? {
        0 | 4 | 19 => Some(Annotation::Text),
        1 | 2 => Some(Annotation::Map),
        3 => Some(Annotation::List),
        5 => Some(Annotation::Decimal(element.scale)),
        6 => Some(Annotation::Date),
        7 => Some(Annotation::Time(Unit::Millis)),
        8 => Some(Annotation::Time(Unit::Micros)),
        9 => Some(Annotation::Timestamp(Unit::Millis, true)),
        10 => Some(Annotation::Timestamp(Unit::Micros, true)),
        code @ 11..=14 => Some(Annotation::Integer(8 << (code - 11), false)),
        code @ 15..=18 => Some(Annotation::Integer(8 << (code - 15), true)),
        21 => Some(Annotation::Interval),
        _ => None,
    }
}

/// What the values mean; an annotation that does not fit how they are stored means nothing.
fn meaning(
    element: &Element,
    physical: Physical,
    length: usize,
    binary_as_text: bool,
) -> Result<Meaning, ReadFault> {
    use Physical::{Bytes, Fixed, Int32, Int64, Int96};
    let meaning = match (annotation(element), physical) {
        (Some(Annotation::Text), Bytes | Fixed) => Meaning::Text,
        (Some(Annotation::Decimal(scale)), Int32 | Int64 | Bytes | Fixed) => {
            let name = &element.name;
            let bad = || invalid(format!("{name:?} has {scale} digits behind the point"));
            let scale = u32::try_from(scale).ok().filter(|scale| *scale <= 76);
            Meaning::Decimal(scale.ok_or_else(bad)?)
        }
        (Some(Annotation::Date), Int32) => Meaning::Date,
        (Some(Annotation::Time(unit)), Int32 | Int64) => Meaning::Time(unit),
        (Some(Annotation::Timestamp(unit, utc)), Int64) => Meaning::Timestamp(unit, utc),
        (None, Int96) => Meaning::Timestamp(Unit::Nanos, false),
        (Some(Annotation::Integer(bits @ (8 | 16 | 32 | 64), false)), Int32 | Int64) => {
            Meaning::Unsigned(u32::try_from(bits).unwrap_or(64))
        }
        (Some(Annotation::Uuid), Fixed) if length == 16 => Meaning::Uuid,
        (Some(Annotation::Float16), Fixed) if length == 2 => Meaning::Float16,
        (Some(Annotation::Interval), Fixed) if length == 12 => Meaning::Interval,
        (None, Bytes) if binary_as_text => Meaning::Text,
        _ => Meaning::Plain,
    };
    Ok(meaning)
}
