//! `tributary mapping diff`: what another version of a document changes, on samples.

use std::path::PathBuf;

use tributary_authoring::compare::{Recording, compare};
use tributary_authoring::summary::map_record;

use super::environment::EnvironmentOptions;
use super::input::InputOptions;
use super::map::{ReadingOptions, Source, for_each_record};
use super::{Answer, load};
use crate::print;

/// Arguments of `diff`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 every record comes out the same, 1 something changes, 2 it could not be done."
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
    let old = record(arguments, &reading, &arguments.old)?;
    let new = record(arguments, &reading, &arguments.new)?;
    let comparison = compare(&old, &new);
    if arguments.json {
        print::line(&serde_json::to_string(&comparison)?);
    } else {
        print::text(&comparison.text());
    }
    Ok(Answer::is(comparison.is_same()))
}

fn record(
    arguments: &DiffArguments,
    reading: &ReadingOptions,
    document: &std::path::Path,
) -> anyhow::Result<Recording> {
    let loaded = load(document)?;
    let given = arguments.environment.read(document, &loaded.document)?;
    let plan = given.compile(&loaded)?;
    let mut recording = Recording::default();
    let mut line = Vec::new();
    let source = Source {
        loaded: &loaded,
        plan: &plan,
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
