//! `tributary connector …`: the connectors of the platform, their signatures and whom to trust.

mod sign;
mod trust;

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use crate::client::{Client, ServerOptions, required, segment};
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
    /// the installed connectors
    List {
        /// one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// install components (operators only); their bytes say what they are
    #[command(visible_alias = "install")]
    Add {
        /// component files
        #[arg(required = true)]
        components: Vec<PathBuf>,
        /// also if a newer version is installed
        #[arg(long)]
        older: bool,
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
        What::Key(key) => return sign::key(key),
        What::Sign(sign) => return sign::sign(sign),
        What::Verify(verify) => return sign::verify(verify),
        _ => {}
    }
    let client = Client::connect(&arguments.server).await?;
    match &arguments.what {
        What::List { json } => list(&client, *json).await,
        What::Add { components, older } => {
            for path in components {
                print::line(&install(&client, path, *older).await?);
            }
            Ok(())
        }
        What::Trust(arguments) => trust::trust(&client, arguments).await,
        What::Revoke(arguments) => trust::revoke(&client, arguments).await,
        What::Key(_) | What::Sign(_) | What::Verify(_) => Ok(()), // done above, without a server
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
        let digest = text("digest");
        print::line(&format!(
            "{:<12} {:<8} {}",
            text("name"),
            text("version"),
            digest.get(..16).unwrap_or(digest)
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
    let query = if older { "?older=true" } else { "" };
    let answer = client
        .put_bytes(&format!("/connectors/{}{query}", segment(&name)), bytes)
        .await
        .with_context(|| format!("{} was not accepted", path.display()))?;
    let change = answer
        .get("outcome")
        .and_then(Value::as_str)
        .unwrap_or("ok");
    Ok(format!(
        "{change:<10} connectors/{} {}",
        required(&answer, "name")?,
        required(&answer, "version")?
    ))
}
