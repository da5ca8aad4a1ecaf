//! The files that go into a new connector's folder, compiled into the program. A test compares the
//! lists with the folders that they come from.

pub(crate) mod javascript;
pub(crate) mod python;
pub(crate) mod rust;

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
            text: include_str!(concat!("../../../../sdk/", $from, $path)),
        }),+]
    };
}

/// The contract, into the folder where the kit looks for it.
macro_rules! contract {
    ($to:literal) => {
        files!(
            "wit/connector-0.1.0/",
            $to,
            [
                "capabilities.wit",
                "exports.wit",
                "functions.wit",
                "types.wit",
                "worlds.wit",
            ]
        )
    };
}

use {contract, files};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Files below `folder` but what tools leave behind.
    fn on_disk(folder: &Path, below: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let left = ["target", "vendor", "__pycache__", "node_modules", "dist"];
            let name = format!("{below}{name}");
            match path.is_dir() {
                true if left.iter().any(|left| name.ends_with(left)) => {}
                true => on_disk(&path, &format!("{name}/"), found),
                false => drop(found.insert(name)),
            }
        }
    }

    /// What of a kit's own folder does not go into a connector's.
    fn stays(path: &str) -> bool {
        let tops = ["template/", "examples/", "test/", "Cargo.lock", "README.md"];
        let more = [".npmrc", "package-lock.json", "tsconfig.json"];
        tops.iter().chain(&more).any(|top| path.starts_with(top))
    }

    #[test]
    fn every_file_of_kits_contract_and_templates_is_embedded() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
        let wit = "wit/connector-0.1.0";
        for (folder, prefix, files) in [
            (wit, "vendor/sdk/wit/connector-0.1.0/", rust::CONTRACT),
            (wit, "vendor/wit/connector-0.1.0/", python::CONTRACT),
            (
                wit,
                "vendor/connector/wit/connector-0.1.0/",
                javascript::CONTRACT,
            ),
            ("rust", "vendor/sdk/rust/", rust::KIT),
            (
                "python/tributary_connector",
                "vendor/tributary_connector/",
                python::KIT,
            ),
            ("javascript", "vendor/connector/", javascript::KIT),
        ] {
            let mut found = BTreeSet::new();
            on_disk(&sdk.join(folder), "", &mut found);
            found.retain(|path| !stays(path));
            let known = files
                .iter()
                .filter_map(|file| file.path.strip_prefix(prefix));
            let known: BTreeSet<String> = known.map(str::to_owned).collect();
            assert_eq!(found, known, "{folder}");
        }
        for (folder, files) in [
            ("rust/template/source", rust::SOURCE),
            ("rust/template/api_target", rust::TARGET),
            ("rust/template/functions", rust::FUNCTIONS),
            ("python/template/source", python::SOURCE),
            ("python/template/target", python::TARGET),
            ("javascript/template/source", javascript::SOURCE),
            ("javascript/template/target", javascript::TARGET),
        ] {
            let mut found = BTreeSet::new();
            on_disk(&sdk.join(folder), "", &mut found);
            let known: BTreeSet<String> = files.iter().map(|file| file.path.to_owned()).collect();
            assert_eq!(found, known, "{folder}");
        }
    }
}
