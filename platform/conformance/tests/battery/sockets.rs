//! A source that speaks over a socket, over turns that were written by hand; and a recording of one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::sync::Arc;

use serde_json::{Value, json};
use tributary_conformance::{Player, Recorder};
use tributary_host::{Connection, EgressPolicy, OtherSide};
use tributary_model::document::ConnectionDocument;

use crate::astray::{assert_fails, case, component, failures, manifest};

fn lines() -> Vec<u8> {
    let schema = json!({
        "type": "object", "additionalProperties": false,
        "properties": {"page": {"type": "integer", "minimum": 1}, "fault": {"type": "string"}},
    });
    let more = json!({
        "capabilities": ["log", "control", "connections", "tcp", "output"],
        "connection": {"label": "scales", "kind": "tcp"},
        "config_schema": schema,
    });
    component("lines", &manifest("source", &more))
}

/// Five rows, two at a time, on one socket; the check's question on another.
fn cassette() -> Value {
    let turn = |sent: &str, came: &str| json!({"sent": sent, "came": came});
    let greeting = json!({"came": "SCALES 1\n"});
    json!({"sockets": [
        {"turns": [greeting, turn("COUNT\n", "5\n")]},
        {"turns": [
            greeting,
            turn("FROM 0 2\n", "a;1\nb;2\n.\n"),
            turn("FROM 2 2\n", "c;3\nd;4\n.\n"),
            turn("FROM 4 2\n", "e;5\n.\n"),
            turn("FROM 5 2\n", ".\n"),
        ]},
    ]})
}

fn with(cassette: Value) -> Value {
    json!({
        "case_version": 1, "cassette": cassette,
        "connection": {
            "name": "case", "connector": "astray", "config": {},
            "endpoint": {"kind": "tcp", "host": "scales.example.com", "port": 9100},
        },
    })
}

#[test]
fn a_source_over_a_socket_passes_every_check() {
    let (report, failed) = failures(&lines(), case(with(cassette())));
    assert!(failed.is_empty() && report.passed(), "{}", report.text());
    let killed = report.text().contains("killed 3 times, all rows came");
    assert!(killed, "{}", report.text());
    let cut = report.checks.iter().find(|check| check.check == "cut");
    let cut = &cut.unwrap().detail;
    assert!(
        cut.contains("faults ended the read") && !cut.starts_with("0 of"),
        "{cut}"
    );
}

#[test]
fn what_a_socket_has_no_turn_for_is_named() {
    let mut short = cassette();
    short["sockets"][1]["turns"]
        .as_array_mut()
        .unwrap()
        .remove(2);
    let (_, failed) = failures(&lines(), case(with(short)));
    assert_fails("short", &failed, "schema", "FROM 2 2");
}

const SECRET: &str = "s3cret-of-the-connection";

/// Greets, repeats each line with our secret behind it, and hangs up after a line `bye`.
fn echo() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"hello\n").unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        for line in lines.map_while(Result::ok).take_while(|line| line != "bye") {
            stream
                .write_all(format!("{line} {SECRET}\n").as_bytes())
                .unwrap();
        }
    });
    place
}

/// A conversation, as one text.
async fn talk(other: &dyn OtherSide) -> String {
    let mut socket = other.connect().await.unwrap();
    let mut heard = socket.read(100).await.unwrap().to_vec();
    for (sent, lines) in [("one\ntwo\n", 2), ("\u{fc}\n", 1)] {
        socket.write(sent.as_bytes()).await.unwrap();
        let wanted = heard.iter().filter(|byte| **byte == b'\n').count() + lines;
        while heard.iter().filter(|byte| **byte == b'\n').count() < wanted {
            heard.extend(socket.read(3).await.unwrap());
        }
    }
    socket.write(b"bye\n").await.unwrap();
    heard.extend(socket.read(100).await.unwrap());
    assert!(socket.read(100).await.unwrap().is_empty(), "the end stays");
    socket.finish().await;
    String::from_utf8(heard).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_socket_plays_and_holds_no_secret() {
    let place = echo();
    let (host, port) = place.split_once(':').unwrap();
    let document: ConnectionDocument = serde_json::from_value(json!({
        "name": "scales", "connector": "x",
        "endpoint": {"kind": "tcp", "host": host, "port": port, "tls": {"mode": "off"}},
    }))
    .unwrap();
    let egress = EgressPolicy { allow: vec![place] };
    let real = Arc::new(Connection::new(&document, &egress).unwrap());
    let recorder = Recorder::new(real, vec![SECRET.to_owned()], 42);
    let told = talk(&recorder).await;
    assert_eq!(
        told,
        format!("hello\none {SECRET}\ntwo {SECRET}\n\u{fc} {SECRET}\n")
    );
    let cassette = recorder.cassette();
    let text = serde_json::to_string(&cassette).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    let turns = &cassette.sockets[0].turns;
    assert_eq!(turns.len(), 4, "{text}");
    assert_eq!(turns[0].came.as_deref(), Some("hello\n"));
    assert!(turns[3].ended && turns[3].came.is_none(), "{text}");
    let player = Player::new(Arc::new(cassette));
    let played = talk(&player).await;
    assert_eq!(played, told.replace(SECRET, "[redacted]"));
    assert!(player.misses().is_empty());
}
