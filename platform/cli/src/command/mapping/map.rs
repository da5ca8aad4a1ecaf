//! `tributary mapping run`: maps files on this machine, as a run of the platform would.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use tributary_authoring::FlatWriter;
use tributary_authoring::records::{RecordRows, Records, RecordsError, Store};
use tributary_authoring::summary::{IssueLine, MappedRecord, Summary, map_record};
use tributary_mapping::{Document, Plan, Verdict, Worker};
use tributary_model::clock::{Clock as _, SystemClock};

use super::environment::EnvironmentOptions;
use super::input::{InputOptions, Opened};
use super::{Answer, Loaded, load};
use crate::print;

/// Rows between two looks at the progress.
const PROGRESS_ROWS: u64 = 4_096;

/// Arguments of `run`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 every record was mapped or left out by a filter, 1 some have errors, 2 it could not be done."
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
    /// form of the output; csv is for targets without lists
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OutputForm {
    Ndjson,
    Csv,
}

/// Runs the command.
pub(super) fn run(arguments: &RunArguments) -> anyhow::Result<Answer> {
    let loaded = load(&arguments.document)?;
    let given = arguments
        .environment
        .read(&arguments.document, &loaded.document)?;
    let plan = given.compile(&loaded)?;
    for file in [&arguments.out, &arguments.issues].into_iter().flatten() {
        refuse_overwriting(file, &arguments.inputs)?;
    }
    let mut output = Output::open(
        &loaded.document,
        arguments.to,
        arguments.out.as_deref(),
        arguments.issues.as_deref(),
    )?;
    let mut summary = Summary::default();
    let start = Instant::now();
    let mut line = Vec::new();
    let read = for_each_record(
        Source {
            loaded: &loaded,
            plan: &plan,
            inputs: &arguments.inputs,
            input: &arguments.input,
            reading: &arguments.reading,
        },
        &mut |worker, name, record| {
            line.clear();
            let mapped = map_record(worker, record, &mut line);
            summary.add(name, record, &mapped);
            output.record(name, summary.records, &mapped, &line)
        },
    )?;
    output.finish()?;
    let summary = summary.finished();
    tell(arguments, &summary, &read, start);
    Ok(Answer::is(summary.quarantined == 0 && read.complete))
}

fn tell(arguments: &RunArguments, summary: &Summary, read: &Finished, start: Instant) {
    if arguments.json {
        print::remark(&serde_json::to_string(summary).unwrap_or_default());
        return;
    }
    let fine = summary.quarantined == 0 && read.complete && read.reopened == 0;
    if arguments.quiet && fine {
        return;
    }
    print::remark(summary.text().trim_end());
    if read.reopened > 0 {
        print::remark(&format!(
            "\nwarning: {} groups came again after another one, so they became more than one record each\n  → write \"input\": \"any\" into the group of {}, or sort the input",
            print::grouped(read.reopened),
            arguments.document.display()
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

fn refuse_overwriting(file: &Path, inputs: &[PathBuf]) -> anyhow::Result<()> {
    let Ok(file_path) = file.canonicalize() else {
        return Ok(());
    };
    for input in inputs {
        if input.canonicalize().is_ok_and(|input| input == file_path) {
            bail!("{} is an input; write to another file", file.display());
        }
    }
    Ok(())
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
    pub(super) reopened: u64,
    pub(super) complete: bool,
    /// name of an input that could not be read to its end
    pub(super) broken: Option<String>,
}

/// Reads all inputs and gives every record, with the name of its file, to `each`.
pub(super) fn for_each_record(
    source: Source<'_>,
    each: &mut dyn FnMut(&mut Worker, &str, &RecordRows<'_>) -> io::Result<()>,
) -> anyhow::Result<Finished> {
    let started_at = source
        .reading
        .started_at
        .unwrap_or_else(|| SystemClock.now_ms());
    let memory = usize::try_from(source.reading.memory)? << 20;
    let open = || tempfile::tempfile().map(|file| Box::new(file) as Box<dyn Store>);
    let mut records = Records::new(source.plan, started_at, memory, Box::new(open));
    let mut names: Vec<String> = Vec::new();
    let mut broken = None;
    for (path, number) in source.inputs.iter().zip(0_u32..) {
        let mut opened = source.input.open(path)?;
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
    let reopened = records.reopened();
    records
        .finish(&mut |worker, record| each(worker, name_of(&names, record.input), record))
        .map_err(|error| told(source.loaded, Path::new("-"), error))?;
    Ok(Finished {
        reopened,
        complete: broken.is_none(),
        broken,
    })
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

/// Where documents and issues go.
struct Output {
    documents: Box<dyn Write>,
    table: Option<FlatWriter>,
    issues: Option<BufWriter<File>>,
}

impl Output {
    fn open(
        document: &Document,
        form: OutputForm,
        out: Option<&Path>,
        issues: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let table = match form {
            OutputForm::Ndjson => None,
            OutputForm::Csv => match FlatWriter::new(document, b',') {
                Ok(writer) => Some(writer),
                Err(field) => bail!(
                    "the field {field} makes a list or an object of any form, which CSV cannot hold\n  hint: leave out --to csv; NDJSON holds every target"
                ),
            },
        };
        let create = |path: &Path| {
            File::create(path)
                .map(BufWriter::new)
                .with_context(|| format!("could not write {}", path.display()))
        };
        let documents: Box<dyn Write> = match out {
            Some(path) if path != Path::new("-") => Box::new(create(path)?),
            _ => Box::new(BufWriter::with_capacity(1 << 16, io::stdout())),
        };
        let issues = issues.map(create).transpose()?;
        Ok(Self {
            documents,
            table,
            issues,
        })
    }

    fn record(
        &mut self,
        file: &str,
        number: u64,
        mapped: &MappedRecord,
        line: &[u8],
    ) -> io::Result<()> {
        if mapped.verdict == Verdict::Mapped {
            match &mut self.table {
                None => self.documents.write_all(line)?,
                Some(table) => {
                    table.row(&String::from_utf8_lossy(line));
                    self.documents.write_all(&table.take())?;
                }
            }
        }
        let Some(issues) = &mut self.issues else {
            return Ok(());
        };
        for issue in &mapped.issues {
            let line = IssueLine {
                file,
                record: number,
                key: &mapped.key,
                verdict: mapped.verdict,
                issue,
            };
            serde_json::to_writer(&mut *issues, &line)?;
            issues.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<()> {
        if let Some(table) = &mut self.table {
            // the header, where no record followed it
            self.documents.write_all(&table.take())?;
        }
        match self.documents.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
            written => written.context("could not write the output")?,
        }
        if let Some(mut issues) = self.issues {
            issues.flush().context("could not write the issues")?;
        }
        Ok(())
    }
}
