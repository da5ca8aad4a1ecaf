//! OCI image layout 1.0.0 (image-spec, "OCI Image Layout"): `oci-layout`, `index.json`, `blobs/sha256`.
//! A release is an artifact as the CNCF's "Wasm OCI Artifact layout" has it: a config of the type
//! `application/vnd.wasm.config.v0+json` and one layer `application/wasm`.
//!
//! Invariants: the same component gives the same blobs (so no time is written down); what an index of
//! other hands names is followed by digest only.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{
    MAX_DOCUMENT_BYTES, Release, check_name, check_version, read_checked, read_document, sha256,
    write,
};
use crate::PackagingError;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
/// Annotations of image-spec.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const VENDOR: &str = "org.opencontainers.image.vendor";

pub(super) fn publish(
    root: &Path,
    component: &[u8],
    release: &Release,
) -> Result<(), PackagingError> {
    let layer = put(root, LAYER, component)?;
    let config = json!({
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        // the word for components; ours import no WASI
        "os": "wasip2",
        "layerDigests": [release.digest],
    });
    let config = put(root, CONFIG, config.to_string().as_bytes())?;
    let mut notes = json!({TITLE: release.name, VERSION: release.version});
    if let (Some(publisher), Some(notes)) = (&release.publisher, notes.as_object_mut()) {
        notes.insert(VENDOR.to_owned(), json!(publisher));
    }
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": LAYER,
        "config": config, "layers": [layer], "annotations": notes,
    });
    let mut entry = put(root, MANIFEST, manifest.to_string().as_bytes())?;
    if let Some(entry) = entry.as_object_mut() {
        let name = format!("{}:{}", release.name, release.version);
        entry.insert("annotations".to_owned(), json!({REF_NAME: name}));
    }
    let mut entries = entries(root)?;
    entries.push(entry);
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": entries,
    });
    write(&root.join("index.json"), index.to_string().as_bytes())?;
    write(
        &root.join("oci-layout"),
        br#"{"imageLayoutVersion":"1.0.0"}"#,
    )
}

/// Releases of connectors; other artifacts of the layout are passed over.
pub(super) fn releases(root: &Path) -> Result<Vec<Release>, PackagingError> {
    let mut releases = Vec::new();
    for entry in entries(root)? {
        if text(&entry, "/mediaType") != Some(MANIFEST) {
            continue;
        }
        let manifest = manifest(root, &entry)?;
        let (Some(name), Some(version)) = (note(&manifest, TITLE), note(&manifest, VERSION)) else {
            continue;
        };
        let layers = manifest.pointer("/layers").and_then(Value::as_array);
        let [layer] = layers.map_or(&[][..], Vec::as_slice) else {
            continue;
        };
        if text(layer, "/mediaType") != Some(LAYER) {
            continue;
        }
        check_name(name)?;
        check_version(version)?;
        releases.push(Release {
            name: name.to_owned(),
            version: version.to_owned(),
            digest: text(layer, "/digest").unwrap_or_default().to_owned(),
            size: layer.get("size").and_then(Value::as_u64).unwrap_or(0),
            publisher: note(&manifest, VENDOR).map(str::to_owned),
        });
    }
    Ok(releases)
}

pub(super) fn component_path(root: &Path, release: &Release) -> Result<PathBuf, PackagingError> {
    blob(root, &release.digest)
}

fn entries(root: &Path) -> Result<Vec<Value>, PackagingError> {
    let path = root.join("index.json");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let index: Value = read_document(&path)?;
    let entries = index.get("manifests").and_then(Value::as_array);
    Ok(entries.cloned().unwrap_or_default())
}

fn manifest(root: &Path, entry: &Value) -> Result<Value, PackagingError> {
    let digest = text(entry, "/digest").unwrap_or_default();
    let path = blob(root, digest)?;
    let bytes = read_checked(&path, digest, MAX_DOCUMENT_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        PackagingError::invalid(format!("{} is no manifest: {error}", path.display()))
    })
}

/// Writes a blob and gives its descriptor.
fn put(root: &Path, media_type: &str, bytes: &[u8]) -> Result<Value, PackagingError> {
    let digest = sha256(bytes);
    write(&blob(root, &digest)?, bytes)?;
    Ok(json!({"mediaType": media_type, "digest": digest, "size": bytes.len()}))
}

/// A digest becomes a path only if it is one.
fn blob(root: &Path, digest: &str) -> Result<PathBuf, PackagingError> {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    let digit = |sign: u8| sign.is_ascii_digit() || (b'a'..=b'f').contains(&sign);
    if hex.len() != 64 || !hex.bytes().all(digit) {
        return Err(PackagingError::invalid(format!(
            "{digest:?} in the index is no SHA-256 digest"
        )));
    }
    Ok(root.join("blobs/sha256").join(hex))
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn note<'a>(manifest: &'a Value, name: &str) -> Option<&'a str> {
    manifest.get("annotations")?.get(name)?.as_str()
}
