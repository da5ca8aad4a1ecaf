//! Mappings: what becomes of a record.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;
