//! The operator's trust document, and versions of connectors that only go forward.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Answer, Api, Call, document_of, manifest};

/// The Ed25519 public key of RFC 8032's first example, and its id.
const PUBLIC_KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn with_key(key: Value) -> Value {
    json!({"trust_version": 1, "publishers": [{"name": "acme", "keys": [key]}]})
}

fn key() -> Value {
    let id = tributary_vault::publisher_key_id(PUBLIC_KEY).unwrap();
    json!({"id": id, "public_key": PUBLIC_KEY})
}

#[tokio::test]
async fn the_trust_document_is_versioned_and_checked() {
    let api = Api::start().await;
    let operator = api.operator();
    let get = || Call::get("/api/v1/trust").bearer(&operator);
    let put = |body: &Value| Call::put("/api/v1/trust", body).bearer(&operator);
    let first = api.ok(get()).await;
    assert_eq!(first.headers["etag"], "\"0\"");
    assert_eq!(first.json()["unsigned"], "operator");
    let good = with_key(key());
    let made = api.call(put(&good).header("if-match", "\"0\"")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let late = api
        .call(put(&json!({"trust_version": 1})).header("if-match", "\"0\""))
        .await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let now = api.ok(get()).await;
    assert_eq!(now.headers["etag"], "\"1\"");
    assert_eq!(now.json()["publishers"][0]["name"], "acme");
    let mut named = key();
    named["id"] = json!("AAAAAAAAAAAAAAAA");
    let twice = json!({"trust_version": 1, "publishers": [
        {"name": "acme", "keys": [key()]}, {"name": "other", "keys": [key()]}]});
    let unknown = json!({"trust_version": 1, "tenants": {"acme": {"publishers": ["nobody"]}}});
    let digest = json!({"trust_version": 1, "revoked_digests": [{"digest": "abc", "reason": "x"}]});
    for (body, pointer) in [
        (with_key(named), "/publishers/0/keys/0/id"),
        (
            with_key(json!({"id": "a", "public_key": "b"})),
            "/publishers/0/keys/0/public_key",
        ),
        (twice, "/publishers/1/keys/0/id"),
        (unknown, "/tenants/acme/publishers"),
        (digest, "/revoked_digests/0/digest"),
        (json!({"trust_version": 2}), "/trust_version"),
    ] {
        let answer = api.call(put(&body)).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            answer.text()
        );
        assert!(
            answer.text().contains(pointer),
            "{pointer}: {}",
            answer.text()
        );
    }
    assert_eq!(api.ok(get()).await.headers["etag"], "\"1\"");
}

#[tokio::test]
async fn an_older_version_needs_an_explicit_word() {
    let api = Api::start().await;
    let operator = api.operator();
    let put = async |version: &str, query: &str| -> Answer {
        let mut manifest = manifest("files", "source");
        manifest["version"] = json!(version);
        let path = format!("/api/v1/connectors/files{query}");
        let call = Call::new(Method::PUT, &path).bearer(&operator);
        let body = format!("wasm:{manifest}").into_bytes();
        api.call(call.body("application/wasm", body)).await
    };
    assert_eq!(put("1.10.0", "").await.status, StatusCode::CREATED);
    for older in ["1.9.0", "1.10.0-rc.1", "0.99.99"] {
        let answer = put(older, "").await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{older}");
        assert!(
            answer.text().contains("older than 1.10.0"),
            "{}",
            answer.text()
        );
    }
    assert_eq!(
        put("1.9.0", "?older=true").await.status,
        StatusCode::CREATED
    );
    // It is the newest that counts, not the last.
    assert_eq!(put("1.9.5", "").await.status, StatusCode::CONFLICT);
    assert_eq!(put("1.10.0", "").await.status, StatusCode::OK);
    assert_eq!(put("1.11.0", "").await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_connection_can_pin_the_bytes_of_its_connector() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let path = "/api/v1/tenants/acme/connections/shop";
    let put = async |digest: &str| {
        let mut document = document_of("connections", "shop");
        document["connector_digest"] = json!(digest);
        api.call(Call::put(path, &document).bearer(&engineer)).await
    };
    let unknown = put("abd").await;
    assert_eq!(
        unknown.json()["code"],
        "reference_missing",
        "{}",
        unknown.text()
    );
    assert!(
        unknown.text().contains("/connector_digest"),
        "{}",
        unknown.text()
    );
    assert_eq!(put("digest-of-files").await.status, StatusCode::OK);
    let stored = api.ok(Call::get(path).bearer(&engineer)).await.json();
    assert_eq!(stored["connector_digest"], "digest-of-files");
    let start = Call::new(Method::POST, "/api/v1/tenants/acme/runs")
        .json(&json!({"integration": "orders"}))
        .bearer(&engineer);
    let run = api.call(start).await;
    assert_eq!(run.status, StatusCode::CREATED, "{}", run.text());
    assert_eq!(run.json()["connectors"]["files"], "digest-of-files");
}
