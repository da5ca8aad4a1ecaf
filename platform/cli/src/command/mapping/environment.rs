//! What a document is compiled with: lookup tables from a folder, parameters from the command line,
//! components with functions from files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tributary_mapping::document::ParamKind;
use tributary_mapping::{Document, Environment, Plan, Sensitive};
use tributary_model::document::LookupDocument;
use tributary_model::external::FunctionComponent;

use super::components::Aim;
use super::{Loaded, components};

/// Options of every command that compiles a document.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct EnvironmentOptions {
    /// folder with the tenant's lookup tables (default: ../lookups beside the document)
    #[arg(long, value_name = "DIR")]
    lookups: Option<PathBuf>,
    /// value of a parameter; may be given several times
    #[arg(long = "param", alias = "params", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// component with functions that the document calls; may be given several times (default: every
    /// .wasm in ../components beside the document)
    #[arg(long = "component", value_name = "FILE")]
    components: Vec<PathBuf>,
}

/// Lookup tables and parameters.
pub(super) struct Given {
    pub(super) lookups: BTreeMap<String, LookupDocument>,
    pub(super) params: BTreeMap<String, Value>,
    pub(super) components: Option<BTreeMap<String, FunctionComponent>>,
    /// what they were read from
    pub(super) lookup_files: Vec<PathBuf>,
    pub(super) component_files: Vec<PathBuf>,
}

impl Given {
    pub(super) fn environment<'a>(&'a self, columns: Option<&'a [String]>) -> Environment<'a> {
        Environment::new(&self.lookups, &self.params)
            .with_columns(columns)
            .with_components(self.components.as_ref())
    }

    /// The compiled document.
    pub(super) fn compile(&self, loaded: &Loaded) -> anyhow::Result<Arc<Plan>> {
        self.compile_beside(loaded, None)
    }

    /// The same, which masks what another version calls sensitive too.
    pub(super) fn compile_beside(
        &self,
        loaded: &Loaded,
        other: Option<&Sensitive>,
    ) -> anyhow::Result<Arc<Plan>> {
        let environment = self.environment(None).with_sensitive(other);
        tributary_mapping::compile(&loaded.document, &environment)
            .map_err(|diagnostics| loaded.refused(diagnostics))
    }
}

impl EnvironmentOptions {
    /// Reads everything for the document at `path`.
    pub(super) fn read(&self, path: &Path, document: &Document) -> anyhow::Result<Given> {
        self.read_for(Aim::Map, path, document)
    }

    /// The same for a purpose.
    pub(super) fn read_for(
        &self,
        aim: Aim,
        path: &Path,
        document: &Document,
    ) -> anyhow::Result<Given> {
        let folder = match &self.lookups {
            Some(folder) if !folder.is_dir() => {
                bail!("there is no folder {} with lookup tables", folder.display())
            }
            Some(folder) => folder.clone(),
            None => path.parent().unwrap_or(Path::new(".")).join("../lookups"),
        };
        let (lookups, lookup_files) = read_lookups(&folder)?;
        Ok(Given {
            lookups,
            lookup_files,
            component_files: components::files_of(&self.components, path)?,
            params: self.params(document)?,
            components: components::read(&self.components, path, document, aim)?,
        })
    }

    fn params(&self, document: &Document) -> anyhow::Result<BTreeMap<String, Value>> {
        let mut params = BTreeMap::new();
        for text in &self.params {
            let Some((name, value)) = text.split_once('=') else {
                bail!("--param {text:?} is not of the form NAME=VALUE");
            };
            let Some(param) = document.params.get(name) else {
                let known: Vec<&str> = document.params.keys().map(String::as_str).collect();
                bail!(
                    "the document has no parameter {name:?}; it has: {}",
                    if known.is_empty() {
                        "none".to_owned()
                    } else {
                        known.join(", ")
                    }
                );
            };
            let value = match param.kind {
                // decimals as text keep every digit
                ParamKind::String | ParamKind::Date | ParamKind::Decimal => json!(value),
                ParamKind::Int | ParamKind::Bool => {
                    serde_json::from_str(value).unwrap_or_else(|_| json!(value))
                }
            };
            params.insert(name.to_owned(), value);
        }
        Ok(params)
    }
}

/// The tables of a folder, with their files.
fn read_lookups(folder: &Path) -> anyhow::Result<(BTreeMap<String, LookupDocument>, Vec<PathBuf>)> {
    let (mut lookups, mut files) = (BTreeMap::new(), Vec::new());
    if !folder.is_dir() {
        return Ok((lookups, files));
    }
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("could not read the folder {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text =
            std::fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
        let document: LookupDocument = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a lookup table", path.display()))?;
        lookups.insert(document.name.to_string(), document);
        files.push(path);
    }
    Ok((lookups, files))
}
