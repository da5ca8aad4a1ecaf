//! The host with its connectors against real servers: the built-in connectors are built to
//! components as they are shipped, then loaded and run.
//!
//! One binary, so that the host is linked once. Hostile components are text in `hostile/`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, which clippy.toml's exception for tests does not reach"
)]

mod functions;
mod hostile;
mod http;
mod rest;
mod sftp;
mod support;
mod taxman;

#[path = "../../../xtask/src/connectors.rs"]
mod connectors;
