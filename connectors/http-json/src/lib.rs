//! What the connectors of JSON over HTTP share: what an answer means, how fast to ask, where a link
//! leads, whether a walk over pages ends, and JSON whose values stay the text that they were.
//!
//! Invariants: no link leaves the connection's server; a number never becomes a float; a walk that
//! leads in circles or nowhere is stopped and said so. Deliberately absent: configuration (each
//! connector has its own), and anything that one connector alone needs.

pub mod body;
pub mod content;
pub mod document;
pub mod emit;
pub mod instant;
pub mod link;
pub mod pace;
pub mod pointer;
pub mod raw;
pub mod refusal;
pub mod rule;
pub mod walk;
