//! The formula language: CEL's syntax, exact decimals, total. Text → [`ast`] → resolved
//! [`expression`] of the plan.
//!
//! Deliberately absent: loops, recursion, assignment, macros, floats.

pub(crate) mod ast;
pub(crate) mod evaluate;
pub(crate) mod expression;
mod lexer;
mod parser;

pub(crate) use parser::parse;

/// Why a formula cannot be read, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) offset: usize,
    pub(crate) message: String,
}
