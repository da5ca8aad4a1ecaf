//! Connections: a connector with its configuration. Secrets go in and never come out.

pub(crate) mod check;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;
