//! The other side, for the demo and the end-to-end tests: [`taxman`] (a tax service as a target),
//! [`erp`] (a REST API with orders as a source), [`records`] (APIs that take records, in several
//! manners), [`login`] (an authorization server), [`sftp`] (a file server as a source), [`moto`] (an S3 server by others) and [`databases`]
//! (PostgreSQL and MariaDB).
//!
//! Invariants: nothing of the platform is imported, so that the platform is judged by a stranger;
//! all servers listen on loopback only; each of ours has fault switches under `/_control` that need the
//! same token; TAXMAN counts every effect, so that a lost or doubled one shows.
//!
//! Deliberately absent: anything durable but TAXMAN's optional journal, TLS (databases have it), more
//! than one user.

pub mod databases;
pub mod decimal;
pub mod erp;
pub mod faults;
pub mod login;
pub mod moto;
pub mod records;
pub mod sftp;
pub mod state_dir;
pub mod taxman;
pub mod together;
pub mod web;
