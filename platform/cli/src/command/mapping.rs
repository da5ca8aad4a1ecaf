//! `tributary mapping check FILE`: checks a mapping document offline, all diagnostics at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tributary_mapping::{Diagnostic, Environment};
use tributary_model::document::LookupDocument;

use crate::print;

/// Arguments of `tributary mapping`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// check a mapping document: form, paths, functions, lookups
    Check {
        file: PathBuf,
        /// folder with the tenant's lookup tables (default: ../lookups beside the file)
        #[arg(long)]
        lookups: Option<PathBuf>,
        /// one JSON object per diagnostic
        #[arg(long)]
        json: bool,
    },
    /// print the JSON Schema of mapping documents
    Schema,
}

/// The checker's code for a required parameter that nothing sets.
const PARAMETER_WITHOUT_VALUE: &str = "M1511";

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.what {
        What::Schema => {
            print::line(tributary_mapping::document::SCHEMA);
            Ok(())
        }
        What::Check {
            file,
            lookups,
            json,
        } => check(file, lookups.as_deref(), *json),
    }
}

fn check(file: &Path, lookups: Option<&Path>, json: bool) -> anyhow::Result<()> {
    let text = std::fs::read(file).with_context(|| format!("could not read {}", file.display()))?;
    let folder = match lookups {
        Some(folder) => folder.to_owned(),
        None => file.parent().unwrap_or(Path::new(".")).join("../lookups"),
    };
    let lookups = read_lookups(&folder)?;
    let params = BTreeMap::new();
    let environment = Environment::new(&lookups, &params);
    let diagnostics = match tributary_mapping::parse(&text) {
        Err(diagnostics) => diagnostics,
        Ok(document) => tributary_mapping::check(&document, &environment),
    };
    // Values of parameters belong to the integration, which is not at hand here.
    let diagnostics: Vec<Diagnostic> = diagnostics
        .into_iter()
        .filter(|diagnostic| diagnostic.code != PARAMETER_WITHOUT_VALUE)
        .collect();
    for diagnostic in &diagnostics {
        show(file, diagnostic, json)?;
    }
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    if errors > 0 {
        let word = if errors == 1 { "error" } else { "errors" };
        anyhow::bail!("{} has {errors} {word}", file.display());
    }
    if !json {
        print::line(&format!("{}: ok", file.display()));
    }
    Ok(())
}

fn show(file: &Path, diagnostic: &Diagnostic, json: bool) -> anyhow::Result<()> {
    if json {
        print::line(&serde_json::to_string(diagnostic)?);
        return Ok(());
    }
    print::line(&format!(
        "{} {}{}: {}\n  hint: {}",
        diagnostic.code,
        file.display(),
        diagnostic.pointer,
        diagnostic.message,
        diagnostic.hint
    ));
    Ok(())
}

fn read_lookups(folder: &Path) -> anyhow::Result<BTreeMap<String, LookupDocument>> {
    let mut lookups = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(lookups);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read(&path)?;
        let document: LookupDocument = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a lookup table", path.display()))?;
        lookups.insert(document.name.to_string(), document);
    }
    Ok(lookups)
}
