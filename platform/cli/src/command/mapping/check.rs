//! `tributary mapping check` and `fmt`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;
use tributary_authoring::summary::{Summary, counted, map_record};
use tributary_authoring::{Difference, RunCheck, RunReport, place_of, verdict_word};
use tributary_mapping::schema::Schema;
use tributary_mapping::{
    CounterExample, CounterExamples, Diagnostic, Document, Verdict, broken_run_rules,
};

use super::environment::{EnvironmentOptions, Given};
use super::input::InputOptions;
use super::load::{self, Faults};
use super::map::{ReadingOptions, Source, for_each_record};
use super::schemas::{self, target_check};
use super::{Answer, Loaded, read_description, read_text, write_text};
use crate::print;

/// The checker's code for a required parameter that nothing sets.
pub(super) const PARAMETER_WITHOUT_VALUE: &str = "M1511";

/// Arguments of `fmt`.
#[derive(clap::Args)]
pub(super) struct FormatArguments {
    /// documents; - for stdin, whose form goes to stdout
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// only say which ones are not in their form
    #[arg(long)]
    check: bool,
}

/// Brings documents into their form.
pub(super) fn format(arguments: &FormatArguments) -> anyhow::Result<Answer> {
    let mut answer = Answer::Yes;
    for path in &arguments.files {
        let text = read_text(path)?;
        let formed = match tributary_authoring::format(text.as_bytes()) {
            Ok(formed) => formed,
            Err(diagnostics) => {
                for diagnostic in &diagnostics {
                    print::remark(&diagnostic_text(path, &text, diagnostic));
                }
                answer = Answer::No;
                continue;
            }
        };
        let piped = path == Path::new("-");
        if arguments.check {
            if formed != text {
                print::line(&format!("{} is not in its form", path.display()));
                answer = Answer::No;
            }
        } else if piped || formed != text {
            write_text(Some(path), &formed)?;
            if !piped {
                print::remark(&format!("formatted {}", path.display()));
            }
        }
    }
    Ok(answer)
}

/// Arguments of `check`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 no errors (warnings may be shown), 1 errors, 2 it could not be done."
)]
pub(super) struct CheckArguments {
    /// the mapping; - for stdin
    file: PathBuf,
    #[command(flatten)]
    environment: EnvironmentOptions,
    /// JSON Schema of the source's records (default: ../schemas/NAME.json, if the document names one)
    #[arg(long, value_name = "FILE")]
    source_schema: Option<PathBuf>,
    /// JSON Schema of the target (default: as for the source); what the samples become must fit it
    #[arg(long, value_name = "FILE")]
    target_schema: Option<PathBuf>,
    /// files with records, to find where the mapping fails on them
    #[arg(long, value_name = "FILE")]
    samples: Vec<PathBuf>,
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    reading: ReadingOptions,
    /// one JSON object per finding
    #[arg(long)]
    json: bool,
}

/// Checks a document, all findings at once.
pub(super) fn run(arguments: &CheckArguments) -> anyhow::Result<Answer> {
    let path = arguments.file.as_path();
    let text = read_text(path)?;
    let (loaded, told) = match load::read(path, text)? {
        Err(faults) => (None, vec![faults]),
        Ok(loaded) => {
            let mut told = Vec::new();
            if let Some(derivation) = &loaded.derivation {
                told.push(Faults {
                    text: loaded.text.clone(),
                    diagnostics: derivation.resolved.warnings.clone(),
                });
            }
            told.push(loaded.told(findings(arguments, &loaded.document)?));
            (Some(loaded), told)
        }
    };
    let mut counts = Counts::default();
    for (text, diagnostic) in told
        .iter()
        .flat_map(|faults| faults.diagnostics.iter().map(|one| (&faults.text, one)))
    {
        match diagnostic.is_error() {
            true => counts.errors += 1,
            false => counts.warnings += 1,
        }
        if arguments.json {
            print::line(&diagnostic_json(text, diagnostic).to_string());
        } else {
            print::painted(&format!("{}\n", diagnostic_text(path, text, diagnostic)));
        }
    }
    let mut answer = Answer::is(counts.errors == 0);
    if let Some(loaded) = loaded
        && counts.errors == 0
        && !arguments.samples.is_empty()
    {
        answer = samples(arguments, &loaded, &mut counts)?;
    }
    if !arguments.json {
        verdict(path, &counts, answer);
    }
    Ok(answer)
}

