//! Tenants.

pub(crate) mod get;
pub(crate) mod limits;
pub(crate) mod put;
