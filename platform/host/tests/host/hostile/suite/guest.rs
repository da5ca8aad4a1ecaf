//! Writes hostile guests: core wasm as text with every import of the contract and one replaceable
//! body for each export, encoded against the real contract.
//!
//! Memory of a guest: a mark at 16 by which the dump finds it, zeros at 64 (an answer "ok, nothing"),
//! the label of its connection at 1024, room for the host's answers from 64 KiB on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::encoded::{encoded, with_manifest};

/// Stands at address 16 of every guest.
pub(crate) const MARK: &[u8; 32] = b"<mark of a hostile guest memory>";
pub(crate) const MARK_AT: u64 = 16;

const IMPORTS: &str = r#"
(import "tributary:connector/log@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))
(import "tributary:connector/metrics@0.1.0" "observe" (func $observe (param i32 i32 i32 f64 i32 i32)))
(import "tributary:connector/control@0.1.0" "sleep-ms" (func $sleep (param i32)))
(import "tributary:connector/control@0.1.0" "now-ms" (func $now (result i64)))
(import "tributary:connector/control@0.1.0" "stopping" (func $stopping (result i32)))
(import "tributary:connector/connections@0.1.0" "get" (func $get (param i32 i32 i32)))
(import "tributary:connector/connections@0.1.0" "[method]connection.label" (func $label (param i32 i32)))
(import "tributary:connector/connections@0.1.0" "[resource-drop]connection" (func $drop (param i32)))
(import "tributary:connector/io@0.1.0" "[method]reader.read" (func $reader_read (param i32 i32 i32)))
(import "tributary:connector/io@0.1.0" "[resource-drop]reader" (func $reader_drop (param i32)))
(import "tributary:connector/io@0.1.0" "[method]rows.schema" (func $schema (param i32 i32)))
(import "tributary:connector/io@0.1.0" "[method]rows.pluck" (func $pluck (param i32 i32 i32 i32)))
(import "tributary:connector/http@0.1.0" "send" (func $send
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
(import "tributary:connector/files@0.1.0" "open" (func $open (param i32 i32 i32 i64 i32 i32 i32 i32)))
(import "tributary:connector/codec@0.1.0" "decode" (func $decode (param i32 i32 i32 i32 i32 i32)))
(import "tributary:connector/output@0.1.0" "emit" (func $emit (param i32 i32 i32 i32 i32 i32 i32)))
(import "tributary:connector/output@0.1.0" "pipe" (func $pipe (param i32 i32 i32 i32 i32)))
(import "tributary:connector/output@0.1.0" "checkpoint" (func $checkpoint (param i32 i32 i32)))
"#;

/// `$conn`: a handle to the connection. `$ask`: one GET of a path with headers; 0 if it was answered.
const FUNCTIONS: &str = r#"
(global $top (mut i32) (i32.const 65536))
(func $conn (result i32)
  (call $get (i32.const 1024) (i32.const 3) (i32.const 256))
  (i32.load (i32.const 260)))
(func $ask (param $path i32) (param $length i32) (param $headers i32) (param $count i32) (result i32)
  (call $send (call $conn) (i32.const 0) (local.get $path) (local.get $length)
    (i32.const 0) (i32.const 0) (local.get $headers) (local.get $count)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 1) (i32.const 2000) (i32.const 512))
  (i32.load8_u (i32.const 512)))
"#;

const REALLOC: &str = r#"
(local $at i32)
(local.set $at (global.get $top))
(global.set $top (i32.and (i32.const -16)
  (i32.add (i32.const 31) (i32.add (global.get $top) (local.get 3)))))
(local.get $at)"#;

const OK: &str = "(i32.const 64)";

pub(crate) const SPIN: &str = "(loop $l (br $l)) (unreachable)";

/// A guest in the making.
#[derive(Clone)]
pub(crate) struct Guest {
    target: bool,
    items: String,
    memory: String,
    bodies: BTreeMap<&'static str, String>,
    manifest: Value,
}

impl Guest {
    pub(crate) fn source() -> Self {
        Self {
            target: false,
            items: String::new(),
            memory: r#"(memory (export "memory") 8)"#.to_owned(),
            bodies: BTreeMap::new(),
            manifest: super::super::manifest(),
        }
        .set(
            "capabilities",
            json!([
                "log",
                "metrics",
                "control",
                "connections",
                "http",
                "files",
                "codec",
                "output"
            ]),
        )
        .set(
            "limits",
            json!({"memory_mib": 16, "call_cpu_ms": 300, "read_cpu_ms": 300, "read_wall_s": 2}),
        )
        .text(1024, b"api")
        .text(u32::try_from(MARK_AT).unwrap(), MARK)
    }

    pub(crate) fn target() -> Self {
        let mut guest = Self::source().set("roles", json!(["api_target"])).set(
            "delivery",
            json!({"capability": "none", "max_rows_per_call": 10}),
        );
        guest.target = true;
        guest
    }

    /// Changes a member of the manifest.
    pub(crate) fn set(mut self, key: &str, value: Value) -> Self {
        self.manifest[key] = value;
        self
    }

    /// Further parts of the core module.
    pub(crate) fn items(mut self, items: &str) -> Self {
        self.items.push_str(items);
        self
    }

    /// Another memory than the usual one.
    pub(crate) fn memory(mut self, memory: &str) -> Self {
        memory.clone_into(&mut self.memory);
        self
    }

    /// Replaces the body of an export, or of `realloc`.
    pub(crate) fn body(mut self, export: &'static str, body: &str) -> Self {
        self.bodies.insert(export, body.to_owned());
        self
    }

    /// Bytes in memory.
    pub(crate) fn text(mut self, at: u32, bytes: &[u8]) -> Self {
        let _ = write!(self.items, "(data (i32.const {at}) \"");
        for byte in bytes {
            let _ = write!(self.items, "\\{byte:02x}");
        }
        self.items.push_str("\")\n");
        self
    }

    /// Numbers in memory.
    pub(crate) fn words(self, at: u32, words: &[u32]) -> Self {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.text(at, &bytes)
    }

    fn of(&self, export: &str) -> &str {
        match self.bodies.get(export) {
            Some(body) => body,
            None if export == "realloc" => REALLOC,
            None => OK,
        }
    }

    /// The core module as text.
    pub(crate) fn module(&self) -> String {
        let mut text = format!(
            "(module {IMPORTS} {} {FUNCTIONS} {}",
            self.memory, self.items
        );
        let mut export = |name: &str, params: usize, body: &str| {
            let params = "i32 ".repeat(params);
            let _ = writeln!(
                text,
                "(func (export \"{name}\") (param {params}) (result i32) {body})"
            );
        };
        export("cabi_realloc", 4, self.of("realloc"));
        export("tributary:connector/base@0.1.0#check", 2, self.of("check"));
        if self.target {
            export(
                "tributary:connector/target@0.1.0#prepare",
                10,
                self.of("prepare"),
            );
            export(
                "tributary:connector/target@0.1.0#settle",
                1,
                self.of("settle"),
            );
        } else {
            export(
                "tributary:connector/source@0.1.0#discover",
                2,
                self.of("discover"),
            );
            export(
                "tributary:connector/source@0.1.0#partitions",
                11,
                self.of("partitions"),
            );
            export("tributary:connector/source@0.1.0#read", 11, self.of("read"));
        }
        text.push(')');
        text
    }

    /// A component with its manifest.
    pub(crate) fn component(&self) -> Vec<u8> {
        let module = wat::parse_str(self.module()).unwrap();
        self.encode(module)
    }

    /// The same of a core module that was changed by hand.
    pub(crate) fn encode(&self, module: Vec<u8>) -> Vec<u8> {
        let world = match self.target {
            true => "target-connector",
            false => "source-connector",
        };
        let component = encoded(module, world, false);
        with_manifest(component, &self.manifest)
    }
}