/// Findings so far.
#[derive(Default)]
struct Counts {
    errors: u64,
    warnings: u64,
}

fn verdict(path: &Path, counts: &Counts, answer: Answer) {
    let word = match (counts.errors, answer) {
        (0, Answer::Yes) => "ok".to_owned(),
        // the document is in order; its samples are not
        (0, Answer::No) => "fails on the samples".to_owned(),
        (errors, _) => counted(errors, "error"),
    };
    let warnings = match counts.warnings {
        0 => String::new(),
        warnings => format!(", {}", counted(warnings, "warning")),
    };
    print::line(&format!("{}: {word}{warnings}", path.display()));
}

/// What the checker says. This is the one place that gives it what is known beside the document.
fn findings(arguments: &CheckArguments, document: &Document) -> anyhow::Result<Vec<Diagnostic>> {
    let given: Given = arguments.environment.read(&arguments.file, document)?;
    let columns = source_columns(arguments, document)?;
    let schema = |path: Option<PathBuf>| -> anyhow::Result<Option<Schema>> {
        let Some(path) = path else { return Ok(None) };
        Ok(Some(Schema::from_json_schema(&read_description(&path)?)))
    };
    let (source, target) = (
        schema(source_schema(arguments, document)?)?,
        schema(target_schema(arguments, document)?)?,
    );
    let environment = given
        .environment(columns.as_deref())
        .with_schemas(source.as_ref(), target.as_ref());
    let diagnostics = tributary_mapping::check(document, &environment);
    // Values of parameters belong to the integration, which is not at hand here.
    Ok(diagnostics
        .into_iter()
        .filter(|diagnostic| diagnostic.code != PARAMETER_WITHOUT_VALUE)
        .collect())
}

fn source_schema(
    arguments: &CheckArguments,
    document: &Document,
) -> anyhow::Result<Option<PathBuf>> {
    schemas::source(&arguments.file, arguments.source_schema.as_ref(), document)
}

fn target_schema(
    arguments: &CheckArguments,
    document: &Document,
) -> anyhow::Result<Option<PathBuf>> {
    schemas::target(&arguments.file, arguments.target_schema.as_ref(), document)
}

/// The columns of the source, if a schema or a sample tells them.
fn source_columns(
    arguments: &CheckArguments,
    document: &Document,
) -> anyhow::Result<Option<Vec<String>>> {
    if let Some(path) = source_schema(arguments, document)? {
        return Ok(Some(
            Schema::from_json_schema(&read_description(&path)?).member_names(),
        ));
    }
    let Some(path) = arguments.samples.first() else {
        return Ok(None);
    };
    let opened = arguments.input.open(path)?;
    let columns = opened.reader.columns();
    Ok((!columns.is_empty()).then(|| columns.to_vec()))
}

/// Maps the samples and tells what fails on them: findings like those of the check, then what a run would come to.
fn samples(
    arguments: &CheckArguments,
    loaded: &Loaded,
    counts: &mut Counts,
) -> anyhow::Result<Answer> {
    let given = arguments.environment.read(&loaded.path, &loaded.document)?;
    let plan = given.compile(loaded).context(
        "the samples cannot be mapped (give values of parameters with --param NAME=VALUE)",
    )?;
    let target = match target_schema(arguments, &loaded.document)? {
        None => None,
        Some(path) => Some(target_check(&path)?),
    };
    let reading = arguments.reading.fixed();
    let mut summary = Summary::default();
    let mut examples = CounterExamples::new(&loaded.document);
    let mut rules = RunCheck::new(&plan);
    let mut misfits = Misfits::default();
    let mut line = Vec::new();
    let source = Source {
        loaded,
        plan: &plan,
        inputs: &arguments.samples,
        input: &arguments.input,
        reading: &reading,
    };
    let several = arguments.samples.len() > 1;
    for_each_record(source, &mut |worker, name, record| {
        line.clear();
        let mapped = map_record(worker, record, &mut line);
        summary.add(name, record, &mapped);
        examples.add(if several { name } else { "" }, &mapped.issues);
        rules.add(record.position, &mapped);
        if let (Some(target), Verdict::Mapped) = (&target, mapped.verdict) {
            misfits.add(&mapped.key, &target.faults(&String::from_utf8_lossy(&line)));
        }
        Ok(())
    })?;
    let report = rules.report(reading.started_ms());
    let examples = examples.finish();
    counterexamples(arguments, loaded, &examples, &report, counts);
    let summary = summary.finished();
    let fine = summary.quarantined == 0 && misfits.count == 0 && report.is_fine();
    if arguments.json {
        let value = json!({
            "samples": summary, "run": report,
            "not_fitting_the_target": misfits.count, "examples": misfits.examples,
        });
        print::line(&value.to_string());
        return Ok(Answer::is(fine));
    }
    print::line(&format!("on the samples: {}", summary.head()));
    if !report.rules.is_empty() || !report.delivers {
        print::text(&format!("\nrules over the run\n{}", report.text()));
    }
    if let Some(why) = &report.stopped {
        print::line(&format!(
            "a run with these records would deliver nothing: {why}"
        ));
    }
    misfits.show();
    Ok(Answer::is(fine))
}

