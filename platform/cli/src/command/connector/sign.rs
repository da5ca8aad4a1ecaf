//! Keys and signatures of publishers, without a server.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;
use tributary_host::{Presented, attach, present};
use tributary_model::id::Slug;
use tributary_model::trust::{ConnectorSignature, TrustDocument};
use tributary_vault::{PublisherSigner, Statement};

use crate::print;

/// As large as the server takes.
pub(crate) const MAX_COMPONENT_BYTES: usize = 32 << 20;

/// Arguments of `tributary connector key`.
#[derive(clap::Args)]
pub(crate) struct KeyArguments {
    /// the key file; made with mode 0600 if it does not exist
    #[arg(long)]
    key: PathBuf,
}

/// Arguments of `tributary connector sign`.
#[derive(clap::Args)]
pub(crate) struct SignArguments {
    /// the component
    component: PathBuf,
    /// who signs, as operators know the publisher
    #[arg(long)]
    publisher: String,
    /// the key file
    #[arg(long)]
    key: PathBuf,
    /// where to write; the component itself if absent
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Arguments of `tributary connector verify`.
#[derive(clap::Args)]
pub(crate) struct VerifyArguments {
    /// the component
    component: PathBuf,
    /// a trust document to judge by, as `tributary connector trust` prints it
    #[arg(long)]
    trust: Option<PathBuf>,
}

/// Shows a key's public half, in the form of the trust document.
pub(crate) fn key(arguments: &KeyArguments) -> anyhow::Result<()> {
    let signer = PublisherSigner::open_or_create(&arguments.key)?;
    let key = json!({"id": signer.key_id(), "public_key": signer.public_key()});
    print::line(&key.to_string());
    Ok(())
}

/// Signs a component.
pub(crate) fn sign(arguments: &SignArguments) -> anyhow::Result<()> {
    let (bytes, _) = read(&arguments.component)?;
    let (signature, signed) = signed(&bytes, &arguments.publisher, &arguments.key)?;
    let out = arguments.out.as_ref().unwrap_or(&arguments.component);
    // A half-written file would be a damaged connector.
    let fresh = out.with_extension("new");
    std::fs::write(&fresh, signed)
        .and_then(|()| std::fs::rename(&fresh, out))
        .with_context(|| format!("could not write {}", out.display()))?;
    print::line(&format!(
        "signed {} {} as {} with the key {}",
        signature.name, signature.version, signature.publisher, signature.key
    ));
    Ok(())
}

/// The component with this publisher's signature, which comes beside it.
pub(crate) fn signed(
    bytes: &[u8],
    publisher: &str,
    key: &Path,
) -> anyhow::Result<(ConnectorSignature, Vec<u8>)> {
    let presented = present(bytes, MAX_COMPONENT_BYTES)?;
    let publisher = Slug::parse(publisher)
        .with_context(|| format!("{publisher:?} is no name of a publisher"))?;
    anyhow::ensure!(
        key.exists(),
        "there is no key file {}\n  hint: make one with `tributary connector key --key FILE`",
        key.display()
    );
    let signer = PublisherSigner::open_or_create(key)?;
    let mut signature = ConnectorSignature {
        signature_version: 1,
        publisher,
        key: signer.key_id(),
        name: presented.manifest.name,
        version: presented.manifest.version,
        digest: presented.digest,
        manifest_digest: presented.manifest_digest,
        signature: String::new(),
    };
    signature.signature = signer.sign(&Statement {
        publisher: signature.publisher.as_str(),
        key: &signature.key,
        name: signature.name.as_str(),
        version: &signature.version,
        digest: &signature.digest,
        manifest_digest: &signature.manifest_digest,
    });
    let signed = attach(bytes, &signature)?;
    Ok((signature, signed))
}

/// Says what a component is, and with a trust document whether it may be installed.
pub(crate) fn verify(arguments: &VerifyArguments) -> anyhow::Result<()> {
    let (_, presented) = read(&arguments.component)?;
    let manifest = &presented.manifest;
    print::line(&format!(
        "connector  {} {}",
        manifest.name, manifest.version
    ));
    print::line(&format!("content    {}", presented.digest));
    match &presented.signature {
        Some(signature) => {
            print::line(&format!(
                "signed by  {}, key {}",
                signature.publisher, signature.key
            ));
            if signature.digest != presented.digest {
                print::line("           but the signature is for other bytes");
            }
        }
        None => print::line("signed by  nobody"),
    }
    let Some(path) = &arguments.trust else {
        print::line("judged     no: give a trust document with --trust");
        return Ok(());
    };
    let text = std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    let trust: TrustDocument = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no trust document", path.display()))?;
    trust.check()?;
    tributary_jobs::verify_origin(&presented, &trust, None)?;
    print::line("judged     trusted");
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<(Vec<u8>, Presented)> {
    let bytes =
        std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    let presented = present(&bytes, MAX_COMPONENT_BYTES)
        .with_context(|| format!("{} is no connector", path.display()))?;
    Ok((bytes, presented))
}
