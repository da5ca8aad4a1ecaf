//! The request of one page.

use tributary_http_json::link;
use tributary_sdk::serde_json::Value;
use tributary_sdk::{Error, Request, Result};

use crate::config::{Config, Method, PageKind, Pages, Place, Stream};
use crate::template::{Values, fill, fill_value};

/// Which page of which stream.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub config: &'a Config,
    pub name: &'a str,
    pub stream: &'a Stream,
    pub values: Values<'a>,
    /// token, number or link of the page; none: the first one
    pub position: Option<&'a str>,
}

/// A request and how people call it.
pub struct Built {
    pub request: Request,
    pub label: String,
}

/// Makes the request. What a link says is taken as it is; all else is the configuration's. The
/// other parameters go along with a cursor too: servers differ, and those that do not need them
/// ignore them.
pub fn build(ask: &Ask<'_>) -> Result<Built> {
    let stream = ask.stream;
    let (path, query) = match linked(ask) {
        Some(target) => target?,
        None => (path(ask)?, query(ask)),
    };
    let method = match stream.method {
        Method::Get => tributary_sdk::Method::Get,
        Method::Post => tributary_sdk::Method::Post,
    };
    let word = match stream.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let label = label(word, &path, &query);
    let body = body(ask)?;
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    if body.is_some() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    for (name, value) in ask.config.headers.iter().chain(&stream.headers) {
        let Some(value) = fill(value, ask.values) else {
            continue;
        };
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        headers.push((name.to_ascii_lowercase(), value));
    }
    let request = Request {
        method,
        path,
        query,
        headers,
        body,
        idempotency_key: None,
        timeout_ms: None,
    };
    Ok(Built { request, label })
}

type Target = (String, Vec<(String, String)>);

/// The target of a link that the last page had: `path?query` with the query as decoded pairs.
fn linked(ask: &Ask<'_>) -> Option<Result<Target>> {
    let pages = ask.stream.pages.as_ref()?;
    if !matches!(pages.kind, PageKind::Link | PageKind::NextUrl) {
        return None;
    }
    let parsed = tributary_sdk::serde_json::from_str::<Target>(ask.position?);
    Some(parsed.map_err(|error| Error::bug(format!("the kept link can't be read: {error}"))))
}

/// The form in which a link is kept between pages.
pub fn kept_link(target: &link::Target) -> String {
    tributary_sdk::serde_json::json!([target.path, target.query]).to_string()
}

/// A place to go on at as a person reads it: a kept link as it stands in a request, a token as it is.
pub fn shown(next: &str) -> String {
    match tributary_sdk::serde_json::from_str::<Target>(next) {
        Ok((path, query)) => label("GET", &path, &query),
        Err(_) => next.to_owned(),
    }
}

fn path(ask: &Ask<'_>) -> Result<String> {
    // a parent's value is one segment, whatever is in it
    let escaped = ask.values.parent.map(link::escaped);
    let values = Values {
        parent: escaped.as_deref(),
        ..ask.values
    };
    fill(&ask.stream.path, values).ok_or_else(|| {
        let message = "the path needs {since}, and there is none yet; set incremental/start";
        Error::config(&format!("/config/streams/{}/path", ask.name), message)
    })
}

fn query(ask: &Ask<'_>) -> Vec<(String, String)> {
    let mut query: Vec<(String, String)> = ask
        .stream
        .query
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), fill(value, ask.values)?)))
        .collect();
    if let Some(pages) = ask
        .stream
        .pages
        .as_ref()
        .filter(|p| p.place == Place::Query)
    {
        if let (Some(param), Some(size)) = (&pages.size_param, pages.size) {
            query.push((param.clone(), size.to_string()));
        }
        if let Some((param, position, _)) = position(pages, ask.position) {
            query.push((param.to_owned(), position));
        }
    }
    if let Some(incremental) = ask.stream.incremental.as_ref()
        && let Some(param) = &incremental.param
        && let Some(value) = fill(&incremental.value, ask.values)
    {
        query.push((param.clone(), value));
    }
    query
}

/// Parameter, value and whether the value is a number.
fn position<'a>(pages: &'a Pages, position: Option<&str>) -> Option<(&'a str, String, bool)> {
    let param = pages.param.as_deref();
    match pages.kind {
        PageKind::Cursor => Some((pages.cursor_param.as_deref()?, position?.to_owned(), false)),
        PageKind::Page => {
            let first = pages.first.unwrap_or(1).to_string();
            Some((param?, position.map_or(first, str::to_owned), true))
        }
        PageKind::Offset => Some((param?, position.unwrap_or("0").to_owned(), true)),
        PageKind::Link | PageKind::NextUrl => None,
    }
}

