//! Bytes that are no connector, or ask for more than their manifest says.

use std::sync::Arc;

use serde_json::{Value, json};
use tributary_host::{Host, HostConfig};
use tributary_model::error_code::ErrorCode;
use wasm_encoder::Encode as _;

use super::{MEMORY, manifest, source, with_manifest};
use crate::support::host;

fn changed(key: &str, value: Value) -> Value {
    let mut manifest = manifest();
    manifest[key] = value;
    manifest
}

/// Components inside components.
fn nested(depth: usize) -> Vec<u8> {
    let empty = wat::parse_str("(component)").unwrap();
    let mut component = empty.clone();
    for _ in 0..depth {
        let mut outer = empty.clone();
        outer.push(4);
        component.len().encode(&mut outer);
        outer.extend_from_slice(&component);
        component = outer;
    }
    with_manifest(component, &manifest())
}

type Case = (&'static str, Vec<u8>, &'static str);

fn good() -> Vec<u8> {
    source(MEMORY, "(i32.const 64)")
}

fn text(text: &str) -> Vec<u8> {
    with_manifest(wat::parse_str(text).unwrap(), &manifest())
}

fn damaged() -> Vec<Case> {
    let good = good();
    let native = {
        let engine = wasmtime::Engine::default();
        engine.precompile_component(&good).unwrap()
    };
    let truncated = with_manifest(good.clone(), &manifest());
    let truncated = truncated[..truncated.len() / 2].to_vec();
    let mut flipped = with_manifest(good.clone(), &manifest());
    let middle = flipped.len() / 3;
    flipped[middle] ^= 0xff;
    vec![
        ("nothing", Vec::new(), ""),
        ("text", b"hello".to_vec(), ""),
        (
            "a core module",
            text("(module)"),
            "not a WebAssembly component",
        ),
        ("native code", native, "native code"),
        ("cut off", truncated, ""),
        ("a flipped byte", flipped, ""),
    ]
}

fn odd_manifests() -> Vec<Case> {
    let good = good();
    let mut two = with_manifest(good.clone(), &manifest());
    two = with_manifest(two, &manifest());
    vec![
        ("no manifest", good.clone(), "tributary:manifest"),
        ("two manifests", two, "two manifests"),
        (
            "no JSON",
            {
                let mut b = good.clone();
                tributary_packaging::append_section(&mut b, "tributary:manifest", b"{");
                b
            },
            "form",
        ),
        (
            "an unknown field",
            with_manifest(good.clone(), &changed("x", json!(1))),
            "form",
        ),
        (
            "a later manifest",
            with_manifest(good.clone(), &changed("manifest_version", json!(2))),
            "version 2",
        ),
        (
            "another contract",
            with_manifest(
                good.clone(),
                &changed("contract", json!("tributary:connector@9.0.0")),
            ),
            "spoken here",
        ),
        (
            "a capability that does not exist",
            with_manifest(good.clone(), &changed("capabilities", json!(["udp"]))),
            "does not exist",
        ),
        (
            "no role",
            with_manifest(good.clone(), &changed("roles", json!([]))),
            "no role",
        ),
        (
            "a role without exports",
            with_manifest(good.clone(), &changed("roles", json!(["api_target"]))),
            "target",
        ),
        (
            "a schema that is none",
            with_manifest(good.clone(), &changed("config_schema", json!({"type": 7}))),
            "JSON Schema",
        ),
    ]
}

/// Limits that no slot of the platform is held for.
fn greedy_manifests() -> Vec<Case> {
    let good = good();
    vec![
        (
            "too much memory",
            with_manifest(
                good.clone(),
                &changed("limits", json!({"memory_mib": 4096})),
            ),
            "memory_mib",
        ),
        (
            "a read without an end",
            with_manifest(
                good.clone(),
                &changed("limits", json!({"read_wall_s": u32::MAX})),
            ),
            "limits.read_wall_s is 4294967295; 1 to 86400 are allowed",
        ),
        (
            "no time at all",
            with_manifest(good.clone(), &changed("limits", json!({"call_cpu_ms": 0}))),
            "limits.call_cpu_ms is 0",
        ),
    ]
}

