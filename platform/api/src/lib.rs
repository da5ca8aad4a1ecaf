//! HTTP: axum and utoipa. Translates requests to calls of `store`, `lake` and `mapping` and their
//! answers back; starts runs by writing them to the ledger and never runs a connector itself.
//!
//! Invariants: every route is in [`registry`] with its policy; a handler reaches a tenant's rows
//! only through the scope that `auth` hands to it; every answer from 400 up is problem+json with a
//! code of the catalogue; unknown fields and parameters are refused; no request is read or
//! answered with unbounded memory.
//!
//! Deliberately absent: SQL, WebAssembly, sessions and pages for people. What needs `host`
//! (checking a component, checking a connection) is passed in as functions, [`ConnectorPort`].
//!
//! How to add an endpoint: one file below `routes/<resource>/` with its wire types and a handler
//! that carries `#[utoipa::path]`; one line in [`registry`] with the action it needs; run the tests
//! with `UPDATE_GOLDEN=1` and review what changed in `platform/docs/openapi.json`. The isolation
//! matrix covers it from then on.

mod auth;
mod error_text;
mod mapping_check;
mod openapi;
mod problem;
pub mod registry;
mod request;
mod router;
mod routes;
pub mod server;
mod state;
mod wire;

pub use auth::Caller;
pub use auth::token::{TOKEN_LIFE_S, TokenKeys};
pub use openapi::openapi;
pub use router::router;
pub use server::{ServerLimits, serve, serve_with};
pub use state::{
    ApiState, CheckFn, CheckStep, ConnectorInfo, ConnectorPort, ConsentAddressFn, ConsentAnswer,
    ConsentRequest, Consented, ConsentedFn, Digests, DigestsFn, DiscoverFn, DiscoveredField,
    DiscoveredStream, ExplainFn, InstallFn, IsolationFn, Limits, PortFuture, SampleProblem, Signer,
    SignerFn, Wanted,
};
