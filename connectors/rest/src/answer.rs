//! What an answer means for the platform by the configuration's rules, which come before what its
//! status says.

use tributary_http_json::refusal::{Refused, shortened};
use tributary_sdk::{Error, ErrorKind};

use crate::config::{Config, ErrorRule, RuleKind, Stream};

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
        let Some(found) = rule.found(status, refused.body, probe) else {
            continue;
        };
        let kind = match rule.kind {
            RuleKind::Auth => ErrorKind::Auth,
            RuleKind::NotFound => ErrorKind::NotFound,
            RuleKind::RateLimited => ErrorKind::RateLimited,
            RuleKind::Transient => ErrorKind::Transient,
            RuleKind::Data => ErrorKind::Data,
            RuleKind::Config => ErrorKind::Config,
        };
        let said = match &rule.message {
            Some(message) => message.clone(),
            None => shortened(&found),
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use tributary_http_json::refusal::probe_of;
    use tributary_sdk::serde_json::{self, json};

    use super::*;

    fn refused(status: u16, body: &str) -> Refused<'_> {
        Refused {
            label: "GET x",
            status,
            retry_after_ms: None,
            body,
        }
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
