//! OData services, version 4 and version 2. Streams, keys and schemas come out of the service's own
//! `$metadata`; the configuration says which properties, which ways to expand, what grows with a change.
//!
//! A stream is read page after page, so it is one partition. Changes are asked for from the newest
//! cursor on, that value included: rows that share it can't be missed, and what comes again is found
//! unchanged by its content. Pages go on after the last row's cursor and key where the service can
//! filter so, else at its links; a link to another server is refused.
//!
//! | file | does |
//! |---|---|
//! | `config` | the configuration and what its schema can't say |
//! | `edmx`, `schema` | metadata, and the JSON Schemas made of it |
//! | `request`, `literal` | the request of a page: select, expand, filter, order |
//! | `page`, `rows` | its answer: rows made ready, refusal, where the next page is |
//! | `read` | page after page |

mod config;
mod edmx;
mod literal;
mod page;
mod read;
mod request;
mod rows;
mod schema;

use serde::{Deserialize, Serialize};
use tributary_http_json::body;
use tributary_http_json::instant::{self, SinceFormat};
use tributary_http_json::pace::Pace;
use tributary_sdk::{
    CheckStep, Error, ErrorKind, Result, Selection, Source, StreamInfo, connections,
};

use config::{Config, Stream};
use edmx::{Service, Type};
use literal::Kind;
use page::{Page, Side};
use request::{Ask, Column, Position};

/// Label of the connection in the manifest.
const CONNECTION: &str = "service";
/// The stream, from a change on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub stream: String,
    /// by which rows are ordered: the cursor, then the key
    #[serde(default)]
    pub columns: Vec<Column>,
    /// value of the cursor to start from, inclusive; none: everything
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// the service's link to what changed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Position>,
    /// grows from run to run: the same start as last time is not the same read
    #[serde(default)]
    pub round: u32,
}

/// Where reading stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub span: Span,
    /// the page to ask for next
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// newest value of the cursor so far
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Position>,
    /// the last page was read
    pub done: bool,
}

/// The connector.
pub struct OData;

