//! What became of a file: all of its records share it.

use serde_json::{Value, json};
use tributary_sdk::bindings::target::exports::tributary::connector::target::{Delivered, Retry};
use tributary_sdk::target::all_rows;
use tributary_sdk::{Call, Error, Outcome, Result, RetryKind, RowOutcome, TargetResponse};

/// One outcome for each row.
pub fn outcomes(call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
    let context = call.context.as_deref().unwrap_or("null");
    let context: Value = serde_json::from_str(context)?;
    let file = context.get("file").and_then(Value::as_str);
    let file = file.ok_or_else(|| Error::bug("the call has no context"))?;
    let said = response.header("x-tributary-detail");
    let said = said.unwrap_or("the store refused the file");
    let outcome = match response.status {
        201 => Outcome::Delivered(Delivered {
            external_id: Some(file.to_owned()),
            detail: Some(json!({ "sha256": response.header("x-tributary-sha256") }).to_string()),
        }),
        429 => Outcome::Retry(Retry {
            retry_after_ms: response.retry_after_ms(),
            ..retry(RetryKind::RateLimited, said.to_owned())
        }),
        // No record is to blame for a folder or a right that lacks: a person mends it, and all
        // records wait.
        status => Outcome::Retry(retry(
            RetryKind::Transient,
            format!("{file}: {said} ({status})"),
        )),
    };
    Ok(all_rows(call, &outcome))
}

fn retry(kind: RetryKind, message: String) -> Retry {
    Retry {
        kind,
        message,
        retry_after_ms: None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn settled(status: u16, headers: &[(&str, &str)]) -> Vec<RowOutcome> {
        let call = Call {
            method: "PUT".to_owned(),
            path: "out/a.ndjson".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            rows: vec![0, 1],
            idempotency_key: None,
            context: Some(r#"{"file": "out/a.ndjson"}"#.to_owned()),
        };
        let plain = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let response = TargetResponse {
            status,
            headers: headers.iter().map(plain).collect(),
            body: Vec::new(),
        };
        outcomes(&call, &response).unwrap()
    }

    #[test]
    fn all_records_share_what_became_of_the_file() {
        let written = settled(201, &[("x-tributary-sha256", "00ff")]);
        assert_eq!(written.len(), 2);
        for row in &written {
            let Outcome::Delivered(delivered) = &row.outcome else {
                panic!()
            };
            assert_eq!(delivered.external_id.as_deref(), Some("out/a.ndjson"));
            assert_eq!(delivered.detail.as_deref(), Some(r#"{"sha256":"00ff"}"#));
        }
        for (status, kind) in [
            (403, RetryKind::Transient),
            (404, RetryKind::Transient),
            (429, RetryKind::RateLimited),
        ] {
            let refused = settled(status, &[("x-tributary-detail", "no right")]);
            for row in &refused {
                let Outcome::Retry(retry) = &row.outcome else {
                    panic!()
                };
                assert!(retry.kind == kind && retry.message.contains("no right"));
            }
        }
    }

    #[test]
    fn a_busy_store_says_how_long_to_wait() {
        for (status, waits, wanted) in [
            (429, "7", Some(7000)),
            (429, "soon", None),
            (503, "7", None),
        ] {
            for row in &settled(status, &[("retry-after", waits)]) {
                let Outcome::Retry(retry) = &row.outcome else {
                    panic!()
                };
                assert_eq!(retry.retry_after_ms, wanted, "{status} {waits}");
            }
        }
    }
}
