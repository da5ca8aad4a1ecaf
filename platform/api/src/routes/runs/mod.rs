//! Runs: executions of an integration.

pub(crate) mod cancel;
pub(crate) mod events;
pub(crate) mod get;
pub(crate) mod issues;
pub(crate) mod list;
pub(crate) mod redrive;
pub(crate) mod results;
pub(crate) mod start;
