//! One mapping for many tenants: a derived document names a template and what is other here. Before
//! anything else is done with it, it is resolved to an ordinary [`Document`].
//!
//! Invariants: overrides name nodes by their stable id, never by their place, so that a template may
//! grow without breaking them; a resolved document says all that will run, the engine knows nothing of
//! templates; what cannot be applied is a finding with the override's pointer, never skipped.
//!
//! Deliberately absent: a template of a template; reading files or tables (the caller has both texts).

mod apply;
mod hidden;
mod node;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tributary_model::id::Slug;

pub use apply::{Resolved, resolve};
pub use hidden::hidden_changes;

use super::read::{conform, exact, json};
use super::{Document, Exact};
use crate::diagnostic::{Diagnostic, code};

/// The part of the published schema of derived documents that is their own; [`derived_schema`] is all
/// of it.
const OWN_SCHEMA: &str = include_str!("../../../schema/derived-1.json");

/// What a file with a mapping holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    Document(Box<Document>),
    Derived(Box<Derived>),
}

/// A template with changes, format version 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// address of the schema, for editors; not used
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub version: u32,
    pub name: Slug,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub extends: TemplateRef,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub source: Map<String, Value>,
    /// values: new defaults; objects: parameters
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lookups: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amounts: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_from_hash: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Exact>,
}

/// A mapping at one revision: `orders-to-tax@3`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TemplateRef {
    pub name: Slug,
    pub revision: u32,
}

impl FromStr for TemplateRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not of the form name@revision, such as orders@3");
        let (name, revision) = text.split_once('@').ok_or_else(wrong)?;
        let name = Slug::parse(name).map_err(|_| wrong())?;
        match revision.parse() {
            Ok(revision) if revision > 0 => Ok(Self { name, revision }),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for TemplateRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TemplateRef> for String {
    fn from(reference: TemplateRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for TemplateRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.revision)
    }
}

/// One change of the template's tree. `node` is the id of a field, a row step or a quality rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Override {
    /// other members; a value source takes the place of the template's
    Set {
        node: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        with: Map<String, Value>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        without: Vec<String>,
    },
    /// another node under the same id
    Replace {
        node: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        with: Map<String, Value>,
    },
    Remove {
        node: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// new nodes behind it, in the same list
    InsertAfter {
        node: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        nodes: Vec<Map<String, Value>>,
    },
    /// new fields at the end of an object or a loop
    InsertInto {
        node: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        nodes: Vec<Map<String, Value>>,
    },
}

impl Override {
    /// The id of the node that it changes.
    #[must_use]
    pub fn node(&self) -> &str {
        match self {
            Self::Set { node, .. }
            | Self::Replace { node, .. }
            | Self::Remove { node, .. }
            | Self::InsertAfter { node, .. }
            | Self::InsertInto { node, .. } => node,
        }
    }
}

/// Reads a mapping, derived or not.
///
/// # Errors
/// As [`super::parse`].
pub fn read(bytes: &[u8]) -> Result<Written, Vec<Diagnostic>> {
    let value = json(bytes)?;
    if value.get("extends").is_none() {
        return super::parse(bytes).map(|document| Written::Document(Box::new(document)));
    }
    conform(&value, &derived_schema())?;
    exact(bytes)?;
    let derived = serde_json::from_slice(bytes).map_err(|error| {
        vec![Diagnostic::error(
            code::SCHEMA,
            "",
            format!("the document does not have the required form: {error}"),
            "compare it with platform/docs/mapping/templates.md",
        )]
    })?;
    Ok(Written::Derived(Box::new(derived)))
}

/// The template that a derived document names, of the text that the caller has found under that name.
///
/// # Errors
/// `M2201` if there is none, if it is derived itself or of another name; what [`super::parse`] says of it.
pub fn template(reference: &TemplateRef, text: Option<&[u8]>) -> Result<Document, Vec<Diagnostic>> {
    let wrong = |message: String, hint: &str| {
        Err(vec![Diagnostic::error(
            code::TEMPLATE,
            "/extends",
            message,
            hint,
        )])
    };
    let Some(text) = text else {
        return wrong(
            format!("there is no mapping {reference} to extend"),
            "name a mapping of this tenant at a revision that it has",
        );
    };
    match read(text) {
        Ok(Written::Derived(_)) => wrong(
            format!("{reference} extends another mapping itself"),
            "extend that one, and take the overrides over",
        ),
        Ok(Written::Document(document)) if document.name != reference.name => wrong(
            format!(
                "what is found under {reference} is called {}",
                document.name
            ),
            "file name and name of a mapping are the same",
        ),
        Ok(Written::Document(document)) => Ok(*document),
        Err(found) => Err(found
            .into_iter()
            .map(|diagnostic| Diagnostic {
                message: format!("in {reference}: {}", diagnostic.message),
                ..diagnostic
            })
            .collect()),
    }
}

/// The published JSON Schema (2020-12) of derived documents, with all its definitions.
#[must_use]
pub fn derived_schema() -> Value {
    let mut schema: Value = serde_json::from_str(OWN_SCHEMA).unwrap_or_default();
    let all: Value = serde_json::from_str(super::SCHEMA).unwrap_or_default();
    let shared = all.get("$defs").and_then(Value::as_object);
    let own = schema.get_mut("$defs").and_then(Value::as_object_mut);
    if let (Some(own), Some(shared)) = (own, shared) {
        for (name, definition) in shared {
            own.entry(name).or_insert_with(|| definition.clone());
        }
    }
    schema
}
