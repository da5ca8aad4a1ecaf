//! End-to-end tests: the built program, real connectors, real servers on loopback.
//!
//! They need what `cargo xtask test` prepares; without it they fail and say so.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value that is indexed gives null where nothing is; nothing else is indexed"
)]

mod acme;
mod adjacent;
mod bad_input;
mod cancel;
mod captured;
mod consent;
mod databases;
mod derived;
mod file_changes;
mod flow;
mod globex;
mod intake;
mod jsonrpc;
mod kills;
mod odata;
mod onboarding;
mod operator;
mod parts;
mod pins;
mod redrive;
mod rest_target;
mod rules;
mod runners;
mod steadfast;
mod storage;
mod tax_actions;
mod theatre;
