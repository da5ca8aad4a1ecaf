//! Beginnings of a document from what a customer hands over: a JSON Schema, an OpenAPI description, a
//! CSV with its header, a sheet of an analyst.
//!
//! Invariant: what is not understood is a finding and a note at its field, never a silent guess.

mod columns;
mod description;
mod openapi;
mod sheet;
mod sheet_cells;
mod sheet_columns;
mod sheet_rules;
mod sheet_tree;

use serde_json::Value;
use tributary_mapping::document::{LocaleName, SourceFormat};
use tributary_mapping::schema::{NodeKind, Schema};
use tributary_model::id::Slug;

pub use columns::from_csv;
pub use description::{DescriptionError, description};
pub use openapi::{from_openapi, operations};
pub use sheet::{SheetOptions, from_sheet};

use crate::draft::{Draft, Finding};
use crate::start::{SourceShape, assemble};

/// A schema and a draft for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub schema: Schema,
    pub draft: Draft,
}

/// Why nothing could be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("this is no OpenAPI description: it has no \"paths\"")]
    NotOpenApi,
    #[error("the description has no operation {wanted:?}; it has: {known}")]
    OperationUnknown { wanted: String, known: String },
    #[error("the operation {0:?} takes no JSON body")]
    NoBody(String),
    #[error(
        "no row of the sheet is a header: at least a column for the target field is needed (\"target\", \"Zielfeld\") and one for its source, rule, type or constant"
    )]
    NoHeader,
    #[error("the sheet names no target field below its header")]
    NoFields,
    #[error("the header has no column names")]
    NoColumns,
}

/// The draft for a target described by a JSON Schema: every field still without a source.
#[must_use]
pub fn from_json_schema(name: &Slug, schema: &Value, source: SourceFormat) -> Import {
    for_target(name, Schema::from_json_schema(schema), source)
}

/// The draft for a target, without sources.
pub(crate) fn for_target(name: &Slug, schema: Schema, format: SourceFormat) -> Import {
    let (schema, finding) = record_of(schema);
    let nothing = Schema::from_columns(&[]);
    let shape = SourceShape {
        format,
        schema: &nothing,
    };
    let mut draft = assemble(
        name,
        shape,
        &schema,
        &Default::default(),
        LocaleName::Plain,
        None,
    );
    draft.findings.extend(finding);
    Import { schema, draft }
}

/// A mapping makes one document per record; of a list the elements are the documents.
fn record_of(mut schema: Schema) -> (Schema, Option<Finding>) {
    if schema.root.kind() != NodeKind::Array {
        return (schema, None);
    }
    let Some(mut element) = schema.root.items.take() else {
        return (schema, None);
    };
    element.name = String::new();
    element.title = element.title.take().or(schema.root.title);
    let finding = Finding::new("", "the target is a list; a record is one of its elements");
    (Schema { root: *element }, Some(finding))
}
