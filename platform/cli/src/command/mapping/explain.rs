//! `tributary mapping explain`: the story of one record of a file.

use std::io;
use std::path::PathBuf;

use anyhow::bail;
use tributary_authoring::summary::map_record;
use tributary_authoring::{explain_text, explained, issue_text};
use tributary_mapping::Explanation;
use tributary_model::issue::Issue;

use super::environment::EnvironmentOptions;
use super::input::InputOptions;
use super::map::{ReadingOptions, Source, for_each_record};
use super::{Answer, load};
use crate::print;

/// Arguments of `explain`.
#[derive(clap::Args)]
pub(super) struct ExplainArguments {
    /// the mapping
    document: PathBuf,
    /// files with the record; - for stdin
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// key of the record, or its number counted from 1
    #[arg(long, default_value = "1")]
    record: String,
    /// only these fields: a pointer (/lines/1/amount) or the id of a field
    #[arg(long)]
    field: Option<String>,
    /// the explanation as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    environment: EnvironmentOptions,
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    reading: ReadingOptions,
}

/// What was found under the key or number.
enum Found {
    Record(Box<Explanation>),
    /// rows that could not be read
    Faults(Vec<Issue>),
}

/// Runs the command.
pub(super) fn run(arguments: &ExplainArguments) -> anyhow::Result<Answer> {
    let loaded = load(&arguments.document)?;
    let given = arguments
        .environment
        .read(&arguments.document, &loaded.document)?;
    let plan = given.compile(&loaded)?;
    let number: Option<u64> = arguments.record.parse().ok();
    let (mut by_key, mut by_number, mut count) = (None, None, 0_u64);
    let mut line = Vec::new();
    let source = Source {
        loaded: &loaded,
        plan: &plan,
        inputs: &arguments.inputs,
        input: &arguments.input,
        reading: &arguments.reading,
    };
    for_each_record(source, &mut |worker, _, record| -> io::Result<()> {
        count += 1;
        if by_key.is_some() {
            return Ok(());
        }
        line.clear();
        let mapped = map_record(worker, record, &mut line);
        let named = mapped.key == arguments.record;
        if !named && number != Some(count) {
            return Ok(());
        }
        let found = if record.obstacles().is_empty() {
            Found::Record(Box::new(worker.explain(record.rows)))
        } else {
            Found::Faults(mapped.issues)
        };
        // a key that looks like a number is a key first
        if named {
            by_key = Some(found);
        } else {
            by_number = Some(found);
        }
        Ok(())
    })?;
    match by_key.or(by_number) {
        None => bail!(
            "there is no record with the key or number {:?} among {}\n  hint: `tributary mapping run` shows the keys of bad records; the key is what the document's group or source.key says",
            arguments.record,
            tributary_authoring::summary::counted(count, "record")
        ),
        Some(Found::Faults(issues)) => {
            for issue in &issues {
                print::line(&issue_text(issue));
            }
            Ok(Answer::No)
        }
        Some(Found::Record(explanation)) => show(arguments, &explanation),
    }
}

fn show(arguments: &ExplainArguments, explanation: &Explanation) -> anyhow::Result<Answer> {
    let only = arguments.field.as_deref();
    if only.is_some() && explained(explanation, only).is_empty() {
        bail!(
            "the record {:?} has no field {:?}\n  hint: leave out --field to see them all",
            explanation.key,
            only.unwrap_or_default()
        );
    }
    if arguments.json {
        let value = match only {
            None => serde_json::to_value(explanation)?,
            Some(_) => serde_json::to_value(explained(explanation, only))?,
        };
        print::line(&value.to_string());
    } else {
        print::text(explain_text(explanation, only).trim_start_matches('\n'));
    }
    Ok(Answer::Yes)
}
