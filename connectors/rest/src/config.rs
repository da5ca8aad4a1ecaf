//! The configuration; `connector.json` has its schema, which is the form that people see. What a
//! schema can't say is checked here, and named by its place.

use std::collections::BTreeMap;

use serde::Deserialize;
use tributary_http_json::instant::SinceFormat;
use tributary_http_json::pace::RateLimit;
use tributary_http_json::rule::Rule;
use tributary_sdk::serde_json::Value;
use tributary_sdk::{Error, Result};

use crate::template::Template;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub streams: BTreeMap<String, Stream>,
    /// of each request
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
    /// what answers mean, tried after the stream's own
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// below the connection's base address
    pub path: String,
    #[serde(default)]
    pub method: Method,
    /// parameters of each request
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// of a POST; texts may be templates
    #[serde(default)]
    pub body: Option<Value>,
    /// JSON Pointer to the array of rows
    #[serde(default)]
    pub records: String,
    #[serde(default)]
    pub pages: Option<Pages>,
    #[serde(default)]
    pub incremental: Option<Incremental>,
    #[serde(default)]
    pub parent: Option<Parent>,
    /// fields that name a row
    #[serde(default)]
    pub primary_key: Vec<String>,
    /// JSON Schema of one row, if known
    #[serde(default)]
    pub schema: Option<Value>,
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    #[default]
    Get,
    Post,
}

/// How one page leads to the next.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    #[serde(default)]
    pub kind: PageKind,
    /// JSON Pointer to the token (cursor) or the link (`next_url`) of the next page; absent, null
    /// or empty ends the stream
    #[serde(default)]
    pub next: Option<String>,
    /// JSON Pointer within the last row whose value is the token
    #[serde(default)]
    pub last_record: Option<String>,
    /// JSON Pointer to a truth value; false ends the stream
    #[serde(default)]
    pub more: Option<String>,
    /// parameter that carries the token
    #[serde(default)]
    pub cursor_param: Option<String>,
    /// parameter that carries the number of the page or the offset
    #[serde(default)]
    pub param: Option<String>,
    /// number of the first page
    #[serde(default)]
    pub first: Option<u64>,
    #[serde(default)]
    pub size: Option<u32>,
    /// parameter that carries the size
    #[serde(default)]
    pub size_param: Option<String>,
    /// JSON Pointer to the number of pages (page) or rows (offset)
    #[serde(default)]
    pub total: Option<String>,
    /// where the parameters go
    #[serde(default, rename = "in")]
    pub place: Place,
    /// further names by which the API's links call itself
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub max_pages: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    #[default]
    Cursor,
    Page,
    Offset,
    Link,
    NextUrl,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    #[default]
    Query,
    /// names are JSON Pointers into the body
    Body,
}

/// Which rows are new.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incremental {
    /// parameter that carries the instant or number to start from, inclusive; without one, `{since}`
    /// stands somewhere in query, headers or body
    #[serde(default)]
    pub param: Option<String>,
    /// JSON Pointer within a row
    pub field: String,
    /// the parameter's value, with `{since}`
    #[serde(default = "since")]
    pub value: String,
    #[serde(default)]
    pub format: SinceFormat,
    /// start this much earlier than the newest value seen
    #[serde(default)]
    pub overlap_s: u32,
    /// where the first run starts; without it, with everything
    #[serde(default)]
    pub start: Option<String>,
}

fn since() -> String {
    "{since}".to_owned()
}

/// A stream that is asked for once per row of another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// name of the other stream
    pub stream: String,
    /// JSON Pointer within its rows; the value is `{parent}`
    pub field: String,
    /// new member of each row → JSON Pointer within the parent's row
    #[serde(default)]
    pub copy: BTreeMap<String, String>,
    /// a parent without children answers 404
    #[serde(default)]
    pub skip_missing: bool,
}

/// What an answer means.
pub type ErrorRule = Rule<RuleKind>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    Auth,
    NotFound,
    RateLimited,
    Transient,
    Data,
    Config,
}

impl Config {
    /// The stream of that name.
    pub fn stream(&self, name: &str) -> Result<&Stream> {
        self.streams.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.streams.keys().map(String::as_str).collect();
            let message = format!(
                "there is no stream {name:?}; there are {}",
                names.join(", ")
            );
            Error::config("/config/streams", message)
        })
    }

    /// The stream that a stream's requests depend on.
    pub fn parent<'a>(&'a self, stream: &'a Stream) -> Option<(&'a Parent, &'a Stream)> {
        let parent = stream.parent.as_ref()?;
        Some((parent, self.streams.get(&parent.stream)?))
    }

    /// Which rows are new: the stream's own rule, else its parent's.
    pub fn incremental<'a>(&'a self, stream: &'a Stream) -> Option<&'a Incremental> {
        let own = stream.incremental.as_ref();
        own.or_else(|| self.parent(stream)?.1.incremental.as_ref())
    }

    /// What the schema can't say. The error names the field.
    pub fn check(&self) -> Result<()> {
        for (name, stream) in &self.streams {
            let at = |field: &str| format!("/config/streams/{name}/{field}");
            check_parent(self, name, stream, &at)?;
            check_pages(stream, &at)?;
            check_templates(stream, &at)?;
            if stream.body.is_some() && stream.method == Method::Get {
                let message = "a GET has no body; set method to post";
                return Err(Error::config(&at("body"), message));
            }
        }
        Ok(())
    }
}

