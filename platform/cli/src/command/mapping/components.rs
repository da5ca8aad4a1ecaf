//! The components with functions that a document's `external` names: files on this machine, which pass
//! the same gate and the same compiling process as in the server.
//!
//! Invariant: nothing is loaded, and no thread is started, for a document that declares none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tributary_host::{Compiler, Host, HostConfig};
use tributary_mapping::Document;
use tributary_model::external::FunctionComponent;

use crate::print;

/// What components are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    Map,
    /// every call is repeated in a new instance: one that answers otherwise is found out
    Test,
}

/// Components by `name@version`; none: no file was given and none lies beside the document.
pub(super) fn read(
    files: &[PathBuf],
    path: &Path,
    document: &Document,
    aim: Aim,
) -> anyhow::Result<Option<BTreeMap<String, FunctionComponent>>> {
    if document.external.is_empty() {
        return Ok(None);
    }
    let files = files_of(files, path)?;
    if files.is_empty() {
        return Ok(None);
    }
    let program = std::env::current_exe().context("could not find the program's own file")?;
    let host = Host::new(HostConfig {
        compiler: Some(Compiler {
            program,
            args: vec!["compile-component".to_owned()],
        }),
        pool_instances: 1,
        ..HostConfig::default()
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start")?;
    let mut found = BTreeMap::new();
    for file in &files {
        let bytes =
            std::fs::read(file).with_context(|| format!("could not read {}", file.display()))?;
        let functions = runtime
            .block_on(host.functions(&bytes))
            .map_err(|problem| print::problem_error(&problem))
            .with_context(|| format!("{} cannot be used", file.display()))?;
        let component = match aim {
            Aim::Map => functions.component(),
            Aim::Test => functions.asked_twice(),
        };
        found.insert(functions.reference(), component);
    }
    Ok(Some(found))
}

/// The files that are given, else those beside the document.
pub(super) fn files_of(given: &[PathBuf], path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    let beside = path.parent().unwrap_or(Path::new("."));
    in_folder(&beside.join("../components"))
}

/// The folder's `*.wasm`, sorted; a folder that is not there holds none.
fn in_folder(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("could not read the folder {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
