//! `tributary mapping run`: maps files on this machine, as a run of the platform would.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tributary_authoring::records::{KeyScan, RecordRows, Records, RecordsError, Store, TornKeys};
use tributary_authoring::summary::{Summary, map_record};
use tributary_authoring::{RunCheck, RunReport};
use tributary_mapping::document::GroupInput;
use tributary_mapping::{Plan, Worker};
use tributary_model::clock::{Clock as _, SystemClock};

use super::environment::{EnvironmentOptions, Given};
use super::input::{self, InputOptions, Opened};
use super::output::{Output, OutputForm, Targets};
use super::{Answer, Loaded, load};
use crate::print;

/// Rows between two looks at the progress.
const PROGRESS_ROWS: u64 = 4_096;

/// Arguments of `run`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 every record was mapped or left out by a filter, 1 some have errors or a rule over the run is broken, 2 it could not be done. Where a rule may stop the run, documents are written at the end, and none if a run would deliver none."
)]
pub(super) struct RunArguments {
    /// the mapping
    document: PathBuf,
    /// files to map, as one source; - for stdin
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    environment: EnvironmentOptions,
    #[command(flatten)]
    input: InputOptions,
    /// where the target documents go (default: stdout)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// form of the output; csv is for targets without lists, its texts are as the mapping made them
    #[arg(long, value_enum, default_value = "ndjson")]
    to: OutputForm,
    /// where every issue goes, as NDJSON
    #[arg(long, value_name = "FILE")]
    issues: Option<PathBuf>,
    /// the summary on stderr as JSON
    #[arg(long)]
    json: bool,
    /// no summary, unless something is wrong
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    reading: ReadingOptions,
}

/// Options of reading records.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ReadingOptions {
    /// MiB of rows held for groups in any order before they go to a temporary file
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    memory: u32,
    /// time of now() and today(), in milliseconds since 1970 (default: the clock)
    #[arg(long, value_name = "MILLISECONDS")]
    started_at: Option<i64>,
}

impl ReadingOptions {
    /// The same with the time settled, so that two runs have the same now().
    pub(super) fn fixed(&self) -> Self {
        Self {
            started_at: self.started_at.or_else(|| Some(SystemClock.now_ms())),
            ..self.clone()
        }
    }

    /// The time of `now()`, milliseconds since 1970.
    pub(super) fn started_ms(&self) -> i64 {
        self.started_at.unwrap_or_else(|| SystemClock.now_ms())
    }
}

/// Runs the command.
pub(super) fn run(arguments: &RunArguments) -> anyhow::Result<Answer> {
    let loaded = load(&arguments.document)?;
    let given = arguments
        .environment
        .read(&arguments.document, &loaded.document)?;
    let plan = given.compile(&loaded)?;
    let targets = Targets {
        documents: arguments.out.as_deref(),
        issues: arguments.issues.as_deref(),
        form: arguments.to,
        held: plan.holds_delivery(),
    };
    targets.refuse_overwriting(&files_read(arguments, &loaded, &given))?;
    let mut output = Output::open(&loaded.document, targets)?;
    let reading = arguments.reading.fixed();
    let mut summary = Summary::default();
    let mut rules = RunCheck::new(&plan);
    let start = Instant::now();
    let mut line = Vec::new();
    let read = for_each_record(
        Source {
            loaded: &loaded,
            plan: &plan,
            inputs: &arguments.inputs,
            input: &arguments.input,
            reading: &reading,
        },
        &mut |worker, name, record| {
            line.clear();
            let mapped = map_record(worker, record, &mut line);
            summary.add(name, record, &mapped);
            rules.add(record.position, &mapped);
            output.record(name, summary.records, &mapped, &line)
        },
    )?;
    let report = rules.report(reading.started_ms());
    output.finish(report.delivers)?;
    let summary = summary.finished();
    tell(arguments, &summary, &report, &read, start);
    Ok(Answer::is(
        summary.quarantined == 0 && read.complete && report.is_fine(),
    ))
}

