//! The API as a whole, over a real store, vault and lake, mostly without a socket: requests go
//! straight into the router. One binary; the modules follow what is promised, not the routes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first thing that is not as it should be"
)]

mod connections;
mod consents;
mod documents;
mod forge;
mod golden;
mod harness;
mod intake;
mod matrix;
mod pages;
mod plans;
mod runs;
mod schemas;
mod server;
mod tokens;
mod trust;
