//! Lookup tables that mappings use.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;
