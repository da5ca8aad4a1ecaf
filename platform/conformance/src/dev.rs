//! A connector tried once: check, then discover and the first rows of a source, or some rows to a target,
//! with every step told to a listener.

use std::sync::Arc;

use serde_json::Value;
use tributary_host::{
    CallContext, CheckStep, Connection, Connector, Host, HostConfig, OtherSide, StreamInfo,
};
use tributary_model::document::ConnectionDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::ConnectorRole;
use tributary_model::problem::Problem;

use crate::attempt::{Attempt, Sending, Trial};
use crate::reading::{Collector, Reader};
use crate::side::{Heard, Listener};
use crate::stand::context;

/// What to try.
pub struct Dev<'a> {
    pub component: &'a [u8],
    pub document: &'a ConnectionDocument,
    /// a cassette's player, or a recorder
    pub other: Arc<dyn OtherSide>,
    /// the first that is discovered if absent
    pub stream: Option<&'a str>,
    /// rows after which the read is ended
    pub most_rows: usize,
    /// for a target: nothing is read then
    pub sending: Option<Sending<'a>>,
    pub now_ms: i64,
}

/// What came of it.
#[derive(Debug)]
pub struct Tried {
    pub steps: Vec<CheckStep>,
    pub streams: Vec<StreamInfo>,
    /// of the stream that was read
    pub rows: Vec<Value>,
    /// whether there are more rows than were asked for
    pub cut: bool,
    /// of a target that got rows
    pub attempt: Option<Attempt>,
    /// what the connector logged, one JSON object a line
    pub log: String,
}

/// Runs it.
///
/// # Errors
/// What host, connector or other side say; what came before was told to the listener.
pub async fn dev(dev: &Dev<'_>, listener: Listener) -> Result<Tried, Problem> {
    let host = Host::new(HostConfig::default())
        .map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let connector = host.load(dev.component).await?;
    let heard = Heard {
        inner: Arc::clone(&dev.other),
        listener: Arc::clone(&listener),
    };
    let connection = Connection::across(dev.document, Arc::new(heard))?;
    let (call, log) = context(Arc::new(connection), dev.now_ms)?;
    let config = &dev.document.config;
    let mut tried = Tried {
        steps: connector.check(&call, config).await?,
        streams: Vec::new(),
        rows: Vec::new(),
        cut: false,
        attempt: None,
        log: String::new(),
    };
    let good = tried.steps.iter().all(|step| step.ok);
    match dev.sending {
        Some(sending) if good => {
            let trial = Trial {
                connector: &connector,
                call: &call,
                config,
                listener: &listener,
            };
            tried.attempt = Some(trial.with(sending).await?);
        }
        None if good && connector.manifest().roles.contains(&ConnectorRole::Source) => {
            first_rows(dev, &connector, &call, &listener, &mut tried).await?;
        }
        Some(_) | None => {}
    }
    tried.log = String::from_utf8_lossy(&log.take()).into_owned();
    Ok(tried)
}

/// Discovers, and reads the stream until there are enough rows.
async fn first_rows(
    dev: &Dev<'_>,
    connector: &Connector,
    call: &CallContext,
    listener: &Listener,
    tried: &mut Tried,
) -> Result<(), Problem> {
    let config = &dev.document.config;
    tried.streams = connector.discover(call, config).await?;
    let named = |stream: &&StreamInfo| dev.stream.is_none_or(|name| name == stream.name);
    let Some(stream) = tried.streams.iter().find(named) else {
        let names: Vec<&str> = tried.streams.iter().map(|s| s.name.as_str()).collect();
        let detail = format!("there is no such stream, only {}", names.join(", "));
        return Err(Problem::new(ErrorCode::ConfigInvalid, detail));
    };
    let reader = Reader {
        connector,
        config,
        stream: &stream.name,
    };
    for part in reader.partitions(call).await? {
        let left = dev.most_rows.saturating_sub(tried.rows.len());
        if left == 0 {
            tried.cut = true;
            break;
        }
        let mut sink = Collector {
            most_rows: Some(left),
            listener: Some(Arc::clone(listener)),
            ..Collector::default()
        };
        let read = reader.part(call, &part, None, &mut sink).await;
        let shown = sink.taken.all().take(left).map(|row| match &row.value {
            Ok(value) => value.clone(),
            Err(why) => Value::String(format!("(unreadable: {why})")),
        });
        tried.rows.extend(shown);
        tried.cut |= sink.killed;
        if !sink.killed {
            read?;
        }
    }
    Ok(())
}
