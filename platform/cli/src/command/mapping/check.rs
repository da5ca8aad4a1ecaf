//! `tributary mapping check` and `fmt`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;
use tributary_authoring::summary::{Summary, map_record};
use tributary_authoring::{TargetCheck, place_of, verdict_word};
use tributary_mapping::schema::Schema;
use tributary_mapping::{Diagnostic, Document, Verdict};

use super::environment::{EnvironmentOptions, Given};
use super::input::InputOptions;
use super::load::{self, Faults};
use super::map::{ReadingOptions, Source, for_each_record};
use super::{Answer, Loaded, read_json, read_text, write_text};
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
    let (mut errors, mut warnings) = (0, 0);
    for (text, diagnostic) in told
        .iter()
        .flat_map(|faults| faults.diagnostics.iter().map(|one| (&faults.text, one)))
    {
        match diagnostic.is_error() {
            true => errors += 1,
            false => warnings += 1,
        }
        if arguments.json {
            print::line(&diagnostic_json(text, diagnostic).to_string());
        } else {
            print::painted(&format!("{}\n", diagnostic_text(path, text, diagnostic)));
        }
    }
    let mut answer = Answer::is(errors == 0);
    if let Some(loaded) = loaded
        && errors == 0
        && !arguments.samples.is_empty()
    {
        answer = samples(arguments, &loaded)?;
    }
    if !arguments.json {
        verdict(path, errors, warnings);
    }
    Ok(answer)
}

fn verdict(path: &Path, errors: usize, warnings: usize) {
    let count = |number: usize, word: &str| {
        tributary_authoring::summary::counted(u64::try_from(number).unwrap_or(u64::MAX), word)
    };
    let found = match (errors, warnings) {
        (0, 0) => "ok".to_owned(),
        (0, _) => format!("ok, {}", count(warnings, "warning")),
        (_, 0) => count(errors, "error"),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    print::line(&format!("{}: {found}", path.display()));
}

/// What the checker says. This is the one place that gives it what is known beside the document.
fn findings(arguments: &CheckArguments, document: &Document) -> anyhow::Result<Vec<Diagnostic>> {
    let given: Given = arguments.environment.read(&arguments.file, document)?;
    let columns = source_columns(arguments, document)?;
    let schema = |path: Option<PathBuf>| -> anyhow::Result<Option<Schema>> {
        let Some(path) = path else { return Ok(None) };
        Ok(Some(Schema::from_json_schema(&read_json(&path)?)))
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
    let named = document.source.schema.as_deref();
    schema_file(arguments, arguments.source_schema.as_ref(), named)
}

fn target_schema(
    arguments: &CheckArguments,
    document: &Document,
) -> anyhow::Result<Option<PathBuf>> {
    let named = document.target.as_ref();
    let named = named.and_then(|target| target.schema.as_deref());
    schema_file(arguments, arguments.target_schema.as_ref(), named)
}

/// The file that is given, else that of the tenant's schema which the document names. A folder without
/// schemas says nothing about them; one that has some must have those that are named, as the server
/// demands it.
fn schema_file(
    arguments: &CheckArguments,
    given: Option<&PathBuf>,
    named: Option<&str>,
) -> anyhow::Result<Option<PathBuf>> {
    if let Some(given) = given {
        return Ok(Some(given.clone()));
    }
    let beside = arguments.file.parent().unwrap_or(Path::new("."));
    let folder = beside.join("../schemas");
    let Some(named) = named.filter(|_| folder.is_dir()) else {
        return Ok(None);
    };
    let file = folder.join(format!("{named}.json"));
    if tributary_model::id::Slug::parse(named).is_err() || !file.is_file() {
        anyhow::bail!(
            "there is no schema {named:?} in {}\n  hint: add {named}.json there, or remove the name from the mapping",
            folder.display()
        );
    }
    Ok(Some(file))
}

/// The columns of the source, if a schema or a sample tells them.
fn source_columns(
    arguments: &CheckArguments,
    document: &Document,
) -> anyhow::Result<Option<Vec<String>>> {
    if let Some(path) = source_schema(arguments, document)? {
        return Ok(Some(
            Schema::from_json_schema(&read_json(&path)?).member_names(),
        ));
    }
    let Some(path) = arguments.samples.first() else {
        return Ok(None);
    };
    let opened = arguments.input.open(path)?;
    let columns = opened.reader.columns();
    Ok((!columns.is_empty()).then(|| columns.to_vec()))
}

/// Maps the samples and tells on how many of them the mapping fails, and how.
fn samples(arguments: &CheckArguments, loaded: &Loaded) -> anyhow::Result<Answer> {
    let given = arguments.environment.read(&loaded.path, &loaded.document)?;
    let plan = given.compile(loaded).context(
        "the samples cannot be mapped (give values of parameters with --param NAME=VALUE)",
    )?;
    let target = match target_schema(arguments, &loaded.document)? {
        None => None,
        Some(path) => Some(TargetCheck::new(&read_json(&path)?).map_err(|error| {
            anyhow::anyhow!("{} is not a JSON Schema: {error}", path.display())
        })?),
    };
    let mut summary = Summary::default();
    let mut misfits: Vec<String> = Vec::new();
    let mut misfit_count = 0_u64;
    let mut line = Vec::new();
    let source = Source {
        loaded,
        plan: &plan,
        inputs: &arguments.samples,
        input: &arguments.input,
        reading: &arguments.reading,
    };
    for_each_record(source, &mut |worker, name, record| {
        line.clear();
        let mapped = map_record(worker, record, &mut line);
        summary.add(name, record, &mapped);
        if let (Some(target), Verdict::Mapped) = (&target, mapped.verdict) {
            let faults = target.faults(&String::from_utf8_lossy(&line));
            misfit_count += u64::from(!faults.is_empty());
            let room = 5_usize.saturating_sub(misfits.len());
            for fault in faults.iter().take(room) {
                misfits.push(format!("  record {}: {}", mapped.key, fault.text()));
            }
        }
        Ok(())
    })?;
    let summary = summary.finished();
    let fine = summary.quarantined == 0 && misfit_count == 0;
    if arguments.json {
        let value = json!({ "samples": summary, "not_fitting_the_target": misfit_count, "examples": misfits });
        print::line(&value.to_string());
        return Ok(Answer::is(fine));
    }
    print::text(&format!("on the samples: {}", summary.text()));
    if misfit_count > 0 {
        print::line(&format!(
            "\n{} {} do not fit the target's schema",
            print::grouped(misfit_count),
            verdict_word(Verdict::Mapped)
        ));
        print::line(&misfits.join("\n"));
    }
    print::line("");
    Ok(Answer::is(fine))
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
