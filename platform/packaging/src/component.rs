//! Core WebAssembly and a manifest to a component. The only imports are the contract's: a component
//! with WASI, or anything else that a host would have to provide, is refused here already.

use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_component::{ComponentEncoder, DecodedWasm};

use crate::PackagingError;

const MANIFEST_SECTION: &str = "tributary:manifest";
const NAMESPACE: &str = "tributary:connector/";

/// A component of `module` with `manifest` (the text of `connector.json`) in its custom section.
///
/// # Errors
/// [`PackagingError::Invalid`] for a module that is none, foreign imports, a manifest that is not JSON.
pub fn encode(module: &[u8], manifest: &[u8]) -> Result<Vec<u8>, PackagingError> {
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode());
    let mut component = encoded.map_err(|error| {
        PackagingError::invalid(format!(
            "it cannot be made a component: {error:#}; does it export itself with one of the kit's macros?"
        ))
    })?;
    check_imports(&component)?;
    let json: serde_json::Value = serde_json::from_slice(manifest)
        .map_err(|error| PackagingError::invalid(format!("connector.json is not JSON: {error}")))?;
    append_section(
        &mut component,
        MANIFEST_SECTION,
        json.to_string().as_bytes(),
    );
    Ok(component)
}

/// Zero WASI: only interfaces of the contract.
fn check_imports(component: &[u8]) -> Result<(), PackagingError> {
    let broken =
        |error: String| PackagingError::invalid(format!("the encoder gave no component: {error}"));
    let decoded = wit_component::decode(component).map_err(|error| broken(error.to_string()))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(broken("a package".to_owned()));
    };
    let world = resolve
        .worlds
        .get(world)
        .ok_or_else(|| broken("no world".to_owned()))?;
    for key in world.imports.keys() {
        let name = resolve.name_world_key(key);
        if !name.starts_with(NAMESPACE) {
            return Err(PackagingError::invalid(format!(
                "it imports {name:?}; connectors import only {NAMESPACE}…"
            )));
        }
    }
    Ok(())
}

/// Puts a custom section at the end; it may stand anywhere between sections.
pub fn append_section(component: &mut Vec<u8>, name: &str, data: &[u8]) {
    let (name, data) = (name.into(), data.into());
    CustomSection { name, data }.append_to_component(component);
}
