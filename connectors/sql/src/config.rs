//! The configuration; `connector.json` has its schema, which is the form that people see.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tributary_sdk::{Error, ErrorKind, Result};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// none: every table and view is a stream of its own name, read whole
    #[serde(default)]
    pub streams: BTreeMap<String, Stream>,
}

/// What is read, and how.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stream {
    pub table: Option<String>,
    pub schema: Option<String>,
    /// instead of a table
    pub query: Option<String>,
    /// none: all
    pub columns: Vec<String>,
    /// a condition in the database's own language
    pub filter: Option<String>,
    /// grows with every change
    pub cursor: Option<String>,
    /// names a row; the table's own if none
    pub key: Vec<String>,
    /// of the cursor, for the first incremental run
    pub start: Option<String>,
    /// start this much earlier: seconds, or units of a number
    pub overlap: u32,
    /// ranges of the key that are read side by side
    pub partitions: Option<u32>,
    /// what changed comes out of the database's log
    pub changes: Option<Capture>,
}

/// What keeps the log for us, in the form that the host takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capture {
    /// PostgreSQL
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// PostgreSQL
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publication: Option<String>,
}

impl Stream {
    pub fn of_table(schema: Option<&str>, table: &str) -> Self {
        Self {
            table: Some(table.to_owned()),
            schema: schema.map(str::to_owned),
            ..Self::default()
        }
    }

    /// What change capture does not go with.
    fn no_capture(&self) -> Option<(&'static str, &'static str)> {
        let capture = self.changes.as_ref()?;
        if self.table.is_none() {
            return Some(("query", "changes are told of tables, not of queries"));
        }
        if self.cursor.is_some() || self.start.is_some() {
            let message = "changes come out of the log, so there is no cursor and no first value";
            return Some(("cursor", message));
        }
        if self.filter.is_some() {
            let message =
                "the log knows no condition of ours; in PostgreSQL the publication can have one";
            return Some(("filter", message));
        }
        (capture.slot.is_some() != capture.publication.is_some()).then_some((
            "changes",
            "a slot needs a publication, and the other way round",
        ))
    }

    pub fn partitions(&self) -> u32 {
        self.partitions.unwrap_or(1).clamp(1, 64)
    }
}

impl Config {
    /// The stream of that name. Without any, a table's name is a stream's.
    ///
    /// # Errors
    /// A name that is not there.
    pub fn stream(&self, name: &str) -> Result<Stream> {
        if self.streams.is_empty() {
            return Ok(match name.split_once('.') {
                Some((schema, table)) => Stream::of_table(Some(schema), table),
                None => Stream::of_table(None, name),
            });
        }
        self.streams.get(name).cloned().ok_or_else(|| {
            let names: Vec<&str> = self.streams.keys().map(String::as_str).collect();
            let message = format!(
                "there is no stream {name:?}; there are {}",
                names.join(", ")
            );
            Error::new(ErrorKind::NotFound, message)
        })
    }

    /// What the schema can't say.
    ///
    /// # Errors
    /// With the place that does not fit.
    pub fn check(&self) -> Result<()> {
        for (name, stream) in &self.streams {
            let wrong = |field: &str, message: &str| {
                Err(Error::config(&at(name, field), message.to_owned()))
            };
            match (&stream.table, &stream.query) {
                (Some(_), Some(_)) | (None, None) => {
                    return wrong("table", "a stream needs a table or a query, and not both");
                }
                (None, Some(_)) if stream.schema.is_some() => {
                    return wrong("schema", "a query has no schema");
                }
                _ => {}
            }
            if let Some((field, message)) = stream.no_capture() {
                return wrong(field, message);
            }
            if stream.partitions() > 1 && stream.query.is_some() && stream.key.is_empty() {
                return wrong("key", "partitions of a query need its key");
            }
            if stream.start.is_some() && stream.cursor.is_none() {
                return wrong("start", "a first value needs a cursor");
            }
        }
        Ok(())
    }
}

/// A place in the configuration.
pub fn at(stream: &str, field: &str) -> String {
    let name = stream.replace('~', "~0").replace('/', "~1");
    format!("/config/streams/{name}/{field}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, field) in [
            (r#"{"a/b": {}}"#, "/config/streams/a~1b/table"),
            (
                r#"{"a": {"table": "t", "query": "select 1"}}"#,
                "/config/streams/a/table",
            ),
            (
                r#"{"a": {"query": "select 1", "schema": "s"}}"#,
                "/config/streams/a/schema",
            ),
            (
                r#"{"a": {"query": "select 1", "partitions": 4}}"#,
                "/config/streams/a/key",
            ),
            (
                r#"{"a": {"table": "t", "start": "1"}}"#,
                "/config/streams/a/start",
            ),
            (
                r#"{"a": {"query": "select 1", "changes": {}}}"#,
                "/config/streams/a/query",
            ),
            (
                r#"{"a": {"table": "t", "changes": {}, "cursor": "c"}}"#,
                "/config/streams/a/cursor",
            ),
            (
                r#"{"a": {"table": "t", "changes": {}, "filter": "c > 1"}}"#,
                "/config/streams/a/filter",
            ),
            (
                r#"{"a": {"table": "t", "changes": {"slot": "s"}}}"#,
                "/config/streams/a/changes",
            ),
        ] {
            let streams = serde_json::from_str(text).unwrap();
            let error = Config { streams }.check().unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field), "{text}");
        }
        let none = Config::default();
        assert_eq!(none.stream("s.t").unwrap().schema.as_deref(), Some("s"));
        assert_eq!(none.stream("t").unwrap().schema, None);
    }
}
