//! `tributary connector …`: the life of a connector, from its folder to the platform that trusts it.

mod dev;
mod new;
mod publish;
mod sign;
mod test;
mod trust;

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use crate::client::{Client, ServerOptions};
use crate::print;

/// Arguments of `tributary connector`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(clap::Subcommand)]
enum What {
    /// make a new connector's folder (offline)
    New(new::NewArguments),
    /// try a connector once against a cassette or the real other side (no server needed)
    Dev(dev::DevArguments),
    /// run the conformance battery over a connector (offline)
    Test(test::TestArguments),
    /// build a connector's folder to a component (offline)
    Build(new::BuildArguments),
    /// put a component into a registry on disk (offline)
    Publish(publish::PublishArguments),
    /// install components (operators only); their bytes say what they are
    #[command(visible_alias = "add")]
    Install(publish::InstallArguments),
    /// the installed connectors and who signed them, or what a registry on disk has
    List {
        /// one JSON object a line
        #[arg(long)]
        json: bool,
        /// a registry on disk in place of the server
        #[arg(long, value_name = "FOLDER")]
        from: Option<PathBuf>,
    },
    /// show a publisher's key, which is made if the file does not exist (offline)
    Key(sign::KeyArguments),
    /// put a publisher's signature on a component (offline)
    Sign(sign::SignArguments),
    /// say what a component is and whose signature it carries (offline)
    Verify(sign::VerifyArguments),
    /// show the trust document, or trust a publisher's key (operators only)
    Trust(trust::TrustArguments),
    /// withdraw trust from a key or a component, for all runs from now on (operators only)
    Revoke(trust::RevokeArguments),
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.what {
        What::New(new) => new::new(new),
        What::Dev(arguments) => dev::run(arguments).await,
        What::Test(arguments) => test::test(arguments).await,
        What::Build(build) => new::build_folder(build),
        What::Publish(publish) => publish::publish(publish),
        What::Key(key) => sign::key(key),
        What::Sign(sign) => sign::sign(sign),
        What::Verify(verify) => sign::verify(verify),
        What::List {
            from: Some(folder),
            json,
        } => publish::list(folder, *json),
        What::List { .. } | What::Install(_) | What::Trust(_) | What::Revoke(_) => {
            on_server(arguments).await
        }
    }
}

async fn on_server(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    match &arguments.what {
        What::List { json, .. } => list(&client, *json).await,
        What::Install(install) => publish::install(&client, install).await,
        What::Trust(arguments) => trust::trust(&client, arguments).await,
        What::Revoke(arguments) => trust::revoke(&client, arguments).await,
        _ => Ok(()), // needs no server
    }
}

async fn list(client: &Client, json: bool) -> anyhow::Result<()> {
    let page = client.get("/connectors").await?;
    for connector in page
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if json {
            print::line(&connector.to_string());
            continue;
        }
        let text = |key: &str| {
            connector
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        // the same as registries have; of one whose file is gone there is only the platform's own
        let digest = match text("file_digest") {
            "" => text("digest"),
            digest => digest,
        };
        let signer = connector.get("signer");
        let signed = |key: &str| {
            let member = signer.and_then(|signer| signer.get(key));
            member.and_then(Value::as_str).map(str::to_owned)
        };
        let signer = match (signed("publisher"), signed("key")) {
            (Some(publisher), Some(key)) => format!("signed by {publisher}, key {key}"),
            _ => "unsigned".to_owned(),
        };
        print::line(&format!(
            "{:<12} {:<8} {}  {:<8} {signer}",
            text("name"),
            text("version"),
            digest.get(..23).unwrap_or(digest),
            text("isolation")
        ));
    }
    Ok(())
}

/// Installs one component; the file's name is the connector's name.
pub(crate) async fn add(client: &Client, path: &std::path::Path) -> anyhow::Result<String> {
    install(client, path, false).await
}

async fn install(client: &Client, path: &std::path::Path, older: bool) -> anyhow::Result<String> {
    let bytes =
        std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    publish::put(client, &name, bytes, older)
        .await
        .with_context(|| format!("{} was not accepted", path.display()))
}
