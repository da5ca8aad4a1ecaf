//! Registries on disk: what `publish` writes and `install` reads. Two layouts, told apart by what lies
//! in the folder: releases by name and version ([`folder`]), or an OCI image layout ([`oci`]) that
//! other tools copy to and from registries.
//!
//! Invariants: a published version never changes; every byte that is read is compared with the digest
//! under which it was published; names become paths only after they were checked. A registry is not
//! believed: the gate and the trust policy judge what comes out of it.
//!
//! Deliberately absent: the network. A folder can be a checkout, a share, or a copy made by any tool.

mod folder;
mod oci;

use std::path::Path;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use tributary_model::id::Slug;
use tributary_model::version::Version;

use crate::PackagingError;

/// Largest component that is read, bytes; as much as a server takes.
const MAX_COMPONENT_BYTES: u64 = 32 << 20;
/// Largest index or manifest that is read, bytes.
const MAX_DOCUMENT_BYTES: u64 = 16 << 20;

/// How a registry lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `<name>/<version>/<name>.wasm` with a `release.json` beside it
    Folder,
    /// OCI image layout 1.0.0
    Oci,
}

/// One published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub name: String,
    pub version: String,
    /// `sha256:…` of the file, signature included
    pub digest: String,
    /// of the file
    pub size: u64,
    /// who signed it, as its signature claims; nothing that could be believed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
}

/// A connector by name, and by version if it must be that one: `erp`, `erp@1.2.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub name: String,
    pub version: Option<String>,
}

impl FromStr for Reference {
    type Err = PackagingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (text, None),
        };
        check_name(name)?;
        if let Some(version) = &version {
            check_version(version)?;
        }
        Ok(Self {
            name: name.to_owned(),
            version,
        })
    }
}

/// What lies in `root`; `None` for a folder that is neither, such as an empty one.
#[must_use]
pub fn layout(root: &Path) -> Option<Layout> {
    if root.join("oci-layout").is_file() {
        return Some(Layout::Oci);
    }
    let releases = folder::releases(root).unwrap_or_default();
    (!releases.is_empty()).then_some(Layout::Folder)
}

/// Publishes a component. `false`: these very bytes were there already.
///
/// # Errors
/// Other bytes under the same name and version; a registry of the other layout; what the disk says.
pub fn publish(
    root: &Path,
    wanted: Layout,
    component: &[u8],
    release: &Release,
) -> Result<bool, PackagingError> {
    check_name(&release.name)?;
    check_version(&release.version)?;
    if let Some(found) = layout(root).filter(|found| *found != wanted) {
        return Err(PackagingError::invalid(format!(
            "{} is a registry of the layout {found:?}, not {wanted:?}",
            root.display()
        )));
    }
    let known = releases(root)?;
    let same = |known: &&Release| known.name == release.name && known.version == release.version;
    if let Some(known) = known.iter().find(same) {
        if known.digest == release.digest {
            return Ok(false);
        }
        let (name, version) = (&release.name, &release.version);
        return Err(PackagingError::invalid(format!(
            "{name} {version} is published with other bytes ({}); raise `version` in connector.json",
            known.digest
        )));
    }
    match wanted {
        Layout::Folder => folder::publish(root, component, release)?,
        Layout::Oci => oci::publish(root, component, release)?,
    }
    Ok(true)
}

/// Everything in the registry, by name and version.
///
/// # Errors
/// An index that can't be read.
pub fn releases(root: &Path) -> Result<Vec<Release>, PackagingError> {
    let mut releases = match layout(root) {
        Some(Layout::Folder) => folder::releases(root)?,
        Some(Layout::Oci) => oci::releases(root)?,
        None => Vec::new(),
    };
    releases.sort_by(|a, b| {
        let versions = || Version::parse(&a.version).cmp(&Version::parse(&b.version));
        a.name.cmp(&b.name).then_with(versions)
    });
    Ok(releases)
}

/// The bytes of a release, compared with its digest; the newest version if none is named.
///
/// # Errors
/// No such release, bytes of another digest or size.
pub fn fetch(root: &Path, reference: &Reference) -> Result<(Release, Vec<u8>), PackagingError> {
    let all = releases(root)?;
    let fits = |release: &&Release| {
        let version = reference.version.as_ref();
        release.name == reference.name && version.is_none_or(|version| *version == release.version)
    };
    let Some(release) = all.iter().rfind(fits) else {
        let there: Vec<String> = all
            .iter()
            .map(|release| format!("{}@{}", release.name, release.version))
            .collect();
        return Err(PackagingError::invalid(format!(
            "{} has no such connector; it has: {}",
            root.display(),
            there.join(", ")
        )));
    };
    let path = match layout(root) {
        Some(Layout::Oci) => oci::component_path(root, release)?,
        _ => folder::component_path(root, release),
    };
    let bytes = read_checked(&path, &release.digest, MAX_COMPONENT_BYTES)?;
    Ok((release.clone(), bytes))
}

/// `sha256:` and 64 hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    format!(
        "sha256:{}",
        HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
    )
}

fn check_name(name: &str) -> Result<(), PackagingError> {
    let parsed = Slug::parse(name);
    parsed
        .map(drop)
        .map_err(|_| PackagingError::invalid(format!("{name:?} is no name of a connector")))
}

/// A version becomes part of a path.
fn check_version(version: &str) -> Result<(), PackagingError> {
    let sign = |sign: char| sign.is_ascii_alphanumeric() || ".-+".contains(sign);
    if Version::parse(version).is_some() && version.chars().all(sign) {
        return Ok(());
    }
    Err(PackagingError::invalid(format!(
        "{version:?} is no version such as 1.2.0"
    )))
}

fn read_limited(path: &Path, most: u64) -> Result<Vec<u8>, PackagingError> {
    let size = std::fs::metadata(path).map_err(PackagingError::io("read", path))?;
    if size.len() > most {
        return Err(PackagingError::invalid(format!(
            "{} has {} bytes; at most {most} are read",
            path.display(),
            size.len()
        )));
    }
    std::fs::read(path).map_err(PackagingError::io("read", path))
}

fn read_checked(path: &Path, wanted: &str, most: u64) -> Result<Vec<u8>, PackagingError> {
    let bytes = read_limited(path, most)?;
    let found = sha256(&bytes);
    if found == wanted {
        return Ok(bytes);
    }
    Err(PackagingError::invalid(format!(
        "{} is not what was published: its digest is {found}, it should be {wanted}",
        path.display()
    )))
}

fn read_document<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, PackagingError> {
    let bytes = read_limited(path, MAX_DOCUMENT_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        PackagingError::invalid(format!("{} is not as expected: {error}", path.display()))
    })
}

/// Whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), PackagingError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(PackagingError::io("create", folder))?;
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, bytes).map_err(PackagingError::io("write", &fresh))?;
    std::fs::rename(&fresh, path).map_err(PackagingError::io("write", path))
}

#[cfg(test)]
mod tests;
