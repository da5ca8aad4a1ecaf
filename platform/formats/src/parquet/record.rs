//! Records out of columns: levels say where lists begin and end and what is null (Dremel's way).
//!
//! Invariants: each column gives exactly the entries of the record, at the levels that the tree asks for,
//! or the file contradicts itself and is not read on; a value that cannot be written is noted and the rest
//! of the record is passed all the same, so that the next one starts at the right place.

use std::collections::HashSet;

use tributary_model::error_code::ErrorCode;

use super::column::{Column, Source};
use super::scalar::{self, BadValue};
use super::schema::{Leaf, Node, Presence, Shape};
use super::{in_column, invalid};
use crate::fault::ReadFault;

/// What a record came to.
#[derive(Default)]
pub(super) struct Out {
    pub(super) bytes: Vec<u8>,
    /// the first value that cannot be written
    pub(super) bad: Option<BadValue>,
    /// the record is longer than allowed; `bytes` mean nothing
    pub(super) over: bool,
    most: usize,
    /// bytes of all records so far
    made: u64,
    most_made: u64,
}

impl Out {
    /// At most `most` bytes of a record and `most_made` of all.
    pub(super) fn new(most: usize, most_made: u64) -> Self {
        Self {
            most,
            most_made,
            ..Self::default()
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bad = None;
        self.over = false;
    }

    fn push(&mut self, bytes: &[u8]) {
        self.made += bytes.len() as u64;
        if self.over || self.bytes.len() + bytes.len() > self.most {
            self.over = true;
            return;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a value, or `null` in its place.
    fn value(&mut self, result: Result<(), BadValue>, from: usize) {
        if let Err(bad) = result {
            self.bytes.truncate(from);
            self.bad.get_or_insert(bad);
            self.push(b"null");
            return;
        }
        self.made += self.bytes.len().saturating_sub(from) as u64;
        self.over |= self.bytes.len() > self.most;
    }

    fn check(&self) -> Result<(), ReadFault> {
        if self.made <= self.most_made {
            return Ok(());
        }
        Err(ReadFault {
            code: ErrorCode::InputTooLarge,
            message: format!(
                "the records have more than {} bytes, which is more than a file of this size may come to (limit max_ratio)",
                self.most_made
            ),
        })
    }
}

/// One record in the making.
pub(super) struct Assembly<'s, 'a> {
    pub(super) columns: &'s mut [Column],
    pub(super) leaves: &'s [Leaf],
    pub(super) source: &'s mut Source<'a>,
    pub(super) out: &'s mut Out,
}

impl Assembly<'_, '_> {
    /// Writes the next record to [`Out`].
    pub(super) fn record(&mut self, root: &Node) -> Result<(), ReadFault> {
        self.out.clear();
        self.shape(root, 0)?;
        if self.out.over {
            self.out.bytes.clear();
        }
        self.out.check()
    }

    /// A part whose columns stand at repetition level `level`.
    fn node(&mut self, node: &Node, level: u16) -> Result<(), ReadFault> {
        match node.presence {
            Presence::Always => self.shape(node, level),
            Presence::Optional(definition) if self.there(node, definition)? => {
                self.shape(node, level)
            }
            Presence::Optional(definition) => {
                self.out.push(b"null");
                self.pass(node, definition, level)
            }
            Presence::Repeated(definition, repetition) => {
                self.out.push(b"[");
                self.elements(node, (definition, repetition), level, |assembly, level| {
                    assembly.shape(node, level)
                })?;
                self.out.push(b"]");
                Ok(())
            }
        }
    }

    fn shape(&mut self, node: &Node, level: u16) -> Result<(), ReadFault> {
        match &node.shape {
            Shape::Leaf => self.leaf(node.leaves.start, level),
            Shape::Only(inner) => self.node(inner, level),
            Shape::Map(entries) => self.map(entries, level),
            Shape::Object(nodes) => {
                self.out.push(b"{");
                for (number, node) in nodes.iter().enumerate() {
                    if number > 0 {
                        self.out.push(b",");
                    }
                    self.out.push(&node.key);
                    self.node(node, level)?;
                }
                self.out.push(b"}");
                Ok(())
            }
        }
    }

    /// The elements of a repeated part, with commas between them.
    fn elements(
        &mut self,
        node: &Node,
        (definition, repetition): (u16, u16),
        level: u16,
        mut write: impl FnMut(&mut Self, u16) -> Result<(), ReadFault>,
    ) -> Result<(), ReadFault> {
        if !self.there(node, definition)? {
            return self.pass(node, definition, level);
        }
        write(self, level)?;
        while self
            .entry(node)?
            .is_some_and(|(next, _)| next == repetition)
        {
            self.out.push(b",");
            write(self, repetition)?;
        }
        Ok(())
    }

    /// A map as an object. Keys that are not texts are written as texts.
    fn map(&mut self, entries: &Node, level: u16) -> Result<(), ReadFault> {
        let (Presence::Repeated(definition, repetition), Shape::Object(parts)) =
            (entries.presence, &entries.shape)
        else {
            return self.node(entries, level);
        };
        let mut names: HashSet<Vec<u8>> = HashSet::new();
        self.out.push(b"{");
        let levels = (definition, repetition);
        self.elements(entries, levels, level, |assembly, level| {
            for (number, part) in parts.iter().enumerate() {
                if number > 0 {
                    assembly.node(part, level)?;
                    continue;
                }
                let from = assembly.out.bytes.len();
                assembly.node(part, level)?;
                assembly.key(part, from, &mut names);
                assembly.out.push(b":");
            }
            if parts.len() == 1 {
                assembly.out.push(b"null");
            }
            Ok(())
        })?;
        self.out.push(b"}");
        Ok(())
    }

    /// Makes a key of the value that was written from byte `from` on.
    fn key(&mut self, part: &Node, from: usize, names: &mut HashSet<Vec<u8>>) {
        if self.out.over {
            return;
        }
        let mut name = self.out.bytes.split_off(from.min(self.out.bytes.len()));
        let null = name == b"null";
        if name.first() != Some(&b'"') {
            name.insert(0, b'"');
            name.push(b'"');
        }
        self.out.push(&name);
        let what = match (null, names.contains(&name)) {
            (true, _) => "a map with a key that is null",
            (_, true) => "a map with a key twice",
            _ => {
                names.insert(name);
                return;
            }
        };
        let path = self.leaves.get(part.leaves.start).map(|leaf| &leaf.path);
        let message = format!("column {:?} holds {what}", path.map_or("", |path| path));
        self.out.bad.get_or_insert(BadValue {
            code: ErrorCode::ValueInvalid,
            message,
            value: name,
        });
    }

    fn leaf(&mut self, index: usize, level: u16) -> Result<(), ReadFault> {
        let (Some(column), Some(leaf)) = (self.columns.get_mut(index), self.leaves.get(index))
        else {
            return Err(invalid("a column is missing"));
        };
        if column.entry() != Some((level, leaf.definition)) {
            return Err(contradiction(leaf));
        }
        let raw = column.value(leaf)?;
        if self.out.over {
            self.out.made += 8;
        } else {
            let from = self.out.bytes.len();
            let result = scalar::write(&mut self.out.bytes, leaf, raw);
            self.out.value(result, from);
        }
        self.out.check()?;
        column.advance(leaf, self.source)
    }

    /// The levels of a part: those of its first column.
    fn entry(&self, node: &Node) -> Result<Option<(u16, u16)>, ReadFault> {
        let column = self.columns.get(node.leaves.start);
        let column = column.ok_or_else(|| invalid("a column is missing"))?;
        Ok(column.entry())
    }

    fn there(&self, node: &Node, definition: u16) -> Result<bool, ReadFault> {
        let entry = self.entry(node)?;
        Ok(entry.is_some_and(|(_, found)| found >= definition))
    }

    /// Passes a part that is not there: each of its columns says so once.
    fn pass(&mut self, node: &Node, definition: u16, level: u16) -> Result<(), ReadFault> {
        for index in node.leaves.clone() {
            let (Some(column), Some(leaf)) = (self.columns.get_mut(index), self.leaves.get(index))
            else {
                return Err(invalid("a column is missing"));
            };
            match column.entry() {
                Some((repetition, found)) if repetition == level && found < definition => {}
                _ => return Err(contradiction(leaf)),
            }
            column.advance(leaf, self.source)?;
        }
        self.out.made += 1;
        self.out.check()
    }
}

fn contradiction(leaf: &Leaf) -> ReadFault {
    in_column(
        leaf,
        invalid("its levels contradict those of the other columns, or it ends before them"),
    )
}
