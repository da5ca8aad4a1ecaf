//! `tributary upload TENANT CONNECTION FILE…`: sends files to the platform, as a stream and with their
//! SHA-256, which the server compares with what came. A file that is there already is not sent twice.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aws_lc_rs::digest::{Context as Digest, SHA256};
use data_encoding::HEXLOWER;
use futures_util::TryStreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use crate::client::{Client, FileBody, ServerOptions, segment};
use crate::print;

/// Bytes read from the disk at a time.
const READ_BYTES: usize = 256 << 10;

/// Arguments of `tributary upload`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    tenant: String,
    /// a connection of kind uploads
    connection: String,
    /// the files; each keeps its name, without its folder
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// one JSON object a file
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Sends the files one after the other; the first that fails ends it.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    for file in &arguments.files {
        let answer = send(&client, arguments, file)
            .await
            .with_context(|| format!("could not send {}", file.display()))?;
        print::line(&if arguments.json {
            answer.to_string()
        } else {
            told(&answer)
        });
    }
    Ok(())
}

async fn send(client: &Client, arguments: &Arguments, file: &Path) -> anyhow::Result<Value> {
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.context("it has no name that can be sent")?;
    let size = tokio::fs::metadata(file).await?.len();
    let sha256 = sha256(file, &bar(name, size, "hashing")).await?;
    let path = format!(
        "/tenants/{}/uploads/{}/{}?sha256={sha256}",
        segment(&arguments.tenant),
        segment(&arguments.connection),
        segment(name)
    );
    let opened = tokio::fs::File::open(file).await?;
    let bar = bar(name, size, "sending");
    let shown = bar.clone();
    let stream = ReaderStream::with_capacity(opened.take(size), READ_BYTES)
        .inspect_ok(move |chunk| shown.inc(chunk.len() as u64));
    let body = FileBody {
        size,
        body: reqwest::Body::wrap_stream(stream),
    };
    let answer = client.put_file(&path, body).await;
    bar.finish_and_clear();
    answer
}

async fn sha256(file: &Path, bar: &ProgressBar) -> anyhow::Result<String> {
    let mut file = tokio::fs::File::open(file).await?;
    let (mut digest, mut buffer) = (Digest::new(&SHA256), vec![0; READ_BYTES]);
    loop {
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            bar.finish_and_clear();
            return Ok(HEXLOWER.encode(digest.finish().as_ref()));
        }
        digest.update(buffer.get(..read).unwrap_or_default());
        bar.inc(read as u64);
    }
}

/// A bar on stderr; indicatif draws nothing where stderr is no terminal.
fn bar(name: &str, size: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(size)
        .with_prefix(name.to_owned())
        .with_message(what);
    let form = "{prefix} {msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style);
    }
    bar
}

fn told(answer: &Value) -> String {
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| answer.get(key).and_then(Value::as_u64).unwrap_or_default();
    format!(
        "{:<10} {} version {} ({} bytes, sha256 {})",
        text("outcome"),
        text("name"),
        number("version"),
        number("bytes"),
        text("sha256")
    )
}
