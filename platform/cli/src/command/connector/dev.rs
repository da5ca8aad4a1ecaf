//! `tributary connector dev`: a connector tried once against a cassette or the real other side, with
//! every request, page and checkpoint told; again at every change if asked to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tributary_conformance::{Case, Dev, Event, Player, Recorder, Tried, dev};
use tributary_host::{Connection, ConnectionPorts, EgressPolicy, OtherSide, present};
use tributary_model::clock::{Clock as _, SystemClock};
use tributary_model::document::ConnectionDocument;

use super::new::component_of;
use super::sign::MAX_COMPONENT_BYTES;
use crate::print;
use crate::variables::Variables;

/// Rows that a recording holds at most: the battery reads a stream to its end, again and again.
const RECORDED_ROWS: usize = 2_000;
/// What tools write, and what does not change.
const NOT_LOOKED_AT: [&str; 7] = [
    "target",
    "dist",
    "vendor",
    ".venv",
    "node_modules",
    "__pycache__",
    ".git",
];
/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Arguments of `tributary connector dev`.
#[derive(clap::Args)]
pub(crate) struct DevArguments {
    /// the connector's folder, which is built, or a component
    #[arg(default_value = ".")]
    subject: PathBuf,
    /// a connection document, or a case
    #[arg(long)]
    config: PathBuf,
    /// play the case's cassette; nothing is dialled
    #[arg(long, conflicts_with = "record")]
    replay: bool,
    /// keep what the other side answers as a case in this file, without secrets
    #[arg(long, value_name = "CASE")]
    record: Option<PathBuf>,
    /// value for a `${NAME}` of the document
    #[arg(long = "var", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// an address that is not public and may be dialled all the same
    #[arg(long = "allow", value_name = "HOST:PORT")]
    allow: Vec<String>,
    /// the stream to read; the first if absent
    #[arg(long)]
    stream: Option<String>,
    /// rows to show
    #[arg(long, default_value_t = 20)]
    rows: usize,
    /// run again whenever a file of the connector changes
    #[arg(long)]
    watch: bool,
}

/// Runs once, or until it is interrupted.
pub(crate) async fn run(arguments: &DevArguments) -> anyhow::Result<()> {
    if !arguments.watch {
        return once(arguments).await;
    }
    ensure!(
        arguments.subject.is_dir(),
        "--watch needs the connector's folder, not a component"
    );
    let mut seen = None;
    loop {
        let now = newest(&arguments.subject, &arguments.config);
        if seen != now {
            seen = now;
            if let Err(error) = once(arguments).await {
                print::failure(&error);
            }
            print::remark("waiting for changes; end with Ctrl-C");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Time of the last change of what goes into the connector.
fn newest(folder: &Path, config: &Path) -> Option<SystemTime> {
    let mut times = vec![modified(config)];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if NOT_LOOKED_AT.iter().any(|skip| name == *skip) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                times.push(modified(&path));
            }
        }
    }
    times.into_iter().flatten().max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|facts| facts.modified()).ok()
}

/// The other side, and what is kept of it in the end.
struct Stage {
    document: ConnectionDocument,
    stream: Option<String>,
    other: Arc<dyn OtherSide>,
    recorder: Option<Arc<Recorder>>,
    player: Option<Arc<Player>>,
    now_ms: i64,
}

async fn once(arguments: &DevArguments) -> anyhow::Result<()> {
    let (path, component) = component_of(&arguments.subject)?;
    print::remark(&format!("trying {}", path.display()));
    let stage = stage(arguments, &component)?;
    let trial = Dev {
        component: &component,
        document: &stage.document,
        other: Arc::clone(&stage.other),
        stream: arguments.stream.as_deref().or(stage.stream.as_deref()),
        most_rows: match arguments.record {
            Some(_) => RECORDED_ROWS.max(arguments.rows),
            None => arguments.rows,
        },
        now_ms: stage.now_ms,
    };
    let tried = dev(&trial, Arc::new(tell)).await;
    // What was recorded up to a failure shows why it failed.
    if let (Some(file), Some(recorder)) = (&arguments.record, &stage.recorder) {
        save(file, &stage, recorder, trial.stream)?;
    }
    for miss in stage.player.iter().flat_map(|player| player.misses()) {
        print::remark(&format!("the cassette has no answer to {miss}"));
    }
    let tried = tried.map_err(|problem| print::problem_error(&problem))?;
    if arguments.record.is_some() && tried.cut {
        print::remark(&format!(
            "recorded the first {RECORDED_ROWS} rows only, and the battery reads to the end: narrow what is read, for example by a filter or a test account"
        ));
    }
    show(&tried, arguments.rows)
}

