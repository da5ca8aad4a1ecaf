//! Python: the kit in `vendor` builds, in a virtual environment that has the tool which
//! `requirements.txt` pins.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{run, version_of};
use crate::PackagingError;

/// Gets the tool; shown to people, and run by hand because it fetches from a package registry.
pub(crate) const PREPARE: &str =
    "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt";
const TOOL: &str = "componentize-py";

/// Makes `dist/<name>.wasm`.
pub(super) fn build(folder: &Path) -> Result<(), PackagingError> {
    let hint = format!("run in {}: {PREPARE}", folder.display());
    let missing = |what: String| PackagingError::Tool {
        what,
        hint: hint.clone(),
    };
    let Some(python) = program(folder, "python") else {
        let what = match version_of(Path::new("python3")) {
            Some(_) => format!("{} has no virtual environment yet", folder.display()),
            None => "Python 3.11 or later is needed, and python3 is not there".to_owned(),
        };
        return Err(missing(what));
    };
    let wanted = pinned(folder)?;
    let found = program(folder, TOOL).and_then(|tool| version_of(&tool));
    let found = found.ok_or_else(|| missing(format!("{TOOL} is not in .venv")))?;
    // Another version gives other bytes, and may give other imports.
    if let Some(wanted) = wanted.filter(|wanted| found.split_whitespace().last() != Some(wanted)) {
        let what = format!("{found} is in .venv, but requirements.txt pins {wanted}");
        return Err(missing(what));
    }
    // absolute: the build runs in the folder
    let python = std::path::absolute(&python).map_err(PackagingError::io("find", &python))?;
    let mut command = Command::new(python);
    command.arg("build.py").env("PYTHONDONTWRITEBYTECODE", "1");
    run(folder, command, &hint)
}

/// A program of the folder's virtual environment.
fn program(folder: &Path, name: &str) -> Option<PathBuf> {
    let environment = folder.join(".venv");
    let places = [
        environment.join("bin").join(name),
        environment.join("Scripts").join(format!("{name}.exe")),
    ];
    places.into_iter().find(|place| place.is_file())
}

/// The tool's version in `requirements.txt`; `None` if the author took the pin out.
fn pinned(folder: &Path) -> Result<Option<String>, PackagingError> {
    let path = folder.join("requirements.txt");
    let text = std::fs::read_to_string(&path).map_err(PackagingError::io("read", &path))?;
    let version = |line: &str| {
        let rest = line.trim().strip_prefix(TOOL)?.trim_start();
        let version = rest.strip_prefix("==")?.split_whitespace().next()?;
        Some(version.to_owned())
    };
    Ok(text.lines().find_map(version))
}
