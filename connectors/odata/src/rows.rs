//! Rows that have to be changed before they are handed over: V2's dates, wrappings and links, and
//! collections inside a row that the service cut into pages. All else stays the text that it was.

use tributary_http_json::pointer::{at, quoted, scalar};
use tributary_http_json::raw::{MAX_DEPTH, items, members, push_line};
use tributary_sdk::Result;
use tributary_sdk::serde_json;

use crate::config::Version;
use crate::literal::iso;

/// Reads the elements of a collection that go on at a link.
pub type Fetch<'a> = dyn FnMut(&str) -> Result<Vec<String>> + 'a;

/// A row as one line of JSON.
pub fn plain(row: &str, version: Version, fetch: &mut Fetch<'_>) -> Result<String> {
    let mut out = String::with_capacity(row.len());
    write(row, version, 0, fetch, &mut out)?;
    Ok(out)
}

/// Whether a row of a delta says that something is gone.
pub fn is_removed(row: &str) -> bool {
    // V4.01, then V4.0, whose deleted entities are told by their context
    at(row, "/@removed").is_some()
        || at(row, "/@odata.removed").is_some()
        || at(row, "/@odata.context")
            .and_then(scalar)
            .is_some_and(|context| context.ends_with("/$deletedEntity"))
}

/// Whether a row of a delta is about a link between entities and no entity itself.
pub fn is_link(row: &str) -> bool {
    let context = at(row, "/@odata.context")
        .and_then(scalar)
        .unwrap_or_default();
    context.ends_with("/$link") || context.ends_with("/$deletedLink")
}

fn write(
    value: &str,
    version: Version,
    depth: usize,
    fetch: &mut Fetch<'_>,
    out: &mut String,
) -> Result<()> {
    let first = value.trim_start().as_bytes().first();
    if depth >= MAX_DEPTH {
        push_line(out, value);
        return Ok(());
    }
    match (first, version) {
        (Some(b'{'), _) => {
            let Some(all) = members(value) else {
                push_line(out, value);
                return Ok(());
            };
            match (version, collection(&all)) {
                (Version::V2, Some((elements, next))) => {
                    write_items(elements, next, version, depth, fetch, out)
                }
                _ => write_members(&all, version, depth, fetch, out),
            }
        }
        (Some(b'['), _) => write_items(value, None, version, depth, fetch, out),
        (Some(b'"'), Version::V2) => {
            let text: Option<String> = serde_json::from_str(value).ok();
            match text.as_deref().and_then(iso) {
                Some(date) => out.push_str(&quoted(&date)),
                None => push_line(out, value),
            }
            Ok(())
        }
        _ => {
            push_line(out, value);
            Ok(())
        }
    }
}

/// V2's `{"results": […]}`, with a link if it goes on.
fn collection<'a>(all: &[(String, &'a str)]) -> Option<(&'a str, Option<String>)> {
    let member = |name: &str| all.iter().find(|(n, _)| n == name).map(|(_, value)| *value);
    let known = ["results", "__next", "__count"];
    if !all.iter().all(|(name, _)| known.contains(&name.as_str())) {
        return None;
    }
    let elements = member("results").filter(|value| value.trim_start().starts_with('['))?;
    Some((elements, member("__next").and_then(scalar)))
}

fn write_members(
    all: &[(String, &str)],
    version: Version,
    depth: usize,
    fetch: &mut Fetch<'_>,
    out: &mut String,
) -> Result<()> {
    out.push('{');
    let mut first = true;
    for (name, value) in all {
        if skipped(name, value, version) {
            continue;
        }
        if !first {
            out.push(',');
        }
        first = false;
        out.push_str(&quoted(name));
        out.push(':');
        let link = |suffix: &str| {
            let link = format!("{name}{suffix}");
            let found = all.iter().find(|(other, _)| *other == link)?;
            scalar(found.1)
        };
        match link("@odata.nextLink").or_else(|| link("@nextLink")) {
            Some(next) if version == Version::V4 => {
                write_items(value, Some(next), version, depth, fetch, out)?;
            }
            _ => write(value, version, depth + 1, fetch, out)?,
        }
    }
    out.push('}');
    Ok(())
}

/// What tells of the protocol, not of the row.
fn skipped(name: &str, value: &str, version: Version) -> bool {
    match version {
        Version::V2 => {
            name == "__metadata"
                || (value.trim_start().starts_with('{')
                    && members(value).is_some_and(
                        |inner| matches!(inner.as_slice(), [(only, _)] if only == "__deferred"),
                    ))
        }
        Version::V4 => name.ends_with("@odata.nextLink") || name.ends_with("@nextLink"),
    }
}

fn write_items(
    value: &str,
    next: Option<String>,
    version: Version,
    depth: usize,
    fetch: &mut Fetch<'_>,
    out: &mut String,
) -> Result<()> {
    out.push('[');
    let mut first = true;
    let mut one = |item: &str, fetch: &mut Fetch<'_>, out: &mut String| {
        if !first {
            out.push(',');
        }
        first = false;
        write(item, version, depth + 1, fetch, out)
    };
    for item in items(value).unwrap_or_default() {
        one(item, fetch, out)?;
    }
    if let Some(next) = next {
        for item in fetch(&next)? {
            one(&item, fetch, out)?;
        }
    }
    out.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn row(text: &str, version: Version) -> String {
        let mut fetch = |link: &str| Ok(vec![format!("{{\"from\": \"{link}\"}}")]);
        plain(text, version, &mut fetch).unwrap()
    }

    #[test]
    fn v2_rows_lose_their_wrapping_and_keep_their_digits() {
        let text = r#"{"__metadata": {"uri": "x"}, "at": "\/Date(1767225600000+0000)\/", "n": 1.10, "total": "1.10",
            "items": {"results": [{"d": "/Date(0)/", "up": {"__deferred": {"uri": "y"}}, "product": {"sku": "a", "__metadata": {}}}]},
            "many": {"results": [1], "__next": "L"}, "none": null, "real": {"results": "text", "other": 1}}"#;
        assert_eq!(
            row(text, Version::V2),
            r#"{"at":"2026-01-01T00:00:00Z","n":1.10,"total":"1.10","items":[{"d":"1970-01-01T00:00:00","product":{"sku":"a"}}],"many":[1,{"from":"L"}],"none":null,"real":{"results":"text","other":1}}"#
        );
    }

    #[test]
    fn v4_collections_that_go_on_are_read_to_their_end() {
        let text = r#"{"@odata.etag": "e", "items@odata.nextLink": "Orders(1)/items?$skiptoken=2", "items": [{"n": 1.50}], "date": "/Date(0)/"}"#;
        assert_eq!(
            row(text, Version::V4),
            r#"{"@odata.etag":"e","items":[{"n":1.50},{"from":"Orders(1)/items?$skiptoken=2"}],"date":"/Date(0)/"}"#
        );
    }

    #[test]
    fn what_is_gone_is_seen() {
        assert!(is_removed(
            r#"{"@removed": {"reason": "deleted"}, "ID": 1}"#
        ));
        assert!(is_removed(
            r#"{"@odata.context": "x#Orders/$deletedEntity", "id": "Orders(1)"}"#
        ));
        assert!(is_link(r#"{"@odata.context": "x#Orders/$deletedLink"}"#));
        assert!(!is_removed("{\"ID\": 1}") && !is_link("{\"ID\": 1}"));
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!("{}1{}", "{\"a\":[".repeat(50), "]}".repeat(50));
        assert_eq!(row(&deep, Version::V2), deep);
    }
}
