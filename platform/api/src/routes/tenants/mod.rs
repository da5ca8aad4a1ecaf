//! Tenants.

pub(crate) mod get;
pub(crate) mod put;