/// Every field and rule that fails on the samples, as a finding with its place in the document.
fn counterexamples(
    arguments: &CheckArguments,
    loaded: &Loaded,
    examples: &[CounterExample],
    report: &RunReport,
    counts: &mut Counts,
) {
    let mut found: Vec<Diagnostic> = examples.iter().map(CounterExample::diagnostic).collect();
    found.extend(broken_run_rules(&loaded.document, &report.rules));
    let faults = loaded.told(found);
    for (place, diagnostic) in faults.diagnostics.iter().enumerate() {
        counts.warnings += 1;
        if !arguments.json {
            let text = diagnostic_text(&loaded.path, &faults.text, diagnostic);
            print::painted(&format!("{text}\n"));
            continue;
        }
        let mut value = diagnostic_json(&faults.text, diagnostic);
        if let (Some(example), Some(members)) = (examples.get(place), value.as_object_mut()) {
            members.insert("counter_example".to_owned(), json!(example));
        }
        print::line(&value.to_string());
    }
}

/// Documents that do not fit the target's schema.
#[derive(Default)]
struct Misfits {
    count: u64,
    examples: Vec<serde_json::Value>,
}

impl Misfits {
    fn add(&mut self, key: &str, faults: &[Difference]) {
        self.count += u64::from(!faults.is_empty());
        let room = 5_usize.saturating_sub(self.examples.len());
        for fault in faults.iter().take(room) {
            self.examples
                .push(json!({ "record": key, "fault": fault, "text": fault.text() }));
        }
    }

    fn show(&self) {
        if self.count == 0 {
            return;
        }
        print::line(&format!(
            "\n{} {} do not fit the target's schema",
            print::grouped(self.count),
            verdict_word(Verdict::Mapped)
        ));
        for example in &self.examples {
            let word = |name: &str| example.get(name).and_then(|text| text.as_str());
            let (key, text) = (word("record"), word("text"));
            print::line(&format!(
                "  record {}: {}",
                key.unwrap_or_default(),
                text.unwrap_or_default()
            ));
        }
    }
}

/// One finding: code, file with line and column, pointer, message; the hint below it.
pub(super) fn diagnostic_text(path: &Path, text: &str, diagnostic: &Diagnostic) -> String {
    let word = if diagnostic.is_error() {
        "error"
    } else {
        "warning"
    };
    let place = match place_of(text, &diagnostic.pointer) {
        Some((line, column)) => format!("{}:{line}:{column}", path.display()),
        None => path.display().to_string(),
    };
    let pointer = match diagnostic.pointer.as_str() {
        "" => String::new(),
        pointer => format!(" {pointer}"),
    };
    format!(
        "{word} {} {place}{pointer}\n  {}\n  hint: {}",
        diagnostic.code, diagnostic.message, diagnostic.hint
    )
}

fn diagnostic_json(text: &str, diagnostic: &Diagnostic) -> serde_json::Value {
    let mut value = serde_json::to_value(diagnostic).unwrap_or_default();
    if let (Some((line, column)), Some(members)) =
        (place_of(text, &diagnostic.pointer), value.as_object_mut())
    {
        members.insert("line".to_owned(), json!(line));
        members.insert("column".to_owned(), json!(column));
    }
    value
}
