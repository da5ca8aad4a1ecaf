//! JSON APIs, described by configuration alone. This asks for pages and looks at single values (the
//! next token, the newest change); rows stay in the host, except child rows that get members of
//! their parent, and samples.
//!
//! A stream is read page after page, so it is one partition. Incremental reads ask for everything
//! from the last seen change on, that instant included: rows that share it can't be missed, and
//! what comes again is found unchanged by its content.
//!
//! | file | does |
//! |---|---|
//! | `config` | the configuration and what its schema can't say |
//! | `request`, `template` | the request of a page |
//! | `page`, `answer` | its answer: rows, refusal, where the next page is |
//! | `read` | page after page, with the newest value |
//! | `parents` | which parents are left to read after a break |
//! | `schema` | what samples say about the rows |
//!
//! Links, pace, statuses, circles and the order of instants are `../http-json`.

mod answer;
mod config;
mod page;
mod parents;
mod read;
mod request;
mod schema;
mod template;

use serde::{Deserialize, Serialize};
use tributary_http_json::content::Content;
use tributary_http_json::instant;
use tributary_http_json::pace::Pace;
use tributary_sdk::serde_json::{self, Value, json};
use tributary_sdk::{
    CheckStep, Connection, Error, ErrorKind, Result, Selection, Source, StreamInfo, connections,
};

use config::{Config, Stream};
use page::Page;
use parents::Parents;
use read::Reading;
use request::Ask;
use template::Values;

/// Label of the connection in the manifest.
const CONNECTION: &str = "api";
/// Pages of each stream that a check asks for: the second shows that paging works.
const CHECKED_PAGES: usize = 2;
/// Parents that are tried for a child's sample.
const TRIED_PARENTS: usize = 5;

/// The stream, from a change on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub stream: String,
    /// value of the incremental field to start from, inclusive; none: everything
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// grows from run to run: the same start as last time is not the same read
    #[serde(default, skip_serializing_if = "is_zero")]
    pub round: u32,
}

/// Where reading stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(flatten)]
    pub span: Span,
    /// token, number or link of the page to ask for next
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// which parent that page is of, and which were read before
    #[serde(flatten)]
    pub parents: Parents,
    /// newest value of the incremental field so far
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// the last page was read
    pub done: bool,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The connector.
pub struct Rest;

