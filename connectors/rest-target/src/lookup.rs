//! Asking whether a record is there, for a target that knows no keys: one GET for each record, and what its
//! answer says.
//!
//! Invariants: "it is there" needs an answer of success in which everything agrees that the configuration
//! compares; "it is not there" needs a status that says so, or an answer of success with nothing at the place;
//! all else leaves the record uncertain or is asked again.

use serde::{Deserialize, Serialize};
use tributary_http_json::pointer::{at, scalar};
use tributary_http_json::raw;
use tributary_http_json::refusal::shortened;
use tributary_sdk::target::{Answer, Finding, Inquiry, Later, RowFinding, There};
use tributary_sdk::{Error, ErrorKind, Result, serde_json};

use crate::config::{Config, LookUp};
use crate::rules::not_understood;
use crate::settle::wait_asked_for;
use crate::template::{Place, Row, Text};

/// What an inquiry remembers of its record.
#[derive(Debug, Serialize, Deserialize)]
struct Context {
    /// what must be alike, in the order of the configuration
    same: Vec<Option<String>>,
    /// why the record cannot be asked for
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// The inquiries for the lines of a batch, each line with its key.
pub fn inquiries(config: &Config, ndjson: &[u8], keys: &[String]) -> Result<Vec<Inquiry>> {
    let text = std::str::from_utf8(ndjson).map_err(|_| Error::bug("the rows are not UTF-8"))?;
    let rows = text.lines().filter(|row| !row.is_empty());
    let lookup = configured(config)?;
    let mut inquiries = Vec::with_capacity(keys.len());
    for (number, (text, key)) in (0..).zip(rows.zip(keys)) {
        inquiries.push(inquiry(config, lookup, number, Row { text, key })?);
    }
    if inquiries.len() != keys.len() {
        let message = format!("{} rows came with {} keys", inquiries.len(), keys.len());
        return Err(Error::bug(message));
    }
    Ok(inquiries)
}

fn configured(config: &Config) -> Result<&LookUp> {
    let lookup = config.resend.lookup.as_ref();
    lookup.ok_or_else(|| {
        Error::config(
            "/config/resend/lookup",
            "how is the target asked for a record?",
        )
    })
}

fn inquiry(config: &Config, lookup: &LookUp, number: u32, row: Row<'_>) -> Result<Inquiry> {
    let fill = |text: &str, place: Place| {
        let parsed = Text::parse(text);
        let parsed = parsed.map_err(|message| Error::config("/config/resend/lookup", message))?;
        Ok::<_, Error>(parsed.fill(row, place))
    };
    let mut missing = None;
    let mut filled = |result: std::result::Result<String, String>| {
        result.unwrap_or_else(|pointer| {
            missing.get_or_insert(pointer);
            String::new()
        })
    };
    let path = filled(fill(&lookup.path, Place::Path)?);
    let mut query = Vec::new();
    for (name, text) in &lookup.query {
        query.push((name.clone(), filled(fill(text, Place::Text)?)));
    }
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    for (name, text) in &lookup.headers {
        headers.push((name.to_ascii_lowercase(), filled(fill(text, Place::Line)?)));
    }
    let same = lookup.same.iter();
    let same = same.map(|same| at(row.text, &same.record).and_then(scalar));
    let context = Context {
        same: same.collect(),
        refused: missing.map(|pointer| format!("the record has nothing at {pointer}")),
    };
    // What cannot be asked for stands behind a request that changes nothing.
    let stand_in = config
        .check
        .as_ref()
        .map_or("", |check| check.path.as_str());
    let refused = context.refused.is_some();
    Ok(Inquiry {
        path: if refused { stand_in.to_owned() } else { path },
        query: if refused { Vec::new() } else { query },
        headers,
        rows: vec![number],
        context: Some(serde_json::to_string(&context)?),
    })
}

/// What the answer says of the inquiry's record.
pub fn findings(config: &Config, inquiry: &Inquiry, answer: &Answer) -> Result<Vec<RowFinding>> {
    let lookup = configured(config)?;
    let context = inquiry.context.as_deref().unwrap_or("{}");
    let context: Context = serde_json::from_str(context)?;
    let finding = match context.refused {
        Some(why) => Finding::Unclear(format!("it cannot be asked for: {why}")),
        None => finding(lookup, &context.same, answer)?,
    };
    let of = |row: &u32| RowFinding {
        row: *row,
        finding: finding.clone(),
    };
    Ok(inquiry.rows.iter().map(of).collect())
}

fn finding(lookup: &LookUp, wanted: &[Option<String>], answer: &Answer) -> Result<Finding> {
    let text = String::from_utf8_lossy(&answer.body);
    let status = answer.status;
    let message = format!(
        "the look-up is answered with status {status}: {}",
        shortened(&text)
    );
    if lookup.absent.contains(&status) {
        return Ok(Finding::Absent);
    }
    match status {
        200..=299 => {}
        408 | 425 | 429 | 500..=599 => {
            return Ok(Finding::Later(Later {
                message,
                retry_after_ms: wait_asked_for(&answer.headers),
            }));
        }
        401 | 403 => return Err(Error::new(ErrorKind::Auth, message)),
        _ => return Ok(Finding::Unclear(message)),
    }
    if serde_json::from_str::<&serde_json::value::RawValue>(&text).is_err() {
        return Err(not_understood(format!(
            "the answer to the look-up is not JSON: {}",
            shortened(&text)
        )));
    }
    let found = at(&text, &lookup.found).map(str::trim);
    let Some(found) = found.filter(|found| !matches!(*found, "null" | "[]" | "{}")) else {
        return Ok(Finding::Absent);
    };
    for (same, wanted) in lookup.same.iter().zip(wanted) {
        let there = at(found, &same.at).and_then(scalar);
        if !alike(there.as_deref(), wanted.as_deref()) {
            let (at, there) = (&same.at, there.as_deref().unwrap_or("nothing"));
            let sent = wanted.as_deref().unwrap_or("nothing");
            return Ok(Finding::Unclear(format!(
                "something is there under this name, but {at} is {there} and {sent} was sent"
            )));
        }
    }
    let id = lookup.external_id.as_ref();
    Ok(Finding::There(There {
        external_id: id.and_then(|pointer| at(found, pointer).and_then(scalar)),
        detail: raw::members(found).map(|_| found.to_owned()),
    }))
}

/// Two scalars: alike as decimal numbers if both are, else letter by letter.
fn alike(there: Option<&str>, wanted: Option<&str>) -> bool {
    match (there, wanted) {
        (Some(there), Some(wanted)) => {
            there == wanted
                || matches!((digits(there), digits(wanted)), (Some(a), Some(b)) if a == b)
        }
        (there, wanted) => there == wanted,
    }
}

/// A plain decimal without what does not count: `-01.50` is `-1.5`.
fn digits(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, part) = rest.split_once('.').unwrap_or((rest, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) || (rest.contains('.') && part.is_empty())
    {
        return None;
    }
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let sign = if whole.is_empty() && part.is_empty() {
        ""
    } else {
        sign
    };
    Some(format!("{sign}{whole}.{part}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use tributary_sdk::serde_json::{from_value, json};

    use super::*;

    fn config() -> Config {
        from_value(json!({
            "request": {"path": "invoices"},
            "resend": {"kind": "lookup", "lookup": {
                "path": "invoices", "query": {"number": "{/no}"}, "found": "/items/0",
                "same": [{"at": "/total", "record": "/total"}, {"at": "/by", "record": "/by"}],
                "external_id": "/id",
            }},
        }))
        .unwrap()
    }

    fn judged(status: u16, body: &str) -> String {
        let rows = b"{\"no\":\"A 1\",\"total\":10.50}\n";
        let config = config();
        let inquiry = inquiries(&config, rows, &["k".to_owned()])
            .unwrap()
            .remove(0);
        assert_eq!(inquiry.query, [("number".to_owned(), "A 1".to_owned())]);
        let answer = Answer {
            status,
            headers: vec![("retry-after".to_owned(), "7".to_owned())],
            body: body.into(),
        };
        match findings(&config, &inquiry, &answer) {
            Err(error) => format!("error {:?}", error.kind),
            Ok(found) => match &found[0].finding {
                Finding::There(there) => format!("there {:?}", there.external_id),
                Finding::Absent => "absent".to_owned(),
                Finding::Unclear(why) => format!("unclear {why}"),
                Finding::Later(later) => format!("later {:?}", later.retry_after_ms),
            },
        }
    }

    #[test]
    fn answers_say_what_is_there() {
        let there = "there Some(\"7\")";
        for (status, body, wanted) in [
            (200, "{\"items\":[{\"id\":7,\"total\":\"10.5\"}]}", there),
            (
                200,
                "{\"items\":[{\"id\":7,\"total\":10.500,\"by\":null}]}",
                there,
            ),
            (200, "{\"items\":[]}", "absent"),
            (200, "{\"items\":[{}]}", "absent"),
            (404, "not here", "absent"),
            (429, "", "later Some(7000)"),
            (503, "", "later Some(7000)"),
            (401, "", "error ErrorKind::Auth"),
            (200, "<html>", "error ErrorKind::Data"),
        ] {
            assert_eq!(judged(status, body), wanted, "{status} {body}");
        }
        for (status, body, words) in [
            (
                200,
                "{\"items\":[{\"id\":7,\"total\":11}]}",
                "/total is 11 and 10.50 was sent",
            ),
            (
                200,
                "{\"items\":[{\"total\":10.5,\"by\":\"x\"}]}",
                "/by is x and nothing was sent",
            ),
            (400, "what?", "status 400"),
            (302, "", "status 302"),
        ] {
            let found = judged(status, body);
            assert!(
                found.starts_with("unclear") && found.contains(words),
                "{found}"
            );
        }
    }

    #[test]
    fn a_record_without_its_name_cannot_be_asked_for() {
        let config = config();
        let inquiry = inquiries(&config, b"{}\n", &["k".to_owned()])
            .unwrap()
            .remove(0);
        assert!(inquiry.query.is_empty());
        let answer = Answer {
            status: 404,
            headers: Vec::new(),
            body: Vec::new(),
        };
        let found = findings(&config, &inquiry, &answer).unwrap().remove(0);
        assert!(matches!(found.finding, Finding::Unclear(why) if why.contains("/no")));
    }

    #[test]
    fn numbers_are_alike_by_value() {
        for (a, b, wanted) in [
            ("10.50", "10.5", true),
            ("-0", "0.0", true),
            ("007", "7", true),
            ("-1.5", "1.5", false),
            ("1e3", "1000", false),
            ("1.", "1", false),
            ("x", "x", true),
        ] {
            assert_eq!(alike(Some(a), Some(b)), wanted, "{a} {b}");
        }
    }
}
