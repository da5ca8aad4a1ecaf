//! Answers to outcomes. What TAXMAN says about a record is kept word for word; what it says about
//! the call as a whole becomes a retry, or an error if it concerns every call.

use std::collections::HashMap;

use serde::Deserialize;
use tributary_sdk::bindings::target::exports::tributary::connector::target::{
    Delivered, Rejected, Retry,
};
use tributary_sdk::serde_json::{self, value::RawValue};
use tributary_sdk::target::all_rows;
use tributary_sdk::{
    Call, Error, ErrorKind, Outcome, Result, RetryKind, RowOutcome, TargetResponse,
};

const NOT_UNDERSTOOD: &str = "target_answer";

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    results: Vec<ItemResult<'a>>,
}

#[derive(Deserialize)]
struct ItemResult<'a> {
    idempotency_key: String,
    status: String,
    #[serde(borrow, default)]
    transaction: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<ItemError>,
}

#[derive(Deserialize)]
struct Committed {
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
struct ItemError {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    retryable: bool,
}

/// One outcome per row of the call.
pub fn outcomes(call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
    match response.status {
        200..=299 => per_row(call, response),
        status => whole_call(call, status, response),
    }
}

fn per_row(call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
    let answer: Answer<'_> = serde_json::from_slice(&response.body)
        .map_err(|error| not_understood(format!("the answer is not as expected: {error}")))?;
    let keys: Vec<String> = serde_json::from_str(call.context.as_deref().unwrap_or("[]"))?;
    let mut by_key: HashMap<&str, &ItemResult<'_>> = HashMap::new();
    for result in &answer.results {
        by_key.insert(result.idempotency_key.as_str(), result);
    }
    let mut outcomes = Vec::with_capacity(call.rows.len());
    for (row, key) in call.rows.iter().zip(&keys) {
        let outcome = match by_key.get(key.as_str()) {
            Some(result) => outcome(result)?,
            // Sending the same key again is harmless and asks for the saved answer.
            None => retry(
                RetryKind::Transient,
                "the answer has no result for this record",
                None,
            ),
        };
        outcomes.push(RowOutcome { row: *row, outcome });
    }
    Ok(outcomes)
}

fn outcome(result: &ItemResult<'_>) -> Result<Outcome> {
    match (result.status.as_str(), &result.error) {
        ("committed", _) => {
            let detail = result.transaction.map(|raw| raw.get().to_owned());
            let committed = detail
                .as_deref()
                .and_then(|text| serde_json::from_str::<Committed>(text).ok());
            Ok(Outcome::Delivered(Delivered {
                external_id: committed.and_then(|committed| committed.id),
                detail,
            }))
        }
        ("error", Some(error)) if error.retryable => Ok(retry(
            RetryKind::Transient,
            &format!("{}: {}", error.code, error.message),
            None,
        )),
        ("error", Some(error)) => Ok(Outcome::Rejected(Rejected {
            code: error.code.clone(),
            message: error.message.clone(),
            field: error.target.as_deref().map(pointer),
        })),
        (status, _) => Err(not_understood(format!(
            "a result has the status {status:?}"
        ))),
    }
}

/// TAXMAN's `lines[0].tax_code` as the JSON Pointer `/lines/0/tax_code`.
fn pointer(target: &str) -> String {
    if target.is_empty() || target.starts_with('/') {
        return target.to_owned();
    }
    format!("/{}", target.replace(['.', '['], "/").replace(']', ""))
}

fn whole_call(call: &Call, status: u16, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
    let said = said(response);
    let message = format!("TAXMAN answers with status {status}{said}");
    let outcome = match status {
        429 => retry(RetryKind::RateLimited, &message, retry_after_ms(response)),
        408 | 409 | 425 | 500..=599 => {
            retry(RetryKind::Transient, &message, retry_after_ms(response))
        }
        401 | 403 => return Err(Error::new(ErrorKind::Auth, message)),
        // One row of many may be to blame: halves will show it.
        400 | 413 | 422 if call.rows.len() > 1 => retry(RetryKind::Split, &message, None),
        400 | 413 | 422 => Outcome::Rejected(Rejected {
            code: format!("http_{status}"),
            message,
            field: None,
        }),
        _ => return Err(not_understood(message)),
    };
    Ok(all_rows(call, &outcome))
}

fn retry(kind: RetryKind, message: &str, retry_after_ms: Option<u32>) -> Outcome {
    Outcome::Retry(Retry {
        kind,
        message: message.to_owned(),
        retry_after_ms,
    })
}

fn not_understood(message: String) -> Error {
    Error::data(message).with_code(NOT_UNDERSTOOD)
}

/// `Retry-After` in seconds. The date form is passed over: the platform then waits by itself.
fn retry_after_ms(response: &TargetResponse) -> Option<u32> {
    let seconds: f64 = response.header("retry-after")?.trim().parse().ok()?;
    (seconds >= 0.0).then(|| (seconds * 1000.0).min(86_400_000.0) as u32)
}

/// The beginning of the answer, for a person.
fn said(response: &TargetResponse) -> String {
    let text = String::from_utf8_lossy(&response.body);
    let text: String = text.trim().chars().take(300).collect();
    if text.is_empty() {
        text
    } else {
        format!(": {text}")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn call(rows: u32) -> Call {
        let keys: Vec<String> = (0..rows).map(|row| format!("k{row}")).collect();
        Call {
            method: "POST".to_owned(),
            path: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            rows: (0..rows).collect(),
            idempotency_key: None,
            context: Some(serde_json::to_string(&keys).unwrap()),
        }
    }

    fn answer(status: u16, body: &str) -> TargetResponse {
        TargetResponse {
            status,
            headers: vec![("retry-after".to_owned(), "2".to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    fn words(outcomes: &[RowOutcome]) -> Vec<String> {
        let word = |outcome: &RowOutcome| match &outcome.outcome {
            Outcome::Delivered(it) => {
                format!("delivered {}", it.external_id.as_deref().unwrap_or("-"))
            }
            Outcome::Rejected(it) => format!(
                "rejected {} {}",
                it.code,
                it.field.as_deref().unwrap_or("-")
            ),
            Outcome::Retry(it) => format!("retry {:?} {:?}", it.kind, it.retry_after_ms),
        };
        outcomes.iter().map(word).collect()
    }

    #[test]
    fn results_are_found_by_key_not_by_place() {
        let body = r#"{"results":[
            {"idempotency_key":"k1","status":"error","error":{"code":"InvalidPostalCode","message":"no","target":"lines[0].tax_code","retryable":false}},
            {"idempotency_key":"k0","status":"committed","transaction":{"id":"t-1","total_tax":"1.90"}},
            {"idempotency_key":"k2","status":"error","error":{"code":"Busy","message":"later","retryable":true}}]}"#;
        let outcomes = outcomes(&call(4), &answer(200, body)).unwrap();
        assert_eq!(
            words(&outcomes),
            [
                "delivered t-1",
                "rejected InvalidPostalCode /lines/0/tax_code",
                "retry RetryKind::Transient None",
                "retry RetryKind::Transient None",
            ]
        );
    }

    #[test]
    fn whole_call_statuses_become_retries_or_errors() {
        let of = |rows, status| words(&outcomes(&call(rows), &answer(status, "why")).unwrap());
        assert_eq!(of(2, 429), ["retry RetryKind::RateLimited Some(2000)"; 2]);
        assert_eq!(of(1, 503), ["retry RetryKind::Transient Some(2000)"]);
        assert_eq!(of(2, 422), ["retry RetryKind::Split None"; 2]);
        assert_eq!(of(1, 422), ["rejected http_422 -"]);
        for (status, kind) in [(401, ErrorKind::Auth), (418, ErrorKind::Data)] {
            let error = outcomes(&call(1), &answer(status, "")).unwrap_err();
            assert_eq!(error.kind, kind);
        }
        for body in [
            "",
            "[]",
            "{\"results\":[{\"idempotency_key\":\"k0\",\"status\":\"odd\"}]}",
        ] {
            let error = outcomes(&call(1), &answer(200, body)).unwrap_err();
            assert_eq!(error.code.as_deref(), Some(NOT_UNDERSTOOD), "{body}");
        }
    }
}
