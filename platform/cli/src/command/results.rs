//! `tributary results` and `tributary issues`: what became of every record of a run, and every
//! record's problems, as NDJSON or CSV.

use std::io::Write as _;

use anyhow::Context as _;

use crate::client::{Client, segment};
use crate::command::runs::DownloadArguments;

/// Downloads `what` (`results` or `issues`) as a stream; memory stays small however long it is.
pub(crate) async fn run(arguments: &DownloadArguments, what: &str) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let path = format!(
        "/tenants/{}/runs/{}/{what}?format={}",
        segment(&arguments.tenant),
        segment(&arguments.run),
        segment(&arguments.format)
    );
    let mut response = client.download(&path).await?;
    let mut out: Box<dyn std::io::Write + Send> = match &arguments.output {
        None => Box::new(std::io::stdout()),
        Some(path) => Box::new(
            std::fs::File::create(path)
                .with_context(|| format!("could not write {}", path.display()))?,
        ),
    };
    while let Some(chunk) = response.chunk().await.context("the download broke off")? {
        if let Err(error) = out.write_all(&chunk) {
            // `tributary results … | head` closes the pipe; that is no failure.
            if error.kind() == std::io::ErrorKind::BrokenPipe {
                return Ok(());
            }
            return Err(error.into());
        }
    }
    out.flush()?;
    Ok(())
}