impl Source for Rest {
    type Config = Config;
    type Partition = Span;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        config.check()?;
        let connection = connections::get(CONNECTION)?;
        let mut pace = Pace::new(config.rate_limit.as_ref());
        let mut steps = Vec::new();
        for (name, stream) in &config.streams {
            if let Err(error) = traced(&connection, config, (name, stream), &mut pace, &mut steps) {
                steps.push(CheckStep::failed(name, &error));
                break;
            }
        }
        Ok(steps)
    }

    fn discover(config: &Config) -> Result<Vec<StreamInfo>> {
        config.check()?;
        let mut pace = Pace::new(config.rate_limit.as_ref());
        let mut streams = Vec::new();
        for (name, stream) in &config.streams {
            let schema = match &stream.schema {
                Some(schema) => schema.clone(),
                None => sampled(config, (name, stream), &mut pace)?,
            };
            let incremental = config.incremental(stream);
            streams.push(StreamInfo {
                name: name.clone(),
                schema,
                primary_key: stream.primary_key.clone(),
                cursor_field: stream.incremental.as_ref().map(|rule| rule.field.clone()),
                full: true,
                incremental: incremental.is_some(),
                partitioned: false,
            });
        }
        Ok(streams)
    }

    fn partitions(config: &Config, selection: &Selection) -> Result<Vec<Span>> {
        config.check()?;
        let stream = config.stream(&selection.stream)?;
        let mut span = Span {
            stream: selection.stream.clone(),
            ..Span::default()
        };
        if selection.incremental {
            let Some(incremental) = config.incremental(stream) else {
                let pointer = format!("/config/streams/{}/incremental", selection.stream);
                return Err(Error::config(
                    &pointer,
                    "the stream has no incremental field",
                ));
            };
            let read: Vec<Checkpoint> = selection.checkpoints()?;
            for last in &read {
                span.round = span.round.max(last.span.round.wrapping_add(1));
            }
            let done = read
                .into_iter()
                .filter(|checkpoint| checkpoint.done && checkpoint.span.stream == selection.stream);
            for checkpoint in done {
                instant::keep(&mut span.since, checkpoint.newest.or(checkpoint.span.since));
            }
            if span.since.is_none() {
                span.since.clone_from(&incremental.start);
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
        let reading = Reading {
            connection: &connections::get(CONNECTION)?,
            config,
            name: &selection.stream,
            stream,
            since: since(
                config,
                &selection.stream,
                stream,
                state.span.since.as_deref(),
            )?,
        };
        reading.run(state)
    }
}

/// The value to ask for, in the API's form.
fn since(
    config: &Config,
    name: &str,
    stream: &Stream,
    newest: Option<&str>,
) -> Result<Option<String>> {
    let (Some(newest), Some(incremental)) = (newest, config.incremental(stream)) else {
        return Ok(None);
    };
    let asked =
        instant::asked(newest, incremental.format, incremental.overlap_s).map_err(|message| {
            Error::config(&format!("/config/streams/{name}/incremental"), message)
        })?;
    Ok(Some(asked))
}

/// The first pages of a stream, a step for each: what was asked, what came, where it goes on.
fn traced(
    connection: &Connection,
    config: &Config,
    (name, stream): (&str, &Stream),
    pace: &mut Pace<'_>,
    steps: &mut Vec<CheckStep>,
) -> Result<()> {
    let first = first_page(connection, config, (name, stream), pace, false)?;
    let Some((mut page, parent)) = first else {
        let message = "no row of the parent has children, so there is nothing to ask for";
        steps.push(CheckStep::ok(name, message));
        return Ok(());
    };
    let since = start(config, name, stream)?;
    for number in 1..=CHECKED_PAGES {
        steps.push(CheckStep::ok(
            &format!("{name}, page {number}"),
            told(&page)?,
        ));
        let Some(next) = page.next.take().filter(|_| number < CHECKED_PAGES) else {
            break;
        };
        let ask = Ask {
            config,
            name,
            stream,
            values: Values {
                since: since.as_deref(),
                parent: parent.as_deref(),
            },
            position: Some(&next),
        };
        page = page::page(connection, &ask, pace, false)?;
    }
    Ok(())
}

/// The first page, for a child that of the first parent that has one; and that parent.
fn first_page(
    connection: &Connection,
    config: &Config,
    (name, stream): (&str, &Stream),
    pace: &mut Pace<'_>,
    look: bool,
) -> Result<Option<(Page, Option<String>)>> {
    let since = start(config, name, stream)?;
    let parents = match config.parent(stream) {
        None => vec![None],
        Some((parent, of)) => {
            let ask = Ask {
                config,
                name: &parent.stream,
                stream: of,
                values: Values::default(),
                position: None,
            };
            let keys = page::page(connection, &ask, pace, false)?
                .content
                .pluck(&parent.field)?;
            keys.into_iter()
                .flatten()
                .take(TRIED_PARENTS)
                .map(Some)
                .collect()
        }
    };
    let skip = stream
        .parent
        .as_ref()
        .is_some_and(|parent| parent.skip_missing);
    for parent in parents {
        let ask = Ask {
            config,
            name,
            stream,
            values: Values {
                since: since.as_deref(),
                parent: parent.as_deref(),
            },
            position: None,
        };
        match page::page(connection, &ask, pace, look) {
            Err(error) if skip && error.kind == ErrorKind::NotFound => {}
            other => return Ok(Some((other?, parent))),
        }
    }
    Ok(None)
}

fn told(page: &Page) -> Result<String> {
    let rows = page.content.count()?;
    let next = match &page.next {
        None => "this is the last page".to_owned(),
        Some(next) => {
            let start: String = request::shown(next).chars().take(200).collect();
            format!("the next page is {start}")
        }
    };
    Ok(format!("{} answers with {rows} rows; {next}", page.label))
}

/// What a first incremental read would ask for.
fn start(config: &Config, name: &str, stream: &Stream) -> Result<Option<String>> {
    let start = config
        .incremental(stream)
        .and_then(|rule| rule.start.clone());
    since(config, name, stream, start.as_deref())
}

/// A schema out of the first page.
fn sampled(config: &Config, (name, stream): (&str, &Stream), pace: &mut Pace<'_>) -> Result<Value> {
    let connection = connections::get(CONNECTION)?;
    let first = first_page(&connection, config, (name, stream), pace, true)?;
    let Some((page, _)) = first else {
        return Ok(json!({ "type": "object", "x-sampled-rows": 0 }));
    };
    let Content::Here(document) = page.content else {
        return Err(Error::bug("a sample was not looked at"));
    };
    let rows = document.rows().unwrap_or_default();
    let rows = rows.into_iter().take(schema::SAMPLE_ROWS);
    let rows: Vec<Value> = rows
        .filter_map(|row| serde_json::from_str(row).ok())
        .collect();
    let mut schema = schema::infer(&rows);
    if let Some(parent) = &stream.parent
        && let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut)
    {
        for name in parent.copy.keys() {
            properties.insert(name.clone(), json!({ "type": "string" }));
        }
    }
    Ok(schema)
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_source!(Rest);
