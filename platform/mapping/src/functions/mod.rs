//! The functions of the mapping language: one file each, with signature, documentation and
//! examples, in one folder per topic. `do` steps and formulas use the same ones.
//!
//! How to add one: a file with `FUNCTION` (its signature and how its arguments are compiled) and a
//! struct that is an [`Operation`]; a line in the table of its topic's `mod.rs`; then
//! `cargo test -p tributary-mapping` says how to write `platform/docs/mapping/functions.md` anew.

mod arguments;
mod bounds;
mod code;
mod computed;
mod date;
mod encoding;
mod given;
mod hash;
mod list;
mod locale;
mod logic;
mod number;
mod operation;
pub mod signature;
mod text;
mod words;

pub(crate) use arguments::Arguments;
pub(crate) use bounds::MAX_TEXT;
pub(crate) use locale::Locale;
pub(crate) use logic::check_enum;
pub(crate) use number::number;
pub(crate) use operation::{Call, Compiled, Operation, ready};
use signature::Signature;
pub(crate) use text::trimmed;

/// A row of a topic's table.
pub(crate) struct Function {
    pub(crate) signature: &'static Signature,
    pub(crate) compile: fn(&mut Arguments<'_, '_>) -> Compiled,
}

/// The topics in the order of the documentation, each with its functions.
const TOPICS: &[(&str, &[Function])] = &[
    ("text", text::FUNCTIONS),
    ("number", number::FUNCTIONS),
    ("date and time", date::FUNCTIONS),
    ("logic", logic::FUNCTIONS),
    ("codes", code::FUNCTIONS),
    ("lists", list::FUNCTIONS),
    ("encoding", encoding::FUNCTIONS),
    ("digests and identifiers", hash::FUNCTIONS),
];

/// The signatures of all functions by topic, for editors and documentation.
pub fn topics() -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static Signature>)> {
    TOPICS
        .iter()
        .map(|(topic, functions)| (*topic, functions.iter().map(|function| function.signature)))
}

/// The signatures of all functions, by topic.
pub fn signatures() -> impl Iterator<Item = &'static Signature> {
    topics().flat_map(|(_, signatures)| signatures)
}

/// The function called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    TOPICS
        .iter()
        .flat_map(|(_, functions)| *functions)
        .find(|function| function.signature.name == name)
}
