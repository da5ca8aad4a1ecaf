//! Adjusting, voiding, calculating: one by one and in a batch.

use serde_json::{Value, json};
use tributary_counterparts::taxman::{self, Config};

use crate::client::{Client, order, taxman};

fn only_named(code: &str) -> Value {
    json!({ "code": code, "company_code": "ACME" })
}

/// With other amounts: 200.00 and 38.00 of tax.
fn other(code: &str) -> Value {
    let mut other = order(code);
    other["lines"] = json!([{ "number": "1", "amount": 200, "tax_code": "VAT_STANDARD" }]);
    other["total_amount"] = json!(200);
    other
}

/// Some counters, in the order of `names`.
async fn counted(client: &Client, names: &[&str]) -> Vec<Value> {
    let effects = client.effects().await;
    names.iter().map(|name| effects[*name].clone()).collect()
}

#[tokio::test]
async fn an_adjustment_needs_a_code_that_is_there() {
    let (_taxman, client) = taxman().await;
    let adjust = "/v1/transactions/SO-1/adjust";
    let (status, answer) = client.post(adjust, "k1", &order("SO-1")).await.unwrap();
    let error = &answer["error"];
    assert_eq!(
        (status, &error["code"], &error["target"]),
        (404, &json!("EntityNotFoundError"), &json!("code"))
    );
    client.tax("k1", &order("SO-1")).await;
    let first = client.post(adjust, "k2", &other("SO-1")).await.unwrap();
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!(
        (
            &first.1["version"],
            &first.1["status"],
            &first.1["total_tax"]
        ),
        (&json!(2), &json!("committed"), &json!("38.00"))
    );
    assert_eq!(
        client.post(adjust, "k2", &other("SO-1")).await.unwrap(),
        first
    );
    let (_, reused) = client.tax("k2", &other("SO-1")).await;
    assert_eq!(
        reused["error"]["code"], "idempotency_key_reused",
        "another action"
    );
    let (status, answer) = client.post(adjust, "k3", &other("SO-2")).await.unwrap();
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("CodeMismatch"))
    );
    let names = ["effects", "keys", "adjustments", "replays", "total_tax"];
    let wanted = [json!(2), json!(2), json!(1), json!(1), json!("38.00")];
    assert_eq!(counted(&client, &names).await, wanted);
}

#[tokio::test]
async fn a_voided_transaction_counts_no_longer_and_only_once() {
    let (_taxman, client) = taxman().await;
    let void = "/v1/transactions/SO-1/void";
    assert_eq!(
        client.post(void, "v", &only_named("SO-1")).await.unwrap().0,
        404
    );
    client.tax("k1", &order("SO-1")).await;
    client.tax("k2", &other("SO-2")).await;
    let first = client.post(void, "v1", &only_named("SO-1")).await.unwrap();
    assert_eq!(
        (first.0, &first.1["status"], &first.1["version"]),
        (200, &json!("voided"), &json!(2))
    );
    // the same again, and again under another key, with the whole document
    assert_eq!(
        client.post(void, "v1", &only_named("SO-1")).await.unwrap(),
        first
    );
    let again = client.post(void, "v2", &order("SO-1")).await.unwrap();
    assert_eq!(again, first);
    let names = [
        "effects",
        "keys",
        "voids",
        "voided",
        "transactions",
        "duplicates",
        "total_tax",
    ];
    let wanted = [
        json!(3),
        json!(3),
        json!(1),
        json!(1),
        json!(2),
        json!(0),
        json!("38.00"),
    ];
    assert_eq!(counted(&client, &names).await, wanted);
    let company = client.effects().await["companies"]["ACME"].clone();
    assert_eq!(
        (&company["voided"], &company["total_amount"]),
        (&json!(1), &json!("200.00"))
    );

    let (_, found) = client.get("/v1/transactions/SO-1").await;
    assert_eq!(
        (&found["status"], &found["idempotency_key"]),
        (&json!("voided"), &json!("v1"))
    );
    let adjust = "/v1/transactions/SO-1/adjust";
    let (status, answer) = client.post(adjust, "k3", &other("SO-1")).await.unwrap();
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("TransactionVoided"))
    );
    let (status, created) = client.tax("k4", &other("SO-1")).await;
    assert_eq!(
        (status, &created["version"]),
        (201, &json!(3)),
        "created again"
    );
    let late = client.post(void, "v2", &order("SO-1")).await.unwrap();
    assert_eq!(late, first, "a void that comes late voids nothing");
    let wanted = [
        json!(4),
        json!(4),
        json!(1),
        json!(0),
        json!(2),
        json!(0),
        json!("76.00"),
    ];
    assert_eq!(counted(&client, &names).await, wanted);
    let (status, answer) = client
        .post(void, "v3", &json!({ "code": "SO-1" }))
        .await
        .unwrap();
    assert_eq!(
        (status, &answer["error"]["target"]),
        (400, &json!("company_code"))
    );
}

