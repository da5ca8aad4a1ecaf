//! Only a token that we issued, for us, now, and of the right type opens the API; and only the
//! right secret gets one.

use axum::http::{Method, StatusCode, header};
use serde_json::json;
use tributary_api::{Caller, TokenKeys};
use tributary_model::clock::{Clock, FixedClock};
use tributary_model::id::{Slug, UuidSource};
use tributary_model::role::Role;

use crate::harness::{Api, Call};

#[tokio::test]
async fn bad_tokens_are_refused_and_the_good_one_is_not() {
    let api = Api::start().await;
    let forge = &api.forge;
    let get = |token: &str| Call::get("/api/v1/tenants/acme").bearer(token);
    let bad = forge.bad();
    assert!(bad.len() >= 60, "only {} bad tokens", bad.len());
    for (what, token) in &bad {
        let answer = api.call(get(token)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}: {token}");
        let code = answer.json()["code"].clone();
        let late = what.starts_with("exp is") && code == "token_expired";
        assert!(code == "token_invalid" || late, "{what}: {code}");
        assert!(
            answer.headers.contains_key(header::WWW_AUTHENTICATE),
            "{what}"
        );
        // between the bad ones, so that none of them can have changed anything
        assert_eq!(api.call(get(&forge.good())).await.status, StatusCode::OK);
    }
    let expired = api.call(get(&forge.expired())).await;
    assert_eq!(expired.json()["code"], "token_expired");
}

#[tokio::test]
async fn the_authorization_header_is_read_strictly() {
    let api = Api::start().await;
    let good = api.forge.good();
    for (value, code) in [
        (good.clone(), "token_invalid"),
        (format!("Basic {good}"), "token_invalid"),
        ("Bearer".to_owned(), "token_invalid"),
        ("Bearer ".to_owned(), "token_invalid"),
        (format!("Bearer  {good}"), "token_invalid"),
        (format!("Bearer {good} {good}"), "token_invalid"),
        (format!("Bearer {good},Bearer {good}"), "token_invalid"),
    ] {
        let call = Call::get("/api/v1/tenants/acme").header("authorization", &value);
        let answer = api.call(call).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{value}");
        assert_eq!(answer.json()["code"], code, "{value}");
    }
    let twice = Call::get("/api/v1/tenants/acme")
        .bearer(&good)
        .bearer(&good);
    assert_eq!(api.call(twice).await.status, StatusCode::UNAUTHORIZED);
    let lower =
        Call::get("/api/v1/tenants/acme").header("authorization", &format!("bearer {good}"));
    assert_eq!(api.call(lower).await.status, StatusCode::OK);
    let query = Call::get(&format!("/api/v1/tenants/acme?access_token={good}"));
    assert_eq!(api.call(query).await.json()["code"], "token_missing");
}

#[tokio::test]
async fn tokens_of_the_previous_key_live_while_it_is_believed() {
    let api = Api::start().await;
    let other = tempfile::tempdir().unwrap();
    let other = tributary_vault::Vault::open_or_create(&other.path().join("key")).unwrap();
    let other = other.token_signer().unwrap();
    let clock = FixedClock(1_800_000_000_000);
    let caller = Caller {
        client_id: "x".to_owned(),
        role: Role::CustomerViewer,
        tenant: Some(Slug::parse("acme").unwrap()),
    };
    let old = TokenKeys::new(&other, None);
    let token = old.issue(&clock, &UuidSource, &caller).unwrap();
    let both = TokenKeys::new(&api.signer, Some(&other));
    let new_only = TokenKeys::new(&api.signer, None);
    assert_eq!(both.verify(&clock, &token), Ok(caller));
    assert!(new_only.verify(&clock, &token).is_err());
    let at = |seconds: i64| FixedClock(clock.now_ms() + seconds * 1000);
    assert!(both.verify(&at(929), &token).is_ok());
    assert!(both.verify(&at(930), &token).is_err());
    assert!(both.verify(&at(-30), &token).is_ok());
    assert!(both.verify(&at(-31), &token).is_err());
}