fn body(ask: &Ask<'_>) -> Result<Option<Vec<u8>>> {
    if ask.stream.method == Method::Get {
        return Ok(None);
    }
    let empty = Value::Object(tributary_sdk::serde_json::Map::new());
    let template = ask.stream.body.as_ref().unwrap_or(&empty);
    let mut body = fill_value(template, ask.values).unwrap_or(empty);
    if let Some(pages) = ask.stream.pages.as_ref().filter(|p| p.place == Place::Body) {
        let mut put = |pointer: &str, value: Value| {
            set(&mut body, pointer, value).ok_or_else(|| {
                let message =
                    format!("{pointer:?} leads through something in the body that is no object");
                Error::config(&format!("/config/streams/{}/pages", ask.name), message)
            })
        };
        if let (Some(pointer), Some(size)) = (&pages.size_param, pages.size) {
            put(pointer, Value::from(size))?;
        }
        if let Some((pointer, text, number)) = position(pages, ask.position) {
            let value = match text.parse::<u64>() {
                Ok(value) if number => Value::from(value),
                _ => Value::from(text),
            };
            put(pointer, value)?;
        }
    }
    Ok(Some(body.to_string().into_bytes()))
}

/// Sets the value at a JSON Pointer, with the objects on the way to it.
fn set(body: &mut Value, pointer: &str, value: Value) -> Option<()> {
    let mut here = body;
    let mut tokens = pointer.split('/').skip(1).peekable();
    while let Some(token) = tokens.next() {
        let token = token.replace("~1", "/").replace("~0", "~");
        let object = here.as_object_mut()?;
        if tokens.peek().is_none() {
            object.insert(token, value);
            return Some(());
        }
        here = object
            .entry(token)
            .or_insert_with(|| Value::Object(tributary_sdk::serde_json::Map::new()));
    }
    None
}

/// How people call this page.
fn label(method: &str, path: &str, query: &[(String, String)]) -> String {
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mark = if pairs.is_empty() { "" } else { "?" };
    format!("{method} {path}{mark}{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use tributary_sdk::serde_json::{from_value, json};

    use super::*;

    fn built(stream: Value, values: Values<'_>, position: Option<&str>) -> Result<Built> {
        let config: Config = from_value(json!({
            "streams": {"s": stream}, "headers": {"Accept": "application/vnd.x+json", "X-All": "1"},
        }))
        .unwrap();
        let ask = Ask {
            config: &config,
            name: "s",
            stream: &config.streams["s"],
            values,
            position,
        };
        build(&ask)
    }

    const SINCE: Values<'static> = Values {
        since: Some("2026"),
        parent: Some("a/b c"),
    };

    #[test]
    fn pages_are_asked_for_in_the_query() {
        let cursor = json!({"path": "x", "query": {"a": "1"}, "pages": {
            "next": "/n", "cursor_param": "cursor", "size": 5, "size_param": "limit"},
            "incremental": {"param": "since", "field": "/t", "value": "ge {since}"}});
        let first = built(cursor.clone(), Values::default(), None).unwrap();
        assert_eq!(first.label, "GET x?a=1&limit=5");
        let next = built(cursor, SINCE, Some("tok")).unwrap();
        assert_eq!(next.label, "GET x?a=1&limit=5&cursor=tok&since=ge 2026");
        let page = json!({"path": "x", "pages": {"kind": "page", "param": "p"}});
        assert_eq!(built(page.clone(), SINCE, None).unwrap().label, "GET x?p=1");
        assert_eq!(built(page, SINCE, Some("7")).unwrap().label, "GET x?p=7");
        let offset = json!({"path": "x", "pages": {"kind": "offset", "param": "o"}});
        assert_eq!(built(offset, SINCE, None).unwrap().label, "GET x?o=0");
        let link = json!({"path": "x", "query": {"a": "1"}, "pages": {"kind": "link"}});
        let kept = kept_link(&link::Target {
            path: "y".to_owned(),
            query: vec![("b".to_owned(), "2".to_owned())],
        });
        assert_eq!(built(link, SINCE, Some(&kept)).unwrap().label, "GET y?b=2");
        assert_eq!(shown(&kept), "GET y?b=2");
        assert_eq!(
            (shown("tok").as_str(), shown("[1]").as_str()),
            ("tok", "[1]")
        );
    }

    #[test]
    fn a_list_by_post_has_its_pages_in_the_body() {
        let stream = json!({
            "path": "search/{parent}", "method": "post", "headers": {"X-Own": "{since}"},
            "body": {"filter": {"from": "{since}"}, "page": {"n": 0}},
            "parent": {"stream": "p", "field": "/id"},
            "pages": {"kind": "page", "param": "/page/n", "size": 9, "size_param": "/page/of/size", "in": "body"},
        });
        let built = built(stream, SINCE, Some("3")).unwrap();
        assert_eq!(built.label, "POST search/a%2Fb%20c");
        let body: Value =
            tributary_sdk::serde_json::from_slice(&built.request.body.unwrap()).unwrap();
        assert_eq!(
            body,
            json!({"filter": {"from": "2026"}, "page": {"n": 3, "of": {"size": 9}}})
        );
        let headers = built.request.headers;
        assert!(
            headers.contains(&("x-own".to_owned(), "2026".to_owned())),
            "{headers:?}"
        );
        assert!(headers.contains(&("accept".to_owned(), "application/vnd.x+json".to_owned())));
        assert_eq!(
            headers.iter().filter(|(name, _)| name == "accept").count(),
            1
        );
    }
}
