//! What the end-to-end tests and benches share: starting a server under test, real counterparts,
//! a REST client, and the committed expectations.
//!
//! Invariants: everything listens on free loopback ports and lies in a scratch folder; what was
//! started is ended by process id when its handle goes away.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value that is indexed gives null where nothing is; nothing else is indexed"
)]

pub mod cap;
pub mod expected;
pub mod fetched;
pub mod openssh;
pub mod rest;
pub mod server;
pub mod stage;
pub mod tryton;
