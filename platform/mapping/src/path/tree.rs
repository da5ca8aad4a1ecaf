//! One JSON value as a borrowed tree: where every value stands in the text, and nothing copied but
//! member names with escapes.
//!
//! Invariants: entries stand in document order (a container before what it holds), so the
//! descendants of an entry are a range; at most [`MAX_ENTRIES`] of them, nested at most 64 deep
//! (the scanner's limit); no object holds a member twice. RFC 8259 leaves members that stand twice
//! open and RFC 9535 cannot address them, so such a value is refused, as the reader refuses such a record.

use std::borrow::Cow;
use std::ops::Range;

use super::evaluate::QueryError;
use super::{Path, Step};
use crate::reader::scan::{MAX_DEPTH, ScanError, Scanner, Stopped, Token};

/// Most values in one tree, which then takes some 50 MB.
const MAX_ENTRIES: usize = 1_000_000;
/// Members up to which names are compared pairwise.
const FEW_MEMBERS: usize = 8;

/// The place of a value in its tree.
pub(super) type Id = u32;

/// The value that the tree was made of.
pub(super) const TOP: Id = 0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    True,
    False,
    Number,
    Text { escaped: bool },
    Array,
    Object,
}

/// How a value is found in its container.
#[derive(Debug, Clone, Copy)]
enum Label {
    Top,
    Index(u32),
    /// the name stands in the text
    Plain {
        from: u32,
        to: u32,
    },
    /// the name had escapes
    Decoded(u32),
}

#[derive(Debug)]
struct Entry {
    kind: Kind,
    label: Label,
    parent: Id,
    /// the first entry behind this one and all it holds
    after: Id,
    /// range of the raw text
    from: u32,
    to: u32,
    /// range of [`Tree::children`]
    first: u32,
    count: u32,
}

/// A JSON value, read once for any number of queries.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    text: &'a str,
    entries: Vec<Entry>,
    /// the children of all containers, each container's together
    children: Vec<Id>,
    decoded: Vec<String>,
}

impl<'a> Tree<'a> {
    /// Reads a JSON text of one value.
    ///
    /// # Errors
    /// [`QueryError::Json`], [`QueryError::TooLarge`].
    pub(crate) fn parse(text: &'a str) -> Result<Self, QueryError> {
        if u32::try_from(text.len()).is_err() {
            return Err(QueryError::TooLarge);
        }
        let mut builder = Builder {
            scanner: Scanner::new(text.as_bytes()),
            tree: Self {
                text,
                entries: Vec::new(),
                children: Vec::new(),
                decoded: Vec::new(),
            },
            pending: Vec::new(),
        };
        builder.value(Label::Top, TOP, 0)?;
        if builder.scanner.peek_token().is_some() {
            return builder.fail("something follows the value");
        }
        Ok(builder.tree)
    }

    fn entry(&self, id: Id) -> Option<&Entry> {
        self.entries.get(id as usize)
    }

    pub(super) fn kind(&self, id: Id) -> Kind {
        self.entry(id).map_or(Kind::Null, |entry| entry.kind)
    }

    /// The value as it is written.
    pub(super) fn raw(&self, id: Id) -> &'a str {
        self.entry(id)
            .and_then(|entry| self.text.get(entry.from as usize..entry.to as usize))
            .unwrap_or_default()
    }

    /// Elements or members.
    pub(super) fn children(&self, id: Id) -> &[Id] {
        self.entry(id)
            .and_then(|entry| {
                let first = entry.first as usize;
                self.children.get(first..first + entry.count as usize)
            })
            .unwrap_or_default()
    }

    /// The value and everything in it, in document order.
    pub(super) fn descendants(&self, id: Id) -> Range<Id> {
        id..self.entry(id).map_or(id, |entry| entry.after)
    }

    /// The name of a member, decoded.
    pub(super) fn name(&self, id: Id) -> Option<&str> {
        match self.entry(id)?.label {
            Label::Plain { from, to } => self.text.get(from as usize..to as usize),
            Label::Decoded(place) => self.decoded.get(place as usize).map(String::as_str),
            Label::Top | Label::Index(_) => None,
        }
    }

    /// A text with its escapes decoded.
    pub(super) fn decoded_text(&self, id: Id) -> Cow<'a, str> {
        let raw = self.raw(id);
        match self.kind(id) {
            Kind::Text { escaped: true } => decode(raw).into(),
            _ => raw
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(raw)
                .into(),
        }
    }

    /// The steps from the tree's top.
    pub(super) fn path(&self, id: Id) -> Path {
        let mut steps = Path::new();
        let mut next = id;
        while let Some(entry) = self.entry(next) {
            match (entry.label, self.name(next)) {
                (_, Some(name)) => steps.push(Step::Name(name.to_owned())),
                (Label::Index(index), _) => steps.push(Step::Index(u64::from(index))),
                _ => break,
            }
            next = entry.parent;
        }
        steps.reverse();
        steps
    }
}

/// A text in quotes whose escapes the scanner has checked.
fn decode(quoted: &str) -> String {
    serde_json::from_str(quoted).unwrap_or_default()
}

