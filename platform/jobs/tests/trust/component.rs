//! Small connectors, signed as a publisher would sign them.

use std::path::Path;

use serde_json::{Value, json};
use tributary_host::{attach, present};
use tributary_model::id::Slug;
use tributary_model::trust::ConnectorSignature;
use tributary_vault::{PublisherSigner, Statement};
use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

const MODULE: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
    (func (export "tributary:connector/base@0.1.0#check") (param i32 i32) (result i32) (i32.const 64))
    (func (export "tributary:connector/source@0.1.0#discover") (param i32 i32) (result i32) (i32.const 64))
    (func (export "tributary:connector/source@0.1.0#partitions")
        (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "tributary:connector/source@0.1.0#read")
        (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 64)))"#;

pub(crate) fn manifest(name: &str, version: &str) -> Value {
    json!({
        "manifest_version": 1, "name": name, "version": version, "title": "x", "publisher": "x",
        "contract": "tributary:connector@0.1.0", "roles": ["source"], "capabilities": [],
        "connection": {"label": "api", "kind": "http"}, "config_schema": {"type": "object"},
    })
}

/// Code with this manifest, without a signature.
pub(crate) fn unsigned(manifest: &Value) -> Vec<u8> {
    let mut module = wat::parse_str(MODULE).unwrap();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/wit/connector-0.1.0");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(contract).unwrap();
    let world = resolve
        .select_world(&[package], Some("source-connector"))
        .unwrap();
    let utf8 = StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, utf8, false).unwrap();
    let mut component = ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .encode()
        .unwrap();
    section(
        &mut component,
        "tributary:manifest",
        manifest.to_string().as_bytes(),
    );
    component
}

/// A custom section at the end.
pub(crate) fn section(component: &mut Vec<u8>, name: &str, data: &[u8]) {
    let (name, data) = (name.into(), data.into());
    CustomSection { name, data }.append_to_component(component);
}

/// `publisher`'s signature for a component.
pub(crate) fn signature(
    component: &[u8],
    publisher: &str,
    signer: &PublisherSigner,
) -> ConnectorSignature {
    let presented = present(component, usize::MAX).unwrap();
    let mut signature = ConnectorSignature {
        signature_version: 1,
        publisher: Slug::parse(publisher).unwrap(),
        key: signer.key_id(),
        name: presented.manifest.name,
        version: presented.manifest.version,
        digest: presented.digest,
        manifest_digest: presented.manifest_digest,
        signature: String::new(),
    };
    resign(&mut signature, signer);
    signature
}

/// Signs what the signature says, be it true or not.
pub(crate) fn resign(signature: &mut ConnectorSignature, signer: &PublisherSigner) {
    signature.signature = signer.sign(&Statement {
        publisher: signature.publisher.as_str(),
        key: &signature.key,
        name: signature.name.as_str(),
        version: &signature.version,
        digest: &signature.digest,
        manifest_digest: &signature.manifest_digest,
    });
}

pub(crate) fn signed(component: &[u8], publisher: &str, signer: &PublisherSigner) -> Vec<u8> {
    attach(component, &signature(component, publisher, signer)).unwrap()
}
