//! One page: asked for, judged, its rows made ready, and where the next one is.

use tributary_http_json::body::{self, MAX_BYTES};
use tributary_http_json::content::Content;
use tributary_http_json::document::Document;
use tributary_http_json::link;
use tributary_http_json::pace::Pace;
use tributary_http_json::pointer::{at, scalar};
use tributary_http_json::refusal::{self, Refused, probe_of};
use tributary_http_json::walk::{MAX_PAGES, Walk};
use tributary_sdk::{Connection, Error, ErrorKind, Request, Response, Result, http, log};

use crate::config::{Config, Version};
use crate::request::{self, Ask, Built, Position, build, by_keys};
use crate::rows;

/// A page's rows and where the next page is.
pub struct Page {
    pub content: Content,
    /// the rows as lines, if they had to be changed
    pub lines: Option<String>,
    pub rows: usize,
    /// rows of a delta that say that something is gone
    pub removed: usize,
    pub next: Option<Position>,
    /// where changes can be asked for later
    pub delta: Option<Position>,
    pub label: String,
}

impl Page {
    /// One field of all rows.
    pub fn pluck(&self, name: &str) -> Result<Vec<Option<String>>> {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        match &self.lines {
            None => self.content.pluck(&pointer),
            Some(lines) => Ok(lines
                .lines()
                .map(|line| at(line, &pointer).and_then(scalar))
                .collect()),
        }
    }
}

/// The service behind a connection.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub connection: &'a Connection,
    pub config: &'a Config,
}

/// Asks for a page.
pub fn page(side: Side<'_>, ask: &Ask<'_>, pace: &mut Pace<'_>) -> Result<Page> {
    let built = build(ask)?;
    let path = built.request.path.clone();
    let (label, response) = answered(side, built, pace, Some(ask.name))?;
    let v4 = side.config.version == Version::V4;
    if v4 && ask.stream.expand.is_empty() && !ask.stream.delta {
        // nothing to change: the rows stay in the host
        let content = Content::in_host(response.body, "/value", &label)?;
        let link = match content.probe("/@odata.nextLink")? {
            Some(link) => Some(link),
            None => content.probe("/@nextLink")?,
        };
        let rows = content.count()?;
        let mut page = Page {
            content,
            lines: None,
            rows,
            removed: 0,
            next: None,
            delta: None,
            label,
        };
        page.next = next(side, ask, &page, (&path, link))?;
        return Ok(page);
    }
    let (document, records) = taken_in(side, &response, &label)?;
    let probe = |pointers: [&str; 2]| pointers.iter().find_map(|pointer| document.probe(pointer));
    let link = match records {
        "/value" => probe(["/@odata.nextLink", "/@nextLink"]),
        _ => probe(["/d/__next", "/__next"]),
    };
    let delta = probe(["/@odata.deltaLink", "/@deltaLink"]);
    let delta = delta
        .map(|link| resolved(side, &label, &path, &link))
        .transpose()?;
    let (lines, removed) = made_ready(side, &document, (&label, &path), pace)?;
    let mut page = Page {
        rows: lines.lines().count(),
        content: Content::Here(document),
        lines: Some(lines),
        removed,
        next: None,
        delta,
        label,
    };
    page.next = next(side, ask, &page, (&path, link))?;
    Ok(page)
}

/// Sends a request; every answer but success is an error.
pub fn answered(
    side: Side<'_>,
    built: Built,
    pace: &mut Pace<'_>,
    stream: Option<&str>,
) -> Result<(String, Response)> {
    let Built { request, label } = built;
    pace.wait()?;
    let response = send(side, &request)?;
    pace.note(&response);
    if !(200..=299).contains(&response.status) {
        let request = request::logged(&label);
        let fields = [
            ("stream", stream.unwrap_or("")),
            ("request", request.as_str()),
        ];
        log::warn("a page was refused", &fields);
        return Err(refused(&label, &response, stream));
    }
    refusal::no_web_page(&label, &response)?;
    Ok((label, response))
}

fn send(side: Side<'_>, request: &Request) -> Result<Response> {
    http::send(side.connection, request)
}

/// What the service says, in the words of either version.
fn refused(label: &str, response: &Response, stream: Option<&str>) -> Error {
    let body = refusal::start_of(response);
    let probe = probe_of(&body);
    let said = [
        "/error/message/value",
        "/error/message",
        "/odata.error/message/value",
    ]
    .iter()
    .find_map(|pointer| probe(pointer).filter(|text| !text.starts_with('{')));
    let code = probe("/error/code").filter(|code| *code != response.status.to_string());
    let said = match (said, code) {
        (Some(said), Some(code)) if !code.is_empty() => format!("{said} ({code})"),
        (Some(said), _) => said,
        (None, _) => body,
    };
    let refused = Refused {
        label,
        status: response.status,
        retry_after_ms: refusal::wait_of(response),
        body: &said,
    };
    let mut error = refusal::by_status(&refused);
    match response.status {
        // The request was made of the configuration: a property, a filter, a way that is not there.
        400 => {
            error.kind = ErrorKind::Config;
            error.field = stream.map(|name| format!("/config/streams/{name}"));
        }
        403 => error.message = format!("{} (the user may not read it)", error.message),
        501 => error.kind = ErrorKind::Unsupported,
        _ => {}
    }
    error
}

