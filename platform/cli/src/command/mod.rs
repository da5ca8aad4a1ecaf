//! The commands, one file each. A command translates its arguments to calls of the REST API (or
//! of a library, for those that work offline) and prints what comes back.

pub(crate) mod apply;
pub(crate) mod clients;
pub(crate) mod compile_component;
pub(crate) mod connection;
pub(crate) mod connector;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod integration;
pub(crate) mod limits;
pub(crate) mod logs;
pub(crate) mod mapping;
pub(crate) mod records;
pub(crate) mod results;
pub(crate) mod run;
pub(crate) mod run_connector;
pub(crate) mod runs;
pub(crate) mod serve;
pub(crate) mod upload;
