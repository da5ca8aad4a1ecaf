//! The TAXMAN connector against TAXMAN: actions, single calls, the order of a transaction's records, look-ups.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tributary_host::{
    CallContext, Connector, Finding, HttpRequest, Outcome, RetryReason, TargetBatch,
};
use tributary_model::error_code::ErrorCode;

use crate::taxman::{faults, send, start, transaction};

/// Rows, each with its key.
struct Rows {
    ndjson: String,
    keys: Vec<String>,
}

impl Rows {
    fn new(rows: &[(&str, Value)]) -> Self {
        Self {
            ndjson: rows.iter().map(|(_, row)| format!("{row}\n")).collect(),
            keys: rows.iter().map(|(key, _)| (*key).to_owned()).collect(),
        }
    }

    fn batch(&self) -> TargetBatch<'_> {
        TargetBatch {
            stream: "transactions",
            ndjson: self.ndjson.as_bytes(),
            rows: u32::try_from(self.keys.len()).unwrap(),
            keys: &self.keys,
        }
    }
}

fn row(code: &str, action: Option<&str>) -> Value {
    let mut row: Value = serde_json::from_str(&transaction(code, "50667")).unwrap();
    if let Some(action) = action {
        row["action"] = json!(action);
    }
    row
}

/// Sends the rows once; what became of each.
async fn once(
    connector: &Connector,
    call: &CallContext,
    config: &Value,
    rows: &Rows,
) -> BTreeMap<u32, Outcome> {
    let mut outcomes = BTreeMap::new();
    for planned in connector.prepare(call, config, rows.batch()).await.unwrap() {
        let answer = send(call, &planned).await;
        let settled = connector.settle(call, config, &planned, &answer).await;
        for row in settled.unwrap() {
            assert_eq!(outcomes.insert(row.row, row.outcome), None, "once each");
        }
    }
    assert_eq!(outcomes.len(), rows.keys.len());
    outcomes
}

fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered { detail, .. } => {
            let detail = detail.as_ref().map_or("{}", |detail| detail.get());
            let detail: Value = serde_json::from_str(detail).unwrap();
            let only = if detail["calculated_only"] == true {
                " only"
            } else {
                ""
            };
            format!("{}{only}", detail["status"].as_str().unwrap())
        }
        Outcome::Rejected { code, field, .. } => {
            format!("{code} {}", field.as_deref().unwrap_or("-"))
        }
        Outcome::Retry { reason, .. } => format!("{reason:?}"),
    }
}

