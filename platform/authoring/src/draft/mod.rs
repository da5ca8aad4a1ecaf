//! A first document for a target: one field per leaf of its schema, in its order.
//!
//! What nothing is known about is written as `"const": null` with the note [`UNMAPPED`]: the draft
//! compiles at once, so the preview works from the first minute; an optional field is left out of what
//! is sent (`"null": "omit"`), a required one keeps `required`, so that every record is quarantined
//! with `value_missing` at that field until somebody decides. [`unmapped`] lists them.

mod fields;
mod kinds;
mod scopes;

use tributary_mapping::document::{Document, Field, Limits, Paths, Source, Step};
use tributary_mapping::schema::Schema;
use tributary_model::id::Slug;

pub(crate) use fields::{GROUP, MEMBERS, build};
pub(crate) use kinds::field_type;
pub(crate) use scopes::{Scope, relative};

/// Start of the note of a field without a source.
pub const UNMAPPED: &str = "unmapped";

/// A document to go on with, and what to know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub document: Document,
    pub findings: Vec<Finding>,
}

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// row of the sheet, counted from 1 as a spreadsheet shows it
    pub row: Option<usize>,
    /// target pointer, source path or member that it is about; empty: the whole
    pub place: String,
    pub message: String,
}

impl Finding {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            row: None,
            place: place.into(),
            message: message.into(),
        }
    }

    pub(crate) fn in_row(row: usize, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            row: Some(row),
            ..Self::new(place, message)
        }
    }
}

/// What a leaf of the target is filled with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filling {
    /// absolute source paths, the elements of arrays as `[*]`; of several the first non-null counts
    pub(crate) from: Vec<String>,
    pub(crate) constant: Option<serde_json::Value>,
    pub(crate) steps: Vec<Step>,
    pub(crate) note: String,
}

/// A document around `fields`, without anything else.
pub(crate) fn document(
    name: &Slug,
    target: &Schema,
    source: Source,
    fields: Vec<Field>,
) -> Document {
    Document {
        schema: None,
        version: 1,
        name: name.clone(),
        title: target.root.title.clone().unwrap_or_default(),
        description: String::new(),
        source,
        target: None,
        params: Default::default(),
        lookups: Default::default(),
        external: Default::default(),
        rows: Vec::new(),
        fields,
        quality: Vec::new(),
        amounts: Vec::new(),
        dates: Vec::new(),
        exclude_from_hash: Vec::new(),
        limits: Limits::default(),
        tests: Vec::new(),
    }
}

/// Target pointers of the fields that still wait for a source, in order.
#[must_use]
pub fn unmapped(document: &Document) -> Vec<String> {
    let mut found = Vec::new();
    collect_unmapped(&document.fields, "", &mut found);
    found
}

fn collect_unmapped(fields: &[Field], around: &str, found: &mut Vec<String>) {
    for field in fields {
        let Some(name) = &field.to else { continue };
        let pointer = format!("{around}/{}", name.replace('~', "~0").replace('/', "~1"));
        if field.note.starts_with(UNMAPPED) {
            found.push(pointer.clone());
        }
        if let Some(inner) = &field.object {
            collect_unmapped(inner, &pointer, found);
        }
        collect_unmapped(&field.fields, &format!("{pointer}/*"), found);
    }
}

/// One path as it is, several as a list.
pub(crate) fn paths(mut all: Vec<String>) -> Option<Paths> {
    match all.len() {
        0 => None,
        1 => all.pop().map(Paths::One),
        _ => Some(Paths::FirstOf(all)),
    }
}
