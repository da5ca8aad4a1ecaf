//! Domain types that every other crate shares: ids, states with their transition tables,
//! counters, issues, documents, roles and error codes.
//!
//! Invariants: pure (no I/O, no async, no clock of its own); every state change in the system is
//! one row of a transition table here; every error code a user can meet is one variant of
//! [`error_code::ErrorCode`] and has a page under `platform/docs/errors`.
//!
//! Deliberately absent: SQL, HTTP and WebAssembly types. They live in `store`, `api` and `host`
//! and convert at their edge.
//!
//! How to add an error code: add the variant, its text, owner and hint in `error_code.rs`, then
//! the page `platform/docs/errors/<code>.md`; a test compares the two.

pub mod auth_recipe;
pub mod clock;
pub mod connection_form;
pub mod counters;
pub mod detail;
pub mod document;
pub mod error_code;
pub mod external;
pub mod file_name;
pub mod http_auth;
pub mod id;
pub mod issue;
pub mod manifest;
pub mod pieces;
pub mod plan;
pub mod problem;
pub mod role;
pub mod rows;
pub mod source_shape;
pub mod sql_endpoint;
pub mod state;
pub mod tcp_endpoint;
pub mod trust;
pub mod usage;
pub mod version;
