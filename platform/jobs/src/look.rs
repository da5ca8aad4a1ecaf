//! Looking at a connection without a run: does it work, which streams has it, what do their rows look
//! like. Nothing is changed on the other side, no row is kept.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tributary_formats::page::Page;
use tributary_formats::shown;
use tributary_host::StreamInfo;
use tributary_host::{CallContext, CheckStep, Connection, Connector, PageSink, Selection};
use tributary_mapping::schema::{FieldSeen, Schema, json_schema};
use tributary_model::auth_recipe::AuthRecipe;
use tributary_model::document::ConnectionDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;

use crate::services::{Services, config_of};

/// Streams that are sampled if none is named.
const SAMPLED_STREAMS: usize = 5;
/// Partitions that one sample is taken from: files that were written last come first.
const SAMPLED_PARTITIONS: usize = 3;
/// Longest time for the sample of one stream.
const SAMPLE_TIME: Duration = Duration::from_secs(20);

/// What to discover.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// this stream only; `None`: all
    pub stream: Option<String>,
    /// rows of each stream that are looked at; 0: none
    pub rows: usize,
}

/// A stream with what samples showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Discovered {
    pub name: String,
    /// JSON Schema of one row: what the connector says, with what samples showed
    pub schema: Value,
    pub primary_key: Vec<String>,
    pub cursor_field: Option<String>,
    pub full: bool,
    pub incremental: bool,
    pub partitioned: bool,
    /// rows that were looked at
    pub sampled_rows: u64,
    /// why no sample could be taken
    pub sample_problem: Option<Problem>,
    pub fields: Vec<FieldSeen>,
}

/// Asks the host and then the connector whether a connection works; changes nothing on the other
/// side. The document comes with its secrets.
pub async fn check_connection(
    services: &Services,
    tenant: &TenantId,
    document: &ConnectionDocument,
) -> Vec<CheckStep> {
    let mut steps = Vec::new();
    if let Err(problem) = check(services, tenant, document, &mut steps).await {
        steps.push(CheckStep::of(&problem));
    }
    steps
}

async fn check(
    services: &Services,
    tenant: &TenantId,
    document: &ConnectionDocument,
    steps: &mut Vec<CheckStep>,
) -> Result<(), Problem> {
    let (connector, connection) = opened(services, tenant, document).await?;
    let call = call(tenant, connection.looking());
    let config = config_of(document);
    connector.validate_config(&config)?;
    steps.append(&mut call.connection.probe().await);
    if steps.iter().all(|step| step.ok) {
        steps.append(&mut connector.check(&call, &config).await?);
    }
    Ok(())
}

/// A connection by its document with secrets, whose tokens are kept in the store; nothing is dialled, and
/// what its connector says is not asked for.
///
/// # Errors
/// What is wrong with the document, or with the store.
pub async fn stored_connection(
    services: &Services,
    tenant: &TenantId,
    document: &ConnectionDocument,
) -> Result<Connection, Problem> {
    stored_with(services, tenant, document, None).await
}

async fn stored_with(
    services: &Services,
    tenant: &TenantId,
    document: &ConnectionDocument,
    recipe: Option<&AuthRecipe>,
) -> Result<Connection, Problem> {
    let vault = services.tenant_vault(tenant).await?;
    services
        .open_connection(tenant, document, &vault, recipe, None)
        .await
}

async fn opened(
    services: &Services,
    tenant: &TenantId,
    document: &ConnectionDocument,
) -> Result<(Arc<Connector>, Connection), Problem> {
    let digest = document.connector_digest.as_deref();
    let connector = services
        .components
        .by_name(services, tenant, &document.connector, digest)
        .await?;
    let recipe = connector.manifest().recipe();
    let connection = stored_with(services, tenant, document, recipe).await?;
    Ok((connector, connection))
}

fn call(tenant: &TenantId, connection: Connection) -> CallContext {
    CallContext {
        tenant: tenant.clone(),
        run: None,
        log: None,
        connection: Arc::new(connection),
        cancel: CancellationToken::new(),
        stop: CancellationToken::new(),
    }
}

