//! One page: asked for, judged, and where the next one is.

use tributary_http_json::content::Content;
use tributary_http_json::document::Document;
use tributary_http_json::link;
use tributary_http_json::pace::Pace;
use tributary_http_json::refusal::{self, Refused, header};
use tributary_sdk::{Connection, Error, Response, Result, http, log};

use crate::answer;
use crate::config::{PageKind, Pages};
use crate::request::{Ask, build, kept_link};

/// A page's rows and where the next page is.
pub struct Page {
    pub content: Content,
    pub next: Option<String>,
    pub label: String,
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
    refusal::no_web_page(&label, &response)?;
    let link = header(&response, "link");
    let content = match look {
        true => Content::Here(Document::read(&response.body, &ask.stream.records, &label)?),
        false => Content::in_host(response.body, &ask.stream.records, &label)?,
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

fn refused(ask: &Ask<'_>, label: &str, response: &Response) -> Error {
    let body = refusal::start_of(response);
    let refused = Refused {
        label,
        status: response.status,
        retry_after_ms: refusal::wait_of(response),
        body: &body,
    };
    let rules = answer::rules(ask.config, ask.stream);
    answer::by_rules(rules, &refused, &refusal::probe_of(&body))
        .unwrap_or_else(|| refusal::by_status(&refused))
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
