//! A connector's folder to a component. What it is written in shows by its files; each language's own
//! tools do the work, and a tool that is missing is told with the command that gets it.
//!
//! Invariant: whoever built it, the component is read back whole and judged by the gate like any other.

mod javascript;
mod python;
mod rust;
mod schema;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Language, PackagingError};

pub(crate) use javascript::PREPARE as PREPARE_JAVASCRIPT;
pub(crate) use python::PREPARE as PREPARE_PYTHON;
pub use rust::{compile, require_target};

/// What was built.
#[derive(Debug)]
pub struct Built {
    /// `target/connector/<name>.wasm` (Rust) or `dist/<name>.wasm` in the connector's folder
    pub path: PathBuf,
    pub component: Vec<u8>,
    /// `connector.json` had another `config_schema` than the type (Rust; the other kits say so themselves)
    pub schema_renewed: bool,
}

/// Builds the connector in `folder` and writes the component below it.
///
/// # Errors
/// No connector there, a tool that is missing, a build that fails (the tool has said why on stderr), a
/// foreign import.
pub fn build(folder: &Path) -> Result<Built, PackagingError> {
    let name = name_of(folder)?;
    match language_of(folder)? {
        Language::Rust => rust::build(folder, &name),
        Language::Python => {
            python::build(folder)?;
            finished(folder, &name)
        }
        Language::JavaScript => {
            javascript::build(folder)?;
            finished(folder, &name)
        }
    }
}

/// The name in `connector.json`, which becomes a file's name.
fn name_of(folder: &Path) -> Result<String, PackagingError> {
    let path = folder.join("connector.json");
    let manifest = std::fs::read(&path).map_err(PackagingError::io("read", &path))?;
    let json: Value = serde_json::from_slice(&manifest).map_err(|error| {
        PackagingError::invalid(format!("{} is not JSON: {error}", path.display()))
    })?;
    let name = json.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() || name.contains(['/', '\\', '.']) {
        let at = path.display();
        return Err(PackagingError::invalid(format!("{at} has no usable name")));
    }
    Ok(name.to_owned())
}

/// By the file that the language's tools begin with.
fn language_of(folder: &Path) -> Result<Language, PackagingError> {
    let marks = Language::ALL.map(|language| (language.mark(), language));
    let found = marks
        .iter()
        .find(|(mark, _)| folder.join(mark).is_file())
        .map(|(_, language)| *language);
    found.ok_or_else(|| {
        let marks = marks.map(|(mark, _)| mark).join(", ");
        let at = folder.display();
        PackagingError::invalid(format!(
            "{at} has none of {marks}: it is unknown how to build this connector"
        ))
    })
}

/// What the kits of Python and JavaScript leave behind.
fn finished(folder: &Path, name: &str) -> Result<Built, PackagingError> {
    let path = folder.join("dist").join(format!("{name}.wasm"));
    let component = std::fs::read(&path).map_err(PackagingError::io("read", &path))?;
    Ok(Built {
        path,
        component,
        schema_renewed: false,
    })
}

/// Runs a kit's build in `folder`. What it says goes to stderr: stdout belongs to the caller's own words.
fn run(folder: &Path, mut command: Command, hint: &str) -> Result<(), PackagingError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .map_err(|error| PackagingError::Tool {
            what: format!("{program} could not be run: {error}"),
            hint: hint.to_owned(),
        })?;
    if status.success() {
        return Ok(());
    }
    Err(PackagingError::Tool {
        what: format!("{} does not build", folder.display()),
        hint: format!("correct what is said above; if a package is missing: {hint}"),
    })
}

/// What a program says to `--version`; `None` if it can't be run.
fn version_of(program: &Path) -> Option<String> {
    let said = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    said.status.success().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, scaffold};

    fn refused(folder: &Path) -> String {
        build(folder).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_tool_that_is_not_there_is_told_with_the_command_that_gets_it() {
        let root = tempfile::tempdir().unwrap();
        for (language, command) in [
            (
                Language::Python,
                ".venv/bin/pip install -r requirements.txt",
            ),
            (Language::JavaScript, "npm install"),
        ] {
            let folder = root.path().join(format!("{language:?}"));
            scaffold(&folder, "shop", Kind::Source, language).unwrap();
            let message = refused(&folder);
            assert!(message.contains(command), "{message}");
        }
    }

    #[test]
    fn what_is_no_connector_is_told() {
        let root = tempfile::tempdir().unwrap();
        let manifest = root.path().join("connector.json");
        for (text, words) in [
            ("{", "is not JSON"),
            ("{}", "no usable name"),
            (r#"{"name": "../x"}"#, "no usable name"),
            (r#"{"name": "x"}"#, "Cargo.toml, build.py, package.json"),
        ] {
            std::fs::write(&manifest, text).unwrap();
            let message = refused(root.path());
            assert!(message.contains(words), "{text}: {message}");
        }
    }
}
