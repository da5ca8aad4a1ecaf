//! TAXMAN over HTTP: keys, effects, refusals, faults.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![expect(clippy::print_stdout, reason = "measurements print")]

mod actions;
mod client;

use serde_json::{Value, json};
use tributary_counterparts::taxman::{self, Config};

use client::{Client, order, taxman};

#[tokio::test]
async fn tax_is_computed_and_the_transaction_is_found_again() {
    let (_taxman, client) = taxman().await;
    let (status, answer) = client.tax("k1", &order("SO-1")).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["total_tax"], json!("7.10")); // 0.095 -> 0.10, 7.00
    assert_eq!(answer["lines"][0]["tax"], json!("0.10"));
    assert_eq!(
        (&answer["version"], &answer["status"]),
        (&json!(1), &json!("committed"))
    );
    let (status, mut found) = client.get("/v1/transactions/SO-1?company_code=ACME").await;
    let key = found.as_object_mut().unwrap().remove("idempotency_key");
    assert_eq!(key, Some(json!("k1")), "a look-up tells the key");
    assert_eq!((status, &found), (200, &answer));
    assert_eq!(client.get("/v1/transactions/SO-1").await.0, 200);
    assert_eq!(client.get("/v1/transactions/SO-2").await.0, 404);
}

#[tokio::test]
async fn one_effect_per_key() {
    let (_taxman, client) = taxman().await;
    let first = client.tax("k1", &order("SO-1")).await;
    assert_eq!(client.tax("k1", &order("SO-1")).await, first);
    let mut other = order("SO-1");
    other["customer_code"] = json!("K-2");
    let (status, refused) = client.tax("k1", &other).await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (400, &json!("idempotency_key_reused"))
    );
    let (_, adjusted) = client.tax("k2", &other).await;
    assert_eq!(adjusted["version"], json!(2));
    let effects = client.effects().await;
    for (name, count) in [
        ("effects", 2),
        ("keys", 2),
        ("duplicates", 0),
        ("replays", 1),
        ("keys_reused", 1),
        ("transactions", 1),
        ("adjustments", 1),
    ] {
        assert_eq!(effects[name], json!(count), "{name}");
    }
    assert_eq!(
        effects["total_tax"],
        json!("7.10"),
        "only the latest version counts"
    );
    assert_eq!(
        effects["companies"]["ACME"]["total_amount"],
        json!("100.50")
    );
}

#[tokio::test]
async fn refusals_name_code_and_place_and_leave_no_trace() {
    let (_taxman, client) = taxman().await;
    let cases: [(&str, Value, &str, &str); 15] = [
        (
            "/addresses/ship_to/postal_code",
            json!("5066"),
            "InvalidPostalCode",
            "addresses.ship_to.postal_code",
        ),
        (
            "/addresses/ship_to/country",
            json!("XX"),
            "InvalidCountry",
            "addresses.ship_to.country",
        ),
        (
            "/addresses",
            json!(null),
            "MissingAddress",
            "addresses.ship_to",
        ),
        ("/lines", json!([]), "MissingLine", "lines"),
        (
            "/lines/1/number",
            json!("10"),
            "DuplicateLineNumber",
            "lines[1].number",
        ),
        (
            "/lines/0/tax_code",
            json!("V19"),
            "InvalidTaxCode",
            "lines[0].tax_code",
        ),
        (
            "/lines/0/tax_code",
            json!("VAT_EXPORT"),
            "InvalidTaxCode",
            "lines[0].tax_code",
        ),
        (
            "/lines/0/amount",
            json!(-1),
            "NumberOutOfRange",
            "lines[0].amount",
        ),
        (
            "/lines/0/amount",
            json!(1.005),
            "NumberOutOfRange",
            "lines[0].amount",
        ),
        (
            "/lines/0/quantity",
            json!(0),
            "NumberOutOfRange",
            "lines[0].quantity",
        ),
        (
            "/total_amount",
            json!(100.51),
            "TotalAmountMismatch",
            "total_amount",
        ),
        (
            "/customer_code",
            json!(""),
            "ValueRequiredError",
            "customer_code",
        ),
        ("/code", json!("x".repeat(51)), "StringLengthError", "code"),
        ("/date", json!("2026-02-31"), "DateFormatError", "date"),
        ("/type", json!("Quote"), "EnumValueError", "type"),
    ];
    for (pointer, value, code, target) in cases {
        let mut bad = order("SO-1");
        *bad.pointer_mut(pointer).unwrap() = value;
        let (status, answer) = client.tax("k1", &bad).await;
        let error = &answer["error"];
        assert_eq!(
            (status, &error["code"], &error["target"]),
            (400, &json!(code), &json!(target)),
            "{pointer}: {answer}"
        );
    }
    let mut unknown = order("SO-1");
    unknown["totl"] = json!(1);
    assert_eq!(
        client.tax("k1", &unknown).await.1["error"]["code"],
        json!("JsonFormatError")
    );
    assert_eq!(client.effects().await["effects"], json!(0));
    assert_eq!(
        client.tax("k1", &order("SO-1")).await.0,
        201,
        "the key of a refused one is free"
    );
}

