//! Answers to outcomes: the answer as a whole first, then the results of its records if it has any.

use std::collections::HashMap;

use tributary_http_json::instant::seconds_until;
use tributary_http_json::pointer::{at, scalar};
use tributary_http_json::raw;
use tributary_sdk::bindings::target::exports::tributary::connector::target::Rejected;
use tributary_sdk::target::all_rows;
use tributary_sdk::{Call, Outcome, Result, RowOutcome, TargetResponse, serde_json};

use crate::config::{Config, Results};
use crate::prepare::{Context, VALUE_MISSING};
use crate::rules::{Said, not_understood};

/// Longest wait that an answer may ask for, ms.
const LONGEST_WAIT_MS: u64 = 86_400_000;

/// One outcome per row of the call.
pub fn outcomes(
    config: &Config,
    call: &Call,
    response: &TargetResponse,
) -> Result<Vec<RowOutcome>> {
    let context = call.context.as_deref();
    let names = match context.map(serde_json::from_str::<Context>).transpose()? {
        Some(Context::Refused { message, field }) => {
            let outcome = Outcome::Rejected(Rejected {
                code: VALUE_MISSING.to_owned(),
                message,
                field,
            });
            return Ok(all_rows(call, &outcome));
        }
        Some(Context::Names(names)) => names,
        None => Vec::new(),
    };
    let text = String::from_utf8_lossy(&response.body);
    let said = Said {
        status: response.status,
        retry_after_ms: wait_asked_for(&response.headers),
        text: &text,
        rows: call.rows.len(),
    };
    let good = match config.success.status.is_empty() {
        true => (200..=299).contains(&said.status),
        false => config.success.status.contains(&said.status),
    };
    let flagged = config
        .success
        .flag
        .as_ref()
        .is_none_or(|flag| said.is(flag));
    if !(good && flagged) {
        let outcome = match said.by_rules(config) {
            Some(outcome) => outcome?,
            None if good && !said.is_json() => said.garbled(config)?,
            None => said.by_status(config)?,
        };
        return Ok(all_rows(call, &outcome));
    }
    let results = config
        .batch
        .as_ref()
        .and_then(|batch| batch.results.as_ref());
    match results {
        None => Ok(all_rows(call, &said.delivered(config))),
        Some(results) => per_row(config, results, (call, &names), &said),
    }
}

/// The result of each record, found by its name or its place.
fn per_row(
    config: &Config,
    results: &Results,
    (call, names): (&Call, &[Option<String>]),
    said: &Said<'_>,
) -> Result<Vec<RowOutcome>> {
    let found = at(said.text, &results.at).and_then(raw::items);
    let found = found.ok_or_else(|| {
        let message = format!("the answer has no array of results at {:?}", results.at);
        not_understood(message)
    })?;
    let mut by_name: HashMap<String, &str> = HashMap::new();
    if let Some(key) = &results.key {
        for item in &found {
            if let Some(name) = at(item, key).and_then(scalar) {
                by_name.insert(name, item);
            }
        }
    } else if found.len() != call.rows.len() {
        // By place alone, one too few or too many would shift blame and ids.
        let message = format!(
            "the answer has {} results for {} records",
            found.len(),
            call.rows.len()
        );
        return Err(not_understood(message));
    }
    let mut outcomes = Vec::with_capacity(call.rows.len());
    for (place, row) in call.rows.iter().enumerate() {
        let item = match &results.key {
            None => found.get(place).copied(),
            Some(_) => {
                let name = names.get(place).and_then(Option::as_ref);
                name.and_then(|name| by_name.get(name)).copied()
            }
        };
        outcomes.push(RowOutcome {
            row: *row,
            outcome: of_row(config, results, said, item)?,
        });
    }
    Ok(outcomes)
}

