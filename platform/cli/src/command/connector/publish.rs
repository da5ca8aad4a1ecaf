//! `tributary connector publish | install`: components to and from registries on disk, and into a server.
//! A registry is not believed: the server's gate and trust policy judge what is installed, from wherever.

use std::path::PathBuf;

use anyhow::Context as _;
use tributary_host::present;
use tributary_packaging::registry::{self, Layout, Reference, Release, fetch, releases, sha256};

use super::new::component_of;
use super::sign::{self, MAX_COMPONENT_BYTES};
use crate::client::{Client, required, segment};
use crate::print;

/// Arguments of `tributary connector publish`.
#[derive(clap::Args)]
pub(crate) struct PublishArguments {
    /// the connector's folder, which is built, or a component
    #[arg(default_value = ".")]
    subject: PathBuf,
    /// the registry: a folder, made if it does not exist
    #[arg(long = "to", value_name = "FOLDER")]
    registry: PathBuf,
    /// how a new registry lies on disk
    #[arg(long, value_enum)]
    layout: Option<LayoutWord>,
    /// sign it first, as this publisher
    #[arg(long, requires = "key")]
    publisher: Option<String>,
    /// key file of the publisher
    #[arg(long, requires = "publisher")]
    key: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LayoutWord {
    /// a folder for each name and version
    Folder,
    /// OCI image layout, as other tools copy to and from registries
    Oci,
}

/// Arguments of `tributary connector install`.
#[derive(clap::Args)]
pub(crate) struct InstallArguments {
    /// component files; with --from: names, or NAME@VERSION
    #[arg(required = true)]
    components: Vec<String>,
    /// a registry on disk
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// also if a newer version is installed
    #[arg(long)]
    older: bool,
}

/// Puts a component into a registry.
pub(crate) fn publish(arguments: &PublishArguments) -> anyhow::Result<()> {
    let (path, mut component) = component_of(&arguments.subject)?;
    if let (Some(publisher), Some(key)) = (&arguments.publisher, &arguments.key) {
        component = sign::signed(&component, publisher, key)?.1;
    }
    let presented = present(&component, MAX_COMPONENT_BYTES)
        .with_context(|| format!("{} would not be accepted", path.display()))?;
    let publisher = presented
        .signature
        .as_ref()
        .map(|it| it.publisher.to_string());
    let signed = publisher.is_some();
    let release = Release {
        name: presented.manifest.name.to_string(),
        version: presented.manifest.version.clone(),
        digest: sha256(&component),
        size: component.len() as u64,
        publisher,
    };
    let layout = match arguments.layout {
        Some(LayoutWord::Folder) => Layout::Folder,
        Some(LayoutWord::Oci) => Layout::Oci,
        None => registry::layout(&arguments.registry).unwrap_or(Layout::Folder),
    };
    let new = registry::publish(&arguments.registry, layout, &component, &release)?;
    let word = if new { "published" } else { "unchanged" };
    print::line(&format!(
        "{word:<10} {} {}  {}",
        release.name, release.version, release.digest
    ));
    if !signed {
        print::remark(
            "it is not signed; a server may refuse it. Sign it with --publisher and --key",
        );
    }
    Ok(())
}

/// Installs components from files or from a registry.
pub(crate) async fn install(client: &Client, arguments: &InstallArguments) -> anyhow::Result<()> {
    for what in &arguments.components {
        let line = match &arguments.from {
            Some(registry) => {
                let reference: Reference = what.parse()?;
                let (release, bytes) = fetch(registry, &reference)?;
                put(client, &release.name, bytes, arguments.older)
                    .await
                    .with_context(|| format!("{what} was not accepted"))?
            }
            None => super::install(client, what.as_ref(), arguments.older).await?,
        };
        print::line(&line);
    }
    Ok(())
}

/// Lists a registry, without a server.
pub(crate) fn list(folder: &std::path::Path, json: bool) -> anyhow::Result<()> {
    for release in releases(folder)? {
        if json {
            print::line(&serde_json::to_string(&release)?);
            continue;
        }
        let digest = release.digest.get(..23).unwrap_or(&release.digest);
        print::line(&format!(
            "{:<16} {:<8} {digest}  {}",
            release.name,
            release.version,
            release.publisher.as_deref().unwrap_or("unsigned")
        ));
    }
    Ok(())
}

/// The upload, through gate and trust.
pub(crate) async fn put(
    client: &Client,
    name: &str,
    bytes: Vec<u8>,
    older: bool,
) -> anyhow::Result<String> {
    let query = if older { "?older=true" } else { "" };
    let answer = client
        .put_bytes(&format!("/connectors/{}{query}", segment(name)), bytes)
        .await?;
    let change = answer
        .get("outcome")
        .and_then(serde_json::Value::as_str)
        .unwrap_or("ok");
    Ok(format!(
        "{change:<10} connectors/{} {}",
        required(&answer, "name")?,
        required(&answer, "version")?
    ))
}