#[tokio::test]
async fn client_credentials_give_a_token_in_every_form_and_wrong_ones_none() {
    let api = Api::start().await;
    let secret = &api.secret;
    let right = json!({"client_id": "acme-engineer", "client_secret": secret});
    let answer = api
        .call(Call::new(Method::POST, "/api/v1/token").json(&right))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.json()["token_type"], "Bearer");
    assert_eq!(answer.json()["expires_in"], 900);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let used = api
        .call(Call::get("/api/v1/tenants/acme").bearer(&token))
        .await;
    assert_eq!(used.status, StatusCode::OK);

    let form =
        format!("grant_type=client_credentials&client_id=acme-engineer&client_secret={secret}");
    let call = Call::new(Method::POST, "/api/v1/token")
        .body("application/x-www-form-urlencoded", form.into_bytes());
    assert_eq!(api.call(call).await.status, StatusCode::OK);
    let basic = data_encoding::BASE64.encode(format!("acme-engineer:{secret}").as_bytes());
    let call =
        Call::new(Method::POST, "/api/v1/token").header("authorization", &format!("Basic {basic}"));
    assert_eq!(api.call(call).await.status, StatusCode::OK);

    let refused = [
        json!({"client_id": "acme-engineer", "client_secret": "wrong"}),
        json!({"client_id": "acme-engineer", "client_secret": ""}),
        json!({"client_id": "nobody", "client_secret": secret}),
        json!({"client_id": "a".repeat(1000), "client_secret": secret}),
    ];
    let mut bodies = Vec::new();
    for body in refused {
        let answer = api
            .call(Call::new(Method::POST, "/api/v1/token").json(&body))
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{body}");
        bodies.push(answer.without_instance());
    }
    bodies.dedup();
    assert_eq!(
        bodies.len(),
        1,
        "unknown clients and wrong secrets look different"
    );
    for body in [
        json!({"client_id": "acme-engineer"}),
        json!({"client_secret": secret}),
        json!({"client_id": "acme-engineer", "client_secret": secret, "tenant": "globex"}),
        json!({"client_id": "acme-engineer", "client_secret": secret, "grant_type": "password"}),
        json!({"client_id": 7, "client_secret": secret}),
        json!([]),
    ] {
        let answer = api
            .call(Call::new(Method::POST, "/api/v1/token").json(&body))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(
            !answer.text().contains(secret),
            "a secret in {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn clients_are_made_with_a_secret_shown_once_and_no_more_rights_than_their_maker() {
    let api = Api::start().await;
    let path = "/api/v1/tenants/acme/clients";
    let admin = api.token(Role::CustomerAdmin, "acme");
    let make = |token: &str, name: &str, role: &str| {
        Call::new(Method::POST, path)
            .bearer(token)
            .json(&json!({"name": name, "role": role}))
    };
    for (token, role) in [
        (&admin, "engineer"),
        (&admin, "operator"),
        (&api.operator(), "operator"),
    ] {
        let answer = api.call(make(token, "agent", role)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
        assert_eq!(answer.json()["pointer"], "/role");
    }
    let made = api.call(make(&admin, "agent", "customer_viewer")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(made.headers[header::CACHE_CONTROL], "no-store");
    let credentials = made.json();
    assert_eq!(credentials["client_id"], "acme.agent");
    let taken = api.call(make(&admin, "agent", "customer_viewer")).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    let listed = api.ok(Call::get(path).bearer(&admin)).await;
    let secret = credentials["client_secret"].as_str().unwrap();
    assert!(listed.text().contains("acme.agent"));
    assert!(!listed.text().contains(secret) && !listed.text().contains("argon2"));

    let sign_in = || {
        Call::new(Method::POST, "/api/v1/token").json(&json!({
            "client_id": "acme.agent", "client_secret": secret
        }))
    };
    let token = api.ok(sign_in()).await.json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let runs = "/api/v1/tenants/acme/runs";
    api.ok(Call::get(runs).bearer(&token)).await;
    let start = Call::new(Method::POST, runs)
        .bearer(&token)
        .json(&json!({"integration": "orders"}));
    assert_eq!(api.call(start).await.status, StatusCode::FORBIDDEN);
    let theirs = Call::get("/api/v1/tenants/globex/runs").bearer(&token);
    assert_eq!(api.call(theirs).await.status, StatusCode::NOT_FOUND);

    let remove = Call::new(Method::DELETE, &format!("{path}/agent")).bearer(&admin);
    assert_eq!(api.call(remove).await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.call(sign_in()).await.status, StatusCode::UNAUTHORIZED);
}
