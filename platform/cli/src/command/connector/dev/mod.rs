//! `tributary connector dev`: a connector tried once against a cassette or the real other side, with
//! every request, page, checkpoint and prepared call told; again at every change if asked to.
//!
//! Invariant: what a target prepared goes to a real other side only with `--send`.

mod outcome;
mod rows;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow, bail, ensure};
use serde_json::Value;
use serde_json::value::RawValue;
use tributary_conformance::{Case, CaseBatch, Dev, Event, Player, Recorder, Sending, Tried, dev};
use tributary_host::{Connection, ConnectionPorts, EgressPolicy, OtherSide, Presented, present};
use tributary_model::clock::{Clock as _, SystemClock};
use tributary_model::document::ConnectionDocument;
use tributary_model::manifest::ConnectorRole;

use super::new::component_of;
use super::sign::MAX_COMPONENT_BYTES;
use crate::print;
use crate::variables::Variables;

/// Rows that a recording holds at most: the battery reads a stream to its end, again and again.
const RECORDED_ROWS: usize = 2_000;
/// What rows are called if nobody says.
const STREAM: &str = "rows";
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
    /// the stream to read, the first if absent; of a target the name of the stream that the rows are of
    #[arg(long)]
    stream: Option<String>,
    /// rows of a source to show
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    show: usize,
    /// rows to try a target with, NDJSON or a JSON array; `-` is standard input; the case's if it is played
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
    /// send what the target makes of the rows, which changes something at the other side
    #[arg(long, requires = "rows", conflicts_with = "watch")]
    send: bool,
    /// what the rows' idempotency keys begin with in place of `conformance-key-`; a number follows
    #[arg(long, value_name = "TEXT", requires = "rows")]
    key_prefix: Option<String>,
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
    ensure!(
        arguments.rows.as_deref() != Some(Path::new("-")),
        "--watch needs rows that can be read again, not standard input: name a file with --rows"
    );
    let rows = arguments.rows.as_deref();
    let files: Vec<&Path> = rows
        .into_iter()
        .chain([arguments.config.as_path()])
        .collect();
    let mut seen = None;
    loop {
        let now = newest(&arguments.subject, &files);
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
fn newest(folder: &Path, files: &[&Path]) -> Option<SystemTime> {
    let mut times: Vec<Option<SystemTime>> = files.iter().map(|file| modified(file)).collect();
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
    batch: Option<CaseBatch>,
    other: Arc<dyn OtherSide>,
    recorder: Option<Arc<Recorder>>,
    player: Option<Arc<Player>>,
    now_ms: i64,
}

async fn once(arguments: &DevArguments) -> anyhow::Result<()> {
    let rows = arguments.rows.as_deref().map(rows::read).transpose()?;
    ensure!(
        rows.is_none() || arguments.send || arguments.record.is_none(),
        "a recording of a target needs what it answers: give --send as well"
    );
    let (path, component) = component_of(&arguments.subject)?;
    print::remark(&format!("trying {}", path.display()));
    let presented = present(&component, MAX_COMPONENT_BYTES)
        .map_err(|problem| print::problem_error(&problem))?;
    let stage = stage(arguments, &presented)?;
    let batch = batch(arguments, &presented, &stage, rows)?;
    let sends = arguments.send || arguments.replay;
    let trial = Dev {
        component: &component,
        document: &stage.document,
        other: Arc::clone(&stage.other),
        stream: arguments.stream.as_deref().or(stage.stream.as_deref()),
        most_rows: match arguments.record {
            Some(_) => RECORDED_ROWS.max(arguments.show),
            None => arguments.show,
        },
        sending: batch.as_ref().map(|batch| Sending { batch, send: sends }),
        now_ms: stage.now_ms,
    };
    let tried = dev(&trial, Arc::new(tell)).await;
    // What was recorded up to a failure shows why it failed.
    if let (Some(file), Some(recorder)) = (&arguments.record, &stage.recorder) {
        save(file, &stage, recorder, &trial)?;
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
    let shown = show(&tried, arguments.show, sends);
    advise(arguments, &presented, &tried, batch.as_ref());
    shown
}

/// The rows that the target is tried with: those that were given, or the case's.
fn batch(
    arguments: &DevArguments,
    presented: &Presented,
    stage: &Stage,
    rows: Option<Vec<Box<RawValue>>>,
) -> anyhow::Result<Option<CaseBatch>> {
    let manifest = &presented.manifest;
    if !manifest.roles.contains(&ConnectorRole::ApiTarget) {
        ensure!(
            rows.is_none(),
            "--rows is for targets, and {} is none: a source is read, --stream says which stream and --show how many rows are shown",
            manifest.name
        );
        return Ok(None);
    }
    let mut batch = match (&stage.batch, &rows) {
        (Some(batch), _) => batch.clone(),
        (None, Some(_)) => CaseBatch {
            stream: STREAM.to_owned(),
            key_prefix: None,
            rows: Vec::new(),
        },
        (None, None) => return Ok(None),
    };
    batch.rows = rows.unwrap_or(batch.rows);
    batch.stream = arguments.stream.clone().unwrap_or(batch.stream);
    batch.key_prefix = arguments.key_prefix.clone().or(batch.key_prefix);
    batch
        .check()
        .map_err(|why| anyhow!("--key-prefix: {why}"))?;
    Ok(Some(batch))
}

fn stage(arguments: &DevArguments, presented: &Presented) -> anyhow::Result<Stage> {
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
            batch: case.batch,
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
        batch: None,
        other: Arc::clone(&recorder) as _,
        recorder: Some(recorder),
        player: None,
        now_ms,
    })
}

/// What to do next with a target.
fn advise(
    arguments: &DevArguments,
    presented: &Presented,
    tried: &Tried,
    batch: Option<&CaseBatch>,
) {
    let only_target = presented.manifest.roles.as_slice() == [ConnectorRole::ApiTarget];
    if batch.is_none() && only_target {
        print::remark("no row was tried: --rows FILE shows what it makes of some");
    }
    let Some((attempt, batch)) = tried.attempt.as_ref().zip(batch) else {
        return;
    };
    if arguments.send && !arguments.replay {
        print::remark(&outcome::keys(batch));
    }
    if arguments.record.is_some() {
        for sentence in attempt.lacks() {
            print::remark(&format!("the case may want more: {sentence}"));
        }
    }
}

/// Writes the case, without secrets.
fn save(file: &Path, stage: &Stage, recorder: &Recorder, trial: &Dev<'_>) -> anyhow::Result<()> {
    let mut document = stage.document.clone();
    document.secrets.clear();
    let given = trial.sending.map(|sending| sending.batch);
    let batch = given.map(|batch| recorder.kept(batch));
    let texts = |batch: &CaseBatch| -> Vec<String> {
        batch.rows.iter().map(|row| row.get().to_owned()).collect()
    };
    if given.map(texts) != batch.as_ref().map(texts) {
        print::remark(
            "some rows held what is a secret or is named like one, and are recorded without it: \
             `tributary connector test` shows whether what was recorded still fits",
        );
    }
    let case = Case {
        case_version: 1,
        about: String::new(),
        connection: Some(document),
        stream: match given {
            Some(_) => None,
            None => trial.stream.map(str::to_owned),
        },
        batch,
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
        Event::Prepared { number, what, call } => outcome::call(*number, what, call),
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

fn show(tried: &Tried, most: usize, sent: bool) -> anyhow::Result<()> {
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
    if let Some(attempt) = &tried.attempt {
        return outcome::show(attempt, sent);
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
