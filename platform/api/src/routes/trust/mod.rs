//! The operator's trust in publishers of connectors.

pub(crate) mod get;
pub(crate) mod put;
