//! The kit for Rust.

use super::{File, contract, files};
use crate::scaffold::Kind;

pub(crate) const CONTRACT: &[File] = contract!("vendor/sdk/wit/connector-0.1.0/");

pub(crate) const KIT: &[File] = files!(
    "rust/",
    "vendor/sdk/rust/",
    [
        "Cargo.toml",
        "macros/Cargo.toml",
        "macros/src/lib.rs",
        "src/bindings.rs",
        "src/error.rs",
        "src/export.rs",
        "src/functions.rs",
        "src/lib.rs",
        "src/rows.rs",
        "src/schema.rs",
        "src/source.rs",
        "src/status.rs",
        "src/target.rs",
        "src/tcp.rs",
    ]
);

pub(crate) fn template(kind: Kind) -> &'static [File] {
    match kind {
        Kind::Source => SOURCE,
        Kind::Target => TARGET,
        Kind::Functions => FUNCTIONS,
    }
}

pub(super) const SOURCE: &[File] = files!(
    "rust/template/source/",
    "",
    [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "connector.json",
        "connection.json",
        "src/lib.rs",
        "cases/items.json",
        ".gitignore",
    ]
);

pub(super) const TARGET: &[File] = files!(
    "rust/template/api_target/",
    "",
    [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "connector.json",
        "connection.json",
        "src/lib.rs",
        "cases/orders.json",
        ".gitignore",
    ]
);

pub(super) const FUNCTIONS: &[File] = files!(
    "rust/template/functions/",
    "",
    [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "connector.json",
        "src/lib.rs",
        "cases/functions.json",
        ".gitignore",
    ]
);
