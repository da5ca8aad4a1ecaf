//! The signature that a component carries: a custom section at its very end. What is signed are the
//! bytes before it, so a signature can be put on and taken off without changing the component.
//!
//! Invariants: at most one such section, and nothing behind it. Deliberately absent: judging it.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::Manifest;
use tributary_model::problem::Problem;
use tributary_model::trust::ConnectorSignature;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::{Parser, Payload};

use crate::inspect::{check_size, inspect};

const SECTION: &str = "tributary:signature";
/// Largest signature section, bytes.
const MAX_SIGNATURE_BYTES: usize = 4 << 10;

/// A component as it was found, not yet believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Presented {
    pub manifest: Manifest,
    /// `sha256:…` of the component without its signature
    pub digest: String,
    /// `sha256:…` of the whole file
    pub file_digest: String,
    /// `sha256:…` of the manifest's bytes
    pub manifest_digest: String,
    pub signature: Option<ConnectorSignature>,
    /// interfaces of the contract that it imports, those that grant nothing left out
    pub imports: Vec<String>,
}

/// Reads what a component says about itself; nothing of it runs or is compiled. Takes a while for a
/// large one, so async callers move it to a blocking thread.
///
/// # Errors
/// `connector_invalid` or `connector_denied` as `Host::load`; `connector_untrusted` for a signature
/// that is not where and how it should be.
pub fn present(component: &[u8], max_bytes: usize) -> Result<Presented, Problem> {
    check_size(component.len(), max_bytes)?;
    let inspected = inspect(component)?;
    let (unsigned, signature) = split(component)?;
    Ok(Presented {
        manifest: inspected.manifest,
        digest: sha256(unsigned),
        file_digest: sha256(component),
        manifest_digest: sha256(inspected.section),
        signature,
        imports: inspected.interfaces,
    })
}

/// The component with this signature in place of any it had.
///
/// # Errors
/// As [`present`].
pub fn attach(component: &[u8], signature: &ConnectorSignature) -> Result<Vec<u8>, Problem> {
    let mut signed = split(component)?.0.to_vec();
    let text = serde_json::to_vec(signature)
        .map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    signed.extend(section(&text));
    Ok(signed)
}

/// The bytes before the signature, and the signature.
fn split(component: &[u8]) -> Result<(&[u8], Option<ConnectorSignature>), Problem> {
    let mut found = None;
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|error| {
            let detail = format!("the component is damaged: {error}");
            Problem::new(ErrorCode::ConnectorInvalid, detail)
        })?;
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(part) if depth == 0 && part.name() == SECTION => {
                if found.is_some() {
                    return Err(untrusted("the component has two signatures"));
                }
                found = Some(part.data());
            }
            _ => {}
        }
    }
    let Some(text) = found else {
        return Ok((component, None));
    };
    if text.len() > MAX_SIGNATURE_BYTES {
        return Err(untrusted("the signature is larger than a signature can be"));
    }
    let unsigned = component
        .strip_suffix(section(text).as_slice())
        .ok_or_else(|| untrusted("something stands behind the component's signature"))?;
    let signature: ConnectorSignature = serde_json::from_slice(text).map_err(|error| {
        untrusted(&format!(
            "the signature does not have the expected form: {error}"
        ))
    })?;
    if signature.signature_version != 1 {
        let version = signature.signature_version;
        return Err(untrusted(&format!(
            "the signature has version {version}, 1 is known here"
        )));
    }
    Ok((unsigned, Some(signature)))
}

/// A custom section with the shortest possible lengths.
fn section(text: &[u8]) -> Vec<u8> {
    let (name, data) = (SECTION.into(), text.into());
    let mut section = Vec::new();
    CustomSection { name, data }.append_to_component(&mut section);
    section
}

/// `sha256:` and 64 hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!(
        "sha256:{}",
        HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
    )
}

fn untrusted(detail: &str) -> Problem {
    Problem::new(ErrorCode::ConnectorUntrusted, detail)
}
