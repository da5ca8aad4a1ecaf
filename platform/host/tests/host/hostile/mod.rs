//! Components that mean harm. Each is core wasm as text, encoded against the real contract; what
//! they do is in `check`, so one call tells how the host bears it.

mod apart;
mod bytes;
mod compiler;
mod limits;
mod plan;
mod stop;
mod suite;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tributary_host::{CallContext, CheckStep, Connector, Host};
use tributary_model::problem::Problem;

use crate::encoded::{encoded, with_manifest};
use crate::support::{SECRET, context, host, http_document};

/// A manifest with tight limits.
fn manifest() -> Value {
    json!({
        "manifest_version": 1, "name": "hostile", "version": "0.0.1", "title": "x", "publisher": "x",
        "contract": "tributary:connector@0.1.0", "roles": ["source"],
        "capabilities": ["log", "control", "connections", "output"],
        "connection": {"label": "api", "kind": "http"},
        "config_schema": {"type": "object"},
        "limits": {"memory_mib": 16, "call_cpu_ms": 300, "read_cpu_ms": 300, "read_wall_s": 5},
    })
}

/// A source whose `check` does `body` (it must leave an i32); `items` are further parts of the
/// core module. An answer at address 64 is "no steps": the memory there is zero.
fn source(items: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "tributary:connector/log@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))
            (import "tributary:connector/control@0.1.0" "sleep-ms" (func $sleep (param i32)))
            (import "tributary:connector/connections@0.1.0" "get" (func $get (param i32 i32 i32)))
            (import "tributary:connector/connections@0.1.0" "[resource-drop]connection" (func $drop (param i32)))
            (import "tributary:connector/output@0.1.0" "emit" (func $emit (param i32 i32 i32 i32 i32 i32 i32)))
            {items}
            (global $top (mut i32) (i32.const 4096))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (global.get $top))
                (global.set $top (i32.and (i32.const -16)
                    (i32.add (i32.const 31) (i32.add (global.get $top) (local.get 3)))))
                (local.get $at))
            (func $hostile (export "tributary:connector/base@0.1.0#check") (param i32 i32) (result i32)
                {body})
            (func (export "tributary:connector/source@0.1.0#discover") (param i32 i32) (result i32)
                (i32.const 64))
            (func (export "tributary:connector/source@0.1.0#partitions")
                (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 64))
            (func (export "tributary:connector/source@0.1.0#read")
                (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 64))
        )"#
    );
    encoded(wat::parse_str(&text).unwrap(), "source-connector", true)
}

const MEMORY: &str = r#"(memory (export "memory") 1)"#;

fn call(host: &Host) -> CallContext {
    context(
        http_document("https://api.example.com", SECRET),
        host.egress(),
    )
    .unwrap()
}

async fn load(items: &str, body: &str) -> (Host, Arc<Connector>, CallContext) {
    let host = host(&[]);
    let bytes = with_manifest(source(items, body), &manifest());
    let connector = host.load(&bytes).await.unwrap();
    let call = call(&host);
    (host, connector, call)
}

/// Runs `check` and tells how long it took.
async fn run(items: &str, body: &str) -> (Result<Vec<CheckStep>, Problem>, Duration) {
    let (_host, connector, call) = load(items, body).await;
    let started = Instant::now();
    let result = connector.check(&call, &json!({})).await;
    (result, started.elapsed())
}
