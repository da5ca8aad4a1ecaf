//! The run engine's pure parts and the delivery loop: how pages are cut into batches, how rows
//! are grouped, how a batch is mapped, how mapped records reach a target, how a run is
//! reconciled.
//!
//! Invariants: nothing here knows SQL or the lake. Same input and versions give the same bytes,
//! so anything after extract can be done again after a crash. Memory is bounded by the batch
//! and by [`group::Grouper`]'s limit, never by the input.
//!
//! Deliberately absent: leases, transactions and queues (`jobs`), retries across leases
//! (`jobs`), protocols and credentials (`host`). There is no journal trait: the callers commit
//! what these functions return, so a port with one implementation was not worth its name.

pub mod adjacent;
pub mod cut;
pub mod deliver;
pub mod group;
pub mod key;
pub mod map;
pub mod reconcile;
pub mod results;
pub mod rules;