/// The streams of a connection, with their schemas and what samples of their rows show. A sample
/// that cannot be taken is noted with its stream. The document comes with its secrets.
///
/// # Errors
/// What the connector or the other side says; `not_found` for a stream that is not there.
pub async fn discover_streams(
    services: &Services,
    tenant: &TenantId,
    document: &ConnectionDocument,
    wanted: &Wanted,
) -> Result<Vec<Discovered>, Problem> {
    let (connector, connection) = opened(services, tenant, document).await?;
    let call = call(tenant, connection.looking());
    let config = config_of(document);
    let mut streams = connector.discover(&call, &config).await?;
    if let Some(name) = &wanted.stream {
        let names: Vec<String> = streams.iter().map(|stream| stream.name.clone()).collect();
        streams.retain(|stream| stream.name == *name);
        if streams.is_empty() {
            let detail = format!(
                "the connection {} has no stream {name:?}; it has {}",
                document.name,
                names.join(", ")
            );
            return Err(Problem::new(ErrorCode::NotFound, detail));
        }
    }
    let mut found = Vec::new();
    for (number, stream) in streams.into_iter().enumerate() {
        let rows = match number < SAMPLED_STREAMS {
            true => wanted.rows,
            false => 0,
        };
        let sampler = Sampler {
            connector: &connector,
            call: &call,
            config: &config,
            stream: &stream,
        };
        let (rows, problem) = sampler.rows(rows).await;
        found.push(discovered(stream, &rows, problem));
    }
    Ok(found)
}

/// A declared schema tells names and types; samples tell the rest. Where the connector knows no
/// members (NDJSON files), the samples are all there is.
fn discovered(stream: StreamInfo, rows: &[Value], problem: Option<Problem>) -> Discovered {
    let mut schema = Schema::from_json_schema(&stream.schema);
    if schema.root.children.is_empty() && !rows.is_empty() {
        schema = Schema::infer(rows);
    } else {
        schema.observe(rows);
    }
    Discovered {
        schema: match rows.is_empty() {
            true => stream.schema,
            false => json_schema(&schema),
        },
        fields: match rows.is_empty() {
            true => Vec::new(),
            false => schema.fields_seen(),
        },
        sampled_rows: rows.len() as u64,
        sample_problem: problem,
        name: stream.name,
        primary_key: stream.primary_key,
        cursor_field: stream.cursor_field,
        full: stream.full,
        incremental: stream.incremental,
        partitioned: stream.partitioned,
    }
}

struct Sampler<'a> {
    connector: &'a Connector,
    call: &'a CallContext,
    config: &'a Value,
    stream: &'a StreamInfo,
}

impl Sampler<'_> {
    /// The first rows of the partitions that come last.
    async fn rows(&self, most: usize) -> (Vec<Value>, Option<Problem>) {
        let mut taker = Taker {
            rows: Vec::new(),
            most,
        };
        if most == 0 {
            return (taker.rows, None);
        }
        let outcome = tokio::time::timeout(SAMPLE_TIME, self.read(&mut taker)).await;
        let problem = match outcome {
            Ok(outcome) => outcome.err(),
            Err(_) => Some(Problem::new(
                ErrorCode::ConnectionTimeout,
                format!("a sample took longer than {} s", SAMPLE_TIME.as_secs()),
            )),
        };
        let problem = problem.filter(|_| taker.rows.is_empty());
        (taker.rows, problem)
    }

    async fn read(&self, taker: &mut Taker) -> Result<(), Problem> {
        let mut selection = Selection {
            stream: self.stream.name.clone(),
            ..Selection::default()
        };
        let partitions = self
            .connector
            .partitions(self.call, self.config, &selection)
            .await?;
        for partition in partitions.into_iter().rev().take(SAMPLED_PARTITIONS) {
            selection.partition = Some(partition);
            let read = self
                .connector
                .read(self.call, self.config, &selection, taker)
                .await;
            if taker.full() {
                return Ok(());
            }
            read?;
        }
        Ok(())
    }
}

/// Takes rows until there are enough, and then stops the read.
struct Taker {
    rows: Vec<Value>,
    most: usize,
}

impl Taker {
    fn full(&self) -> bool {
        self.rows.len() >= self.most
    }
}

#[async_trait]
impl PageSink for Taker {
    async fn page(&mut self, page: Page) -> Result<(), Problem> {
        let left = self.most.saturating_sub(self.rows.len());
        self.rows.extend(shown::values(&page, left));
        if self.full() {
            let detail = "there are enough samples";
            return Err(Problem::new(ErrorCode::RunCancelled, detail));
        }
        Ok(())
    }

    async fn checkpoint(&mut self, _state: Value) -> Result<(), Problem> {
        Ok(())
    }
}