fn stage(arguments: &DevArguments, component: &[u8]) -> anyhow::Result<Stage> {
    let text = std::fs::read(&arguments.config)
        .with_context(|| format!("could not read {}", arguments.config.display()))?;
    let mut json: Value = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not JSON", arguments.config.display()))?;
    if arguments.replay {
        let case =
            Case::read(&arguments.config).map_err(|problem| print::problem_error(&problem))?;
        let document = case
            .connection
            .context("the case has no connection; functions are tried with `connector test`")?;
        let player = Arc::new(Player::new(Arc::new(case.cassette.clone())));
        return Ok(Stage {
            document,
            stream: case.stream,
            other: Arc::clone(&player) as _,
            recorder: None,
            player: Some(player),
            now_ms: case.cassette.recorded_at_ms,
        });
    }
    if json.get("case_version").is_some() {
        bail!(
            "{} is a case: play it with --replay, or give a connection document",
            arguments.config.display()
        );
    }
    let variables = Variables::parse(&arguments.variables, None)?;
    variables
        .fill(&mut json)
        .map_err(|problem| print::problem_error(&problem))?;
    let document: ConnectionDocument = serde_json::from_value(json)
        .with_context(|| format!("{} is no connection document", arguments.config.display()))?;
    let egress = EgressPolicy {
        allow: arguments.allow.clone(),
    };
    let mut ports = ConnectionPorts::new(&egress);
    let presented = present(component, MAX_COMPONENT_BYTES)
        .map_err(|problem| print::problem_error(&problem))?;
    ports.recipe = presented.manifest.recipe().cloned();
    let connection = Connection::with_ports(&document, &ports);
    let connection = connection.map_err(|problem| print::problem_error(&problem));
    let connection = Arc::new(connection.context(
        "the connection cannot be used (an address that is not public, or has no TLS, needs --allow HOST:PORT)",
    )?);
    let now_ms = SystemClock.now_ms();
    let secrets = document.secrets.values().cloned().collect();
    let recorder = Arc::new(Recorder::new(connection, secrets, now_ms));
    Ok(Stage {
        document,
        stream: None,
        other: Arc::clone(&recorder) as _,
        recorder: Some(recorder),
        player: None,
        now_ms,
    })
}

/// Writes the case, without secrets.
fn save(
    file: &Path,
    stage: &Stage,
    recorder: &Recorder,
    stream: Option<&str>,
) -> anyhow::Result<()> {
    let mut document = stage.document.clone();
    document.secrets.clear();
    let case = Case {
        case_version: 1,
        about: String::new(),
        connection: Some(document),
        stream: stream.map(str::to_owned),
        batch: None,
        calls: Vec::new(),
        cassette: recorder.cassette(),
    };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, serde_json::to_string_pretty(&case)? + "\n")
        .with_context(|| format!("could not write {}", file.display()))?;
    print::remark(&format!(
        "recorded {}: look through it before you share it, answers hold what the other side said",
        file.display()
    ));
    Ok(())
}

/// The trace, on stderr: rows go to stdout.
fn tell(event: &Event) {
    print::remark(&match event {
        Event::Asked {
            what,
            answer,
            ok,
            millis,
        } => {
            let arrow = if *ok { "→" } else { "✗" };
            format!("  {what}  {arrow} {answer}  ({millis} ms)")
        }
        Event::Page {
            source,
            rows,
            bytes,
        } => format!("  page  {rows} rows, {bytes} bytes  {source}"),
        Event::Checkpoint(state) => format!("  checkpoint  {state}"),
    });
}

fn show(tried: &Tried, most: usize) -> anyhow::Result<()> {
    for step in &tried.steps {
        let word = if step.ok { "ok  " } else { "FAIL" };
        print::remark(&format!("{word} {}: {}", step.name, step.message));
    }
    for stream in &tried.streams {
        let key = stream.primary_key.join(", ");
        print::remark(&format!(
            "stream {}  key: {key}  {}",
            stream.name, stream.schema
        ));
    }
    for line in tried.log.lines() {
        print::remark(&format!("log  {line}"));
    }
    for row in tried.rows.iter().take(most) {
        print::line(&row.to_string());
    }
    let more = if tried.cut { " and more" } else { "" };
    print::remark(&format!("{} rows{more}", tried.rows.len()));
    match tried.steps.iter().find(|step| !step.ok) {
        Some(step) => bail!("the step {:?} of check failed", step.name),
        None => Ok(()),
    }
}
