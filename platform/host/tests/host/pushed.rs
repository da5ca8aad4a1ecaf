//! The connector of pushed records over the batches of a run.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tributary_host::{
    CallContext, Connection, ConnectionPorts, EgressPolicy, FileEntry, Selection, StoredFile,
    StoredFiles,
};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;

use crate::support::{Sink, load};

/// Batches by their paths.
struct Batches(Vec<(&'static str, Bytes)>);

impl Batches {
    fn find(&self, path: &str) -> Result<&Bytes, Problem> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        let missing = || Problem::new(ErrorCode::SourceNotFound, "no such batch");
        found.map(|(_, bytes)| bytes).ok_or_else(missing)
    }
}

fn fixed() -> Problem {
    Problem::new(ErrorCode::ConnectorDenied, "batches stay")
}

#[async_trait]
impl StoredFiles for Batches {
    async fn list(&self) -> Result<Vec<FileEntry>, Problem> {
        let entry = |(path, bytes): &(&str, Bytes)| FileEntry {
            path: (*path).to_owned(),
            size: bytes.len() as u64,
            modified_ms: 0,
            version: None,
        };
        Ok(self.0.iter().map(entry).collect())
    }

    async fn stat(&self, path: &str) -> Result<FileEntry, Problem> {
        Ok(FileEntry {
            path: path.to_owned(),
            size: self.find(path)?.len() as u64,
            modified_ms: 0,
            version: None,
        })
    }

    async fn open(&self, path: &str, offset: u64, _: Option<&str>) -> Result<StoredFile, Problem> {
        let bytes = self.find(path)?;
        let from = usize::try_from(offset).unwrap();
        Ok(StoredFile {
            size: bytes.len() as u64,
            bytes: futures_util::stream::iter([Ok(bytes.slice(from..))]).boxed(),
        })
    }

    async fn archive(&self, _: &str, _: Option<&str>) -> Result<(), Problem> {
        Err(fixed())
    }

    async fn remove(&self, _: &str, _: Option<&str>) -> Result<(), Problem> {
        Err(fixed())
    }
}

fn rows(from: usize, to: usize) -> Bytes {
    let rows = (from..to).map(|id| format!("{{\"id\": {id}, \"note\": \"{:0>80}\"}}\n", id));
    rows.collect::<String>().into()
}

/// A call is told when its time is nearly over. A long inbox so takes as many calls as it needs.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_is_told_to_stop_ends_at_each_checkpoint_and_loses_nothing() {
    let batches = vec![
        ("1/a", rows(0, 3)),
        ("2/b", rows(3, 30_000)),
        ("3/c", rows(30_000, 30_002)),
    ];
    let wanted: Vec<u8> = batches
        .iter()
        .flat_map(|(_, bytes)| bytes.to_vec())
        .collect();
    let (_host, connector) = load("push", &[]).await;
    let document =
        json!({"name": "feed", "connector": "push", "endpoint": {"kind": "push"}, "secrets": {}});
    let document = serde_json::from_value(document).unwrap();
    let egress = EgressPolicy::default();
    let ports = ConnectionPorts {
        stored: Some(Arc::new(Batches(batches))),
        ..ConnectionPorts::new(&egress)
    };
    let call = CallContext {
        tenant: TenantId::parse("acme").unwrap(),
        run: None,
        log: None,
        connection: Arc::new(Connection::with_ports(&document, &ports).unwrap()),
        cancel: CancellationToken::new(),
        stop: CancellationToken::new(),
    };
    call.stop.cancel();
    let config = json!({"stream": "orders"});
    let mut sink = Sink::default();
    let mut state: Option<Value> = None;
    let mut calls = 0;
    loop {
        calls += 1;
        let selection = Selection {
            stream: "orders".to_owned(),
            partition: Some(json!({"key": "pushed"})),
            state,
            ..Selection::default()
        };
        let before = sink.states().len();
        let read = connector.read(&call, &config, &selection, &mut sink).await;
        assert_eq!(read.unwrap_err().code, ErrorCode::RunCancelled);
        assert_eq!(sink.states().len(), before + 1, "one checkpoint a call");
        state = sink.states().last().copied().cloned();
        let last = state.as_ref().unwrap();
        if last["batch"] == "3/c" && last["done"] == true {
            break;
        }
    }
    assert!(calls >= 5, "{calls}");
    assert!(sink.bytes() == wanted, "{}", sink.bytes().len());
}
