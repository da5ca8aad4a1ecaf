//! The kit for Python.

use super::{File, contract, files};
use crate::scaffold::Kind;

pub(crate) const CONTRACT: &[File] = contract!("vendor/wit/connector-0.1.0/");

pub(crate) const KIT: &[File] = files!(
    "python/tributary_connector/",
    "vendor/tributary_connector/",
    [
        "__init__.py",
        "__main__.py",
        "boundary.py",
        "building/__init__.py",
        "building/binary.py",
        "building/build.py",
        "building/component.py",
        "building/lint.py",
        "building/manifest.py",
        "building/stubs.py",
        "building/world.py",
        "changes.py",
        "conclusion.py",
        "config.py",
        "connections.py",
        "contract.py",
        "control.py",
        "entry.py",
        "errors.py",
        "export.py",
        "export_target.py",
        "files.py",
        "guard.py",
        "http.py",
        "log.py",
        "lookup.py",
        "metrics.py",
        "output.py",
        "reader.py",
        "row_handle.py",
        "rows.py",
        "source.py",
        "sql.py",
        "target.py",
        "tcp.py",
        "testing.py",
        "testing_contract.py",
    ]
);

/// It makes no functions.
pub(crate) fn template(kind: Kind) -> Option<&'static [File]> {
    match kind {
        Kind::Source => Some(SOURCE),
        Kind::Target => Some(TARGET),
        Kind::Functions => None,
    }
}

pub(super) const SOURCE: &[File] = files!(
    "python/template/source/",
    "",
    [
        ".gitignore",
        "README.md",
        "build.py",
        "cases/items.json",
        "connection.json",
        "connector.json",
        "connector.py",
        "requirements.txt",
        "test_connector.py",
    ]
);

pub(super) const TARGET: &[File] = files!(
    "python/template/target/",
    "",
    [
        ".gitignore",
        "README.md",
        "build.py",
        "cases/items.json",
        "connection.json",
        "connector.json",
        "connector.py",
        "requirements.txt",
        "test_connector.py",
    ]
);
