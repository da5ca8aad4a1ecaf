//! A new connector's folder: template, kit and contract, all out of this program, so that a third
//! party needs nothing but it and the language's own tools.
//!
//! The kit lies in `vendor`, as this program knows it: what was built today builds in a year,
//! whatever happened to the kit since. A newer kit comes with `connector new` of a newer program.

use std::path::Path;

use crate::kit::{self, File};
use crate::{PackagingError, build};

/// The name in the templates for Rust that is replaced by the connector's; the others have a mark for it.
const TEMPLATE_NAME: &str = "my-connector";
const NAME_MARK: &str = "{{name}}";
const PUBLISHER_MARK: &str = "{{publisher}}";
/// Until its author says otherwise.
const PUBLISHER: &str = "me";
/// Longest name of a connector.
const MAX_NAME: usize = 63;

/// What a connector is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Source,
    Target,
    Functions,
}

/// What it is written in. A further language is a row here, its files in `kit`, its builder in `build`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Rust,
    Python,
    JavaScript,
}

impl Language {
    pub(crate) const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::JavaScript];

    /// The file by which a folder is known to be written in it.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::Python => "build.py",
            Self::JavaScript => "package.json",
        }
    }

    /// What has to be run once in a new folder before it can be built; it fetches from a package registry.
    #[must_use]
    pub fn prepare(self) -> Option<&'static str> {
        match self {
            Self::Rust => None,
            Self::Python => Some(build::PREPARE_PYTHON),
            Self::JavaScript => Some(build::PREPARE_JAVASCRIPT),
        }
    }

    /// The template, the kit and the contract.
    fn files(self, kind: Kind) -> Option<[&'static [File]; 3]> {
        Some(match self {
            Self::Rust => [
                kit::rust::template(kind),
                kit::rust::KIT,
                kit::rust::CONTRACT,
            ],
            Self::Python => [
                kit::python::template(kind)?,
                kit::python::KIT,
                kit::python::CONTRACT,
            ],
            Self::JavaScript => [
                kit::javascript::template(kind)?,
                kit::javascript::KIT,
                kit::javascript::CONTRACT,
            ],
        })
    }
}

/// Writes a new connector into `folder`, which must not hold anything yet.
///
/// # Errors
/// A name that is none, a folder that is not empty, a kind that the language's kit does not have, what the
/// disk says.
pub fn scaffold(
    folder: &Path,
    name: &str,
    kind: Kind,
    language: Language,
) -> Result<(), PackagingError> {
    check_name(name)?;
    let files = language.files(kind).ok_or_else(|| {
        PackagingError::invalid(
            "functions are written in Rust: the kits for Python and JavaScript make sources and targets",
        )
    })?;
    let used = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if used {
        return Err(PackagingError::invalid(format!(
            "the folder {} is not empty",
            folder.display()
        )));
    }
    for file in files.into_iter().flatten() {
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
        .replace(NAME_MARK, name)
        .replace(PUBLISHER_MARK, PUBLISHER)
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
