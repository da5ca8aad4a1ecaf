//! Builds the connectors of `connectors/` to components. Skipped while nothing that goes in has changed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds every connector of the repository `repo` with cargo's files in `target_dir` and answers
/// `out/<name>.wasm` for each, sorted by name.
///
/// # Errors
/// A build that fails, a manifest that can't be read, an import outside the contract.
pub(crate) fn build(repo: &Path, target_dir: &Path, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let workspace = repo.join("connectors");
    let names = connector_names(&workspace)?;
    let components: Vec<PathBuf> = names
        .iter()
        .map(|name| out.join(format!("{name}.wasm")))
        .collect();
    let inputs = fingerprint(repo)?;
    let mark = out.join("inputs");
    let unchanged = std::fs::read_to_string(&mark).is_ok_and(|seen| seen == inputs);
    if unchanged && components.iter().all(|path| path.is_file()) {
        return Ok(components);
    }
    tributary_packaging::require_target()?;
    tributary_packaging::compile(&workspace, target_dir)?;
    std::fs::create_dir_all(out)?;
    for (name, path) in names.iter().zip(&components) {
        let core = format!(
            "{}.wasm",
            format!("tributary-connector-{name}").replace('-', "_")
        );
        let core = target_dir.join(TARGET).join("release").join(core);
        let component = component(&core, &workspace.join(name).join("connector.json"))
            .with_context(|| format!("connector {name}"))?;
        std::fs::write(path, component)?;
    }
    std::fs::write(mark, inputs)?;
    Ok(components)
}

/// The folders with a `connector.json`.
fn connector_names(workspace: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(workspace)? {
        let entry = entry?;
        if entry.path().join("connector.json").is_file() {
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    ensure!(
        !names.is_empty(),
        "no connector found in {}",
        workspace.display()
    );
    Ok(names)
}

/// Core wasm and manifest to a component.
fn component(core: &Path, manifest: &Path) -> anyhow::Result<Vec<u8>> {
    let module = std::fs::read(core).with_context(|| core.display().to_string())?;
    let text = std::fs::read(manifest).with_context(|| manifest.display().to_string())?;
    Ok(tributary_packaging::encode(&module, &text)?)
}

/// Changes with every file that goes into a connector, and with the compiler.
fn fingerprint(repo: &Path) -> anyhow::Result<String> {
    let mut files = BTreeSet::new();
    for folder in ["connectors", "sdk/rust", "sdk/wit"] {
        collect(&repo.join(folder), &mut files)?;
    }
    let compiler = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let mut hasher = DefaultHasher::new();
    compiler.stdout.hash(&mut hasher);
    for file in files {
        file.strip_prefix(repo).unwrap_or(&file).hash(&mut hasher);
        std::fs::read(&file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name() != Some(OsStr::new("target")) {
                collect(&path, files)?;
            }
        } else {
            files.insert(path);
        }
    }
    Ok(())
}