fn check_parent(
    config: &Config,
    name: &str,
    stream: &Stream,
    at: &dyn Fn(&str) -> String,
) -> Result<()> {
    let Some(parent) = &stream.parent else {
        return Ok(());
    };
    let wrong = |message: String| Err(Error::config(&at("parent/stream"), message));
    if parent.stream == name {
        return wrong(format!("the stream {name:?} can't be its own parent"));
    }
    match config.streams.get(&parent.stream) {
        None => wrong(format!("there is no stream {:?}", parent.stream)),
        Some(other) if other.parent.is_some() => wrong(format!(
            "{:?} has a parent itself; one level is what can be read",
            parent.stream
        )),
        Some(_) => Ok(()),
    }
}

fn check_pages(stream: &Stream, at: &dyn Fn(&str) -> String) -> Result<()> {
    let Some(pages) = &stream.pages else {
        return Ok(());
    };
    let need = |field: &str, given: bool, why: &str| match given {
        true => Ok(()),
        false => Err(Error::config(&at(&format!("pages/{field}")), why)),
    };
    match pages.kind {
        PageKind::Cursor => {
            let why = "name the parameter that carries the token";
            need("cursor_param", pages.cursor_param.is_some(), why)?;
            let why = "say where the token of the next page is: next (in the answer) or last_record (in the last row)";
            need(
                "next",
                pages.next.is_some() != pages.last_record.is_some(),
                why,
            )?;
        }
        PageKind::Page | PageKind::Offset => {
            let why = "name the parameter that carries the number";
            need("param", pages.param.is_some(), why)?;
        }
        PageKind::NextUrl => {
            let why = "say where in the answer the link to the next page is";
            need("next", pages.next.is_some(), why)?;
        }
        PageKind::Link => {}
    }
    if pages.place == Place::Body {
        need(
            "in",
            stream.method == Method::Post,
            "a GET has no body; set method to post",
        )?;
        let names = [&pages.cursor_param, &pages.param, &pages.size_param];
        let pointers = names.iter().filter_map(|name| name.as_deref());
        let all = pointers.into_iter().all(|name| name.starts_with('/'));
        need(
            "in",
            all,
            "in a body, parameters are named by JSON Pointers, for example /page/number",
        )?;
    }
    Ok(())
}

fn check_templates(stream: &Stream, at: &dyn Fn(&str) -> String) -> Result<()> {
    let mut names = Vec::new();
    if stream.incremental.is_some() {
        names.push("since");
    }
    if stream.parent.is_some() {
        names.push("parent");
        names.push("since");
    }
    let parse = |text: &str, place: &str| {
        Template::parse(text, &names)
            .map(|_| ())
            .map_err(|message| Error::config(&at(place), message))
    };
    parse(&stream.path, "path")?;
    for (name, value) in &stream.query {
        parse(value, &format!("query/{name}"))?;
    }
    for (name, value) in &stream.headers {
        parse(value, &format!("headers/{name}"))?;
    }
    if let Some(incremental) = &stream.incremental {
        parse(&incremental.value, "incremental/value")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tributary_sdk::serde_json::{from_value, json};

    use super::*;

    fn place(streams: Value) -> Option<String> {
        let config: Config = from_value(json!({ "streams": streams })).unwrap();
        config.check().err().map(|error| error.field.unwrap())
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_place() {
        for (stream, wrong) in [
            (json!({"path": "x"}), None),
            (
                json!({"path": "x", "pages": {"cursor_param": "c"}}),
                Some("pages/next"),
            ),
            (
                json!({"path": "x", "pages": {"next": "/n"}}),
                Some("pages/cursor_param"),
            ),
            (
                json!({"path": "x", "pages": {"kind": "page"}}),
                Some("pages/param"),
            ),
            (
                json!({"path": "x", "pages": {"kind": "next_url"}}),
                Some("pages/next"),
            ),
            (json!({"path": "x", "pages": {"kind": "link"}}), None),
            (
                json!({"path": "x", "pages": {"kind": "page", "param": "/p", "in": "body"}}),
                Some("pages/in"),
            ),
            (
                json!({"path": "x", "method": "post", "body": {}, "pages": {"kind": "page", "param": "p", "in": "body"}}),
                Some("pages/in"),
            ),
            (json!({"path": "x", "body": {}}), Some("body")),
            (json!({"path": "x/{parent}"}), Some("path")),
            (
                json!({"path": "x", "query": {"q": "{since}"}}),
                Some("query/q"),
            ),
            (
                json!({"path": "x", "parent": {"stream": "y", "field": "/id"}}),
                Some("parent/stream"),
            ),
            (
                json!({"path": "x", "parent": {"stream": "s", "field": "/id"}}),
                Some("parent/stream"),
            ),
        ] {
            let wrong = wrong.map(|field| format!("/config/streams/s/{field}"));
            assert_eq!(place(json!({"s": stream})), wrong, "{stream}");
        }
        let grandchild = json!({
            "a": {"path": "a"},
            "b": {"path": "b/{parent}", "parent": {"stream": "a", "field": "/id"}},
            "c": {"path": "c/{parent}", "parent": {"stream": "b", "field": "/id"}},
        });
        assert_eq!(
            place(grandchild).as_deref(),
            Some("/config/streams/c/parent/stream")
        );
    }
}
