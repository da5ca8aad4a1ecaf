//! JSON Schemas of source rows and target documents, which mappings name and are checked against.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;
