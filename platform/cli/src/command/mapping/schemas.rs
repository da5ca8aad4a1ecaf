//! The JSON Schemas of a mapping's source and target: files that are given, or those of the tenant that the
//! document names, in `../schemas` beside it.
//!
//! Invariant: a folder without schemas says nothing about them; one that has some must have those that are
//! named, as the server demands it.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use tributary_authoring::TargetCheck;
use tributary_mapping::Document;
use tributary_model::id::Slug;

use super::read_json;

/// The file with the schema of the source's records, if there is one.
pub(super) fn source(
    file: &Path,
    given: Option<&PathBuf>,
    document: &Document,
) -> anyhow::Result<Option<PathBuf>> {
    named(file, given, document.source.schema.as_deref())
}

/// The file with the schema of the target, if there is one.
pub(super) fn target(
    file: &Path,
    given: Option<&PathBuf>,
    document: &Document,
) -> anyhow::Result<Option<PathBuf>> {
    let target = document.target.as_ref();
    named(file, given, target.and_then(|target| target.schema.as_deref()))
}

fn named(
    file: &Path,
    given: Option<&PathBuf>,
    name: Option<&str>,
) -> anyhow::Result<Option<PathBuf>> {
    if let Some(given) = given {
        return Ok(Some(given.clone()));
    }
    let beside = file.parent().unwrap_or(Path::new("."));
    let folder = beside.join("../schemas");
    let Some(name) = name.filter(|_| folder.is_dir()) else {
        return Ok(None);
    };
    let schema = folder.join(format!("{name}.json"));
    if Slug::parse(name).is_err() || !schema.is_file() {
        bail!(
            "there is no schema {name:?} in {}\n  hint: add {name}.json there, or remove the name from the mapping",
            folder.display()
        );
    }
    Ok(Some(schema))
}

/// What compares documents with the schema in a file.
pub(super) fn target_check(path: &Path) -> anyhow::Result<TargetCheck> {
    TargetCheck::new(&read_json(path)?)
        .map_err(|error| anyhow!("{} is not a JSON Schema: {error}", path.display()))
}
