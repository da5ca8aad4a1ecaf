//! The TAXMAN connector against TAXMAN.

use serde_json::json;
use tributary_counterparts::taxman;
use tributary_host::{
    CallContext, Connector, EgressPolicy, HttpRequest, HttpResponse, Outcome, RetryReason,
    TargetBatch, TargetCall,
};
use tributary_model::error_code::ErrorCode;

use crate::support::{SECRET, context, http_document, load, place};

pub(crate) fn transaction(code: &str, postal_code: &str) -> String {
    json!({
        "type": "SalesInvoice", "code": code, "company_code": "ACME", "date": "2026-10-05",
        "customer_code": "C-1", "currency_code": "EUR",
        "addresses": {"ship_to": {"line1": "Weg 1", "city": "Köln", "country": "DE", "postal_code": postal_code}},
        "lines": [{"number": "1", "quantity": 1, "amount": 100.00, "tax_code": "VAT_STANDARD"}],
    })
    .to_string()
}

pub(crate) async fn start() -> (
    tributary_counterparts::web::Handle,
    std::sync::Arc<Connector>,
    CallContext,
) {
    let server = taxman::start(taxman::Config {
        port: 0,
        token: SECRET.to_owned(),
        forget: false,
        journal: None,
    })
    .await
    .unwrap();
    let (host, connector) = load("taxman", &[place(&server.url)]).await;
    let call = context(http_document(&server.url, SECRET), host.egress()).unwrap();
    (server, connector, call)
}

pub(crate) async fn send(call: &CallContext, target_call: &TargetCall) -> HttpResponse {
    let request = HttpRequest {
        method: target_call.method.clone(),
        path: target_call.path.clone(),
        query: target_call.query.clone(),
        headers: target_call.headers.clone(),
        body: Some(target_call.body.clone()),
        idempotency_key: target_call.idempotency_key.clone(),
        timeout_ms: Some(10_000),
    };
    call.connection.send(request).await.unwrap()
}

pub(crate) async fn faults(call: &CallContext, faults: serde_json::Value) {
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: "_control/faults".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Some(faults.to_string().into()),
        ..HttpRequest::default()
    };
    assert_eq!(call.connection.send(request).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_committed_or_rejected_row_by_row() {
    let (_server, connector, call) = start().await;
    let config = json!({});
    let steps = connector.check(&call, &config).await.unwrap();
    assert!(
        steps.len() == 2 && steps.iter().all(|step| step.ok),
        "{steps:?}"
    );

    let mut ndjson = String::new();
    for number in 0..250 {
        let postal_code = if number == 120 { "ABC" } else { "50667" };
        ndjson += &transaction(&format!("O-{number}"), postal_code);
        ndjson.push('\n');
    }
    let keys: Vec<String> = (0..250).map(|number| format!("key-{number}")).collect();
    let batch = TargetBatch {
        stream: "transactions",
        ndjson: ndjson.as_bytes(),
        rows: 250,
        keys: &keys,
    };
    let mut session = connector.target_session(&call, &config).await.unwrap();
    let calls = session.prepare(batch).await.unwrap();
    assert_eq!(calls.len(), 3);
    let mut outcomes = Vec::new();
    for target_call in &calls {
        let response = send(&call, target_call).await;
        outcomes.extend(session.settle(target_call, &response).await.unwrap());
    }
    assert_eq!(outcomes.len(), 250);
    for outcome in &outcomes {
        match (&outcome.outcome, outcome.row) {
            (Outcome::Rejected { code, .. }, 120) => assert_eq!(code, "InvalidPostalCode"),
            (
                Outcome::Delivered {
                    external_id,
                    detail,
                },
                _,
            ) => {
                assert!(external_id.is_some(), "{detail:?}");
                let detail = detail.as_ref().unwrap().get();
                assert!(detail.contains("\"total_tax\":"), "{detail}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_target_become_retries_and_problems() {
    let (_server, connector, call) = start().await;
    let config = json!({});
    let rows = format!(
        "{}\n{}\n",
        transaction("A", "50667"),
        transaction("B", "50667")
    );
    let keys = vec!["a".to_owned(), "b".to_owned()];
    let batch = TargetBatch {
        stream: "transactions",
        ndjson: rows.as_bytes(),
        rows: 2,
        keys: &keys,
    };
    let calls = connector.prepare(&call, &config, batch).await.unwrap();
    let [target_call] = calls.as_slice() else {
        panic!("{}", calls.len())
    };

    faults(&call, json!({"throttle_next": 1, "retry_after_s": 7})).await;
    let response = send(&call, target_call).await;
    for outcome in connector
        .settle(&call, &config, target_call, &response)
        .await
        .unwrap()
    {
        assert!(
            matches!(
                outcome.outcome,
                Outcome::Retry {
                    reason: RetryReason::RateLimited,
                    retry_after_ms: Some(7000),
                    ..
                }
            ),
            "{outcome:?}"
        );
    }
    faults(&call, json!({"error_rate": 1.0})).await;
    let response = send(&call, target_call).await;
    let outcomes = connector
        .settle(&call, &config, target_call, &response)
        .await
        .unwrap();
    assert!(matches!(
        outcomes[1].outcome,
        Outcome::Retry {
            reason: RetryReason::Transient,
            ..
        }
    ));

    faults(&call, json!({"unauthorized": true})).await;
    let response = send(&call, target_call).await;
    let problem = connector
        .settle(&call, &config, target_call, &response)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectionAuth);
    let steps = connector.check(&call, &config).await.unwrap();
    assert_eq!((steps[0].name.as_str(), steps[0].ok), ("auth", false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_told_from_a_request_that_never_left() {
    let (server, connector, call) = start().await;
    let rows = transaction("A", "50667");
    let keys = vec!["a".to_owned()];
    let batch = TargetBatch {
        stream: "t",
        ndjson: rows.as_bytes(),
        rows: 1,
        keys: &keys,
    };
    let calls = connector.prepare(&call, &json!({}), batch).await.unwrap();
    faults(&call, json!({"drop_after_commit_next": 1})).await;
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: calls[0].path.clone(),
        headers: calls[0].headers.clone(),
        body: Some(calls[0].body.clone()),
        ..HttpRequest::default()
    };
    let lost = call.connection.send(request.clone()).await.unwrap_err();
    assert!(lost.sent, "{lost}");
    let again = call.connection.send(request.clone()).await.unwrap();
    let outcome = connector
        .settle(&call, &json!({}), &calls[0], &again)
        .await
        .unwrap();
    assert!(matches!(outcome[0].outcome, Outcome::Delivered { .. }));
    // On a connection of its own: a kept one may be written to before its end is seen, and what
    // became of that request nobody knows.
    let egress = EgressPolicy {
        allow: vec![place(&server.url)],
    };
    let other = context(http_document(&server.url, SECRET), &egress).unwrap();
    server.stop().await;
    let unsent = other.connection.send(request).await.unwrap_err();
    assert!(!unsent.sent, "{unsent}");
    assert_eq!(unsent.problem.code, ErrorCode::ConnectionUnreachable);
}