/// Every file that the command reads, with what it is.
fn files_read(
    arguments: &RunArguments,
    loaded: &Loaded,
    given: &Given,
) -> Vec<(PathBuf, &'static str)> {
    let mut files = vec![(arguments.document.clone(), "the mapping")];
    let mut add = |paths: &[PathBuf], what| {
        files.extend(paths.iter().map(|path| (path.clone(), what)));
    };
    add(&arguments.inputs, "an input");
    add(&given.lookup_files, "a lookup table");
    add(&given.component_files, "a component");
    add(&loaded.template_files(), "the mapping's template");
    let described = arguments.input.description();
    add(described.as_slice(), "the description of the input");
    files
}

fn tell(
    arguments: &RunArguments,
    summary: &Summary,
    report: &RunReport,
    read: &Finished,
    start: Instant,
) {
    if arguments.json {
        let mut value = serde_json::to_value(summary).unwrap_or_default();
        if let Some(members) = value.as_object_mut() {
            members.insert("run".to_owned(), json!(report));
        }
        print::remark(&value.to_string());
        return;
    }
    let fine = summary.quarantined == 0 && read.complete && report.is_fine();
    if arguments.quiet && fine {
        return;
    }
    print::remark(summary.text().trim_end());
    tell_rules(report);
    if let Some(why) = &report.stopped {
        print::remark(&format!(
            "\nA run would deliver nothing: {why}\n  → no document was written; correct the source or the mapping"
        ));
    }
    if let Some(name) = &read.broken {
        print::remark(&format!(
            "\nwarning: {name} could not be read to its end; what stands behind is missing"
        ));
    }
    let seconds = start.elapsed().as_secs_f64();
    if seconds >= 1.0 {
        // rows are far below 2^52
        let rate = summary.rows as f64 / seconds;
        print::remark(&format!(
            "{seconds:.1} s, {} rows/s",
            print::grouped(rate as u64)
        ));
    }
}

/// The rules over a run, if there is something to say of them.
fn tell_rules(report: &RunReport) {
    let text = report.text();
    if !text.is_empty() {
        print::remark(&format!("\nrules over the run\n{}", text.trim_end()));
    }
}

/// What records are made of.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) plan: &'a Arc<Plan>,
    pub(super) inputs: &'a [PathBuf],
    pub(super) input: &'a InputOptions,
    pub(super) reading: &'a ReadingOptions,
}

/// How the reading ended.
pub(super) struct Finished {
    pub(super) complete: bool,
    /// name of an input that could not be read to its end
    pub(super) broken: Option<String>,
}

/// Reads all inputs and gives every record, with the name of its file, to `each`.
pub(super) fn for_each_record(
    source: Source<'_>,
    each: &mut dyn FnMut(&mut Worker, &str, &RecordRows<'_>) -> io::Result<()>,
) -> anyhow::Result<Finished> {
    let memory = usize::try_from(source.reading.memory)? << 20;
    let started_at = source.reading.started_ms();
    let mut records = Records::new(source.plan, started_at, memory, Box::new(temporary));
    let inputs = Inputs::new(source)?;
    if inputs.twice {
        records.set_torn(torn_keys(source, &inputs, memory)?);
    }
    let mut names: Vec<String> = Vec::new();
    let mut broken = None;
    for (path, number) in source.inputs.iter().zip(0_u32..) {
        let mut opened = inputs.open(path)?;
        names.push(opened.name.clone());
        records
            .begin(opened.reader.format())
            .map_err(|error| told(source.loaded, path, error))?;
        let bar = progress(&opened);
        let mut rows = 0_u64;
        loop {
            let going_on = records.step(&mut opened.reader, number, &mut |worker, record| {
                each(worker, name_of(&names, record.input), record)
            });
            if !going_on.map_err(|error| told(source.loaded, path, error))? {
                break;
            }
            rows += 1;
            if rows.is_multiple_of(PROGRESS_ROWS) {
                bar.set_position(opened.read.load(Ordering::Relaxed));
                bar.set_message(format!("{} rows", print::grouped(rows)));
            }
        }
        bar.finish_and_clear();
        if !opened.reader.complete() {
            broken = Some(path.display().to_string());
        }
    }
    records
        .finish(&mut |worker, record| each(worker, name_of(&names, record.input), record))
        .map_err(|error| told(source.loaded, Path::new("-"), error))?;
    Ok(Finished {
        complete: broken.is_none(),
        broken,
    })
}

fn temporary() -> io::Result<Box<dyn Store>> {
    tempfile::tempfile().map(|file| Box::new(file) as Box<dyn Store>)
}

/// The inputs, which can be opened twice where they are read twice.
struct Inputs<'a> {
    options: &'a InputOptions,
    /// whether the keys are read before the records
    twice: bool,
    stdin: Option<std::fs::File>,
}

