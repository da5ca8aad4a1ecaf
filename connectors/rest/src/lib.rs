//! JSON APIs with cursor pages, described by configuration alone. This asks for pages and looks
//! at single values (the next token, the newest change); rows stay in the host.
//!
//! A stream is read page after page, so it is one partition. Incremental reads ask for everything
//! from the last seen change on, that instant included: rows that share it can't be missed, and
//! what comes again is found unchanged by its content.

mod config;
mod newest;
mod read;

use serde::{Deserialize, Serialize};
use tributary_sdk::serde_json::json;
use tributary_sdk::{
    CheckStep, Error, ErrorKind, Result, Selection, Source, StreamInfo, connections,
};

use config::Config;

/// Label of the connection in the manifest.
const CONNECTION: &str = "api";

/// The stream, from a change on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub stream: String,
    /// value of the incremental field to start from, inclusive; none: everything
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// Where reading stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(flatten)]
    pub span: Span,
    /// token of the page to ask for next
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// newest value of the incremental field so far
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// the last page was read
    pub done: bool,
}

/// The connector.
pub struct Rest;

impl Source for Rest {
    type Config = Config;
    type Partition = Span;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        let connection = connections::get(CONNECTION)?;
        let mut steps = Vec::new();
        for (name, stream) in &config.streams {
            match read::page(&connection, name, stream, &Span::default(), None) {
                Ok(_) => steps.push(CheckStep::ok(
                    name,
                    format!("{} answers with rows", stream.path),
                )),
                Err(error) => {
                    steps.push(CheckStep::failed(name, &error));
                    break;
                }
            }
        }
        Ok(steps)
    }

    fn discover(config: &Config) -> Result<Vec<StreamInfo>> {
        let stream = |(name, stream): (&String, &config::Stream)| StreamInfo {
            name: name.clone(),
            schema: stream
                .schema
                .clone()
                .unwrap_or_else(|| json!({ "type": "object" })),
            primary_key: stream.primary_key.clone(),
            cursor_field: stream
                .incremental
                .as_ref()
                .map(|incremental| incremental.field.clone()),
            full: true,
            incremental: stream.incremental.is_some(),
            partitioned: false,
        };
        Ok(config.streams.iter().map(stream).collect())
    }

    fn partitions(config: &Config, selection: &Selection) -> Result<Vec<Span>> {
        let stream = config.stream(&selection.stream)?;
        let mut span = Span {
            stream: selection.stream.clone(),
            since: None,
        };
        if selection.incremental {
            if stream.incremental.is_none() {
                let pointer = format!("/config/streams/{}/incremental", selection.stream);
                return Err(Error::config(
                    &pointer,
                    "the stream has no incremental field",
                ));
            }
            let read: Vec<Checkpoint> = selection.checkpoints()?;
            let done = read
                .into_iter()
                .filter(|checkpoint| checkpoint.done && checkpoint.span.stream == selection.stream);
            for checkpoint in done {
                newest::keep(&mut span.since, checkpoint.newest.or(checkpoint.span.since));
            }
        }
        Ok(vec![span])
    }

    fn read(config: &Config, selection: &Selection) -> Result<()> {
        let stream = config.stream(&selection.stream)?;
        let span: Span = selection
            .partition()?
            .ok_or_else(|| Error::bug("read was called without a partition"))?;
        let last: Option<Checkpoint> = selection.checkpoint()?;
        let connection = connections::get(CONNECTION)?;
        read::stream(&connection, &selection.stream, stream, span, last)
    }
}

/// What a status other than 2xx means for the platform.
fn refused(place: &str, status: u16, retry_after: Option<&str>, said: &str) -> Error {
    let message = format!("{place}: status {status}{said}");
    let wait_ms = retry_after
        .and_then(|text| text.trim().parse::<u32>().ok())
        .map(|seconds| seconds.saturating_mul(1000));
    match status {
        401 | 403 => Error::new(ErrorKind::Auth, message),
        404 | 410 => Error::new(ErrorKind::NotFound, message),
        429 => Error::rate_limited(message, wait_ms),
        408 | 425 | 500..=599 => Error::transient(message).with_code("source_protocol"),
        _ => Error::data(message),
    }
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_source!(Rest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_say_what_the_platform_should_do() {
        for (status, kind) in [
            (401, ErrorKind::Auth),
            (404, ErrorKind::NotFound),
            (429, ErrorKind::RateLimited),
            (503, ErrorKind::Transient),
            (400, ErrorKind::Data),
            (302, ErrorKind::Data),
        ] {
            assert_eq!(refused("GET x", status, None, "").kind, kind, "{status}");
        }
        assert_eq!(refused("", 429, Some("3"), "").retry_after_ms, Some(3000));
        assert_eq!(
            refused("", 429, Some("Wed, 21 Oct"), "").retry_after_ms,
            None
        );
    }
}
