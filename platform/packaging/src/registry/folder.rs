//! `<name>/<version>/<name>.wasm`, and beside it `release.json`, which is written last: a release
//! without it is not there.

use std::path::{Path, PathBuf};

use super::{Release, check_name, check_version, read_document, write};
use crate::PackagingError;

pub(super) fn publish(
    root: &Path,
    component: &[u8],
    release: &Release,
) -> Result<(), PackagingError> {
    let path = component_path(root, release);
    write(&path, component)?;
    let text = serde_json::to_string_pretty(release)
        .map_err(|error| PackagingError::invalid(error.to_string()))?;
    write(&path.with_file_name("release.json"), text.as_bytes())
}

pub(super) fn component_path(root: &Path, release: &Release) -> PathBuf {
    let folder = root.join(&release.name).join(&release.version);
    folder.join(format!("{}.wasm", release.name))
}

/// What does not look like a release is passed over; one that lies about its place is an error.
pub(super) fn releases(root: &Path) -> Result<Vec<Release>, PackagingError> {
    let mut releases = Vec::new();
    for name in folders(root)? {
        for version in folders(&name)? {
            let path = version.join("release.json");
            if !path.is_file() {
                continue;
            }
            let release: Release = read_document(&path)?;
            check_name(&release.name)?;
            check_version(&release.version)?;
            let place = root.join(&release.name).join(&release.version);
            if place != version {
                return Err(PackagingError::invalid(format!(
                    "{} is the release of another folder",
                    path.display()
                )));
            }
            releases.push(release);
        }
    }
    Ok(releases)
}

fn folders(root: &Path) -> Result<Vec<PathBuf>, PackagingError> {
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(root).map_err(PackagingError::io("read", root))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    Ok(paths.filter(|path| path.is_dir()).collect())
}