fn taken_in(side: Side<'_>, response: &Response, label: &str) -> Result<(Document, &'static str)> {
    let wrong = |what: String| Error::data(format!("{label}: {what}")).with_code("source_protocol");
    let bytes = body::whole(&response.body, label, "ask for smaller pages")?;
    let records = match side.config.version {
        Version::V4 => "/value",
        Version::V2 => {
            let text = std::str::from_utf8(&bytes).unwrap_or_default();
            match at(text, "/d").is_some_and(|d| d.trim_start().starts_with('[')) {
                true => "/d",
                false => "/d/results",
            }
        }
    };
    let document = Document::parse(bytes, records).map_err(wrong)?;
    Ok((document, records))
}

/// The rows as lines, and how many say that something is gone.
fn made_ready(
    side: Side<'_>,
    document: &Document,
    (label, path): (&str, &str),
    pace: &mut Pace<'_>,
) -> Result<(String, usize)> {
    let wrong = |what: String| Error::data(format!("{label}: {what}")).with_code("source_protocol");
    let mut lines = String::new();
    let mut removed = 0;
    for row in document.rows().map_err(wrong)? {
        if rows::is_removed(row) {
            removed += 1;
            continue;
        }
        if rows::is_link(row) {
            continue;
        }
        let mut fetch = |link: &str| inner(side, (label, path), link, pace);
        lines.push_str(&rows::plain(row, side.config.version, &mut fetch)?);
        lines.push('\n');
        if lines.len() > 2 * MAX_BYTES {
            return Err(wrong(
                "the rows with all that is expanded are too large; ask for smaller pages"
                    .to_owned(),
            ));
        }
    }
    Ok((lines, removed))
}

/// The rest of a collection inside a row.
fn inner(
    side: Side<'_>,
    (label, path): (&str, &str),
    link: &str,
    pace: &mut Pace<'_>,
) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let mut bytes = 0;
    let mut walk = Walk::default();
    let mut here = resolved(side, label, path, link)?;
    loop {
        let Position::Link(path, query) = here else {
            return Err(Error::bug("a link became something else"));
        };
        let headers = vec![("accept".to_owned(), "application/json".to_owned())];
        let built = request::get(path.clone(), query, headers);
        let (label, response) = answered(side, built, pace, None)?;
        let (document, records) = taken_in(side, &response, &label)?;
        let found = document.rows().unwrap_or_default();
        let count = found.len();
        for row in found {
            bytes += row.len();
            all.push(row.to_owned());
        }
        if bytes > MAX_BYTES {
            let message =
                format!("{label}: a collection inside a row has more than {MAX_BYTES} bytes");
            return Err(Error::data(message).with_code("source_protocol"));
        }
        let next = match records {
            "/value" => ["/@odata.nextLink", "/@nextLink"],
            _ => ["/d/__next", "/__next"],
        };
        let next = next.iter().find_map(|pointer| document.probe(pointer));
        walk.step((&label, MAX_PAGES), next.as_deref(), || {
            Ok(Some(vec![None; count]))
        })?;
        let Some(next) = next.filter(|next| !next.is_empty()) else {
            return Ok(all);
        };
        here = resolved(side, &label, &path, &next)?;
    }
}

fn next(
    side: Side<'_>,
    ask: &Ask<'_>,
    page: &Page,
    (path, link): (&str, Option<String>),
) -> Result<Option<Position>> {
    let link = link.filter(|link| !link.is_empty());
    if by_keys(ask) && page.rows > 0 {
        let full = page.rows >= ask.stream.page_size() as usize;
        if link.is_none() && !full {
            return Ok(None);
        }
        let mut last = Vec::with_capacity(ask.columns.len());
        for column in ask.columns {
            last.push(page.pluck(&column.name)?.pop().flatten());
        }
        let keys = last.get(usize::from(ask.stream.cursor.is_some())..);
        if keys.is_none_or(|keys| keys.iter().any(Option::is_none)) {
            let message = format!(
                "{}: the last row lacks its key, so nothing can follow it; set paging to links",
                page.label
            );
            return Err(Error::data(message).with_code("source_protocol"));
        }
        return Ok(Some(Position::After(last)));
    }
    link.map(|link| resolved(side, &page.label, path, &link))
        .transpose()
}

/// Where a link leads; only to the connection's own server, below its base address.
fn resolved(side: Side<'_>, label: &str, path: &str, link: &str) -> Result<Position> {
    let base = side.connection.base_url();
    let mut hosts = side.config.hosts.clone();
    hosts.extend(link::loopback_names(&base));
    // A plus is a plus here, not a blank: tokens are often base64.
    let link = link.replace('+', "%2B");
    let target = link::resolve(&base, &hosts, path, &link).map_err(|message| {
        let mut error = Error::data(format!("{label}: {message}")).with_code("source_protocol");
        error.field = Some("/config/hosts".to_owned());
        error
    })?;
    Ok(Position::Link(target.path, target.query))
}
