//! The query of a page: what to select and expand, which rows, in which order, after which row.

use serde::{Deserialize, Serialize};
use tributary_sdk::{Error, Method, Request, Result};

use crate::config::{Config, Paging, Stream, Version};
use crate::literal::Kind;
use crate::schema::Expand;

/// A property that rows are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// Where the next page is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// path and query of a link
    Link(String, Vec<(String, String)>),
    /// after the row with these values of the columns; null sorts first
    After(Vec<Option<String>>),
}

/// Which page of which stream.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub config: &'a Config,
    pub name: &'a str,
    pub stream: &'a Stream,
    /// cursor, if there is one, then the key
    pub columns: &'a [Column],
    /// value of the cursor to start from, inclusive
    pub since: Option<&'a str>,
    pub position: Option<&'a Position>,
}

/// A request and how people call it.
pub struct Built {
    pub request: Request,
    pub label: String,
}

/// Makes the request of a page.
pub fn build(ask: &Ask<'_>) -> Result<Built> {
    let (path, query) = match ask.position {
        Some(Position::Link(path, query)) => (path.clone(), query.clone()),
        _ => (ask.stream.entity_set.clone(), query(ask)?),
    };
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    if ask.config.version == Version::V4 {
        headers.push(("odata-maxversion".to_owned(), "4.01".to_owned()));
        let mut wishes = Vec::new();
        if ask.config.paging(ask.stream) == Paging::Links && ask.stream.page_size.is_some() {
            wishes.push(format!("odata.maxpagesize={}", ask.stream.page_size()));
        }
        if ask.stream.delta {
            wishes.push("odata.track-changes".to_owned());
        }
        if !wishes.is_empty() {
            headers.push(("prefer".to_owned(), wishes.join(",")));
        }
    }
    Ok(get(path, query, headers))
}

/// A GET and its name.
pub fn get(path: String, query: Vec<(String, String)>, headers: Vec<(String, String)>) -> Built {
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mark = if pairs.is_empty() { "" } else { "?" };
    let label = format!("GET {path}{mark}{}", pairs.join("&"));
    let request = Request {
        method: Method::Get,
        path,
        query,
        headers,
        body: None,
        idempotency_key: None,
        timeout_ms: None,
    };
    Built { request, label }
}

/// How a request is called in the log: `$skiptoken` and `$deltatoken` without their values, which are long
/// and look like credentials.
pub fn logged(label: &str) -> String {
    let plain = |part: &str| match part.split_once("token=") {
        Some((name, _)) => format!("{name}token"),
        None => part.to_owned(),
    };
    let parts: Vec<String> = label.split('&').map(plain).collect();
    parts.join("&")
}

fn query(ask: &Ask<'_>) -> Result<Vec<(String, String)>> {
    let (config, stream) = (ask.config, ask.stream);
    let mut query: Vec<(String, String)> = config
        .query
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut add = |name: &str, value: String| query.push((name.to_owned(), value));
    if !stream.select.is_empty() {
        add("$select", select(ask).join(","));
    }
    if !stream.expand.is_empty() {
        add("$expand", expand(stream, config.version));
    }
    let filter = filter(ask)?;
    if !filter.is_empty() {
        add("$filter", filter.join(" and "));
    }
    // A delta stream is ordered by the service.
    let ordered = !stream.delta && (stream.cursor.is_some() || by_keys(ask));
    if ordered && !ask.columns.is_empty() {
        let names: Vec<&str> = ask.columns.iter().map(|c| c.name.as_str()).collect();
        add("$orderby", names.join(","));
    }
    if by_keys(ask) {
        add("$top", stream.page_size().to_string());
    }
    Ok(query)
}

/// Whether the stream's pages follow each other by keys; without a key they can't.
pub fn by_keys(ask: &Ask<'_>) -> bool {
    let has_key = ask.columns.len() > usize::from(ask.stream.cursor.is_some());
    ask.config.paging(ask.stream) == Paging::Keys && has_key
}

