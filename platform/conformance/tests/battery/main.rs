//! The battery over components that go astray in exactly one way each: every check is seen to fail, and
//! by what it is for; the same component without its fault passes.

mod astray;
mod functions;
mod own;
mod recorder;
mod source;
mod target;

#[path = "../../../xtask/src/connectors.rs"]
mod connectors;
