//! The JSON Schemas of a mapping's source and target: files that are given, or those of the tenant that the
//! document names, in `../schemas` beside it.
//!
//! Invariant: a folder without schemas says nothing about them; one that has some must have those that are
//! named, as the server demands it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;
use tributary_authoring::TargetCheck;
use tributary_mapping::Document;
use tributary_model::id::Slug;

use super::read_description;
use crate::print;

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
    named(
        file,
        given,
        target.and_then(|target| target.schema.as_deref()),
    )
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

/// The folder beside a mapping in which its schemas lie, if it is there.
pub(super) fn beside(file: &Path) -> Option<PathBuf> {
    let folder = file.parent().unwrap_or(Path::new(".")).join("../schemas");
    folder.is_dir().then_some(folder)
}

/// Writes a schema to a folder under a name of its own. One that is there stays, unless `force` says otherwise.
pub(super) fn keep(folder: &Path, name: &str, schema: &Value, force: bool) -> anyhow::Result<()> {
    if Slug::parse(name).is_err() {
        bail!("{name:?} cannot be the name of a schema\n  hint: choose a shorter --name");
    }
    let file = folder.join(format!("{name}.json"));
    let text = format!("{}\n", serde_json::to_string_pretty(schema)?);
    if !force && file.exists() && std::fs::read_to_string(&file).ok().as_deref() != Some(&text) {
        bail!(
            "{} is there already and says something else; --force replaces it",
            file.display()
        );
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not make the folder {}", folder.display()))?;
    std::fs::write(&file, text).with_context(|| format!("could not write {}", file.display()))?;
    print::remark(&format!("schema   {}", file.display()));
    Ok(())
}

/// What compares documents with the schema in a file.
pub(super) fn target_check(path: &Path) -> anyhow::Result<TargetCheck> {
    TargetCheck::new(&read_description(path)?)
        .map_err(|error| anyhow!("{} is not a JSON Schema: {error}", path.display()))
}
