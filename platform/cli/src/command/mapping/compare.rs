//! `tributary mapping diff`: what another version of a document changes, on samples.
//!
//! Invariant: both versions are compiled with what the other calls sensitive, so that no reason and no value of
//! either shows what one of them keeps from people.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use tributary_authoring::compare::{Recording, compare};
use tributary_authoring::summary::{counted, grouped, map_record};
use tributary_mapping::document::template::hidden_changes;
use tributary_mapping::{Diagnostic, Plan};

use super::check::diagnostic_text;
use super::environment::EnvironmentOptions;
use super::input::InputOptions;
use super::map::{ReadingOptions, Source, for_each_record};
use super::{Answer, Loaded, load};
use crate::print;

/// Arguments of `diff`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 every record comes out the same, 1 something changes, 2 it could not be done, or more than 100,000 records were given and the first ones are the same."
)]
pub(super) struct DiffArguments {
    /// the version before
    old: PathBuf,
    /// the version after
    new: PathBuf,
    /// records to compare on; may be given several times
    #[arg(long, required = true, value_name = "FILE")]
    samples: Vec<PathBuf>,
    #[command(flatten)]
    environment: EnvironmentOptions,
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    reading: ReadingOptions,
    /// the comparison as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &DiffArguments) -> anyhow::Result<Answer> {
    let reading = arguments.reading.fixed();
    let (before, after) = (load(&arguments.old)?, load(&arguments.new)?);
    let hidden = hidden(&before, &after);
    let given = |loaded: &Loaded| {
        let environment = &arguments.environment;
        environment.read(&loaded.path, &loaded.document)
    };
    let (with_old, with_new) = (given(&before)?, given(&after)?);
    let of_old = with_old.compile(&before)?.sensitive();
    let of_new = with_new.compile(&after)?.sensitive();
    let plan = with_old.compile_beside(&before, Some(&of_new))?;
    let old = record(arguments, &reading, &before, &plan)?;
    let plan = with_new.compile_beside(&after, Some(&of_old))?;
    let new = record(arguments, &reading, &after, &plan)?;
    let comparison = compare(&old, &new);
    for warning in &hidden {
        print::remark(&diagnostic_text(&after.path, &after.text, warning));
    }
    if arguments.json {
        print::line(&serde_json::to_string(&comparison)?);
    } else {
        print::text(&comparison.text());
    }
    if comparison.is_open() {
        bail!(
            "{} were not compared, so it is not known whether the versions differ\n  hint: give samples with at most {} records",
            counted(comparison.left_out, "record"),
            grouped(Recording::MAX_RECORDS as u64)
        );
    }
    Ok(Answer::is(comparison.is_same()))
}

/// What overrides of the new version keep from coming through of what its template brings.
fn hidden(before: &Loaded, after: &Loaded) -> Vec<Diagnostic> {
    match (&before.derivation, &after.derivation) {
        (Some(before), Some(after)) => {
            hidden_changes(&after.derived, &before.template, &after.template)
        }
        _ => Vec::new(),
    }
}

fn record(
    arguments: &DiffArguments,
    reading: &ReadingOptions,
    loaded: &Loaded,
    plan: &Arc<Plan>,
) -> anyhow::Result<Recording> {
    let mut recording = Recording::masking(plan.masked_targets());
    let mut line = Vec::new();
    let source = Source {
        loaded,
        plan,
        inputs: &arguments.samples,
        input: &arguments.input,
        reading,
    };
    for_each_record(source, &mut |worker, _, record| {
        line.clear();
        let mapped = map_record(worker, record, &mut line);
        recording.add(record.position, &mapped, &line);
        Ok(())
    })?;
    Ok(recording)
}
