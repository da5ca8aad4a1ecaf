//! The host with its connectors against real servers: the built-in connectors are built to
//! components as they are shipped, then loaded and run.
//!
//! One binary, so that the host is linked once. Hostile components are text in `hostile/`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests, which clippy.toml's exception for tests does not reach"
)]

mod credentials;
mod egress;
mod encoded;
mod files_target;
mod functions;
mod hostile;
mod http;
mod jsonrpc;
mod odata;
mod probe;
mod pushed;
mod rest;
mod rest_kinds;
mod s3;
mod sftp;
mod sql;
mod support;
mod taxman;
mod taxman_actions;
mod tcp;
mod wire;

#[path = "../../../xtask/src/connectors.rs"]
mod connectors;
