//! From a connector's folder to a component, and from components to registries on disk.
//!
//! - [`scaffold`]: a new connector's folder, with the kit and the contract in it.
//! - [`fn@build`]: such a folder to a component, by the tools of its language.
//! - [`compile`] and [`encode`]: cargo to core WebAssembly, core WebAssembly and `connector.json` to a
//!   component without WASI.
//! - [`registry`]: a folder of releases, or an OCI image layout; digests are checked at every read.
//!
//! Invariants: nothing here runs or compiles a component to native code, and nothing reaches the
//! network by itself (cargo may, for crates that the machine has not seen; the tools of the other languages
//! are got by their authors). Whether a component may be
//! believed is the host's gate and the trust policy, not decided here.
//!
//! How to add a language: a row in [`Language`], its files in [`mod@kit`], its builder in [`mod@build`].
//!
//! Deliberately absent: registries across the network.

mod build;
mod component;
mod error;
mod kit;
pub mod registry;
mod scaffold;

pub use build::{Built, build, compile, require_target};
pub use component::{append_section, encode};
pub use error::PackagingError;
pub use scaffold::{Kind, Language, scaffold};
