//! Core wasm written as text or changed by hand, made a component of the contract with a manifest.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{PackageId, Resolve};

use tributary_packaging::append_section;

static CONTRACT: LazyLock<(Resolve, PackageId)> = LazyLock::new(|| {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/wit/connector-0.1.0");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(contract).unwrap();
    (resolve, package)
});

/// A component of `world`. Without `validated` it may be one that no encoder would let pass.
pub(crate) fn encoded(mut module: Vec<u8>, world: &str, validated: bool) -> Vec<u8> {
    let (resolve, package) = &*CONTRACT;
    let world = resolve.select_world(&[*package], Some(world)).unwrap();
    wit_component::embed_component_metadata(
        &mut module,
        resolve,
        world,
        StringEncoding::UTF8,
        false,
    )
    .unwrap();
    ComponentEncoder::default()
        .validate(validated)
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

/// The component with its manifest.
pub(crate) fn with_manifest(mut component: Vec<u8>, manifest: &Value) -> Vec<u8> {
    let text = manifest.to_string();
    append_section(&mut component, "tributary:manifest", text.as_bytes());
    component
}
