//! Builds the fixtures of `tests/astray` once and dresses them in manifests.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};
use tributary_conformance::{Case, Report, battery};

static BUILT: LazyLock<std::path::PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/astray");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("astray");
    tributary_packaging::require_target().unwrap();
    tributary_packaging::compile(&folder, &target).unwrap();
    target.join("wasm32-unknown-unknown/release")
});

/// A fixture with a manifest.
pub(crate) fn component(kind: &str, manifest: &Value) -> Vec<u8> {
    let module = std::fs::read(BUILT.join(format!("astray_{kind}.wasm"))).unwrap();
    tributary_packaging::encode(&module, manifest.to_string().as_bytes()).unwrap()
}

/// What a good manifest of a connector has; `more` is laid over it.
pub(crate) fn manifest(role: &str, more: &Value) -> Value {
    let mut manifest = json!({
        "manifest_version": 1, "name": "astray", "version": "1.0.0", "title": "Astray", "publisher": "tests",
        "contract": "tributary:connector@0.1.0", "roles": [role],
        "connection": {"label": "api", "kind": "http"},
        "config_schema": {
            "type": "object", "additionalProperties": false,
            "properties": {"path": {"type": "string"}, "fault": {"type": "string"}},
        },
    });
    for (name, value) in more.as_object().unwrap() {
        manifest[name] = value.clone();
    }
    manifest
}

pub(crate) fn case(document: Value) -> Case {
    serde_json::from_value(document).unwrap()
}

/// The battery over one case, and the names of the checks that failed with what they said.
pub(crate) fn failures(component: &[u8], case: Case) -> (Report, Vec<(&'static str, String)>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let report = runtime.block_on(battery(component, &[("case".to_owned(), case)]));
    let failed = report
        .failures()
        .map(|check| (check.check, check.detail.clone()))
        .collect();
    (report, failed)
}

/// Exactly `check` fails, and says `words`.
pub(crate) fn assert_fails(
    what: &str,
    failed: &[(&'static str, String)],
    check: &str,
    words: &str,
) {
    let found = failed.iter().find(|(name, _)| *name == check);
    let Some((_, detail)) = found else {
        panic!("{what}: {check} did not fail: {failed:#?}");
    };
    assert!(
        detail.contains(words),
        "{what}: {check} says {detail:?}, not {words:?}"
    );
}