/// What was chosen, with what paging needs.
fn select(ask: &Ask<'_>) -> Vec<String> {
    let mut names = ask.stream.select.clone();
    let needed = ask.columns.iter().map(|column| column.name.clone());
    // V2 wants expanded ways among the selected
    let ways = match ask.config.version {
        Version::V2 => ask.stream.expand.clone(),
        Version::V4 => Vec::new(),
    };
    for name in needed.chain(ways) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn expand(stream: &Stream, version: Version) -> String {
    if version == Version::V2 {
        return stream.expand.join(",");
    }
    fn text(tree: &Expand) -> String {
        let one = |(name, below): (&String, &Expand)| match below.0.is_empty() {
            true => name.clone(),
            false => format!("{name}($expand={})", text(below)),
        };
        tree.0.iter().map(one).collect::<Vec<_>>().join(",")
    }
    text(&Expand::of(&stream.expand))
}

fn filter(ask: &Ask<'_>) -> Result<Vec<String>> {
    let mut parts = Vec::new();
    if let Some(filter) = &ask.stream.filter {
        parts.push(format!("({filter})"));
    }
    if let Some(Position::After(values)) = ask.position {
        parts.push(format!("({})", after(ask, values)?));
    } else if let (Some(since), Some(_), Some(column)) =
        (ask.since, &ask.stream.cursor, ask.columns.first())
    {
        parts.push(format!(
            "{} ge {}",
            column.name,
            literal(ask, column, since)?
        ));
    }
    Ok(parts)
}

/// `(a gt 1) or (a eq 1 and b gt 2)` for the columns a, b and the row 1, 2.
fn after(ask: &Ask<'_>, values: &[Option<String>]) -> Result<String> {
    let mut ways = Vec::new();
    let mut same: Vec<String> = Vec::new();
    for (column, value) in ask.columns.iter().zip(values) {
        let (greater, equal) = match value {
            // null sorts first, so everything that is no null comes after it
            None => (format!("{} ne null", column.name), "null".to_owned()),
            Some(value) => {
                let literal = literal(ask, column, value)?;
                (format!("{} gt {literal}", column.name), literal)
            }
        };
        let mut way = same.clone();
        way.push(greater);
        ways.push(format!("({})", way.join(" and ")));
        same.push(format!("{} eq {equal}", column.name));
    }
    Ok(ways.join(" or "))
}

fn literal(ask: &Ask<'_>, column: &Column, value: &str) -> Result<String> {
    column
        .kind
        .literal(value, ask.config.version)
        .ok_or_else(|| {
            Error::data(format!(
                "{}: {} is {value:?}, which is no {:?} that a filter can name",
                ask.stream.entity_set, column.name, column.kind
            ))
            .with_code("source_protocol")
        })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tributary_sdk::serde_json::{Value, from_value, json};

    use super::*;

    fn label(config: Value, since: Option<&str>, position: Option<Position>) -> String {
        let config: Config = from_value(config).unwrap();
        let columns = [
            Column {
                name: "at".to_owned(),
                kind: Kind::DateTimeOffset,
            },
            Column {
                name: "ID".to_owned(),
                kind: Kind::Guid,
            },
        ];
        let stream = config.stream("s").unwrap();
        let columns = match stream.cursor {
            Some(_) => &columns[..],
            None => &columns[1..],
        };
        let ask = Ask {
            config: &config,
            name: "s",
            stream: &stream,
            columns,
            since,
            position: position.as_ref(),
        };
        build(&ask).unwrap().label
    }

    #[test]
    fn tokens_of_links_stay_out_of_the_log() {
        for (label, wanted) in [
            ("GET Orders?$top=2", "GET Orders?$top=2"),
            (
                "GET Orders?$expand=items&$skiptoken=abc&x=1",
                "GET Orders?$expand=items&$skiptoken&x=1",
            ),
            ("GET Orders?$deltatoken=9%3D", "GET Orders?$deltatoken"),
        ] {
            assert_eq!(logged(label), wanted);
        }
    }

    #[test]
    fn pages_by_keys_go_on_after_the_last_row() {
        let config = json!({"query": {"sap-client": "100"}, "streams": {"s": {"entity_set": "Orders", "cursor": "at",
            "filter": "x eq 1 or y eq 2", "select": ["no"], "expand": ["items", "items/product", "customer"], "page_size": 50}}});
        let start = "GET Orders?sap-client=100&$select=no,at,ID&$expand=customer,items($expand=product)&$filter=(x eq 1 or y eq 2)";
        let end = "&$orderby=at,ID&$top=50";
        assert_eq!(label(config.clone(), None, None), format!("{start}{end}"));
        assert_eq!(
            label(config.clone(), Some("2026-01-01T00:00:00Z"), None),
            format!("{start} and at ge 2026-01-01T00:00:00Z{end}")
        );
        let last = Position::After(vec![
            Some("2026-01-02T00:00:00Z".to_owned()),
            Some("ab".to_owned()),
        ]);
        assert_eq!(
            label(config.clone(), Some("2026-01-01T00:00:00Z"), Some(last)),
            format!(
                "{start} and ((at gt 2026-01-02T00:00:00Z) or (at eq 2026-01-02T00:00:00Z and ID gt ab)){end}"
            )
        );
        let null = Position::After(vec![None, Some("ab".to_owned())]);
        assert!(
            label(config, None, Some(null)).contains("((at ne null) or (at eq null and ID gt ab))")
        );
    }

    #[test]
    fn v2_follows_links_and_writes_its_own_literals() {
        let config = json!({"version": "v2", "streams": {"s": {"entity_set": "Orders", "cursor": "at",
            "select": ["no"], "expand": ["items/product"]}}});
        assert_eq!(
            label(config, Some("2026-01-01T00:00:00Z"), None),
            "GET Orders?$select=no,at,ID,items/product&$expand=items/product&$filter=at ge datetimeoffset'2026-01-01T00:00:00Z'&$orderby=at,ID"
        );
        let whole = json!({"version": "v2"});
        assert_eq!(label(whole.clone(), None, None), "GET s");
        let link = Position::Link(
            "Orders".to_owned(),
            vec![("$skiptoken".to_owned(), "7".to_owned())],
        );
        assert_eq!(label(whole, None, Some(link)), "GET Orders?$skiptoken=7");
    }
}
