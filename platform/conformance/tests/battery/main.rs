//! The battery over components that go astray in exactly one way each: every check is seen to fail, and
//! by what it is for; the same component without its fault passes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests, which clippy.toml's exception for tests does not reach"
)]

mod astray;
mod functions;
mod own;
mod recorded;
mod recorder;
mod sockets;
mod source;
mod target;

#[path = "../../../xtask/src/connectors.rs"]
mod connectors;
