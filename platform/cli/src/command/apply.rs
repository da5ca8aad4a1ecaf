//! `tributary apply FOLDER…`: puts a tenant's declarative files into the server. Doing it again
//! changes nothing; what a person changed since stays, unless the file changed too.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::client::{Client, ServerOptions, segment};
use crate::variables::Variables;

/// Arguments of `tributary apply`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// folders of tenants: tenant.json, lookups/, schemas/, connections/, mappings/, integrations/
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// value for ${NAME} in the files (or set TRIBUTARY_VAR_NAME)
    #[arg(long = "var", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// file with a NAME=VALUE a line, for secrets that should not stand on a command line
    #[arg(long, value_name = "FILE")]
    var_file: Option<PathBuf>,
    /// one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// One file and what applying it did.
pub(crate) struct Applied {
    /// `tenants/acme/connections/erp-files`
    pub(crate) object: String,
    /// created, updated, unchanged, or kept (a person's change stays)
    pub(crate) change: String,
    /// what the server's check says and does not refuse
    pub(crate) warnings: Vec<String>,
}

/// Kinds of documents, in the order in which they depend on each other.
const KINDS: [&str; 5] = [
    "lookups",
    "schemas",
    "connections",
    "mappings",
    "integrations",
];

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let variables = Variables::parse(&arguments.variables, arguments.var_file.as_deref())?;
    for folder in &arguments.folders {
        for applied in tenant_folder(&client, folder, &variables).await? {
            if arguments.json {
                let line = serde_json::json!({ "object": applied.object, "change": applied.change, "warnings": applied.warnings });
                crate::print::line(&line.to_string());
            } else {
                crate::print::line(&format!("{:<10} {}", applied.change, applied.object));
                for warning in &applied.warnings {
                    crate::print::remark(&format!("  warning {warning}"));
                }
            }
        }
    }
    Ok(())
}

/// Applies one tenant's folder.
pub(crate) async fn tenant_folder(
    client: &Client,
    folder: &Path,
    variables: &Variables,
) -> anyhow::Result<Vec<Applied>> {
    let document = read_document(&folder.join("tenant.json"), variables)?;
    let tenant = crate::client::required(&document, "name")
        .with_context(|| format!("{}/tenant.json has no name", folder.display()))?
        .to_owned();
    let mut done = vec![put(client, &format!("tenants/{}", segment(&tenant)), &document).await?];
    for kind in KINDS {
        let mut documents = Vec::new();
        for file in json_files(&folder.join(kind))? {
            let document = read_document(&file, variables)?;
            documents.push((file, document));
        }
        // a template before the mappings that extend it
        documents.sort_by_key(|(_, document)| document.get("extends").is_some());
        for (file, document) in documents {
            let name = document_name(&file, &document)?;
            let object = format!("tenants/{}/{kind}/{}", segment(&tenant), segment(&name));
            let applied = put(client, &object, &document)
                .await
                .with_context(|| format!("{} was not accepted", file.display()))?;
            done.push(applied);
        }
    }
    Ok(done)
}

async fn put(client: &Client, object: &str, document: &Value) -> anyhow::Result<Applied> {
    let answer = client
        .put(&format!("/{object}?origin=apply"), document)
        .await?;
    let change = answer
        .get("outcome")
        .and_then(Value::as_str)
        .unwrap_or("ok");
    Ok(Applied {
        object: object.to_owned(),
        change: change.to_owned(),
        warnings: warnings(&answer),
    })
}

/// `pointer: what it is about`, of each.
fn warnings(answer: &Value) -> Vec<String> {
    let places = answer.get("warnings").and_then(Value::as_array);
    let text = |place: &Value| {
        let part = |key: &str| place.get(key).and_then(Value::as_str).unwrap_or_default();
        format!("{}: {}", part("pointer"), part("detail"))
    };
    places.into_iter().flatten().map(text).collect()
}

/// The file's name; where the document carries one too, they must agree.
fn document_name(file: &Path, document: &Value) -> anyhow::Result<String> {
    let stem = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    match document.get("name").and_then(Value::as_str) {
        Some(name) if name != stem => anyhow::bail!(
            "{} holds the name {name:?}; file name and name must be the same",
            file.display()
        ),
        _ => Ok(stem),
    }
}

fn read_document(file: &Path, variables: &Variables) -> anyhow::Result<Value> {
    let text = std::fs::read(file).with_context(|| format!("could not read {}", file.display()))?;
    let mut document: Value = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not valid JSON", file.display()))?;
    variables
        .fill(&mut document)
        .map_err(|problem| crate::print::problem_error(&problem))
        .with_context(|| format!("{} needs variables", file.display()))?;
    Ok(document)
}

/// The folder's `*.json`, sorted; a folder that is not there holds none.
fn json_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
