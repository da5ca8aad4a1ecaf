//! Connectors in their host beside the same work without them, in one run: the start of an instance, rows
//! piped to pages beside the codec alone, 10,000 small files and one of a gigabyte beside OpenSSH's own
//! client; all of that in a process of its own. `cargo xtask bench connectors [--json]`; called by itself also with
//! `--only start`, `piped`, `runner` or `files`. A figure is the best of several tries, and the load of the machine is told with it.
//!
//! Invariant: both sides of a pair do the same reading, in pieces of the same size, in turns. Deliberately
//! absent: the pipeline behind the pages (`cargo xtask bench end_to_end`).
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for the developer's terminal"
)]

mod files;
mod openssh;
mod piped;
mod runner;
mod start;

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tributary_formats::page::Page;
use tributary_host::{CallContext, Connection, Connector, PageSink, Selection};
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;

/// One line of the result.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// what it stands beside, in the same unit
    pub(crate) baseline: Option<(&'static str, f64)>,
}

/// Takes pages and counts nothing but bytes.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) bytes: u64,
}

#[async_trait]
impl PageSink for Pages {
    async fn page(&mut self, page: Page) -> Result<(), Problem> {
        self.bytes += page.bytes.len() as u64;
        Ok(())
    }
    async fn checkpoint(&mut self, _state: Value) -> Result<(), Problem> {
        Ok(())
    }
}

fn main() -> anyhow::Result<()> {
    if std::env::args().any(|argument| argument == runner::ARGUMENT) {
        return as_a_runner();
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(measure())
}

fn as_a_runner() -> anyhow::Result<()> {
    let input = std::io::stdin().as_fd().try_clone_to_owned()?;
    let output = std::io::stdout().as_fd().try_clone_to_owned()?;
    tributary_host::runner_worker(File::from(input), File::from(output))?;
    Ok(())
}

async fn measure() -> anyhow::Result<()> {
    let json = std::env::args().any(|argument| argument == "--json");
    let only = std::env::args()
        .skip_while(|argument| argument != "--only")
        .nth(1);
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let component = component()?;
    let mut figures = Vec::new();
    if wanted("start") {
        figures.extend(start::measure(&component).await?);
    }
    if wanted("piped") {
        figures.extend(piped::measure(&component).await?);
    }
    if wanted("runner") {
        figures.extend(runner::measure(&component).await?);
    }
    if wanted("files") {
        figures.extend(files::measure(&component).await?);
    }
    for figure in figures {
        show(&figure, json);
    }
    Ok(())
}

fn show(figure: &Figure, json: bool) {
    let load = load();
    let Figure {
        name, value, unit, ..
    } = figure;
    let ratio = figure.baseline.map(|(_, baseline)| value / baseline);
    if json {
        let (beside, baseline) = figure.baseline.unzip();
        println!(
            "{}",
            json!({"name": name, "value": value, "unit": unit, "beside": beside,
                "baseline": baseline, "ratio": ratio, "load": load})
        );
        return;
    }
    print!("{name:<32} {value:>10.1} {unit}");
    if let (Some((beside, baseline)), Some(ratio)) = (figure.baseline, ratio) {
        print!("   {beside}: {baseline:.1}, ratio {ratio:.2}");
    }
    println!("   (load {load})");
}

/// Load average of one minute, where the system tells.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

/// The SFTP connector, as `cargo xtask connectors` built it.
fn component() -> anyhow::Result<Vec<u8>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a bench has no configuration but the caller's environment"
    )]
    let folder = std::env::var_os("TRIBUTARY_TEST_CONNECTORS").map(PathBuf::from);
    let folder =
        folder.context("no TRIBUTARY_TEST_CONNECTORS: run `cargo xtask bench connectors`")?;
    let path = folder.join("sftp.wasm");
    std::fs::read(&path).with_context(|| format!("no connector at {}", path.display()))
}

/// A call over a connection.
pub(crate) fn call(connection: Connection) -> anyhow::Result<CallContext> {
    Ok(CallContext {
        tenant: TenantId::parse("bench")?,
        run: None,
        log: None,
        connection: Arc::new(connection),
        cancel: CancellationToken::new(),
        stop: CancellationToken::new(),
    })
}

/// Lists the files and reads each, one after the other.
pub(crate) async fn read_all(
    connector: &Connector,
    call: &CallContext,
    config: &Value,
    sink: &mut dyn PageSink,
) -> anyhow::Result<()> {
    let mut selection = Selection {
        stream: "files".to_owned(),
        ..Selection::default()
    };
    let partitions = connector.partitions(call, config, &selection).await?;
    for partition in partitions {
        selection.partition = Some(partition);
        connector.read(call, config, &selection, sink).await?;
    }
    Ok(())
}

/// Seconds of the work.
pub(crate) async fn seconds<T>(
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<f64> {
    let started = Instant::now();
    work.await?;
    Ok(started.elapsed().as_secs_f64())
}