impl<'a> Inputs<'a> {
    fn new(source: Source<'a>) -> anyhow::Result<Self> {
        let grouping = source.plan.grouping();
        let twice = grouping.is_some_and(|grouping| grouping.input == GroupInput::Adjacent);
        let piped = source.inputs.iter().any(|path| path == Path::new("-"));
        Ok(Self {
            options: source.input,
            twice,
            stdin: match twice && piped {
                true => Some(input::kept_stdin()?),
                false => None,
            },
        })
    }

    fn open(&self, path: &Path) -> anyhow::Result<Opened> {
        match &self.stdin {
            Some(kept) if path == Path::new("-") => self.options.open_kept(kept),
            _ => self.options.open(path),
        }
    }
}

/// The keys of adjacent groups whose rows do not stand together.
fn torn_keys(source: Source<'_>, inputs: &Inputs<'_>, memory: usize) -> anyhow::Result<TornKeys> {
    let mut scan = KeyScan::new(source.plan, memory, Box::new(temporary));
    for path in source.inputs {
        let mut opened = inputs.open(path)?;
        let bar = progress(&opened);
        bar.set_message("keys of the groups");
        scan.begin(opened.reader.format())
            .map_err(|error| told(source.loaded, path, error))?;
        let mut rows = 0_u64;
        while scan
            .step(&mut opened.reader)
            .map_err(|error| told(source.loaded, path, error))?
        {
            rows += 1;
            if rows.is_multiple_of(PROGRESS_ROWS) {
                bar.set_position(opened.read.load(Ordering::Relaxed));
            }
        }
        bar.finish_and_clear();
    }
    scan.finish()
        .map_err(|error| told(source.loaded, Path::new("-"), error))
}

fn name_of(names: &[String], input: u32) -> &str {
    let place = usize::try_from(input).unwrap_or(usize::MAX);
    names.get(place).map_or("", String::as_str)
}

fn told(loaded: &Loaded, input: &Path, error: RecordsError) -> anyhow::Error {
    match error {
        RecordsError::Plan(diagnostics) => loaded
            .refused(diagnostics)
            .context(format!("the mapping does not fit {}", input.display())),
        RecordsError::ColumnsDiffer => {
            anyhow::Error::new(error).context(format!("could not go on with {}", input.display()))
        }
        RecordsError::NotAdjacent => anyhow!(
            "{error}; a run fails\n  hint: write \"input\": \"any\" into the group of {}, or sort the input by the group's key",
            loaded.path.display()
        ),
        RecordsError::Io(inner) if inner.kind() == io::ErrorKind::BrokenPipe => {
            // the reader of the output has seen enough, as in `… | head`
            std::process::exit(0)
        }
        RecordsError::Io(inner) => inner.into(),
    }
}

/// A bar on stderr; indicatif draws nothing where stderr is no terminal.
fn progress(opened: &Opened) -> ProgressBar {
    let (bar, template) = match opened.size {
        Some(size) => (
            ProgressBar::new(size),
            "{prefix} {wide_bar} {percent:>3}% {msg} {eta}",
        ),
        None => (ProgressBar::new_spinner(), "{prefix} {spinner} {msg}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(opened.name.clone());
    bar
}