fn of_row(
    config: &Config,
    results: &Results,
    said: &Said<'_>,
    item: Option<&str>,
) -> Result<Outcome> {
    let Some(item) = item else {
        let message = "the answer has no result for one of its records".to_owned();
        return match config.resend.kind {
            kind if kind.doubles() => Err(not_understood(message)),
            // sending it again is harmless and asks once more
            _ => Ok(said.again(&message)),
        };
    };
    let result = Said {
        status: said.status,
        retry_after_ms: said.retry_after_ms,
        text: item,
        rows: 1,
    };
    if results.success.as_ref().is_none_or(|flag| result.is(flag)) {
        return Ok(result.delivered(config));
    }
    match result.by_rules(config) {
        Some(outcome) => outcome,
        None => Ok(result.rejected(config, None)),
    }
}

/// `Retry-After`, in ms: seconds, or a date if the answer has its own.
/// The wait that an answer asks for, ms.
pub fn wait_asked_for(headers: &[(String, String)]) -> Option<u32> {
    let header = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.trim())
    };
    let text = header("retry-after")?;
    let ms = match text.parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 => (seconds * 1000.0) as u64,
        Ok(_) => return None,
        Err(_) => {
            // The target's own clock, so that the same answer always means the same.
            let now_ms = seconds_until(header("date")?, 0)?.checked_mul(1000)?;
            seconds_until(text, now_ms)?.saturating_mul(1000)
        }
    };
    u32::try_from(ms.min(LONGEST_WAIT_MS)).ok()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "tests"
    )]
    use tributary_sdk::ErrorKind;
    use tributary_sdk::serde_json::{Value, from_value, json};

    use super::*;

    fn call(rows: u32) -> Call {
        let names = (0..rows).map(|row| Some(format!("k{row}")));
        let context = Context::Names(names.collect());
        Call {
            method: "POST".to_owned(),
            path: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            rows: (0..rows).collect(),
            idempotency_key: None,
            context: Some(serde_json::to_string(&context).unwrap()),
        }
    }

    fn settled(config: &Value, rows: u32, status: u16, body: &str) -> Vec<String> {
        let config: Config = from_value(config.clone()).unwrap();
        let response = TargetResponse {
            status,
            headers: vec![
                (
                    "date".to_owned(),
                    "Sun, 06 Nov 1994 08:49:37 GMT".to_owned(),
                ),
                (
                    "retry-after".to_owned(),
                    "Sun, 06 Nov 1994 08:49:40 GMT".to_owned(),
                ),
            ],
            body: body.as_bytes().to_vec(),
        };
        let word = |outcome: &RowOutcome| match &outcome.outcome {
            Outcome::Delivered(it) => {
                format!("delivered {}", it.external_id.as_deref().unwrap_or("-"))
            }
            Outcome::Rejected(it) => format!(
                "rejected {} {} {}",
                it.code,
                it.message,
                it.field.as_deref().unwrap_or("-")
            ),
            Outcome::Retry(it) => format!("{:?} {:?}", it.kind, it.retry_after_ms),
        };
        match outcomes(&config, &call(rows), &response) {
            Ok(outcomes) => outcomes.iter().map(word).collect(),
            Err(error) => {
                assert!(matches!(
                    error.kind,
                    ErrorKind::Auth | ErrorKind::Data | ErrorKind::Config
                ));
                vec![format!(
                    "error {:?} {}",
                    error.kind,
                    error.code.unwrap_or_default()
                )]
            }
        }
    }

    fn api() -> Value {
        json!({
            "request": {"path": "x"}, "external_id": "/id",
            "success": {"flag": {"at": "/ok", "equals": ["true"]}},
            "error": {"code": "/error/code", "message": "/error/text", "field": "/error/at"},
            "errors": [
                {"status": [409], "at": "/error/code", "equals": "EXISTS", "kind": "delivered"},
                {"at": "/error/code", "equals": "BUSY", "kind": "rate_limited"},
                {"at": "/error/code", "equals": "LOGIN", "kind": "auth"},
                {"contains": "maintenance", "kind": "retry"},
            ],
        })
    }

    #[test]
    fn answers_mean_what_the_rules_say_then_what_the_status_says() {
        for (rows, status, body, wanted) in [
            (1, 200, "{\"ok\":true,\"id\":77}", "delivered 77"),
            (
                1,
                200,
                "{\"ok\":false,\"error\":{\"code\":\"E1\",\"text\":\"no\",\"at\":\"/code\"}}",
                "rejected E1 no /code",
            ),
            (
                1,
                200,
                "{\"ok\":false,\"error\":{\"code\":\"BUSY\"}}",
                "RetryKind::RateLimited Some(3000)",
            ),
            (
                1,
                200,
                "{\"ok\":false,\"error\":{\"code\":\"LOGIN\"}}",
                "error ErrorKind::Auth ",
            ),
            (
                1,
                409,
                "{\"error\":{\"code\":\"EXISTS\"},\"id\":\"a\"}",
                "delivered a",
            ),
            (
                1,
                409,
                "{\"error\":{\"code\":\"OTHER\"}}",
                "rejected OTHER {\"error\":{\"code\":\"OTHER\"}} -",
            ),
            (2, 409, "", "RetryKind::Split Some(3000)"),
            (1, 422, "", "rejected http_422  -"),
            (1, 429, "", "RetryKind::RateLimited Some(3000)"),
            (
                1,
                500,
                "<h1>maintenance</h1>",
                "RetryKind::Transient Some(3000)",
            ),
            (1, 502, "", "RetryKind::Transient Some(3000)"),
            (1, 503, "", "RetryKind::RateLimited Some(3000)"),
            (1, 401, "", "error ErrorKind::Auth "),
            (1, 302, "", "error ErrorKind::Config "),
            (1, 200, "garbage", "error ErrorKind::Data target_answer"),
            (1, 200, "{}", "rejected http_200 {} -"),
            (2, 200, "garbage", "error ErrorKind::Data target_answer"),
        ] {
            let got = settled(&api(), rows, status, body);
            assert_eq!(got[0], wanted, "{status} {body}");
        }
    }

    #[test]
    fn a_record_that_was_never_sent_is_refused_whatever_the_answer() {
        let config: Config = from_value(api()).unwrap();
        let mut call = call(1);
        call.context = Some("{\"refused\":{\"message\":\"no id\",\"field\":\"/id\"}}".to_owned());
        for status in [200, 404, 500] {
            let response = TargetResponse {
                status,
                headers: Vec::new(),
                body: Vec::new(),
            };
            let outcome = outcomes(&config, &call, &response)
                .unwrap()
                .remove(0)
                .outcome;
            let Outcome::Rejected(rejected) = outcome else {
                panic!("{outcome:?}");
            };
            assert_eq!(
                (rejected.code.as_str(), rejected.field.as_deref()),
                (VALUE_MISSING, Some("/id"))
            );
        }
    }

    fn bulk(results: Value) -> Value {
        json!({
            "request": {"path": "x"}, "external_id": "/id",
            "batch": {"max_rows": 10, "item": {"k": "{key}"}, "results": results},
            "resend": {"kind": "idempotency_key"},
            "error": {"code": "/code"},
            "errors": [{"at": "/code", "equals": "LATER", "kind": "retry"}],
        })
    }

    #[test]
    fn results_are_found_by_name_or_by_place() {
        let body = "{\"r\":[{\"key\":\"k1\",\"code\":\"BAD\"},{\"key\":\"k0\",\"id\":5,\"ok\":1},{\"key\":\"k2\",\"code\":\"LATER\"}]}";
        let named = bulk(json!({"at": "/r", "key": "/key", "success": {"at": "/ok"}}));
        let got = settled(&named, 4, 200, body);
        assert_eq!(got[0], "delivered 5");
        assert!(got[1].starts_with("rejected BAD"), "{got:?}");
        assert_eq!(got[2], "RetryKind::Transient Some(3000)");
        assert_eq!(
            got[3], "RetryKind::Transient Some(3000)",
            "no result for it"
        );
        let placed = bulk(json!({"at": "/r", "success": {"at": "/ok"}}));
        let got = settled(&placed, 3, 200, body);
        assert!(
            got[0].starts_with("rejected BAD") && got[1] == "delivered 5",
            "{got:?}"
        );
        for body in [body, "{\"r\":{}}", "{}", "", "[1"] {
            let got = settled(&placed, 4, 200, body);
            assert_eq!(got, ["error ErrorKind::Data target_answer"], "{body}");
        }
    }
}
