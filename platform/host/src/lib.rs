//! WASM host: loads connectors, limits them and links the capabilities they were granted.
//!
//! Entry points: [`Host::load`] makes a [`Connector`] of a component's bytes, [`Host::functions`]
//! makes [`Functions`] of one that holds functions for mappings; [`Connection::new`]
//! takes a tenant's connection document with its secrets, and the two meet in a [`CallContext`].
//!
//! Invariants:
//! - A component imports only `tributary:connector/…` interfaces that its manifest lists; nothing
//!   else is in the linker. There is no WASI.
//! - Every call has limits on CPU time, memory, wall time and bytes per host call, and ends within
//!   a second of its cancellation.
//! - What the host keeps for a guest (answers, buffers of files) is in an account with a limit.
//! - Secrets live in [`Connection`]; guests get handles, and answers that repeat a secret are covered.
//!   Sockets come from [`egress`] only.
//! - One store per call (or per target session), dropped afterwards, never shared by tenants. Mapping
//!   functions import nothing; they have a store per worker, made anew after a failure.
//! - Native code is only run if this host compiled it: the cache is authenticated.
//! - Code that nobody vouched for runs in a process of its own ([`Isolation::Runner`], [`mod@runner`]).
//! - A server compiles in a process of its own ([`HostConfig::compiler`]), one component at a time.
//!
//! How to add a capability: an interface in `sdk/wit/connector-<version>/capabilities.wit`, a file
//! in [`mod@capabilities`] that implements its generated trait, a line in `capabilities::link`.
//!
//! Deliberately absent: retries (the engine's), WASI.

mod bindings;
mod cache;
mod call;
mod capabilities;
mod child_process;
mod compiler;
mod config;
mod config_schema;
mod connection;
mod connector;
mod convert;
pub mod egress;
mod engine;
mod exports;
mod functions;
mod guest_log;
mod guest_metrics;
mod host;
mod inspect;
mod limits;
mod meter;
mod rows;
mod runner;
mod session;
mod signed;
mod usage;

pub use call::{
    CallContext, CheckStep, Document, Finding, Outcome, PageSink, ReadPlan, ReadStats, RetryReason,
    RowFinding, RowOutcome, Selection, StreamInfo, TargetBatch, TargetCall, Written,
};
pub use compiler::{Compiler, compile_worker};
pub use config::{HostConfig, HostError};
pub use connection::{
    Connection, ConnectionPorts, ConsentAsked, ConsentGiven, Consented, Entry as FileEntry,
    FileBytes, HttpRequest, HttpResponse, KeptTokens, OtherSide, OtherSocket, QueryAnswer,
    SendError, StoredFile, StoredFiles, TokenKeeper,
};
pub use connector::{Connector, TargetSession};
pub use egress::EgressPolicy;
pub use functions::Functions;
pub use guest_log::{GuestLog, RUN_BYTES};
pub use host::Host;
pub use runner::{Isolation, Runner, runner_worker};
pub use signed::{Presented, attach, present};
