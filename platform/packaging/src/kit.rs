//! The files that go into a new connector's folder, compiled into the program. A test compares the
//! lists with the folders that they come from.

use crate::scaffold::Kind;

/// A file of a new connector.
pub(crate) struct File {
    /// in the connector's folder
    pub(crate) path: &'static str,
    pub(crate) text: &'static str,
}

/// Paths here and there differ only in their beginning.
macro_rules! files {
    ($from:literal, $to:literal, [$($path:literal),+ $(,)?]) => {
        &[$(File {
            path: concat!($to, $path),
            text: include_str!(concat!("../../../sdk/", $from, $path)),
        }),+]
    };
}

pub(crate) const CONTRACT: &[File] = files!(
    "wit/connector-0.1.0/",
    "vendor/sdk/wit/connector-0.1.0/",
    [
        "capabilities.wit",
        "exports.wit",
        "functions.wit",
        "types.wit",
        "worlds.wit",
    ]
);

pub(crate) const RUST_KIT: &[File] = files!(
    "rust/",
    "vendor/sdk/rust/",
    [
        "Cargo.toml",
        "src/bindings.rs",
        "src/error.rs",
        "src/export.rs",
        "src/functions.rs",
        "src/lib.rs",
        "src/rows.rs",
        "src/source.rs",
        "src/status.rs",
        "src/target.rs",
    ]
);

pub(crate) fn rust_template(kind: Kind) -> &'static [File] {
    match kind {
        Kind::Source => RUST_SOURCE,
        Kind::Target => RUST_TARGET,
        Kind::Functions => RUST_FUNCTIONS,
    }
}

const RUST_SOURCE: &[File] = files!(
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

const RUST_TARGET: &[File] = files!(
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

const RUST_FUNCTIONS: &[File] = files!(
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn on_disk(folder: &Path, below: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let name = format!("{below}{name}");
            let skipped = ["target", "template", "vendor", "Cargo.lock"];
            match path.is_dir() {
                _ if skipped.contains(&name.as_str()) => {}
                true => on_disk(&path, &format!("{name}/"), found),
                false => drop(found.insert(name)),
            }
        }
    }

    #[test]
    fn every_file_of_kit_contract_and_templates_is_embedded() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
        for (folder, prefix, files) in [
            (
                "wit/connector-0.1.0",
                "vendor/sdk/wit/connector-0.1.0/",
                CONTRACT,
            ),
            ("rust", "vendor/sdk/rust/", RUST_KIT),
            ("rust/template/source", "", RUST_SOURCE),
            ("rust/template/api_target", "", RUST_TARGET),
            ("rust/template/functions", "", RUST_FUNCTIONS),
        ] {
            let mut found = BTreeSet::new();
            on_disk(&sdk.join(folder), "", &mut found);
            let known: BTreeSet<String> = files
                .iter()
                .filter_map(|file| file.path.strip_prefix(prefix))
                .filter(|path| *path != "Cargo.lock")
                .map(str::to_owned)
                .collect();
            assert_eq!(found, known, "{folder}");
        }
    }
}
