//! Page after page.

use tributary_sdk::serde_json::json;
use tributary_sdk::{Connection, Error, Method, Request, Result, Rows, checkpoint, http, log};

use crate::config::Stream;
use crate::{Checkpoint, Span, newest, refused};

/// A page's rows and the token of the next page.
pub struct Page {
    rows: Rows,
    next: Option<String>,
}

/// Reads the stream from the checkpoint on.
pub fn stream(
    connection: &Connection,
    name: &str,
    stream: &Stream,
    span: Span,
    last: Option<Checkpoint>,
) -> Result<()> {
    let mut state = last.filter(|last| last.span == span).unwrap_or(Checkpoint {
        span,
        cursor: None,
        newest: None,
        done: false,
    });
    while !state.done {
        let page = page(
            connection,
            name,
            stream,
            &state.span,
            state.cursor.as_deref(),
        )?;
        if let Some(incremental) = &stream.incremental {
            for value in page.rows.pluck(&incremental.field)? {
                newest::keep(&mut state.newest, value);
            }
        }
        page.rows.pipe(name, 1)?;
        if page.next.is_some() && page.next == state.cursor {
            let message = format!(
                "{}: the next token is the same as the last one",
                stream.path
            );
            return Err(Error::data(message).with_code("source_protocol"));
        }
        state.done = page.next.is_none();
        state.cursor = page.next;
        checkpoint(&state)?;
    }
    Ok(())
}

/// Asks for one page.
pub fn page(
    connection: &Connection,
    name: &str,
    stream: &Stream,
    span: &Span,
    cursor: Option<&str>,
) -> Result<Page> {
    let query = query(stream, span, cursor);
    let label = label(&stream.path, &query);
    let request = Request {
        method: Method::Get,
        path: stream.path.clone(),
        query,
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: None,
        idempotency_key: None,
        timeout_ms: None,
    };
    let response = http::send(connection, &request)?;
    if !(200..=299).contains(&response.status) {
        let header = |wanted: &str| {
            let found = response.headers.iter().find(|(key, _)| key == wanted);
            found.map(|(_, value)| value.clone())
        };
        let retry_after = header("retry-after");
        let said = response.body.read(600).unwrap_or_default();
        let said: String = String::from_utf8_lossy(&said)
            .trim()
            .chars()
            .take(300)
            .collect();
        let said = if said.is_empty() {
            said
        } else {
            format!(": {said}")
        };
        log::warn(
            "a page was refused",
            &[("stream", name), ("request", &label)],
        );
        return Err(refused(
            &label,
            response.status,
            retry_after.as_deref(),
            &said,
        ));
    }
    let options = json!({ "source": label, "records": stream.records });
    let rows = Rows::decode(response.body, "json", &options)?;
    let next = match &stream.pages {
        Some(pages) => rows.probe(&pages.next)?.filter(|token| !token.is_empty()),
        None => None,
    };
    Ok(Page { rows, next })
}

/// The parameters of a page. A cursor carries the server's own filter; the others are sent with
/// it all the same, since servers differ and those that do not need them ignore them.
fn query(stream: &Stream, span: &Span, cursor: Option<&str>) -> Vec<(String, String)> {
    let mut query: Vec<(String, String)> = stream
        .query
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(pages) = &stream.pages {
        if let (Some(param), Some(size)) = (&pages.size_param, pages.size) {
            query.push((param.clone(), size.to_string()));
        }
        if let Some(cursor) = cursor {
            query.push((pages.cursor_param.clone(), cursor.to_owned()));
        }
    }
    if let (Some(incremental), Some(since)) = (&stream.incremental, &span.since) {
        query.push((incremental.param.clone(), since.clone()));
    }
    query
}

/// How people call this page.
fn label(path: &str, query: &[(String, String)]) -> String {
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mark = if pairs.is_empty() { "" } else { "?" };
    format!("GET {path}{mark}{}", pairs.join("&"))
}
