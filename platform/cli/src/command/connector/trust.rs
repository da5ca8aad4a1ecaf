//! Whom the platform trusts: read, changed and put back over the version that was read.

use anyhow::{Context as _, bail};
use tributary_model::id::Slug;
use tributary_model::trust::{Publisher, PublisherKey, RevokedDigest, TrustDocument};
use tributary_vault::publisher_key_id;

use crate::client::Client;
use crate::print;

/// Arguments of `tributary connector trust`.
#[derive(clap::Args)]
pub(crate) struct TrustArguments {
    /// name of a publisher; without one the trust document is shown
    #[arg(requires = "public_key")]
    publisher: Option<String>,
    /// the publisher's public key, as `tributary connector key` shows it
    public_key: Option<String>,
    /// vouch for what the publisher signs: it may run in the platform's own process
    #[arg(long, requires = "publisher")]
    reviewed: bool,
}

/// Arguments of `tributary connector revoke`.
#[derive(clap::Args)]
pub(crate) struct RevokeArguments {
    /// id of a key, or the digest of a component (`sha256:…`, as `tributary connector verify` shows it)
    what: String,
    /// why; people whose runs stop will read it
    #[arg(long)]
    reason: String,
}

/// Shows the document, or adds a key to it.
pub(crate) async fn trust(client: &Client, arguments: &TrustArguments) -> anyhow::Result<()> {
    let (mut document, version) = read(client).await?;
    let (Some(publisher), Some(public_key)) = (&arguments.publisher, &arguments.public_key) else {
        print::line(&serde_json::to_string_pretty(&document)?);
        return Ok(());
    };
    let name = Slug::parse(publisher)
        .with_context(|| format!("{publisher:?} is no name of a publisher"))?;
    let id =
        publisher_key_id(public_key).with_context(|| format!("{public_key:?} is no public key"))?;
    let key = PublisherKey {
        id: id.clone(),
        public_key: public_key.clone(),
        revoked: None,
    };
    match document
        .publishers
        .iter_mut()
        .find(|known| known.name == name)
    {
        Some(known) => {
            // The same key again only says that the publisher was reviewed.
            if !known.keys.iter().any(|known| known.id == key.id) || !arguments.reviewed {
                known.keys.push(key);
            }
            known.reviewed |= arguments.reviewed;
        }
        None => document.publishers.push(Publisher {
            name: name.clone(),
            reviewed: arguments.reviewed,
            keys: vec![key],
        }),
    }
    write(client, &document, &version).await?;
    print::line(&format!("trusted    {name}, key {id}"));
    Ok(())
}

/// Revokes a key or a component.
pub(crate) async fn revoke(client: &Client, arguments: &RevokeArguments) -> anyhow::Result<()> {
    let (mut document, version) = read(client).await?;
    let (what, reason) = (&arguments.what, &arguments.reason);
    if what.starts_with("sha256:") {
        document.revoked_digests.push(RevokedDigest {
            digest: what.clone(),
            reason: reason.clone(),
        });
    } else {
        let keys = document
            .publishers
            .iter_mut()
            .flat_map(|known| known.keys.iter_mut());
        let Some(key) = keys.into_iter().find(|key| key.id == *what) else {
            bail!("no publisher has the key {what}\n  hint: tributary connector trust shows them");
        };
        key.revoked = Some(reason.clone());
    }
    write(client, &document, &version).await?;
    print::line(&format!("revoked    {what}"));
    Ok(())
}

async fn read(client: &Client) -> anyhow::Result<(TrustDocument, String)> {
    let (document, version) = client.get_versioned("/trust").await?;
    let document = serde_json::from_value(document)
        .context("the server's trust document is of another version than this program")?;
    Ok((document, version))
}

async fn write(client: &Client, document: &TrustDocument, version: &str) -> anyhow::Result<()> {
    let body = serde_json::to_value(document)?;
    client.put_over("/trust", version, &body).await?;
    Ok(())
}
