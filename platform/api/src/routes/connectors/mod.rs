//! Connectors, which belong to the platform.

pub(crate) mod chosen;
pub(crate) mod list;
pub(crate) mod put;
