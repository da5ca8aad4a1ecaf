//! What connectors of databases share: how names are quoted and values bound in each dialect
//! ([`dialect`]), what a column's type is to us ([`kind`]), which tables there are ([`catalog`]), and the
//! steps of a check ([`steps`]).
//!
//! Invariant: a name gets into a statement through [`dialect::Dialect::quoted`] only, a value only as a
//! parameter.

pub mod catalog;
pub mod dialect;
pub mod kind;
pub mod steps;
