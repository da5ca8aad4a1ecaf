//! One record as JSON text, written while its elements close.
//!
//! Invariant: memory is the text of the record plus the open elements; a closed element is nothing
//! but its JSON. So a record of many small elements costs about what it costs as text.

use std::collections::{HashMap, HashSet};

use crate::json::write_text;

/// Different names of the children of one element.
const MAX_NAMES: usize = 4096;

/// From so many names on they are found by hashing.
const FEW_NAMES: usize = 16;

/// A closed element's buffers are used again up to this capacity.
const KEEP_BYTES: usize = 4096;

#[derive(Debug, Default)]
struct Element {
    name: String,
    /// `"@a":"…","@b":"…"`
    attributes: Vec<u8>,
    text: String,
    children: Vec<Child>,
    index: HashMap<String, usize>,
}

impl Element {
    /// Empties it. Large buffers are given back, so that one record does not hold them for ever.
    fn clear(&mut self) {
        if self.text.capacity() > KEEP_BYTES || self.attributes.capacity() > KEEP_BYTES {
            *self = Self::default();
        }
        self.name.clear();
        self.attributes.clear();
        self.text.clear();
        self.children.clear();
        self.index.clear();
    }
}

#[derive(Debug)]
struct Child {
    name: String,
    count: usize,
    /// the values, with commas between
    values: Vec<u8>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Tree {
    arrays: HashSet<String>,
    open: Vec<Element>,
    /// closed elements, emptied, whose buffers are used again
    spare: Vec<Element>,
}

impl Tree {
    /// The elements named in `arrays` are arrays even when there is one.
    pub(super) fn new(arrays: &[String]) -> Self {
        Self {
            arrays: arrays.iter().cloned().collect(),
            open: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Whether a record is in progress.
    pub(super) fn active(&self) -> bool {
        !self.open.is_empty()
    }

    /// Forgets the record in progress.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    /// An element starts; the first one is the record.
    ///
    /// # Errors
    /// A text for a person when two attributes have one name.
    pub(super) fn start<'t>(
        &mut self,
        name: &str,
        attributes: impl Iterator<Item = (&'t str, &'t str)>,
    ) -> Result<(), String> {
        let mut element = self.spare.pop().unwrap_or_default();
        element.name.push_str(name);
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in attributes {
            if seen.contains(&key) {
                return Err(format!(
                    "<{name}> has two attributes {key:?} once prefixes are dropped; declare their namespaces"
                ));
            }
            seen.push(key);
            if !element.attributes.is_empty() {
                element.attributes.push(b',');
            }
            write_text(&mut element.attributes, &format!("@{key}"));
            element.attributes.push(b':');
            write_text(&mut element.attributes, value);
        }
        self.open.push(element);
        Ok(())
    }

    /// A piece of text.
    pub(super) fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
    }

    /// The innermost element ends. `Some`: it was the record, and this is its JSON.
    ///
    /// # Errors
    /// A text for a person when an element has too many children of different names.
    pub(super) fn end(&mut self) -> Result<Option<Vec<u8>>, String> {
        let Some(mut element) = self.open.pop() else {
            return Ok(None);
        };
        let mut out = Vec::new();
        let Some(parent) = self.open.last_mut() else {
            self.write(&element, true, &mut out);
            return Ok(Some(out));
        };
        let known = match parent.children.last() {
            Some(child) if child.name == element.name => Some(parent.children.len() - 1),
            _ if parent.children.len() < FEW_NAMES => parent
                .children
                .iter()
                .position(|child| child.name == element.name),
            _ => parent.index.get(&element.name).copied(),
        };
        let at = match known {
            Some(at) => at,
            None => new_child(parent, &element.name)?,
        };
        // The value is written into the parent's own buffer; it is out of the tree meanwhile.
        if let Some(child) = parent.children.get_mut(at) {
            out = std::mem::take(&mut child.values);
            if child.count > 0 {
                out.push(b',');
            }
        }
        self.write(&element, false, &mut out);
        let parent = self.open.last_mut();
        if let Some(child) = parent.and_then(|parent| parent.children.get_mut(at)) {
            child.values = out;
            child.count += 1;
        }
        element.clear();
        self.spare.push(element);
        Ok(None)
    }

    fn write(&self, element: &Element, record: bool, out: &mut Vec<u8>) {
        let leaf = element.children.is_empty();
        if leaf && element.attributes.is_empty() && !record {
            write_text(out, &element.text);
            return;
        }
        out.push(b'{');
        out.extend_from_slice(&element.attributes);
        let mut first = element.attributes.is_empty();
        let mut key = |out: &mut Vec<u8>, name: &str| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            write_text(out, name);
            out.push(b':');
        };
        for child in &element.children {
            key(out, &child.name);
            let array = child.count > 1 || self.arrays.contains(&child.name);
            if array {
                out.push(b'[');
            }
            out.extend_from_slice(&child.values);
            if array {
                out.push(b']');
            }
        }
        // Between elements white space is layout; alone it is a value.
        let text = if leaf {
            &element.text
        } else {
            element.text.trim()
        };
        if !text.is_empty() && (leaf || !text.trim().is_empty()) {
            key(out, "#text");
            write_text(out, text);
        }
        out.push(b'}');
    }
}

fn new_child(parent: &mut Element, name: &str) -> Result<usize, String> {
    let at = parent.children.len();
    if at == MAX_NAMES {
        return Err(format!(
            "<{}> has children of more than {MAX_NAMES} different names",
            parent.name
        ));
    }
    parent.children.push(Child {
        name: name.to_owned(),
        count: 0,
        values: Vec::new(),
    });
    if parent.children.len() == FEW_NAMES {
        for (at, child) in parent.children.iter().enumerate() {
            parent.index.insert(child.name.clone(), at);
        }
    } else if parent.children.len() > FEW_NAMES {
        parent.index.insert(name.to_owned(), at);
    }
    Ok(at)
}
