//! The REST connector against a small server for each kind of pages, and against bad ones. Here is
//! what they share.

mod bad;
mod family;
mod pages;

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tributary_host::{CallContext, Connector, EgressPolicy, Host, Selection};
use tributary_model::problem::Problem;

use crate::support::{Sink, context, load};
use crate::wire::{Reply, Seen, Wire};

/// Rows that the servers have.
pub(crate) const ROWS: usize = 23;

/// Compiling the component takes seconds, so a process does it once; what may be reached is the
/// connection's.
static LOADED: OnceCell<(Host, Arc<Connector>)> = OnceCell::const_new();

pub(crate) struct Stage {
    pub(crate) wire: Wire,
    pub(crate) connector: Arc<Connector>,
    pub(crate) call: CallContext,
    pub(crate) config: Value,
}

impl Stage {
    /// A server, and a configuration whose one stream is `rows`.
    pub(crate) async fn new(
        stream: Value,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::with(json!({"streams": {"rows": stream}}), answer).await
    }

    pub(crate) async fn with(
        config: Value,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let wire = Wire::start(answer).await;
        let (_, connector) = LOADED.get_or_init(|| load("rest", &[])).await;
        let connector = Arc::clone(connector);
        let document = json!({
            "name": "api", "connector": "rest",
            "endpoint": {"kind": "http", "base_url": wire.url("/base/"),
                "auth": {"kind": "api_key", "query": "secret_key"}},
            "secrets": {"api_key": "hidden-key-0123456789"},
        });
        let egress = EgressPolicy {
            allow: vec![wire.place.clone()],
        };
        let call = context(document, &egress).unwrap();
        Self {
            wire,
            connector,
            call,
            config,
        }
    }

    pub(crate) async fn read_from(
        &self,
        stream: &str,
        state: Option<Value>,
        sink: &mut Sink,
    ) -> Result<(), Problem> {
        let selection = Selection {
            stream: stream.to_owned(),
            partition: Some(json!({"stream": stream})),
            state,
            ..Selection::default()
        };
        let read = self
            .connector
            .read(&self.call, &self.config, &selection, sink);
        read.await.map(|_| ())
    }

    pub(crate) async fn read(&self, stream: &str) -> Result<Sink, Problem> {
        let mut sink = Sink::default();
        self.read_from(stream, None, &mut sink).await?;
        Ok(sink)
    }
}

pub(crate) fn row(number: usize) -> Value {
    json!({"id": number, "t": format!("2026-01-01T00:00:{number:02}Z")})
}

pub(crate) fn rows(range: std::ops::Range<usize>) -> Vec<Value> {
    (range.start.min(ROWS)..range.end.min(ROWS))
        .map(row)
        .collect()
}

/// The numbers of the rows that came, in order.
pub(crate) fn numbers(sink: &Sink) -> Vec<u64> {
    let mut numbers = Vec::new();
    for page in sink.pages() {
        let body: Value = serde_json::from_slice(&page.bytes).unwrap();
        let rows = body
            .get("rows")
            .unwrap_or(&body)
            .as_array()
            .unwrap()
            .clone();
        numbers.extend(rows.iter().map(|row| row["id"].as_u64().unwrap()));
    }
    numbers
}

pub(crate) fn number(seen: &Seen, name: &str, default: usize) -> usize {
    seen.parameter(name)
        .map_or(default, |text| text.parse().unwrap())
}
