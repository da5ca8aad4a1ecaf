//! Asking whether a record is there, for a target that knows no keys: one GET for each record, and what its
//! answer says.
//!
//! Invariants: "it is there" needs an answer of success in which everything agrees that the configuration
//! compares; "it is not there" needs a status that says so, or an answer of success that shows that the place is
//! empty. A place that is missing shows nothing: the answer may be an error under a status of success. All else
//! leaves the record uncertain or is asked again.

use serde::{Deserialize, Serialize};
use tributary_http_json::pointer::{at, scalar};
use tributary_http_json::raw;
use tributary_http_json::refusal::shortened;
use tributary_sdk::target::{Answer, Finding, Inquiry, Later, RowFinding, There};
use tributary_sdk::{Error, ErrorKind, Result, serde_json};

use crate::config::{Config, LookUp, RuleKind};
use crate::rules::{Said, not_understood};
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
        None => finding(config, lookup, &context.same, answer)?,
    };
    let of = |row: &u32| RowFinding {
        row: *row,
        finding: finding.clone(),
    };
    Ok(inquiry.rows.iter().map(of).collect())
}

fn finding(
    config: &Config,
    lookup: &LookUp,
    wanted: &[Option<String>],
    answer: &Answer,
) -> Result<Finding> {
    if lookup.absent.contains(&answer.status) {
        return Ok(Finding::Absent);
    }
    let text = String::from_utf8_lossy(&answer.body);
    let said = Said {
        status: answer.status,
        retry_after_ms: wait_asked_for(&answer.headers),
        text: &text,
        rows: 1,
    };
    let message = format!(
        "the look-up is answered with status {}: {}",
        said.status,
        shortened(&text)
    );
    if said.refuses_to_tell(config) || !said.is_json() {
        return undecided(config, &said, message);
    }
    let found = at(&text, &lookup.found).map(str::trim);
    if found.map_or_else(|| none_there(&text, &lookup.found), is_nothing) {
        return Ok(Finding::Absent);
    }
    let Some(found) = found else {
        let place = &lookup.found;
        let message = format!("nothing is at {place:?}, nor a place where it could be; {message}");
        return undecided(config, &said, message);
    };
    // Nothing was compared and the whole answer is called the record: so would be an envelope of an error.
    let flag = config.success.flag.as_ref();
    if lookup.found.is_empty() && lookup.same.is_empty() && flag.is_some_and(|it| !said.is(it)) {
        return undecided(config, &said, message);
    }
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

/// A value that says that there is none.
fn is_nothing(value: &str) -> bool {
    let plain: String = value.split_whitespace().collect();
    matches!(plain.as_str(), "null" | "[]" | "{}")
}

/// Whether an answer without anything at `pointer` shows that there is none: the place around it is there. The
/// answer itself is such a place only as an array, or if it is empty, since every envelope of an error is an object.
fn none_there(text: &str, pointer: &str) -> bool {
    let Some((parent, token)) = pointer.rsplit_once('/') else {
        return false;
    };
    let Some(around) = at(text, parent).map(str::trim) else {
        return false;
    };
    match around.as_bytes().first() {
        Some(b'[') => token.parse::<usize>().is_ok(),
        Some(b'{') => !parent.is_empty() || is_nothing(around),
        _ => false,
    }
}

/// What an answer means that does not tell whether the record is there: the rules of the configuration, then the
/// status. Rules about a record's fate answer another question than the one that was asked.
fn undecided(config: &Config, said: &Said<'_>, message: String) -> Result<Finding> {
    let later = |message| {
        let retry_after_ms = said.retry_after_ms;
        Ok(Finding::Later(Later {
            message,
            retry_after_ms,
        }))
    };
    match said.rule(config).map(|rule| rule.kind) {
        Some(RuleKind::Retry | RuleKind::RateLimited) => return later(message),
        Some(RuleKind::Auth) => return Err(Error::new(ErrorKind::Auth, message)),
        Some(RuleKind::Config) => return Err(Error::new(ErrorKind::Config, message)),
        Some(RuleKind::Delivered | RuleKind::Rejected | RuleKind::Split) | None => {}
    }
    match said.status {
        408 | 425 | 429 | 500..=599 => later(message),
        401 | 403 => Err(Error::new(ErrorKind::Auth, message)),
        200..=299 if !said.is_json() => Err(not_understood(format!("{message} (no JSON)"))),
        _ => Ok(Finding::Unclear(message)),
    }
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
        judged_by(&config(), status, body)
    }

    fn judged_by(config: &Config, status: u16, body: &str) -> String {
        let rows = b"{\"no\":\"A 1\",\"total\":10.50}\n";
        let inquiry = inquiries(config, rows, &["k".to_owned()])
            .unwrap()
            .remove(0);
        assert_eq!(inquiry.query, [("number".to_owned(), "A 1".to_owned())]);
        let answer = Answer {
            status,
            headers: vec![("retry-after".to_owned(), "7".to_owned())],
            body: body.into(),
        };
        match findings(config, &inquiry, &answer) {
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
    fn an_error_under_a_status_of_success_is_no_proof_of_absence() {
        for (body, wanted) in [
            ("{\"error\":{\"code\":\"E1\"}}", "unclear"),
            ("{\"items\":null,\"error\":\"no\"}", "unclear"),
            ("{\"items\":\"none of your business\"}", "unclear"),
            ("[]", "unclear"),
            ("{\"items\": [ ]}", "absent"),
            ("{\"items\":[null]}", "absent"),
        ] {
            let found = judged(200, body);
            assert!(found.starts_with(wanted), "{body}: {found}");
        }
        for (pointer, body, wanted) in [
            ("", "null", "absent"),
            ("", "[]", "absent"),
            ("/invoice", "{ }", "absent"),
            ("/invoice", "{\"invoice\":null}", "absent"),
            ("/invoice", "{\"error\":\"no\"}", "unclear"),
            ("/data/invoice", "{\"data\":{\"count\":0}}", "absent"),
            ("/data/invoice", "{\"error\":\"no\"}", "unclear"),
            ("/0", "[]", "absent"),
            ("/first", "[]", "unclear"),
        ] {
            let mut config = config();
            config.resend.lookup.as_mut().unwrap().found = pointer.to_owned();
            let found = judged_by(&config, 200, body);
            assert!(found.starts_with(wanted), "{pointer} {body}: {found}");
        }
    }

    #[test]
    fn rules_for_success_and_errors_hold_for_look_ups_too() {
        let mut config = config();
        config.success = from_value(json!({"flag": {"at": "/ok", "equals": ["true"]}})).unwrap();
        config.errors = from_value(json!([
            {"status": [404], "kind": "delivered"},
            {"at": "/error", "equals": "BUSY", "kind": "rate_limited"},
            {"at": "/error", "equals": "LOGIN", "kind": "auth"},
            {"at": "/error", "equals": "PATH", "kind": "config"},
            {"status": [200], "at": "/error", "kind": "rejected"},
            {"contains": "maintenance", "kind": "retry"},
        ]))
        .unwrap();
        for (status, body, wanted) in [
            (200, "{\"ok\":true,\"items\":[]}", "absent"),
            // calls that send may have a flag that look-ups lack
            (200, "{\"items\":[]}", "absent"),
            (404, "", "absent"),
            (200, "{\"ok\":false,\"items\":[]}", "unclear"),
            (200, "{\"error\":\"E1\",\"items\":[]}", "unclear"),
            (200, "{\"error\":\"BUSY\"}", "later Some(7000)"),
            (403, "{\"error\":\"BUSY\"}", "later Some(7000)"),
            (200, "{\"error\":\"LOGIN\"}", "error ErrorKind::Auth"),
            (200, "{\"error\":\"PATH\"}", "error ErrorKind::Config"),
            (200, "<p>maintenance", "later Some(7000)"),
        ] {
            let found = judged_by(&config, status, body);
            assert!(found.starts_with(wanted), "{status} {body}: {found}");
        }
        // what is compared proves that it is the record; without that, a flag must
        let lookup = config.resend.lookup.as_mut().unwrap();
        lookup.found = String::new();
        let compared = judged_by(&config, 200, "{\"id\":7,\"total\":10.5}");
        assert_eq!(compared, "there Some(\"7\")");
        config.resend.lookup.as_mut().unwrap().same.clear();
        let envelope = judged_by(&config, 200, "{\"message\":\"no\"}");
        assert!(envelope.starts_with("unclear"), "{envelope}");
        let flagged = judged_by(&config, 200, "{\"ok\":true,\"id\":7}");
        assert_eq!(flagged, "there Some(\"7\")");
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
