//! A new connector's folder: template, kit and contract, all out of this program, so that a third
//! party needs nothing but it and cargo.
//!
//! The kit lies in `vendor/sdk`, as this program knows it: what was built today builds in a year,
//! whatever happened to the kit since. A newer kit comes with `connector new` of a newer program.

use std::path::Path;

use crate::PackagingError;
use crate::kit::{self, File};

/// The name in the templates that is replaced by the connector's.
const TEMPLATE_NAME: &str = "my-connector";
/// Longest name of a connector.
const MAX_NAME: usize = 63;

/// What a connector is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Source,
    Target,
    Functions,
}

/// What it is written in. A further language is a row here and its files in `kit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Rust,
}

impl Language {
    fn files(self, kind: Kind) -> Vec<&'static [File]> {
        match self {
            Self::Rust => vec![kit::rust_template(kind), kit::RUST_KIT, kit::CONTRACT],
        }
    }
}

/// Writes a new connector into `folder`, which must not hold anything yet.
///
/// # Errors
/// A name that is none, a folder that is not empty, what the disk says.
pub fn scaffold(
    folder: &Path,
    name: &str,
    kind: Kind,
    language: Language,
) -> Result<(), PackagingError> {
    check_name(name)?;
    let used = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if used {
        return Err(PackagingError::invalid(format!(
            "the folder {} is not empty",
            folder.display()
        )));
    }
    for file in language.files(kind).into_iter().flatten() {
        let path = folder.join(file.path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(PackagingError::io("create", parent))?;
        std::fs::write(&path, named(file, name)).map_err(PackagingError::io("write", &path))?;
    }
    Ok(())
}

/// The kit's own files stay as they are.
fn named(file: &File, name: &str) -> String {
    if file.path.starts_with("vendor/") {
        return file.text.to_owned();
    }
    let with_underscores = |text: &str| text.replace('-', "_");
    file.text
        .replace(TEMPLATE_NAME, name)
        .replace(&with_underscores(TEMPLATE_NAME), &with_underscores(name))
}

/// A name that is good for the manifest, for cargo and for a file.
fn check_name(name: &str) -> Result<(), PackagingError> {
    let plain = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'-';
    let good = name.len() <= MAX_NAME
        && name.bytes().all(plain)
        && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && !name.ends_with('-');
    // cargo refuses these, late and less clearly
    let taken = [
        "test",
        "core",
        "std",
        "self",
        "super",
        "crate",
        "tributary-sdk",
        "serde",
    ];
    if good && !taken.contains(&name) {
        return Ok(());
    }
    Err(PackagingError::invalid(format!(
        "{name:?} is no name of a connector: use 1 to {MAX_NAME} of a-z, 0-9 and '-', first a letter, and no word of Rust"
    )))
}