/// Both are below the text's length, which is checked.
fn short(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

struct Builder<'a> {
    scanner: Scanner<'a>,
    tree: Tree<'a>,
    /// children of the containers that are open
    pending: Vec<Id>,
}

impl Builder<'_> {
    fn stopped(&self) -> QueryError {
        self.scanner.error().into()
    }

    fn fail<T>(&mut self, reason: &'static str) -> Result<T, QueryError> {
        self.scanner.fail(reason).map_err(|Stopped| self.stopped())
    }

    fn value(&mut self, label: Label, parent: Id, depth: u32) -> Result<(), QueryError> {
        let first = self.scanner.peek_token();
        let from = self.scanner.at;
        let id = short(self.tree.entries.len());
        if self.tree.entries.len() >= MAX_ENTRIES {
            return Err(QueryError::TooLarge);
        }
        let scalar = self.scanner.scalar(first);
        let kind = match scalar.map_err(|Stopped| self.stopped())? {
            Some((Token::Null, ..)) => Kind::Null,
            Some((Token::True, ..)) => Kind::True,
            Some((Token::False, ..)) => Kind::False,
            Some((Token::Number, ..)) => Kind::Number,
            Some((Token::Text { escaped }, ..)) => Kind::Text { escaped },
            Some((Token::Nested, ..)) | None if first == Some(b'{') => Kind::Object,
            Some((Token::Nested, ..)) | None => Kind::Array,
        };
        self.tree.entries.push(Entry {
            kind,
            label,
            parent,
            after: id + 1,
            from: short(from),
            to: short(self.scanner.at),
            first: 0,
            count: 0,
        });
        if !matches!(kind, Kind::Array | Kind::Object) {
            return Ok(());
        }
        if depth >= MAX_DEPTH {
            return self.fail("nested more than 64 deep");
        }
        let mark = self.pending.len();
        self.scanner.at += 1;
        self.container(id, kind, depth)?;
        self.close(id, kind, mark)
    }

    /// Takes what is in a container and its closing bracket.
    fn container(&mut self, id: Id, kind: Kind, depth: u32) -> Result<(), QueryError> {
        let close = if kind == Kind::Object { b'}' } else { b']' };
        if self.scanner.peek_token() == Some(close) {
            self.scanner.at += 1;
            return Ok(());
        }
        let mut index = 0;
        loop {
            let label = if kind == Kind::Object {
                self.member_name()?
            } else {
                Label::Index(index)
            };
            index += 1;
            self.pending.push(short(self.tree.entries.len()));
            self.value(label, id, depth + 1)?;
            match self.scanner.peek_token() {
                Some(b',') => self.scanner.at += 1,
                Some(byte) if byte == close => {
                    self.scanner.at += 1;
                    return Ok(());
                }
                _ => return self.fail("a ',' or the closing bracket is needed"),
            }
        }
    }

    fn member_name(&mut self) -> Result<Label, QueryError> {
        if self.scanner.peek_token() != Some(b'"') {
            return self.fail("a member's name in quotes is needed");
        }
        let from = self.scanner.at + 1;
        let text = self.scanner.text();
        let escaped = text.map_err(|Stopped| self.stopped())?;
        let to = self.scanner.at - 1;
        self.scanner
            .expect(b':', "a ':' is needed after a member's name")
            .map_err(|Stopped| self.stopped())?;
        if !escaped {
            return Ok(Label::Plain {
                from: short(from),
                to: short(to),
            });
        }
        let quoted = self.tree.text.get(from - 1..to + 1).unwrap_or_default();
        self.tree.decoded.push(decode(quoted));
        Ok(Label::Decoded(short(self.tree.decoded.len() - 1)))
    }

    /// Moves the children of the container that ends here to their place.
    fn close(&mut self, id: Id, kind: Kind, mark: usize) -> Result<(), QueryError> {
        let first = self.tree.children.len();
        self.tree.children.extend(self.pending.drain(mark..));
        let (after, to) = (short(self.tree.entries.len()), short(self.scanner.at));
        let count = self.tree.children.len() - first;
        if let Some(entry) = self.tree.entries.get_mut(id as usize) {
            entry.after = after;
            entry.to = to;
            entry.first = short(first);
            entry.count = short(count);
        }
        if kind == Kind::Object
            && let Some(twice) = self.member_twice(id)
        {
            let offset = self
                .tree
                .entry(twice)
                .map_or(0, |entry| entry.from as usize);
            return Err(QueryError::from(ScanError {
                offset,
                reason: "the member stands twice in its object",
            }));
        }
        Ok(())
    }

    /// A member whose name another one has, too.
    fn member_twice(&self, id: Id) -> Option<Id> {
        let members = self.tree.children(id);
        if members.len() <= FEW_MEMBERS {
            let mut rest = members;
            while let Some((member, others)) = rest.split_first() {
                let name = self.tree.name(*member);
                let twice = others.iter().find(|other| self.tree.name(**other) == name);
                if let Some(other) = twice {
                    return Some(*other);
                }
                rest = others;
            }
            return None;
        }
        let mut sorted = members.to_vec();
        sorted.sort_by_key(|member| self.tree.name(*member));
        sorted
            .array_windows()
            .find(|[left, right]| self.tree.name(*left) == self.tree.name(*right))
            .map(|[_, right]| *right)
    }
}