impl Source for OData {
    type Config = Config;
    type Partition = Span;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        if let Err(error) = config.check() {
            return Ok(vec![CheckStep::failed("configuration", &error)]);
        }
        let connection = connections::get(CONNECTION)?;
        let side = Side {
            connection: &connection,
            config,
        };
        let mut pace = Pace::new(config.rate_limit.as_ref());
        let service = match service(side, &mut pace) {
            Ok(service) => service,
            Err(error) => return Ok(vec![CheckStep::failed("metadata", &error)]),
        };
        let sets: Vec<&str> = service.sets.keys().map(String::as_str).collect();
        let message = format!("$metadata names {} entity sets: {}", sets.len(), few(&sets));
        let mut steps = vec![CheckStep::ok("metadata", message)];
        for (name, stream) in &config.streams {
            let first = columns_of(&service, name, stream)
                .and_then(|columns| first_page(side, (name, stream), &columns, &mut pace));
            match first {
                Ok(page) => steps.push(CheckStep::ok(name, told(&page))),
                Err(error) => {
                    steps.push(CheckStep::failed(name, &error));
                    break;
                }
            }
        }
        Ok(steps)
    }

    fn discover(config: &Config) -> Result<Vec<StreamInfo>> {
        config.check()?;
        let connection = connections::get(CONNECTION)?;
        let side = Side {
            connection: &connection,
            config,
        };
        let service = service(side, &mut Pace::new(config.rate_limit.as_ref()))?;
        let mut names: Vec<&String> = config.streams.keys().collect();
        if names.is_empty() {
            names = service.sets.keys().collect();
        }
        let mut streams = Vec::new();
        for name in names {
            let stream = config.stream(name)?;
            let whole = type_of(&service, name, &stream)?;
            columns_of(&service, name, &stream)?;
            streams.push(StreamInfo {
                name: name.clone(),
                schema: schema::of_stream(&service, &whole, &stream, config.version),
                primary_key: whole.key,
                cursor_field: stream.cursor.clone(),
                full: true,
                incremental: stream.cursor.is_some() || stream.delta,
                partitioned: false,
            });
        }
        Ok(streams)
    }

    fn partitions(config: &Config, selection: &Selection) -> Result<Vec<Span>> {
        config.check()?;
        let name = &selection.stream;
        let stream = config.stream(name)?;
        let connection = connections::get(CONNECTION)?;
        let side = Side {
            connection: &connection,
            config,
        };
        let service = service(side, &mut Pace::new(config.rate_limit.as_ref()))?;
        let mut span = Span {
            stream: name.clone(),
            columns: columns_of(&service, name, &stream)?,
            ..Span::default()
        };
        if selection.incremental {
            if stream.cursor.is_none() && !stream.delta {
                let pointer = format!("/config/streams/{name}/cursor");
                let message = "the stream has no cursor, so what changed can't be asked for";
                return Err(Error::config(&pointer, message));
            }
            let read: Vec<Checkpoint> = selection.checkpoints()?;
            for checkpoint in read {
                span.round = span.round.max(checkpoint.span.round.wrapping_add(1));
                if checkpoint.done && checkpoint.span.stream == *name {
                    instant::keep(&mut span.since, checkpoint.newest.or(checkpoint.span.since));
                    if stream.delta {
                        span.delta = checkpoint.delta.or(span.delta);
                    }
                }
            }
            if span.since.is_none() {
                span.since.clone_from(&stream.start);
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
        let side = Side {
            connection: &connection,
            config,
        };
        let since = since(&selection.stream, &stream, state.span.since.as_deref())?;
        read::run(side, &selection.stream, &stream, since.as_deref(), state)
    }
}

/// The value to ask for: the newest, earlier by the overlap.
fn since(name: &str, stream: &Stream, newest: Option<&str>) -> Result<Option<String>> {
    let Some(newest) = newest else {
        return Ok(None);
    };
    let asked = instant::asked(newest, SinceFormat::Same, stream.overlap_s);
    let wrong = |message| Error::config(&format!("/config/streams/{name}/overlap_s"), message);
    asked.map(Some).map_err(wrong)
}

/// The service's metadata.
fn service(side: Side<'_>, pace: &mut Pace<'_>) -> Result<Service> {
    let query = side.config.query.iter();
    let query = query
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let headers = vec![("accept".to_owned(), "application/xml".to_owned())];
    let built = request::get("$metadata".to_owned(), query, headers);
    let (label, response) = page::answered(side, built, pace, None)?;
    let advice = "metadata of this size is not taken in";
    let bytes = body::whole(&response.body, &label, advice)?;
    let text = String::from_utf8_lossy(&bytes);
    Service::parse(&text)
        .map_err(|message| Error::data(format!("{label}: {message}")).with_code("source_protocol"))
}

fn type_of(service: &Service, name: &str, stream: &Stream) -> Result<Type> {
    let set = &stream.entity_set;
    let found = service.sets.get(set).and_then(|kind| service.whole(kind));
    found.ok_or_else(|| {
        let sets: Vec<&str> = service.sets.keys().map(String::as_str).collect();
        let message = format!(
            "the service has no entity set {set:?}; it has {}",
            few(&sets)
        );
        let mut error = Error::new(ErrorKind::NotFound, message);
        error.field = Some(format!("/config/streams/{name}/entity_set"));
        error
    })
}

/// The cursor, then the key; names that the service does not know are told.
fn columns_of(service: &Service, name: &str, stream: &Stream) -> Result<Vec<Column>> {
    let whole = type_of(service, name, stream)?;
    let property = |wanted: &str| whole.properties.iter().find(|p| p.name == *wanted);
    let unknown = |wanted: &str, field: &str| {
        let names: Vec<&str> = whole.properties.iter().map(|p| p.name.as_str()).collect();
        let message = format!(
            "{} has no property {wanted:?}; it has {}",
            stream.entity_set,
            few(&names)
        );
        Error::config(&format!("/config/streams/{name}/{field}"), message)
    };
    for wanted in &stream.select {
        if property(wanted).is_none() && !whole.ways.iter().any(|way| way.name == *wanted) {
            return Err(unknown(wanted, "select"));
        }
    }
    for path in &stream.expand {
        let first = path.split('/').next().unwrap_or_default();
        if !whole.ways.iter().any(|way| way.name == first) {
            let ways: Vec<&str> = whole.ways.iter().map(|way| way.name.as_str()).collect();
            let message = format!(
                "{} has no way {first:?} to expand; it has {}",
                stream.entity_set,
                few(&ways)
            );
            return Err(Error::config(
                &format!("/config/streams/{name}/expand"),
                message,
            ));
        }
    }
    let column = |wanted: &str, field: &str| {
        let found = property(wanted).ok_or_else(|| unknown(wanted, field))?;
        Ok::<_, Error>(Column {
            name: found.name.clone(),
            kind: Kind::of(&found.kind),
        })
    };
    let mut columns = Vec::new();
    if let Some(cursor) = &stream.cursor {
        columns.push(column(cursor, "cursor")?);
    }
    for key in &whole.key {
        if stream.cursor.as_ref() != Some(key) {
            columns.push(column(key, "entity_set")?);
        }
    }
    Ok(columns)
}

fn first_page(
    side: Side<'_>,
    (name, stream): (&str, &Stream),
    columns: &[Column],
    pace: &mut Pace<'_>,
) -> Result<Page> {
    let since = since(name, stream, stream.start.as_deref())?;
    let ask = Ask {
        config: side.config,
        name,
        stream,
        columns,
        since: since.as_deref(),
        position: None,
    };
    page::page(side, &ask, pace)
}

fn told(page: &Page) -> String {
    let next = match &page.next {
        None => "this is the last page".to_owned(),
        Some(Position::After(_)) => "the next page begins after its last row".to_owned(),
        Some(Position::Link(path, _)) => format!("a link leads on to {path}"),
    };
    format!("{} answers with {} rows; {next}", page.label, page.rows)
}

/// The first names of a list.
fn few(names: &[&str]) -> String {
    const MANY: usize = 30;
    let mut text = names
        .iter()
        .take(MANY)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MANY {
        text.push_str(", …");
    }
    text
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_source!(OData);
