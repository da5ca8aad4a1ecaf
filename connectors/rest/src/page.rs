//! One page: asked for, judged, and where the next one is.

use tributary_sdk::serde_json::json;
use tributary_sdk::{Connection, Error, Response, Result, Rows, http, log};

use crate::answer::{self, Refused};
use crate::config::{PageKind, Pages};
use crate::document::Document;
use crate::link;
use crate::rate::{self, Pace};
use crate::request::{Ask, build, kept_link};

/// Bytes of a refused answer that are looked at.
const JUDGED_BYTES: u32 = 16 << 10;

/// A page's rows and where the next page is.
pub struct Page {
    pub content: Content,
    pub next: Option<String>,
    pub label: String,
}

/// Rows stay in the host unless this connector has to look into them.
pub enum Content {
    Host(Rows),
    Here(Document),
}

impl Content {
    /// The scalar at a JSON Pointer of the answer.
    pub fn probe(&self, pointer: &str) -> Result<Option<String>> {
        match self {
            Self::Host(rows) => rows.probe(pointer),
            Self::Here(document) => Ok(document.probe(pointer)),
        }
    }

    /// One scalar field of all rows.
    pub fn pluck(&self, pointer: &str) -> Result<Vec<Option<String>>> {
        match self {
            Self::Host(rows) => rows.pluck(pointer),
            Self::Here(document) => Ok(document.pluck(pointer)),
        }
    }

    /// How many rows there are.
    pub fn count(&self) -> Result<usize> {
        Ok(self.pluck("/-")?.len())
    }
}

/// Asks for a page; `look` takes its rows in here.
pub fn page(
    connection: &Connection,
    ask: &Ask<'_>,
    pace: &mut Pace<'_>,
    look: bool,
) -> Result<Page> {
    let built = build(ask)?;
    pace.wait()?;
    let response = http::send(connection, &built.request)?;
    pace.note(&response);
    let (label, status) = (built.label, response.status);
    if !(200..=299).contains(&status) {
        let fields = [("stream", ask.name), ("request", label.as_str())];
        log::warn("a page was refused", &fields);
        return Err(refused(ask, &label, &response));
    }
    if let Some(html) = header(&response, "content-type").filter(|kind| kind.contains("html")) {
        let message = format!(
            "{label}: the answer is a web page ({html}), not JSON; is the path right, and does the API want other credentials?"
        );
        return Err(Error::data(message).with_code("source_protocol"));
    }
    let link = header(&response, "link");
    let content = match look {
        true => Content::Here(Document::read(&response.body, &ask.stream.records, &label)?),
        false => {
            let options = json!({ "source": label, "records": ask.stream.records });
            Content::Host(Rows::decode(response.body, "json", &options)?)
        }
    };
    if answer::looks_at_success(ask.config, ask.stream, status) {
        judged(ask, &label, status, &content)?;
    }
    let next = match &ask.stream.pages {
        Some(pages) => next(connection, ask, pages, &content, link.as_deref())?,
        None => None,
    };
    Ok(Page {
        content,
        next,
        label,
    })
}

fn header(response: &Response, wanted: &str) -> Option<String> {
    let found = response.headers.iter().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.clone())
}

fn refused(ask: &Ask<'_>, label: &str, response: &Response) -> Error {
    let said = response.body.read(JUDGED_BYTES).unwrap_or_default();
    let body = String::from_utf8_lossy(&said);
    let retry_after = header(response, "retry-after");
    let refused = Refused {
        label,
        status: response.status,
        retry_after_ms: retry_after
            .and_then(|text| rate::retry_after_ms(&text, tributary_sdk::control::now_ms)),
        body: &body,
    };
    let rules = answer::rules(ask.config, ask.stream);
    answer::by_rules(rules, &refused, &answer::probe_of(&body))
        .unwrap_or_else(|| answer::by_status(&refused))
}

/// Some APIs say "no" with a status of success.
fn judged(ask: &Ask<'_>, label: &str, status: u16, content: &Content) -> Result<()> {
    let refused = Refused {
        label,
        status,
        retry_after_ms: None,
        body: "",
    };
    let rules = answer::rules(ask.config, ask.stream);
    let rules = rules.filter(|rule| rule.status.contains(&status) && rule.at.is_some());
    // where a scalar is looked for and an object or array is found, something is there
    let probe = |pointer: &str| {
        content
            .probe(pointer)
            .unwrap_or(Some("an error".to_owned()))
    };
    match answer::by_rules(rules, &refused, &probe) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn next(
    connection: &Connection,
    ask: &Ask<'_>,
    pages: &Pages,
    content: &Content,
    link: Option<&str>,
) -> Result<Option<String>> {
    if let Some(more) = &pages.more
        && content.probe(more)?.as_deref() != Some("true")
    {
        return Ok(None);
    }
    match pages.kind {
        PageKind::Cursor => {
            let token = match (&pages.next, &pages.last_record) {
                (Some(next), _) => content.probe(next)?,
                (None, Some(last)) => content.pluck(last)?.pop().flatten(),
                (None, None) => None,
            };
            Ok(token.filter(|token| !token.is_empty()))
        }
        PageKind::Page | PageKind::Offset => counted(ask, pages, content),
        PageKind::Link => followed(connection, ask, pages, link.and_then(link::next_of)),
        PageKind::NextUrl => {
            let link = match &pages.next {
                Some(next) => content.probe(next)?.filter(|link| !link.is_empty()),
                None => None,
            };
            followed(connection, ask, pages, link)
        }
    }
}

/// A page without rows ends the stream. A short page does not: servers cap sizes silently.
fn counted(ask: &Ask<'_>, pages: &Pages, content: &Content) -> Result<Option<String>> {
    let rows = content.count()? as u64;
    if rows == 0 {
        return Ok(None);
    }
    let total = match &pages.total {
        Some(total) => content
            .probe(total)?
            .and_then(|text| text.parse::<u64>().ok()),
        None => None,
    };
    let is_page = pages.kind == PageKind::Page;
    let first = if is_page { pages.first.unwrap_or(1) } else { 0 };
    let here = ask
        .position
        .and_then(|text| text.parse().ok())
        .unwrap_or(first);
    // a page's total counts pages, an offset's rows; numbering may begin at 0
    let (next, end) = match is_page {
        true => (here + 1, total.map(|total| total.saturating_add(first))),
        false => (here.saturating_add(rows), total),
    };
    Ok(end.is_none_or(|end| next < end).then(|| next.to_string()))
}

fn followed(
    connection: &Connection,
    ask: &Ask<'_>,
    pages: &Pages,
    link: Option<String>,
) -> Result<Option<String>> {
    let Some(link) = link else {
        return Ok(None);
    };
    let built = build(ask)?;
    let target = link::resolve(
        &connection.base_url(),
        &pages.hosts,
        &built.request.path,
        &link,
    );
    let target = target.map_err(|message| {
        let message = format!("{}: {message}", built.label);
        let mut error = Error::data(message).with_code("source_protocol");
        error.field = Some(format!("/config/streams/{}/pages", ask.name));
        error
    })?;
    Ok(Some(kept_link(&target)))
}
