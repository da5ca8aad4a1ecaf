//! Bytes to records and back: CSV, JSON, NDJSON, XML, XLSX, fixed width, Parquet, compressed or not;
//! bounded and streaming.
//!
//! Invariants: pure (no I/O of its own, no async: bytes come from the caller's `Read`); bad input is a [`fault::RowFault`] on the row it concerns
//! and never a panic, and the rows around it go on; on the good path nothing is allocated per row
//! when the text is UTF-8. Memory is bounded by what the caller passes in.
//!
//! A page goes through here twice: [`csv::splitter::Splitter`] or [`json::records`] find the rows
//! while the bytes come from the source, [`rows::RowReader`] reads the very same rows again from
//! the stored page. Both sides share one scanner, so they cannot disagree.
//!
//! [`records::open`] is the other way in, for whole files of any of the formats: one reader, one
//! record after the other, as a mapping reads them.
//!
//! Deliberately absent: splitting rows into typed values (that is `mapping`), reading files and
//! sockets (that is `host`).

pub mod compression;
pub mod csv;
pub mod drift;
pub mod encoding;
pub mod export;
pub mod fault;
pub mod fixed;
pub mod json;
pub mod pack;
pub mod page;
pub mod parquet;
pub mod records;
pub mod rows;
pub mod transcode;
pub mod varint;
pub mod xlsx;
pub mod xml;
