//! What an answer means for the platform: the configuration's rules first, then what its status
//! says. The message names the request, the status and the start of what the API said.

use tributary_sdk::serde_json::Value;
use tributary_sdk::{Error, ErrorKind, serde_json};

use crate::config::{Config, ErrorRule, RuleKind, Stream};

/// Characters of an answer that go into a message.
const SAID_CHARS: usize = 300;

/// An answer that was refused.
pub struct Refused<'a> {
    /// how people call the request
    pub label: &'a str,
    pub status: u16,
    pub retry_after_ms: Option<u32>,
    /// the start of the body
    pub body: &'a str,
}

/// The rules of a stream, then those of all.
pub fn rules<'a>(config: &'a Config, stream: &'a Stream) -> impl Iterator<Item = &'a ErrorRule> {
    stream.errors.iter().chain(&config.errors)
}

/// Whether any rule looks at answers of success.
pub fn looks_at_success(config: &Config, stream: &Stream, status: u16) -> bool {
    rules(config, stream).any(|rule| rule.status.contains(&status))
}

/// What a rule finds in the body by `probe`.
pub fn by_rules<'a>(
    rules: impl Iterator<Item = &'a ErrorRule>,
    refused: &Refused<'_>,
    probe: &dyn Fn(&str) -> Option<String>,
) -> Option<Error> {
    let (label, status) = (refused.label, refused.status);
    for rule in rules {
        if !rule.status.is_empty() && !rule.status.contains(&status) {
            continue;
        }
        let found = match &rule.at {
            Some(at) => match probe(at) {
                Some(found) => found,
                None => continue,
            },
            None => refused.body.to_owned(),
        };
        let equal = rule.equals.as_ref().is_none_or(|wanted| *wanted == found);
        let within = rule
            .contains
            .as_ref()
            .is_none_or(|part| found.contains(part.as_str()));
        if !equal || !within {
            continue;
        }
        let kind = match rule.kind {
            RuleKind::Auth => ErrorKind::Auth,
            RuleKind::NotFound => ErrorKind::NotFound,
            RuleKind::RateLimited => ErrorKind::RateLimited,
            RuleKind::Transient => ErrorKind::Transient,
            RuleKind::Data => ErrorKind::Data,
            RuleKind::Config => ErrorKind::Config,
        };
        let said = match (&rule.message, &rule.at) {
            (Some(message), _) => message.clone(),
            (None, Some(_)) => shortened(&found),
            (None, None) => shortened(refused.body),
        };
        let mut error = Error::new(kind, format!("{label}: {said} (status {status})"));
        error.retry_after_ms = refused.retry_after_ms;
        if kind == ErrorKind::Transient {
            error = error.with_code("source_protocol");
        }
        return Some(error);
    }
    None
}

/// What a status other than 2xx means.
pub fn by_status(refused: &Refused<'_>) -> Error {
    let (label, status) = (refused.label, refused.status);
    let said = shortened(refused.body);
    let said = match said.is_empty() {
        true => said,
        false => format!(": {said}"),
    };
    let message = format!("{label}: status {status}{said}");
    match status {
        401 | 403 => Error::new(ErrorKind::Auth, message),
        404 | 410 => Error::new(ErrorKind::NotFound, message),
        429 => Error::rate_limited(message, refused.retry_after_ms),
        503 if refused.retry_after_ms.is_some() => {
            Error::rate_limited(message, refused.retry_after_ms)
        }
        408 | 425 | 500..=599 => Error::transient(message).with_code("source_protocol"),
        300..=399 => Error::new(
            ErrorKind::Config,
            format!("{message}; redirects are not followed, correct the base address or the path"),
        ),
        _ => Error::data(message),
    }
}

/// A probe into a body that is read already.
pub fn probe_of(body: &str) -> impl Fn(&str) -> Option<String> {
    let value: Option<Value> = serde_json::from_str(body).ok();
    move |pointer| match value.as_ref()?.pointer(pointer)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn shortened(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(SAID_CHARS)
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use tributary_sdk::serde_json::json;

    use super::*;

    fn refused(status: u16, body: &str) -> Refused<'_> {
        Refused {
            label: "GET x",
            status,
            retry_after_ms: Some(3000).filter(|_| status == 429),
            body,
        }
    }

    #[test]
    fn statuses_say_what_the_platform_should_do() {
        for (status, kind) in [
            (401, ErrorKind::Auth),
            (404, ErrorKind::NotFound),
            (429, ErrorKind::RateLimited),
            (503, ErrorKind::Transient),
            (400, ErrorKind::Data),
            (302, ErrorKind::Config),
        ] {
            assert_eq!(by_status(&refused(status, "")).kind, kind, "{status}");
        }
        let limited = by_status(&refused(429, "slow\n down"));
        assert_eq!(limited.retry_after_ms, Some(3000));
        assert_eq!(limited.message, "GET x: status 429: slow down");
    }

    #[test]
    fn rules_come_first_and_in_order() {
        let config: Config = serde_json::from_value(json!({
            "streams": {"s": {"path": "x", "errors": [
                {"status": [200], "at": "/error/0", "contains": "Session", "kind": "auth", "message": "the session ended"},
                {"status": [200], "at": "/error", "kind": "data"},
            ]}},
            "errors": [
                {"status": [403], "at": "/code", "equals": "THROTTLED", "kind": "rate_limited"},
                {"contains": "maintenance", "kind": "transient", "message": "the API is being maintained"},
            ],
        }))
        .unwrap();
        let stream = &config.streams["s"];
        let judged = |status: u16, body: &str| {
            let error = by_rules(
                rules(&config, stream),
                &refused(status, body),
                &probe_of(body),
            )?;
            Some((error.kind, error.message))
        };
        let text = |kind, text: &str| Some((kind, text.to_owned()));
        assert_eq!(
            judged(200, "{\"error\":[\"BadSession\"]}"),
            text(ErrorKind::Auth, "GET x: the session ended (status 200)")
        );
        assert_eq!(
            judged(200, "{\"error\":[\"nope\"]}"),
            text(ErrorKind::Data, "GET x: [\"nope\"] (status 200)")
        );
        assert_eq!(judged(200, "{\"result\":[]}"), None);
        assert_eq!(
            judged(403, "{\"code\":\"THROTTLED\"}"),
            text(ErrorKind::RateLimited, "GET x: THROTTLED (status 403)")
        );
        assert_eq!(judged(403, "{\"code\":\"NO\"}"), None);
        let maintained = judged(500, "<h1>maintenance</h1>").unwrap();
        assert_eq!(maintained.0, ErrorKind::Transient);
        assert!(looks_at_success(&config, stream, 200) && !looks_at_success(&config, stream, 201));
    }
}
