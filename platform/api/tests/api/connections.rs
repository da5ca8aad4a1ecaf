//! The forms of connections: published, and what a put is checked against.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Api, Call, document_of, manifest};

const PATH: &str = "/api/v1/tenants/acme/connections/taxman";

fn with(auth: Value, secrets: Value) -> Value {
    let mut document = document_of("connections", "taxman");
    document["endpoint"]["auth"] = auth;
    document["secrets"] = secrets;
    document
}

#[tokio::test]
async fn the_forms_are_there_for_everybody_and_their_examples_fit() {
    let api = Api::start().await;
    let forms = api.ok(Call::get("/api/v1/connection-forms")).await.json();
    let engineer = api.engineer("acme");
    let http = &forms["endpoints"][0];
    assert_eq!(http["kind"], "http");
    let kinds = http["auth"].as_array().unwrap();
    assert_eq!(kinds.len(), 10);
    for form in kinds {
        let example = &form["example"];
        let secrets = example.get("secrets").cloned().unwrap_or(json!({}));
        let document = with(example["auth"].clone(), secrets);
        let put = api.call(Call::put(PATH, &document).bearer(&engineer)).await;
        assert!(put.status.is_success(), "{}: {}", form["kind"], put.text());
    }
}

#[tokio::test]
async fn what_does_not_fit_its_form_is_named_and_no_secret_is_shown() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let canary = "canary-of-a-secret";
    let oauth =
        json!({"kind": "oauth2_client", "token_url": "https://x.example/t", "client_id": "c"});
    let mut no_url = oauth.clone();
    no_url["token_url"] = json!("x.example/t");
    for (auth, secrets, places) in [
        (
            json!({"kind": "bearer"}),
            json!({"tokn": canary}),
            vec!["/secrets/token", "/secrets/tokn"],
        ),
        (
            oauth.clone(),
            json!({"client_secret": canary, "password": canary}),
            vec!["/secrets/password"],
        ),
        (
            no_url,
            json!({"client_secret": canary}),
            vec!["/endpoint/auth/token_url"],
        ),
        (
            json!({"kind": "api_key"}),
            json!({"api_key": canary}),
            vec!["/endpoint/auth"],
        ),
        (
            json!({"kind": "basic", "user": "a:b"}),
            json!({"password": canary}),
            vec!["/endpoint/auth/user"],
        ),
        (
            json!({"kind": "hmac", "template": "x", "headers": {}}),
            json!({"signing_key": canary}),
            vec!["/endpoint/auth/headers"],
        ),
    ] {
        let put = Call::put(PATH, &with(auth.clone(), secrets)).bearer(&engineer);
        let put = api.call(put).await;
        assert_eq!(put.status, 422, "{auth}: {}", put.text());
        let problem = put.json();
        assert_eq!(problem["code"], "config_invalid", "{auth}");
        let found: Vec<&str> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|place| place["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(found, places, "{auth}");
        assert!(!put.text().contains("canary"), "{}", put.text());
    }
    // a field that no kind has is refused before, and named
    let mut more = oauth;
    more["audience"] = json!("x");
    let put = Call::put(PATH, &with(more, json!({"client_secret": canary}))).bearer(&engineer);
    let put = api.call(put).await;
    assert!(
        put.text().contains("audience") && !put.status.is_success(),
        "{}",
        put.text()
    );
    // without secrets the stored ones stay, so none is missing
    let kept = with(json!({"kind": "bearer"}), json!({}));
    assert!(
        api.call(Call::put(PATH, &kept).bearer(&engineer))
            .await
            .status
            .is_success()
    );
}

#[tokio::test]
async fn stored_secrets_stay_with_the_endpoint_they_were_given_for() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let put = async |document: &Value| {
        let call = Call::put(PATH, document).bearer(&engineer);
        api.call(call).await
    };
    let bearer = json!({"kind": "bearer"});
    let first = with(bearer.clone(), json!({"token": "canary-of-a-secret"}));
    assert!(put(&first).await.status.is_success());
    let mut again = with(bearer.clone(), json!({}));
    again["title"] = json!("a new title");
    let kept = put(&again).await;
    assert_eq!(kept.json()["outcome"], "updated", "{}", kept.text());

    let mut elsewhere = again.clone();
    elsewhere["endpoint"]["base_url"] = json!("https://collector.example/");
    let refused = put(&elsewhere).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert_eq!(refused.json()["pointer"], "/secrets");
    // not by a detour over an endpoint that sends none
    let mut without = elsewhere.clone();
    without["endpoint"]["auth"] = json!({"kind": "none"});
    assert!(put(&without).await.status.is_success());
    assert_eq!(put(&elsewhere).await.status, 422);
    elsewhere["secrets"] = json!({"token": "another"});
    assert!(put(&elsewhere).await.status.is_success());
}