fn foreign_imports() -> Vec<Case> {
    vec![
        (
            "WASI",
            text(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#),
            "wasi:cli/environment",
        ),
        (
            "a bare function",
            text(r#"(component (import "f" (func)))"#),
            "\"f\"",
        ),
        (
            "another version",
            text(r#"(component (import "tributary:connector/log@0.2.0" (instance)))"#),
            "log@0.2.0",
        ),
        (
            "an interface that does not exist",
            text(r#"(component (import "tributary:connector/udp@0.1.0" (instance)))"#),
            "udp",
        ),
        ("no exports", text("(component)"), "does not export"),
        ("nested too deep", nested(2_000), ""),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_connector_is_refused_before_anything_runs() {
    let cases = [
        damaged(),
        odd_manifests(),
        greedy_manifests(),
        foreign_imports(),
    ]
    .concat();
    let host = host(&[]);
    for (name, bytes, word) in cases {
        let problem = host
            .load(&bytes)
            .await
            .err()
            .unwrap_or_else(|| panic!("{name} was loaded"));
        assert_eq!(
            problem.code,
            ErrorCode::ConnectorInvalid,
            "{name}: {problem}"
        );
        assert!(problem.detail.contains(word), "{name}: {}", problem.detail);
    }
    let large = Host::new(HostConfig {
        max_component_bytes: 100,
        ..HostConfig::default()
    })
    .unwrap();
    let problem = large
        .load(&with_manifest(good(), &manifest()))
        .await
        .unwrap_err();
    assert!(problem.detail.contains("at most 100"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_the_manifest_does_not_list_is_refused() {
    let good = source(MEMORY, "(i32.const 64)");
    for missing in ["log", "control", "connections", "output"] {
        let listed: Vec<&str> = ["log", "control", "connections", "output"]
            .into_iter()
            .filter(|name| *name != missing)
            .collect();
        let bytes = with_manifest(good.clone(), &changed("capabilities", json!(listed)));
        // The module calls nothing but keeps the imports it declares.
        let problem = host(&[]).load(&bytes).await.unwrap_err();
        assert_eq!(
            problem.code,
            ErrorCode::ConnectorDenied,
            "{missing}: {problem}"
        );
        assert!(problem.detail.contains(missing), "{problem}");
    }
}

#[expect(clippy::too_many_lines, reason = "one entry, altered in every way")]
#[tokio::test(flavor = "multi_thread")]
async fn the_cache_gives_back_only_what_this_host_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = with_manifest(source(MEMORY, "(i32.const 64)"), &manifest());
    let with_key = |key: u8| {
        Host::new(HostConfig {
            cache_dir: Some(folder.path().to_owned()),
            cache_mac_key: [key; 32],
            pool_instances: 2,
            ..HostConfig::default()
        })
        .unwrap()
    };
    let host = with_key(1);
    let connector = host.load(&bytes).await.unwrap();
    assert!(Arc::ptr_eq(&connector, &host.load(&bytes).await.unwrap()));
    let entry = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let written = std::fs::read(&entry).unwrap();
    let authentic = |host: Host| {
        let bytes = bytes.clone();
        let entry = entry.clone();
        async move {
            let before = std::fs::read(&entry).unwrap();
            host.load(&bytes).await.unwrap();
            before == std::fs::read(&entry).unwrap()
        }
    };
    assert!(
        authentic(with_key(1)).await,
        "an authentic entry is used as it is"
    );
    for at in [0, 31, 32, written.len() / 2, written.len() - 1] {
        let mut changed = written.clone();
        changed[at] ^= 1;
        std::fs::write(&entry, &changed).unwrap();
        assert!(
            !authentic(with_key(1)).await,
            "byte {at}: passed over and written anew"
        );
    }
    for length in [0, 10, 32, written.len() - 1] {
        std::fs::write(&entry, &written[..length]).unwrap();
        assert!(!authentic(with_key(1)).await, "{length} bytes");
    }
    assert!(!authentic(with_key(2)).await, "another host's key");
    with_key(1).load(&bytes).await.unwrap();
    let other = with_manifest(source(MEMORY, "(i32.const 72)"), &manifest());
    with_key(1).load(&other).await.unwrap();
    let foreign = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| *path != entry)
        .unwrap();
    std::fs::copy(&foreign, &entry).unwrap();
    assert!(!authentic(with_key(1)).await, "another connector's entry");
    // As a compiler with other settings would have named it: the MAC covers the name's parts.
    let name = entry.file_name().unwrap().to_string_lossy().into_owned();
    let (digest, _) = name.rsplit_once('-').unwrap();
    let older = folder
        .path()
        .join(format!("{digest}-0000000000000000.cwasm"));
    std::fs::copy(&foreign, &older).unwrap();
    assert!(
        authentic(with_key(1)).await,
        "another compiler's entry is not looked at"
    );
    let mut code = std::fs::read(&entry).unwrap();
    code.truncate(32);
    code.extend(b"\x7fELF native code of somebody else");
    std::fs::write(&entry, code).unwrap();
    assert!(!authentic(with_key(1)).await, "an old MAC over other code");
}
