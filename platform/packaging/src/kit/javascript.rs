//! The kit for JavaScript and TypeScript.

use super::{File, contract, files};
use crate::scaffold::Kind;

pub(crate) const CONTRACT: &[File] = contract!("vendor/connector/wit/connector-0.1.0/");

pub(crate) const KIT: &[File] = files!(
    "javascript/",
    "vendor/connector/",
    [
        "building/build.js",
        "building/bundle.js",
        "building/component.js",
        "building/main.js",
        "building/manifest.js",
        "building/world.js",
        "package.json",
        "src/changes.d.ts",
        "src/changes.js",
        "src/config.d.ts",
        "src/config.js",
        "src/connections.d.ts",
        "src/connections.js",
        "src/control.d.ts",
        "src/control.js",
        "src/errors.js",
        "src/exports.js",
        "src/files.d.ts",
        "src/files.js",
        "src/handle.js",
        "src/headers.js",
        "src/http.d.ts",
        "src/http.js",
        "src/index.d.ts",
        "src/index.js",
        "src/log.d.ts",
        "src/log.js",
        "src/metrics.d.ts",
        "src/metrics.js",
        "src/output.d.ts",
        "src/output.js",
        "src/reader.d.ts",
        "src/reader.js",
        "src/row_handle.js",
        "src/rows.d.ts",
        "src/rows.js",
        "src/sql.d.ts",
        "src/sql.js",
        "src/tcp.d.ts",
        "src/tcp.js",
        "src/testing.d.ts",
        "src/testing.js",
        "src/testing_contract.js",
        "src/testing_register.js",
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
    "javascript/template/source/",
    "",
    [
        ".gitignore",
        ".npmrc",
        "README.md",
        "cases/items.json",
        "connection.json",
        "connector.js",
        "connector.json",
        "connector.test.js",
        "package.json",
    ]
);

pub(super) const TARGET: &[File] = files!(
    "javascript/template/target/",
    "",
    [
        ".gitignore",
        ".npmrc",
        "README.md",
        "cases/items.json",
        "connection.json",
        "connector.js",
        "connector.json",
        "connector.test.js",
        "package.json",
    ]
);
