//! Runs: executions of an integration.

pub(crate) mod cancel;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod get;
pub(crate) mod issues;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod redrive;
pub(crate) mod results;
pub(crate) mod resume;
pub(crate) mod start;