#[tokio::test]
async fn a_batch_has_a_result_per_item() {
    let (_taxman, client) = taxman().await;
    let mut bad = order("SO-2");
    bad["currency_code"] = json!("euro");
    let batch = json!({ "items": [
        { "idempotency_key": "k1", "transaction": order("SO-1") },
        { "idempotency_key": "k2", "transaction": bad },
        { "idempotency_key": "k1", "transaction": order("SO-1") },
        { "idempotency_key": "k4", "transaction": { "code": 5 } },
        { "transaction": order("SO-5") },
    ]});
    let (status, answer) = client
        .post("/v1/transactions/batch", "", &batch)
        .await
        .unwrap();
    assert_eq!(status, 200, "{answer}");
    let results = answer["results"].as_array().unwrap();
    let seen: Vec<_> = results
        .iter()
        .map(|result| result["status"].as_str().unwrap())
        .collect();
    assert_eq!(seen, ["committed", "error", "committed", "error", "error"]);
    assert_eq!(results[0], results[2]);
    assert_eq!(results[1]["error"]["code"], json!("InvalidCurrencyCode"));
    assert_eq!(results[3]["error"]["code"], json!("JsonFormatError"));
    let many: Vec<_> = (0..101)
        .map(|n| json!({ "idempotency_key": format!("m{n}"), "transaction": order("SO-1") }))
        .collect();
    let (status, answer) = client
        .post("/v1/transactions/batch", "", &json!({ "items": many }))
        .await
        .unwrap();
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("BatchSizeError"))
    );
    assert_eq!(client.effects().await["effects"], json!(1));
}

#[tokio::test]
async fn a_lost_answer_is_an_effect_and_the_key_finds_it() {
    let (_taxman, client) = taxman().await;
    client.faults(json!({ "drop_after_commit_next": 1 })).await;
    assert!(
        client
            .post("/v1/transactions", "k1", &order("SO-1"))
            .await
            .is_err()
    );
    assert_eq!(client.effects().await["effects"], json!(1));
    assert_eq!(
        client.tax("k1", &order("SO-1")).await.1["version"],
        json!(1)
    );
    let effects = client.effects().await;
    assert_eq!(
        (&effects["effects"], &effects["replays"], &effects["faults"]),
        (&json!(1), &json!(1), &json!(1))
    );
}

#[tokio::test]
async fn other_faults_have_no_effect() {
    let (_taxman, client) = taxman().await;
    client
        .faults(json!({ "throttle_next": 1, "retry_after_s": 7 }))
        .await;
    let request = client
        .http
        .post(format!("{}/v1/transactions", client.url))
        .bearer_auth(&client.token);
    let answer = request
        .header("Idempotency-Key", "k")
        .json(&order("SO-1"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "7")
    );
    client
        .faults(json!({ "error_rate": 1.0, "error_status": 502 }))
        .await;
    assert_eq!(client.tax("k", &order("SO-1")).await.0, 502);
    client.faults(json!({ "poison_codes": ["SO-1"] })).await;
    assert_eq!(client.tax("k", &order("SO-1")).await.0, 500);
    assert_eq!(client.tax("k2", &order("SO-2")).await.0, 201);
    client.faults(json!({ "refuse_codes": ["SO-1"] })).await;
    assert_eq!(
        client.tax("k", &order("SO-1")).await.1["error"]["code"],
        json!("CodeRefused")
    );
    client.faults(json!({ "down": true })).await;
    assert!(
        client
            .post("/v1/transactions", "k", &order("SO-1"))
            .await
            .is_err()
    );
    client.faults(json!({ "duplicate_rate": 1.0 })).await;
    assert_eq!(client.tax("k3", &order("SO-3")).await.0, 201);
    for _ in 0..100 {
        if client.effects().await["replays"] == json!(1) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let effects = client.effects().await;
    assert_eq!(
        (&effects["effects"], &effects["replays"]),
        (&json!(2), &json!(1)),
        "the late duplicate has no effect"
    );
}

#[tokio::test]
async fn without_the_token_there_is_nothing() {
    let (_taxman, mut client) = taxman().await;
    client.token = "wrong".to_owned();
    assert_eq!(client.tax("k", &order("SO-1")).await.0, 401);
    assert_eq!(client.get("/_control/effects").await.0, 401);
}

#[tokio::test]
async fn the_journal_survives_a_restart_and_a_torn_line() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    for forget in [false, true] {
        let config = Config {
            forget,
            journal: Some(journal.clone()),
            ..Config::default()
        };
        let handle = taxman::start(config.clone()).await.unwrap();
        let client = Client::new(&handle);
        let first = client.tax("k1", &order("SO-1")).await;
        handle.stop().await;
        let mut text = std::fs::read(&journal).unwrap();
        text.extend_from_slice(b"{\"key\":\"torn");
        std::fs::write(&journal, text).unwrap();
        let handle = taxman::start(config).await.unwrap();
        let client = Client::new(&handle);
        assert_eq!(client.tax("k1", &order("SO-1")).await, first);
        let effects = client.effects().await;
        assert_eq!(
            (&effects["effects"], &effects["total_tax"]),
            (&json!(1), &json!("7.10"))
        );
        handle.stop().await;
        std::fs::remove_file(&journal).unwrap();
    }
}

/// Prints figures; run it with `--release --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn speed() {
    let handle = taxman::start(Config {
        forget: true,
        ..Config::default()
    })
    .await
    .unwrap();
    let client = Client::new(&handle);
    let batches: Vec<Vec<u8>> = (0..500)
        .map(|batch| {
            let items: Vec<_> = (0..100)
                .map(|n| json!({ "idempotency_key": format!("key-{batch}-{n}"), "transaction": order(&format!("SO-{batch}-{n}")) }))
                .collect();
            serde_json::to_vec(&json!({ "items": items })).unwrap()
        })
        .collect();
    let start = std::time::Instant::now();
    for body in batches {
        let request = client
            .http
            .post(format!("{}/v1/transactions/batch", client.url))
            .bearer_auth(&client.token);
        let answer = request.body(body).send().await.unwrap();
        assert!(answer.bytes().await.unwrap().len() > 1000);
    }
    println!(
        "{:.0} transactions/s, one connection",
        50_000.0 / start.elapsed().as_secs_f64()
    );
    assert_eq!(client.effects().await["effects"], json!(50_000));
}
