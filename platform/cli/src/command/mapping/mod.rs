//! `tributary mapping …`: everything about mapping documents on files and pipes, without a server.
//!
//! Exit codes: 0 all is well; 1 the answer is no (a document with errors, a failed test, records with
//! errors, versions that differ); 2 the question could not be answered (wrong arguments, a file that
//! cannot be read). Results go to stdout, progress and remarks to stderr.

mod check;
mod compare;
mod components;
mod environment;
mod explain;
mod input;
mod load;
mod look;
mod map;
mod output;
mod schemas;
mod sheet;
mod start;
mod test;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use load::{Loaded, load};
use tributary_authoring::import::description;

use crate::print;

/// Arguments of `tributary mapping`.
#[derive(clap::Args)]
#[command(
    after_help = "Files may be - for stdin or stdout. Exit codes: 0 all is well, 1 the answer is no (errors found, tests failed, versions differ), 2 it could not be done."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// begin a document, from schemas, samples, an API description or an analyst's sheet
    New(start::NewArguments),
    /// bring documents into their one form
    Fmt(check::FormatArguments),
    /// check a document: form, paths, functions, lookups
    Check(check::CheckArguments),
    /// map files: CSV, JSON, NDJSON, XML, XLSX, fixed width, Parquet; NDJSON or CSV out
    Run(map::RunArguments),
    /// tell how a record came to be, field by field
    Explain(explain::ExplainArguments),
    /// run a document's own tests and show what they cover
    Test(test::TestArguments),
    /// print what a derived mapping comes to: its template with its overrides
    Resolve(load::ResolveArguments),
    /// what another version of a document changes, on samples
    Diff(compare::DiffArguments),
    /// which source belongs to which target field
    Suggest(start::SuggestArguments),
    /// list the functions, or show one's page
    Functions(look::FunctionsArguments),
    /// print the JSON Schema of mapping documents, or infer one from samples
    Schema(look::SchemaArguments),
    /// try an RFC 9535 path on a JSON file
    Path(look::PathArguments),
}

/// What a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
}

impl Answer {
    fn is(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let answer = match &arguments.what {
        What::New(arguments) => start::new(arguments),
        What::Fmt(arguments) => check::format(arguments),
        What::Check(arguments) => check::run(arguments),
        What::Run(arguments) => map::run(arguments),
        What::Explain(arguments) => explain::run(arguments),
        What::Test(arguments) => test::run(arguments),
        What::Resolve(arguments) => load::resolve(arguments),
        What::Diff(arguments) => compare::run(arguments),
        What::Suggest(arguments) => start::suggest(arguments),
        What::Functions(arguments) => look::functions(arguments),
        What::Schema(arguments) => look::schema(arguments),
        What::Path(arguments) => look::path(arguments),
    };
    match answer {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(error) => {
            print::failure(&error);
            ExitCode::from(2)
        }
    }
}

/// The text of a file, or of stdin for `-`.
fn read_text(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        return std::io::read_to_string(std::io::stdin()).context("could not read stdin as UTF-8");
    }
    let bytes =
        std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))
}

/// A JSON Schema or an OpenAPI description, as JSON or YAML.
fn read_description(path: &Path) -> anyhow::Result<serde_json::Value> {
    let text = read_text(path)?;
    description(&text).map_err(|error| anyhow!("{}: {error}", path.display()))
}

fn read_json(path: &Path) -> anyhow::Result<serde_json::Value> {
    let text = read_text(path)?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

/// Writes a text to a file, or to stdout for `-` and nothing.
fn write_text(out: Option<&Path>, text: &str) -> anyhow::Result<()> {
    match out {
        Some(path) if path != Path::new("-") => std::fs::write(path, text)
            .with_context(|| format!("could not write {}", path.display())),
        _ => {
            print::text(text);
            Ok(())
        }
    }
}
