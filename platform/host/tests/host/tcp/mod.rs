//! Sockets of connectors: a small source that speaks lines, against a server that counts who is there; in
//! clear, with TLS, with certificates; and what a guest cannot do with them.

mod doors;
mod hostile;
mod server;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use tributary_host::{CallContext, Connector, Host, HostConfig, Selection};
use tributary_model::problem::Problem;

use crate::support::{Sink, context, host};
use server::{Manner, Scales};

/// The source, as the battery's fixtures are built.
static LINES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/tests/astray");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("astray");
    tributary_packaging::require_target().unwrap();
    tributary_packaging::compile(&folder, &target).unwrap();
    let module = target.join("wasm32-unknown-unknown/release/astray_lines.wasm");
    let manifest = json!({
        "manifest_version": 1, "name": "lines", "version": "1.0.0", "title": "Lines", "publisher": "tests",
        "contract": "tributary:connector@0.1.0", "roles": ["source"],
        "capabilities": ["log", "control", "connections", "tcp", "output"],
        "connection": {"label": "scales", "kind": "tcp"},
        "config_schema": {"type": "object"},
        "limits": {"memory_mib": 32},
    });
    let module = std::fs::read(module).unwrap();
    tributary_packaging::encode(&module, manifest.to_string().as_bytes()).unwrap()
});

async fn load(grants: &[String]) -> (Host, Arc<Connector>) {
    let host = host(grants);
    let connector = host.load(&LINES).await.unwrap();
    (host, connector)
}

/// The same with a short patience for calls into the host.
async fn load_hasty(grants: &[String], patience_ms: u64) -> (Host, Arc<Connector>) {
    let host = Host::new(HostConfig {
        pool_instances: 4,
        egress: tributary_host::EgressPolicy {
            allow: grants.to_vec(),
        },
        host_call_timeout: std::time::Duration::from_millis(patience_ms),
        ..HostConfig::default()
    });
    let host = host.unwrap();
    let connector = host.load(&LINES).await.unwrap();
    (host, connector)
}

fn call(host: &Host, port: u16, tls: Value, secrets: Value) -> Result<CallContext, Problem> {
    let document = json!({
        "name": "scales", "connector": "lines", "secrets": secrets,
        "endpoint": {"kind": "tcp", "host": "localhost", "port": port, "tls": tls},
    });
    context(document, host.egress())
}

fn in_clear(host: &Host, server: &Scales) -> CallContext {
    call(host, server.port, json!({"mode": "off"}), json!({})).unwrap()
}

async fn read(connector: &Connector, call: &CallContext, state: Option<Value>) -> Sink {
    let selection = Selection {
        stream: "weights".to_owned(),
        partition: Some(json!("all")),
        state,
        ..Selection::default()
    };
    let mut sink = Sink::default();
    let config = json!({"page": 3});
    let done = connector.read(call, &config, &selection, &mut sink).await;
    done.unwrap();
    sink
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_over_a_socket_and_what_moved_is_counted() {
    let server = Scales::start(7, Manner::Answers, None).await;
    let (host, connector) = load(&[server.place()]).await;
    let call = in_clear(&host, &server);
    let steps = connector.check(&call, &json!({})).await.unwrap();
    assert!(steps[0].ok && steps[0].message == "7 rows", "{steps:?}");

    let sink = read(&connector, &call, None).await;
    assert_eq!(sink.rows(), 7);
    let text = String::from_utf8(sink.bytes()).unwrap();
    assert!(text.contains(r#""id":"w-6""#), "{text}");
    assert_eq!(sink.states().last().unwrap()["next"], 7);
    let rest = read(&connector, &call, Some(json!({"next": 5}))).await;
    assert_eq!(rest.rows(), 2, "goes on behind the checkpoint");

    assert!(server.is_left().await, "a socket is still open");
    assert_eq!((server.quits(), server.seen().1), (2, 3));
    let usage = call.connection.take_usage();
    let asked = "COUNT\nFROM 0 3\nFROM 3 3\nFROM 6 3\nFROM 7 3\nQUIT\nFROM 5 3\nFROM 7 3\nQUIT\n";
    assert_eq!(usage.bytes_out, asked.len() as u64);
    assert!(usage.bytes_in > 100, "{usage:?}");
    assert!(usage.host_calls["tcp"] >= 20, "{usage:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_has_no_calls_to_such_a_server() {
    let server = Scales::start(1, Manner::Answers, None).await;
    let (host, _) = load(&[server.place()]).await;
    let call = in_clear(&host, &server);
    let request = tributary_host::HttpRequest {
        method: "POST".to_owned(),
        path: "x".to_owned(),
        ..tributary_host::HttpRequest::default()
    };
    let error = call.connection.send(request).await.unwrap_err();
    assert!(!error.sent, "{error}");
    assert_eq!(error.problem.pointer.as_deref(), Some("/endpoint/kind"));
    assert_eq!(server.seen().1, 0);
}
