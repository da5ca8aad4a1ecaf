//! End-to-end tests: the built program, real connectors, real servers on loopback.
//!
//! They need what `cargo xtask test` prepares; without it they fail and say so.

mod acme;
mod bad_input;
mod globex;
mod kills;
mod theatre;
