//! Write Tributary connectors in Rust.
//!
//! A source implements [`Source`], an API target [`Target`], functions for mappings are plain functions
//! ([`functions`]); one line exports it:
//!
//! ```ignore
//! struct Files;
//! impl tributary_sdk::Source for Files { /* … */ }
//! tributary_sdk::export_source!(Files);
//! ```
//!
//! The types of its configuration carry [`config`], and [`config_schema!`] holds `connector.json` to them:
//!
//! ```ignore
//! #[tributary_sdk::config]
//! struct Config { /// Where the files are.
//!     folder: String }
//! tributary_sdk::config_schema!(Config);
//! ```
//!
//! Invariants: a connector does no I/O of its own: it names a connection and asks the host. It
//! never retries; it answers an [`Error`] whose kind says what the platform should do. It keeps no
//! state but checkpoints. Deliberately absent: WASI, `std::time` (it traps; see [`control`]),
//! secrets (the host sets them behind the guest's back).

pub mod bindings;
mod error;
mod export;
pub mod functions;
mod rows;
#[cfg(not(target_family = "wasm"))]
pub mod schema;
mod source;
mod status;
pub mod target;
pub mod tcp;

pub use bindings::imports::tributary::connector::connections::Connection;
pub use bindings::imports::tributary::connector::http::{Method, Request, Response};
pub use bindings::imports::tributary::connector::types::{Batch, Error, ErrorKind, Position};
pub use bindings::imports::tributary::connector::{
    changes, codec, connections, control, file_changes, files, http, io, output, sql,
};
pub use export::{SourceExport, TargetExport};
pub use rows::{Found, Piped, Rows, checkpoint};
#[cfg(not(target_family = "wasm"))]
pub use schemars;
pub use serde;
pub use serde_json;
pub use source::{CheckStep, Selection, Source, StreamInfo};
pub use target::{Call, Outcome, RetryKind, RowOutcome, Target, TargetResponse};
pub use tributary_sdk_macros::config;

/// The result of nearly everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// Figures of the connector's own, told with the run's log.
pub mod metrics {
    pub use crate::bindings::imports::tributary::connector::metrics::{Kind, observe};

    /// Adds to what happened.
    pub fn count(name: &str, more: f64, labels: &[(&str, &str)]) {
        tell(name, Kind::Counter, more, labels);
    }

    /// How much there is now.
    pub fn gauge(name: &str, value: f64, labels: &[(&str, &str)]) {
        tell(name, Kind::Gauge, value, labels);
    }

    /// How large one of many was.
    pub fn sample(name: &str, value: f64, labels: &[(&str, &str)]) {
        tell(name, Kind::Histogram, value, labels);
    }

    fn tell(name: &str, kind: Kind, value: f64, labels: &[(&str, &str)]) {
        observe(name, kind, value, &super::log::owned(labels));
    }
}

/// One line into the run's log.
pub mod log {
    pub use crate::bindings::imports::tributary::connector::log::{Level, log};

    /// A line at level info, with fields.
    pub fn info(message: &str, fields: &[(&str, &str)]) {
        write(Level::Info, message, fields);
    }

    /// A line at level warn, with fields.
    pub fn warn(message: &str, fields: &[(&str, &str)]) {
        write(Level::Warn, message, fields);
    }

    fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
        log(level, message, &owned(fields));
    }

    pub(crate) fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        fields.iter().map(pair).collect()
    }
}