#[tokio::test]
async fn a_connection_is_tried_before_it_is_stored_and_not_kept() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let place = "/api/v1/tenants/acme/connection-check";
    let mut document = document_of("connections", "taxman");
    document["name"] = json!("fresh");
    let try_it = |document: &Value| {
        Call::new(Method::POST, place)
            .json(document)
            .bearer(&engineer)
    };
    let answer = api.ok(try_it(&document)).await.json();
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(answer["steps"][0]["took_ms"], 3, "{answer}");
    let fresh = "/api/v1/tenants/acme/connections/fresh";
    let stored = api.call(Call::get(fresh).bearer(&engineer)).await;
    assert_eq!(stored.status, 404, "{}", stored.text());
    // what a put refuses is refused here too, and no stored secret comes to a document without any
    document["endpoint"]["auth"] = json!({"kind": "nothing"});
    let refused = api.call(try_it(&document)).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let mut document = document_of("connections", "taxman");
    document.as_object_mut().unwrap().remove("secrets");
    let answer = api.ok(try_it(&document)).await.json();
    assert_eq!(answer["steps"][0]["message"], "acme has 0 secrets");
}

#[tokio::test]
async fn streams_are_discovered_with_a_bounded_sample() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let discover = |query: &str| {
        let path = format!("/api/v1/tenants/acme/connections/taxman/discover{query}");
        Call::new(Method::POST, &path).bearer(&engineer)
    };
    let all = api.ok(discover("")).await.json();
    assert_eq!(all["streams"][0]["sampled_rows"], 200, "{all}");
    assert_eq!(all["streams"][0]["schema"]["secrets"], 1, "they come along");
    let one = api.ok(discover("?stream=orders&rows=7")).await.json();
    assert_eq!(one["streams"][0]["name"], "orders");
    assert_eq!(one["streams"][0]["sampled_rows"], 7);
    for wrong in ["?rows=10001", "?rows=-1", "?row=1"] {
        let refused = api.call(discover(wrong)).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
    }
}

/// Installs `signed`, whose manifest describes an HMAC signature.
async fn install_signed(api: &Api, name: &str) {
    let mut manifest = manifest("tax", "api_target");
    manifest["name"] = json!(name);
    manifest["connection"]["auth"] = json!({
        "kind": "hmac", "template": "{method}\n{path}", "headers": {"X-Signature": "{key_id} {signature}"},
    });
    let path = format!("/api/v1/connectors/{name}");
    let operator = api.operator();
    let call = Call::new(Method::PUT, &path).bearer(&operator);
    let body = format!("wasm:{manifest}").into_bytes();
    api.ok(call.body("application/wasm", body)).await;
}

#[tokio::test]
async fn a_connection_leaves_the_description_of_its_credentials_to_the_connector() {
    let api = Api::start().await;
    install_signed(&api, "signed").await;
    install_signed(&api, "other").await;
    let engineer = api.engineer("acme");
    let put = async |connector: &str, auth: Value, secrets: Value| {
        let document = json!({
            "name": "pim", "connector": connector, "config": {}, "secrets": secrets,
            "endpoint": {"kind": "http", "base_url": "https://pim.example", "auth": auth},
        });
        let path = "/api/v1/tenants/acme/connections/pim";
        let call = Call::put(path, &document).bearer(&engineer);
        api.call(call).await
    };
    let key = || json!({"signing_key": "canary-key"});
    let auth = || json!({"kind": "hmac", "key_id": "k1"});
    // a connector that describes nothing has nothing to add
    let refused = put("tax", auth(), key()).await;
    assert_eq!(
        refused.json()["code"],
        "config_invalid",
        "{}",
        refused.text()
    );
    assert!(
        refused.text().contains("describes no HMAC"),
        "{}",
        refused.text()
    );
    assert_eq!(
        put("signed", auth(), key()).await.status,
        StatusCode::CREATED
    );
    let path = "/api/v1/tenants/acme/connections/pim";
    let stored = api.ok(Call::get(path).bearer(&engineer)).await.json();
    assert_eq!(stored["endpoint"]["auth"]["key_id"], "k1");
    assert!(
        stored["endpoint"]["auth"].get("template").is_none(),
        "{stored}"
    );
    // the secrets are asked for as ever
    let wrong = put("signed", auth(), json!({"token": "canary"})).await;
    assert!(
        wrong.text().contains("/secrets/signing_key"),
        "{}",
        wrong.text()
    );
    // half a description is none
    let half = json!({"kind": "hmac", "template": "{path}"});
    let half = put("signed", half, key()).await;
    assert_eq!(half.json()["code"], "config_invalid", "{}", half.text());
    // kept as long as the same connector says what is done with it
    assert_eq!(
        put("signed", auth(), json!({})).await.json()["outcome"],
        "unchanged"
    );
    let moved = put("other", auth(), json!({})).await;
    assert!(
        moved.text().contains("must be given again"),
        "{}",
        moved.text()
    );
    assert_eq!(put("other", auth(), key()).await.status, StatusCode::OK);
}
