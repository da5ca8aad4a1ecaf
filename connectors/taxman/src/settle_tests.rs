//! Answers to outcomes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use tributary_sdk::serde_json::{self, Value, json};
use tributary_sdk::{Call, ErrorKind, Outcome, RowOutcome, TargetResponse};

use crate::settle::outcomes;

/// A call of `rows` rows with this context; keys are made if it has none.
fn call_of(rows: u32, mut context: Value) -> Call {
    if context.get("keys").is_none() {
        let keys: Vec<String> = (0..rows).map(|row| format!("k{row}")).collect();
        context["keys"] = json!(keys);
    }
    if context.get("actions").is_none() {
        context["actions"] = json!(["create"]);
    }
    Call {
        method: "POST".to_owned(),
        path: String::new(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Vec::new(),
        rows: (0..rows).collect(),
        idempotency_key: None,
        context: Some(context.to_string()),
    }
}

fn call(rows: u32) -> Call {
    call_of(rows, json!({}))
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

fn detail(outcome: &RowOutcome) -> Value {
    let Outcome::Delivered(delivered) = &outcome.outcome else {
        panic!("{outcome:?}");
    };
    serde_json::from_str(delivered.detail.as_deref().unwrap()).unwrap()
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
        assert_eq!(error.code.as_deref(), Some("target_answer"), "{body}");
    }
}

#[test]
fn a_status_is_good_only_for_what_was_asked_for() {
    let actions = ["create", "adjust", "void", "calculate"];
    for (place, action) in actions.into_iter().enumerate() {
        for status in ["committed", "voided", "calculated"] {
            let good = ["committed", "committed", "voided", "calculated"][place] == status;
            let item = json!({"idempotency_key": "k0", "status": status,
                "transaction": {"id": "t", "status": status}});
            let batch = json!({"results": [item]}).to_string();
            let of_batch = outcomes(
                &call_of(1, json!({"actions": [action]})),
                &answer(200, &batch),
            );
            let single = call_of(1, json!({"actions": [action], "single": true}));
            let body = item["transaction"].to_string();
            let of_single = outcomes(&single, &answer(200, &body));
            assert_eq!(
                (of_batch.is_ok(), of_single.is_ok()),
                (good, good),
                "{action} {status}"
            );
        }
    }
}

#[test]
fn a_calculation_is_marked_and_has_no_id() {
    let context = json!({"actions": ["calculate"], "single": true});
    let body = "{ \"id\":\"x\",\"status\":\"calculated\",\"total_tax\":\"7.10\"}";
    let found = outcomes(&call_of(1, context), &answer(200, body)).unwrap();
    assert_eq!(words(&found), ["delivered -"]);
    let detail = detail(&found[0]);
    assert_eq!(
        (&detail["calculated_only"], &detail["total_tax"]),
        (&json!(true), &json!("7.10"))
    );
    let item = json!({"results": [{"idempotency_key": "k0", "status": "calculated"}]}).to_string();
    let found = outcomes(
        &call_of(1, json!({"actions": ["calculate"]})),
        &answer(200, &item),
    );
    assert_eq!(
        self::detail(&found.unwrap()[0]),
        json!({"calculated_only": true})
    );
}

#[test]
fn a_single_call_is_answered_with_taxmans_words() {
    let single = call_of(1, json!({"single": true}));
    let of = |status, body: &str| words(&outcomes(&single, &answer(status, body)).unwrap());
    let error = |code: &str, again: bool| {
        json!({"error": {"code": code, "message": "m", "target": "code", "retryable": again}})
            .to_string()
    };
    assert_eq!(
        of(201, "{\"id\":\"t\",\"status\":\"committed\"}"),
        ["delivered t"]
    );
    assert_eq!(
        of(404, &error("EntityNotFoundError", false)),
        ["rejected EntityNotFoundError /code"]
    );
    assert_eq!(
        of(400, &error("DateFormatError", false)),
        ["rejected DateFormatError /code"]
    );
    assert_eq!(
        of(409, &error("Busy", true)),
        ["retry RetryKind::Transient None"]
    );
    assert_eq!(
        of(500, &error("UnhandledException", true)),
        ["retry RetryKind::Transient Some(2000)"]
    );
    assert_eq!(of(400, "what?"), ["rejected http_400 -"]);
    assert_eq!(of(409, ""), ["retry RetryKind::Transient Some(2000)"]);
    assert!(
        outcomes(&single, &answer(404, "<html>")).is_err(),
        "is the address right?"
    );
}

#[test]
fn a_record_waits_for_the_one_before_it() {
    let context = json!({"keys": ["k0", "k3"], "after": {"1": 0, "2": 0, "4": 3}});
    let result = |key: &str, again: bool| {
        json!({"idempotency_key": key, "status": "error",
            "error": {"code": "E", "retryable": again}})
    };
    let body = json!({"results": [result("k3", true), result("k0", false)]}).to_string();
    let found = outcomes(&call_of(5, context.clone()), &answer(200, &body)).unwrap();
    let (next, same) = (
        "retry RetryKind::Split None",
        "retry RetryKind::Transient None",
    );
    assert_eq!(words(&found), ["rejected E -", next, next, same, same]);
    let found = outcomes(&call_of(5, context), &answer(429, "")).unwrap();
    assert_eq!(
        words(&found),
        ["retry RetryKind::RateLimited Some(2000)"; 5]
    );
    // a single call that is refused for itself lets the next one go
    let context = json!({"keys": ["k0"], "after": {"1": 0}, "single": true});
    let found = outcomes(&call_of(2, context), &answer(413, "")).unwrap();
    assert_eq!(words(&found), ["rejected http_413 -", next]);
}

#[test]
fn a_record_that_was_never_sent_is_refused_whatever_the_answer() {
    let refused =
        json!({"refused": {"1": ["action_unknown", "no action", "/do"], "0": ["c", "m", null]}});
    for status in [200, 404, 429, 500] {
        let found = outcomes(&call_of(2, refused.clone()), &answer(status, "")).unwrap();
        assert_eq!(
            words(&found),
            ["rejected c -", "rejected action_unknown /do"],
            "{status}"
        );
    }
}
