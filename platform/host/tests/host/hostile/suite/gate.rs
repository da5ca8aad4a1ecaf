//! Refused before anything of it runs: at the look at its bytes, by the compiler, or by the linker.

use serde_json::{Value, json};
use tributary_model::error_code::ErrorCode::{ConnectorDenied, ConnectorInvalid, ConnectorLimit};

use super::super::{manifest, with_manifest};
use super::case::{Case, Entry, Expect};
use super::guest::Guest;
use tributary_packaging::append_section;
use wasm_encoder::Encode as _;

fn refused(name: &'static str, bytes: Vec<u8>, word: &'static str) -> Case {
    let expect = Expect::Refused(ConnectorInvalid, word);
    Case::new(name, bytes, Entry::Check, expect)
}

fn any(name: &'static str, bytes: Vec<u8>) -> Case {
    Case::new(name, bytes, Entry::Check, Expect::Any)
}

/// A component as text, with an ordinary manifest.
fn text(text: &str) -> Vec<u8> {
    with_manifest(wat::parse_str(text).unwrap(), &manifest())
}

fn schema(schema: Value) -> Vec<u8> {
    Guest::source().set("config_schema", schema).component()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = imports();
    cases.extend(manifests());
    cases.extend(deliveries());
    cases.extend(forbidden_features());
    cases.extend(compiler_bombs());
    cases
}

