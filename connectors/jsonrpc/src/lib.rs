//! Records of a Tryton server over JSON-RPC: `search_read` by keyset, typed values made plain, errors
//! that come with HTTP 200 told apart. The login is the connection's.
//!
//! A stream is a model with its fields and a domain; it is one partition. Incremental reads ask for
//! everything from the last seen dates on, those included: records that share one can't be missed, and
//! what comes again is found unchanged by its content.
//!
//! | file | does |
//! |---|---|
//! | `config` | the configuration |
//! | `rpc` | one call and its answer |
//! | `read` | the domain of a page, and page after page |
//! | `typed` | values with `__class__` |
//! | `fields` | what a model has, as JSON Schema |

mod config;
mod fields;
mod read;
mod rpc;
mod typed;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tributary_http_json::instant;
use tributary_http_json::pace::Pace;
use tributary_http_json::pointer::{at, scalar};
use tributary_sdk::serde_json::json;
use tributary_sdk::{CheckStep, Error, Result, Selection, Source, StreamInfo, connections};

use config::{Config, Stream};
use fields::Models;
use read::{Ask, Last, Pass};
use rpc::Database;

/// Label of the connection in the manifest.
const CONNECTION: &str = "erp";

/// The stream, from a change on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub stream: String,
    #[serde(default)]
    pub fields: Vec<String>,
    /// of records that were never changed, inclusive; none: all
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// of records that were changed, inclusive; none: all
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// grows from run to run: the same start as last time is not the same read
    #[serde(default)]
    pub round: u32,
}

/// Where reading stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub span: Span,
    #[serde(default)]
    pub pass: Pass,
    /// the page to ask for next begins after it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Last>,
    /// newest dates so far
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// the last page was read
    pub done: bool,
}

/// The connector.
pub struct JsonRpc;

impl Source for JsonRpc {
    type Config = Config;
    type Partition = Span;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        let connection = connections::get(CONNECTION)?;
        let database = Database {
            connection: &connection,
            config,
        };
        let mut pace = Pace::new(config.rate_limit.as_ref());
        let parameters = json!([true, config.context]);
        let signed_in = database.call(
            "model.res.user.get_preferences",
            &parameters,
            "/config/path",
            &mut pace,
        );
        let mut steps = match signed_in {
            Ok(preferences) => {
                let language = at(&preferences, "/language").and_then(scalar);
                let language = language.unwrap_or_else(|| "its own".to_owned());
                vec![CheckStep::ok(
                    "auth",
                    format!("signed in; the language is {language}"),
                )]
            }
            Err(error) => return Ok(vec![CheckStep::failed("auth", &error)]),
        };
        for (name, stream) in &config.streams {
            match first_page(database, (name, stream), &mut pace) {
                Ok(told) => steps.push(CheckStep::ok(name, told)),
                Err(error) => {
                    steps.push(CheckStep::failed(name, &error));
                    break;
                }
            }
        }
        Ok(steps)
    }

    fn discover(config: &Config) -> Result<Vec<StreamInfo>> {
        let connection = connections::get(CONNECTION)?;
        let mut pace = Pace::new(config.rate_limit.as_ref());
        let mut models = models(&connection, config, &mut pace);
        let mut streams = Vec::new();
        for (name, stream) in &config.streams {
            let chosen = models.chosen(name, stream)?;
            streams.push(StreamInfo {
                name: name.clone(),
                schema: models.schema(name, stream, &chosen)?,
                primary_key: vec!["id".to_owned()],
                cursor_field: stream.dated.then(|| "write_date".to_owned()),
                full: true,
                incremental: stream.dated,
                partitioned: false,
            });
        }
        Ok(streams)
    }

    fn partitions(config: &Config, selection: &Selection) -> Result<Vec<Span>> {
        let name = &selection.stream;
        let stream = config.stream(name)?;
        let connection = connections::get(CONNECTION)?;
        let mut pace = Pace::new(config.rate_limit.as_ref());
        let mut span = Span {
            stream: name.clone(),
            fields: models(&connection, config, &mut pace).chosen(name, stream)?,
            ..Span::default()
        };
        if selection.incremental {
            if !stream.dated {
                let message = "the model has no dates, so what changed can't be asked for";
                return Err(Error::config(
                    &format!("/config/streams/{name}/dated"),
                    message,
                ));
            }
            let read: Vec<Checkpoint> = selection.checkpoints()?;
            for last in read {
                span.round = span.round.max(last.span.round.wrapping_add(1));
                if last.done && last.span.stream == *name {
                    instant::keep(&mut span.created, last.created.or(last.span.created));
                    instant::keep(&mut span.written, last.written.or(last.span.written));
                }
            }
            if span.created.is_none() {
                span.created.clone_from(&stream.start);
            }
            if span.written.is_none() {
                span.written.clone_from(&stream.start);
            }
        }
        Ok(vec![span])
    }

    fn read(config: &Config, selection: &Selection) -> Result<()> {
        let stream = config.stream(&selection.stream)?;
        let state = selection.resume(|last: &mut Checkpoint| &mut last.span)?;
        if state.done {
            return Ok(());
        }
        let connection = connections::get(CONNECTION)?;
        let database = Database {
            connection: &connection,
            config,
        };
        read::run(database, &selection.stream, stream, state)
    }
}

fn models<'a, 'b>(
    connection: &'a tributary_sdk::Connection,
    config: &'a Config,
    pace: &'a mut Pace<'b>,
) -> Models<'a, 'b> {
    Models {
        database: Database { connection, config },
        pace,
        known: BTreeMap::new(),
    }
}

/// What the first page of a stream has.
fn first_page(
    database: Database<'_>,
    (name, stream): (&str, &Stream),
    pace: &mut Pace<'_>,
) -> Result<String> {
    let mut models = models(database.connection, database.config, pace);
    let chosen = models.chosen(name, stream)?;
    models.schema(name, stream, &chosen)?;
    let span = Span {
        fields: chosen,
        ..Span::default()
    };
    let ask = Ask {
        name,
        stream,
        span: &span,
        pass: if stream.dated {
            Pass::Written
        } else {
            Pass::All
        },
        after: None,
    };
    let page = read::page(database, ask, models.pace)?;
    let more = if page.next.is_some() {
        "; there are more"
    } else {
        ""
    };
    Ok(format!(
        "{} answers with {} records and {} fields{more}",
        stream.model,
        page.rows,
        span.fields.len()
    ))
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_source!(JsonRpc);
