//! Bytes to records and back: CSV, JSON, NDJSON; bounded and streaming.
//!
//! Invariants: pure (no I/O, no async); bad input is a [`fault::RowFault`] on the row it concerns
//! and never a panic, and the rows around it go on; on the good path nothing is allocated per row
//! when the text is UTF-8. Memory is bounded by what the caller passes in.
//!
//! A page goes through here twice: [`csv::splitter::Splitter`] or [`json::records`] find the rows
//! while the bytes come from the source, [`rows::RowReader`] reads the very same rows again from
//! the stored page. Both sides share one scanner, so they cannot disagree.
//!
//! Deliberately absent: splitting rows into typed values (that is `mapping`), reading files and
//! sockets (that is `host`).

pub mod csv;
pub mod encoding;
pub mod export;
pub mod fault;
pub mod json;
pub mod pack;
pub mod page;
pub mod rows;