fn imports() -> Vec<Case> {
    let denied = Guest::source().set("capabilities", json!(["log", "control"]));
    let bomb: String = (0..20_000)
        .map(|number| format!("(import \"tributary:connector/x{number}@0.1.0\" (instance))"))
        .collect();
    vec![
        refused(
            "imports WASI",
            text(r#"(component (import "wasi:sockets/tcp@0.2.0" (instance)))"#),
            "wasi:sockets",
        ),
        refused(
            "imports a bare function",
            text(r#"(component (import "system" (func)))"#),
            "system",
        ),
        refused(
            "imports udp, which does not exist",
            text(r#"(component (import "tributary:connector/udp@0.1.0" (instance)))"#),
            "udp",
        ),
        refused(
            "imports another version",
            text(r#"(component (import "tributary:connector/http@0.2.0" (instance)))"#),
            "http@0.2.0",
        ),
        refused(
            "imports a pre-release of our version",
            text(r#"(component (import "tributary:connector/http@0.1.0-x" (instance)))"#),
            "0.1.0-x",
        ),
        refused(
            "imports under a name like ours",
            text(r#"(component (import "tributary:connectors/http@0.1.0" (instance)))"#),
            "tributary:connectors",
        ),
        Case::new(
            "imports what its manifest does not list",
            denied.component(),
            Entry::Check,
            Expect::Refused(ConnectorDenied, "does not list"),
        ),
        refused(
            "import bomb: 20,000 interfaces",
            text(&format!("(component {bomb})")),
            "",
        ),
    ]
}

/// A manifest that promises to be asked, of a component that cannot be.
fn deliveries() -> Vec<Case> {
    let target = |delivery: Value| Guest::target().set("delivery", delivery).component();
    vec![
        refused(
            "manifest: look-up without the export",
            target(json!({"capability": "lookup", "max_rows_per_call": 1})),
            "the delivery capability `lookup` needs the export",
        ),
        refused(
            "manifest: look-up after the window without the export",
            target(json!({"capability": "idempotency_key", "window_s": 60,
                "lookup_after_window": true, "max_rows_per_call": 1})),
            "`lookup_after_window` needs the export",
        ),
    ]
}

fn manifests() -> Vec<Case> {
    let mut doubling = serde_json::Map::new();
    for level in 0..60 {
        let next = format!("#/$defs/d{}", level + 1);
        let both = json!({"allOf": [{"$ref": next}, {"$ref": next}]});
        doubling.insert(format!("d{level}"), both);
    }
    doubling.insert("d60".to_owned(), json!({"type": "object"}));
    let memory = json!({"memory_mib": 65_536});
    let two = with_manifest(Guest::source().component(), &manifest());
    let long = "x".repeat(300 << 10);
    vec![
        refused(
            "manifest: schema that refers to itself",
            schema(json!({"$ref": "#"})),
            "itself",
        ),
        refused(
            "manifest: schema of 2^60 parts",
            schema(json!({"$ref": "#/$defs/d0", "$defs": doubling})),
            "config_schema",
        ),
        refused(
            "manifest: schema from the network",
            schema(json!({"$ref": "http://169.254.169.254/latest"})),
            "config_schema",
        ),
        refused(
            "manifest: asks for 64 GiB",
            Guest::source().set("limits", memory).component(),
            "memory_mib",
        ),
        refused("manifest: two of them", two, "two manifests"),
        refused(
            "manifest: larger than allowed",
            Guest::source().set("title", json!(long)).component(),
            "larger",
        ),
        refused(
            "manifest: line ends in its title",
            Guest::source()
                .set("title", json!("a\nERROR forged"))
                .component(),
            "title",
        ),
        refused(
            "manifest: version that is a path",
            Guest::source()
                .set("version", json!("../../1.0.0"))
                .component(),
            "version",
        ),
    ]
}

/// Parts of WebAssembly that connectors have no use for.
fn forbidden_features() -> Vec<Case> {
    let with = |items: &str| Guest::source().items(items).component();
    let relaxed = "(func (drop (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 0 0 0 0))))";
    vec![
        refused("a second memory", with("(memory 1)"), ""),
        refused("a second memory of 64 bits", with("(memory i64 1)"), ""),
        refused(
            "atomics",
            with("(func (drop (i32.atomic.load (i32.const 0))))"),
            "",
        ),
        refused(
            "garbage-collected types",
            with("(type $s (struct (field i32)))"),
            "",
        ),
        refused("tail calls", with("(func $t (return_call $t))"), ""),
        refused("exceptions", with("(tag $e)"), ""),
        refused("relaxed SIMD", with(relaxed), ""),
        refused(
            "a core module",
            with_manifest(wat::parse_str("(module)").unwrap(), &manifest()),
            "component",
        ),
        refused(
            "native code",
            {
                let engine = wasmtime::Engine::default();
                engine
                    .precompile_component(&Guest::source().component())
                    .unwrap()
            },
            "native code",
        ),
        refused("components 2,000 deep", nested(2_000), ""),
        refused(
            "larger than a component may be",
            padded(33 << 20),
            "at most",
        ),
        Case::new(
            "16 MiB of custom sections",
            padded(16 << 20),
            Entry::Check,
            Expect::Answers,
        ),
    ]
}

fn padded(bytes: usize) -> Vec<u8> {
    let mut component = Guest::source().component();
    append_section(&mut component, "padding", &vec![0; bytes]);
    component
}

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

/// Valid, or nearly so, and hard on the compiler. It may give up or be stopped, nothing else.
fn compiler_bombs() -> Vec<Case> {
    let with = |items: &str| Guest::source().items(items).component();
    let functions = "(func (result i32) (i32.const 1))\n".repeat(100_000);
    let locals = format!("(func (local {}) (nop))", "i64 ".repeat(50_000));
    let too_many = format!("(func (local {}) (nop))", "i64 ".repeat(50_001));
    let table = format!(
        "(func (param i32) (block $b (br_table {} (local.get 0))))",
        "$b ".repeat(500_000)
    );
    let deep = format!(
        "(func {} {})",
        "block ".repeat(30_000),
        "end ".repeat(30_000)
    );
    let large = format!(
        "(func (param i32) (result i32) local.get 0 {})",
        "i32.const 7 i32.mul local.get 0 i32.add ".repeat(400_000)
    );
    let tables = "(table 100000 funcref) ".repeat(90);
    vec![
        any("100,000 functions", with(&functions)),
        any("50,000 locals in a function", with(&locals)),
        refused("50,001 locals in a function", with(&too_many), ""),
        any("a branch table of 500,000 entries", with(&table)),
        any("blocks 30,000 deep", with(&deep)),
        any("one function of 1,600,000 instructions", with(&large)),
        Case::new(
            "90 tables",
            with(&tables),
            Entry::Check,
            Expect::Refused(ConnectorLimit, "tables"),
        ),
        Case::new(
            "data outside its memory",
            Guest::source().text(0x7fff_fff0, b"x").component(),
            Entry::Check,
            Expect::Ends(
                tributary_model::error_code::ErrorCode::ConnectorFailed,
                "out of bounds",
            ),
        ),
        any(
            "a table of 9,000,000 elements",
            with("(table 9000000 funcref)"),
        ),
        Case::new(
            "a memory of 4 GiB",
            Guest::source()
                .memory(r#"(memory (export "memory") 65536)"#)
                .component(),
            Entry::Check,
            Expect::Refused(ConnectorLimit, "memory"),
        ),
    ]
}