async fn effects(call: &CallContext) -> Value {
    let request = HttpRequest {
        method: "GET".to_owned(),
        path: "_control/effects".to_owned(),
        ..HttpRequest::default()
    };
    let answer = call.connection.send(request).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_say_what_is_done_with_them_in_batches_and_in_single_calls() {
    for calls in ["batch", "single"] {
        let (_server, connector, call) = start().await;
        let config = json!({"action_field": "/action", "calls": calls});
        let first = Rows::new(&[
            ("k1", row("A/1 ü", None)),
            ("k2", row("B", Some("create"))),
            ("k3", row("C", Some("calculate"))),
            ("k4", row("D", Some("adjust"))),
            (
                "k5",
                json!({"code": "E", "company_code": "ACME", "action": "void"}),
            ),
            ("k6", row("F", Some("delete"))),
        ]);
        let outcomes = once(&connector, &call, &config, &first).await;
        let words: Vec<String> = outcomes.values().map(word).collect();
        let gone = "EntityNotFoundError /code";
        assert_eq!(
            words,
            [
                "committed",
                "committed",
                "calculated only",
                gone,
                gone,
                "action_unknown /action"
            ],
            "{calls}"
        );
        let then = Rows::new(&[
            ("k7", row("A/1 ü", Some("adjust"))),
            (
                "k8",
                json!({"code": "B", "company_code": "ACME", "action": "void"}),
            ),
        ]);
        let outcomes = once(&connector, &call, &config, &then).await;
        let words: Vec<String> = outcomes.values().map(word).collect();
        assert_eq!(words, ["committed", "voided"], "{calls}");
        let again = once(&connector, &call, &config, &then).await;
        assert_eq!(again, outcomes, "a resend has the same answers");
        let effects = effects(&call).await;
        for (name, count) in [
            ("effects", 4),
            ("transactions", 2),
            ("adjustments", 1),
            ("voids", 1),
            ("voided", 1),
            ("calculations", 1),
            ("replays", 2),
        ] {
            assert_eq!(effects[name], json!(count), "{calls} {name}: {effects}");
        }
        assert_eq!(effects["total_tax"], json!("19.00"), "{calls}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transactions_records_go_out_one_after_the_other() {
    let (_server, connector, call) = start().await;
    let config = json!({"action_field": "/action", "calls": "single"});
    let rows = Rows::new(&[
        ("k1", row("A", None)),
        ("k2", row("A", Some("adjust"))),
        ("k3", row("A", Some("void"))),
    ]);
    faults(&call, json!({"throttle_next": 1, "retry_after_s": 1})).await;
    let outcomes = once(&connector, &call, &config, &rows).await;
    let waits = outcomes
        .values()
        .all(|outcome| word(outcome) == "RateLimited");
    assert!(waits, "none overtakes the first: {outcomes:?}");
    let outcomes = once(&connector, &call, &config, &rows).await;
    let words: Vec<String> = outcomes.values().map(word).collect();
    assert_eq!(words, ["committed", "Split", "Split"]);
    assert!(matches!(
        outcomes[&1],
        Outcome::Retry {
            reason: RetryReason::Split,
            retry_after_ms: None,
            ..
        }
    ));
    assert_eq!(effects(&call).await["effects"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_told_from_what_is_not() {
    let (_server, connector, call) = start().await;
    assert!(connector.asks());
    let config = json!({"action_field": "/action"});
    let sent = Rows::new(&[
        ("k1", row("A/1 ü", None)),
        ("k2", row("B", None)),
        ("k3", row("C", None)),
    ]);
    once(&connector, &call, &config, &sent).await;
    let void = json!({"code": "C", "company_code": "ACME", "action": "void"});
    once(
        &connector,
        &call,
        &config,
        &Rows::new(&[("k4", void.clone())]),
    )
    .await;
    let doubted = Rows::new(&[
        ("k1", row("A/1 ü", None)),
        ("k9", row("B", Some("adjust"))),
        ("k9", void),
        ("k9", row("D", None)),
        ("k9", row("B", Some("calculate"))),
        ("k9", row("B", Some("delete"))),
    ]);
    let inquiries = connector
        .inquire(&call, &config, doubted.batch())
        .await
        .unwrap();
    let mut told = Vec::new();
    for inquiry in &inquiries {
        assert_eq!(inquiry.method, "GET");
        let answer = send(&call, inquiry).await;
        let found = connector
            .judge(&call, &config, inquiry, &answer)
            .await
            .unwrap();
        told.push(match &found[0].finding {
            Finding::There { external_id, .. } => format!("there {}", external_id.is_some()),
            Finding::Absent => "absent".to_owned(),
            Finding::Unclear(why) => why.clone(),
            Finding::Later { .. } => "later".to_owned(),
        });
    }
    assert_eq!(
        (told[0].as_str(), told[2].as_str()),
        ("there true", "there true")
    );
    assert_eq!((told[3].as_str(), told[4].as_str()), ("absent", "absent"));
    assert!(
        told[1].contains("\"B\"") && told[1].contains("under the key k2"),
        "{told:?}"
    );
    assert!(told[5].contains("\"delete\" is no action"), "{told:?}");
    assert_eq!(
        effects(&call).await["effects"],
        json!(4),
        "asking changes nothing"
    );
    faults(&call, json!({"unauthorized": true})).await;
    let answer = send(&call, &inquiries[0]).await;
    let problem = connector
        .judge(&call, &config, &inquiries[0], &answer)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectionAuth);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_makes_no_sense_is_refused() {
    let (_server, connector, call) = start().await;
    for config in [
        json!({"action": "delete"}),
        json!({"action_field": "action"}),
        json!({"action_field": "/a~2"}),
        json!({"calls": "single", "max_rows_per_call": 10}),
    ] {
        let problem = connector.validate_config(&config).unwrap_err();
        assert_eq!(problem.code, ErrorCode::ConfigInvalid, "{config}");
        assert!(problem.pointer.is_some(), "{config}");
    }
    let good = json!({"calls": "single", "action_field": "/meta/~0a~1b", "action": "void"});
    connector.validate_config(&good).unwrap();
    assert!(
        connector
            .check(&call, &good)
            .await
            .unwrap()
            .iter()
            .all(|step| step.ok)
    );
}
