//! `tributary connector test`: the conformance battery over a connector's cases.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tributary_conformance::{CHECKS, Case, battery};

use super::new::component_of;
use crate::print;

/// Arguments of `tributary connector test`.
#[derive(clap::Args)]
pub(crate) struct TestArguments {
    /// the connector's folder, which is built, or a component
    #[arg(default_value = ".")]
    subject: PathBuf,
    /// folder with the cases; `cases` in the connector's folder if absent
    #[arg(long)]
    cases: Option<PathBuf>,
    /// the report as one JSON document
    #[arg(long)]
    json: bool,
    /// only say which checks there are
    #[arg(long)]
    list: bool,
}

/// Builds if need be, runs the battery, fails if a check does.
pub(crate) async fn test(arguments: &TestArguments) -> anyhow::Result<()> {
    if arguments.list {
        for check in CHECKS {
            print::line(&format!("{:<18} {}", check.name, check.title));
        }
        return Ok(());
    }
    let (_, component) = component_of(&arguments.subject)?;
    let folder = match (&arguments.cases, arguments.subject.is_dir()) {
        (Some(folder), _) => folder.clone(),
        (None, true) => arguments.subject.join("cases"),
        (None, false) => bail!("where are the cases of this component? say it with --cases FOLDER"),
    };
    let cases = read_cases(&folder)?;
    let report = battery(&component, &cases).await;
    if arguments.json {
        print::line(&serde_json::to_string(&report)?);
    } else {
        print::text(&report.text());
    }
    if report.passed() {
        return Ok(());
    }
    let failed = report.failures().count();
    bail!(
        "{failed} checks failed\n  hint: what each means and how to mend it: docs/connectors/conformance.md"
    )
}

/// Every `*.json` of the folder, by name.
fn read_cases(folder: &Path) -> anyhow::Result<Vec<(String, Case)>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("could not read the cases in {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let case = Case::read(&path).map_err(|problem| print::problem_error(&problem))?;
        cases.push((name.into_owned(), case));
    }
    Ok(cases)
}