#[tokio::test]
async fn a_calculation_records_nothing() {
    let (_taxman, client) = taxman().await;
    for _ in 0..2 {
        let (status, answer) = client
            .post("/v1/calculations", "", &order("SO-1"))
            .await
            .unwrap();
        assert_eq!(status, 200, "{answer}");
        assert_eq!(
            (&answer["status"], &answer["total_tax"]),
            (&json!("calculated"), &json!("7.10"))
        );
        assert!(
            answer.get("id").is_none() && answer.get("version").is_none(),
            "{answer}"
        );
    }
    assert_eq!(client.get("/v1/transactions/SO-1").await.0, 404);
    let names = [
        "effects",
        "keys",
        "transactions",
        "calculations",
        "total_tax",
    ];
    let wanted = [json!(0), json!(0), json!(0), json!(2), json!("0.00")];
    assert_eq!(counted(&client, &names).await, wanted);
    let mut bad = order("SO-1");
    bad["date"] = json!("today");
    let (status, answer) = client.post("/v1/calculations", "", &bad).await.unwrap();
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("DateFormatError"))
    );
}

fn item(key: &str, action: &str, transaction: Value) -> Value {
    json!({ "idempotency_key": key, "action": action, "transaction": transaction })
}

#[tokio::test]
async fn a_batch_does_its_items_in_their_order() {
    let (_taxman, client) = taxman().await;
    let items = [
        item("k1", "create", order("SO-1")),
        item("k2", "adjust", other("SO-1")),
        item("k3", "calculate", other("SO-9")),
        item("k4", "void", only_named("SO-9")),
        item("k5", "create", order("SO-2")),
        item("k6", "void", only_named("SO-2")),
        item("k7", "delete", only_named("SO-2")),
    ];
    let batch = json!({ "items": items });
    let (status, first) = client
        .post("/v1/transactions/batch", "", &batch)
        .await
        .unwrap();
    assert_eq!(status, 200, "{first}");
    let results = first["results"].as_array().unwrap();
    let told: Vec<&str> = results
        .iter()
        .map(|result| result["status"].as_str().unwrap())
        .collect();
    let wanted = [
        "committed",
        "committed",
        "calculated",
        "error",
        "committed",
        "voided",
        "error",
    ];
    assert_eq!(told, wanted);
    assert_eq!(results[3]["error"]["code"], "EntityNotFoundError");
    assert_eq!(results[6]["error"]["target"], "action");
    let (_, again) = client
        .post("/v1/transactions/batch", "", &batch)
        .await
        .unwrap();
    assert_eq!(again, first, "the same batch has the same answer");
    let names = [
        "effects",
        "adjustments",
        "voids",
        "calculations",
        "replays",
        "total_tax",
    ];
    let wanted = [
        json!(4),
        json!(1),
        json!(1),
        json!(2),
        json!(4),
        json!("38.00"),
    ];
    assert_eq!(counted(&client, &names).await, wanted);
}

#[tokio::test]
async fn what_was_done_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for forget in [false, true] {
        let config = Config {
            forget,
            journal: Some(folder.path().join(format!("journal-{forget}"))),
            ..Config::default()
        };
        let handle = taxman::start(config.clone()).await.unwrap();
        let client = Client::new(&handle);
        client.tax("k1", &order("SO-1")).await;
        client.tax("k2", &other("SO-2")).await;
        let void = "/v1/transactions/SO-1/void";
        let voided = client.post(void, "v1", &only_named("SO-1")).await.unwrap();
        client
            .post("/v1/calculations", "", &order("SO-3"))
            .await
            .unwrap();
        let before = client.effects().await;
        handle.stop().await;

        let handle = taxman::start(config).await.unwrap();
        let client = Client::new(&handle);
        assert_eq!(client.effects().await, before, "forget {forget}");
        assert_eq!(
            client.post(void, "v1", &only_named("SO-1")).await.unwrap(),
            voided
        );
        let (_, found) = client.get("/v1/transactions/SO-1").await;
        assert_eq!(found["status"], "voided", "{found}");
        assert_eq!(found.get("idempotency_key").is_some(), !forget, "{found}");
        handle.stop().await;
    }
}
