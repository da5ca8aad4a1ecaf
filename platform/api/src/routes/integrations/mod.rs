//! Integrations: what flows from where to where.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;
