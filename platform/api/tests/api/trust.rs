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

#[tokio::test]
async fn an_integration_pins_the_bytes_of_its_connectors() {
    let api = Api::start().await;
    let (engineer, operator) = (api.engineer("acme"), api.operator());
    let path = "/api/v1/tenants/acme/integrations/orders";
    let stored = async || api.ok(Call::get(path).bearer(&engineer)).await.json();
    let put = async |side: &str, pin: &str| -> Answer {
        let mut document = stored().await;
        document[side]["connector_digest"] = json!(pin);
        api.call(Call::put(path, &document).bearer(&engineer)).await
    };
    let start = async || -> Answer {
        let call = Call::new(Method::POST, "/api/v1/tenants/acme/runs");
        let call = call
            .json(&json!({"integration": "orders"}))
            .bearer(&engineer);
        api.call(call).await
    };
    let unknown = put("source", "abd").await;
    assert_eq!(unknown.json()["code"], "reference_missing");
    let place = unknown.json()["errors"][0]["pointer"].clone();
    assert_eq!(place, "/source/connector_digest", "{}", unknown.text());
    // a digest of another connector is no digest of this one
    let other = put("target", "digest-of-files").await;
    assert_eq!(
        other.json()["code"],
        "reference_missing",
        "{}",
        other.text()
    );
    // what is installed becomes a digest, and saving it once more changes nothing
    assert_eq!(
        put("source", "installed").await.json()["outcome"],
        "updated"
    );
    assert_eq!(
        stored().await["source"]["connector_digest"],
        "digest-of-files"
    );
    assert_eq!(
        put("source", "installed").await.json()["outcome"],
        "unchanged"
    );

    // by whichever of its digests the bytes are known
    for known_as in [
        "sha256:file-of-digest-of-files",
        "sha256:content-of-digest-of-files",
    ] {
        assert_eq!(put("source", known_as).await.json()["outcome"], "unchanged");
    }

    // other bytes come under the same name and version
    let mut changed = manifest("files", "source");
    changed["title"] = json!("other bytes");
    let install = async |manifest: &Value| {
        let call = Call::new(Method::PUT, "/api/v1/connectors/files").bearer(&operator);
        let body = format!("wasm:{manifest}").into_bytes();
        api.ok(call.body("application/wasm", body)).await.json()
    };
    let installed = install(&changed).await;
    let refused = start().await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let problem = refused.json();
    assert_eq!(problem["code"], "connector_changed", "{}", refused.text());
    assert_eq!(problem["pointer"], "/source/connector_digest");
    let hint = problem["hint"].as_str().unwrap();
    assert!(hint.contains("tributary integration pin"), "{hint}");
    // the pin is moved
    assert_eq!(
        put("source", "installed").await.json()["outcome"],
        "updated"
    );
    let run = start().await;
    assert_eq!(run.status, StatusCode::CREATED, "{}", run.text());
    assert_eq!(run.json()["connectors"]["files"], installed["digest"]);
}

#[tokio::test]
async fn a_newer_version_does_not_move_a_pin() {
    let api = Api::start().await;
    let (engineer, operator) = (api.engineer("acme"), api.operator());
    let path = "/api/v1/tenants/acme/integrations/orders";
    let mut document = api.ok(Call::get(path).bearer(&engineer)).await.json();
    document["source"]["connector_digest"] = json!("installed");
    api.ok(Call::put(path, &document).bearer(&engineer)).await;
    let mut newer = manifest("files", "source");
    newer["version"] = json!("9.0.0");
    let call = Call::new(Method::PUT, "/api/v1/connectors/files").bearer(&operator);
    let body = format!("wasm:{newer}").into_bytes();
    api.call(call.body("application/wasm", body)).await;
    let call = Call::new(Method::POST, "/api/v1/tenants/acme/runs");
    let call = call
        .json(&json!({"integration": "orders"}))
        .bearer(&engineer);
    let run = api.call(call).await;
    assert_eq!(
        run.json()["connectors"]["files"],
        "digest-of-files",
        "{}",
        run.text()
    );
    // a connection that pins other bytes contradicts it, and that is said when it is saved again
    let mut shop = document_of("connections", "shop");
    let installed = api
        .ok(Call::get("/api/v1/connectors").bearer(&engineer))
        .await
        .json();
    let items = installed["items"].as_array().unwrap();
    let is_new = |item: &&Value| item["version"] == "9.0.0";
    shop["connector_digest"] = items.iter().find(is_new).unwrap()["digest"].clone();
    let call = Call::put("/api/v1/tenants/acme/connections/shop", &shop);
    api.ok(call.bearer(&engineer)).await;
    document["source"]["connector_digest"] = json!("digest-of-files");
    let contradiction = api.call(Call::put(path, &document).bearer(&engineer)).await;
    assert!(
        contradiction.text().contains("pins other bytes"),
        "{}",
        contradiction.text()
    );
}
