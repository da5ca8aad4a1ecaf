//! Credentials that are the same with each request.

use data_encoding::BASE64;
use serde_json::json;

use super::{Setting, get, refused_at, text};
use crate::wire::{Wire, reply};

const KEY: &str = "key+with/odd=chars&more-0123456789";

#[tokio::test(flavor = "multi_thread")]
async fn bearer_and_basic_are_sent_as_the_rfcs_say() {
    let wire = Wire::start(|_| reply(200, "{}")).await;
    let bearer = Setting::new(
        &wire.place,
        json!({"kind": "bearer"}),
        json!({"token": KEY}),
    );
    bearer.connect().unwrap().send(get("x", &[])).await.unwrap();
    assert_eq!(wire.last().header("authorization"), format!("Bearer {KEY}"));

    let auth = json!({"kind": "basic", "user": "jürgen"});
    let basic = Setting::new(&wire.place, auth, json!({"password": "päss:word"}));
    basic.connect().unwrap().send(get("x", &[])).await.unwrap();
    let seen = wire.last();
    let pair = seen.header("authorization").strip_prefix("Basic ").unwrap();
    let pair = BASE64.decode(pair.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(pair).unwrap(), "jürgen:päss:word");

    let colon = json!({"kind": "basic", "user": "a:b"});
    let colon = Setting::new(&wire.place, colon, json!({"password": "p"}));
    assert_eq!(refused_at(&colon).as_deref(), Some("/endpoint/auth/user"));
    let missing = Setting::new(&wire.place, json!({"kind": "bearer"}), json!({"tokn": "t"}));
    assert_eq!(refused_at(&missing).as_deref(), Some("/secrets/token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_goes_into_its_header_or_parameter_only() {
    let wire = Wire::start(|seen| {
        // as many APIs do: the next link repeats the whole query, and an error the key
        let next = format!("http://x.example{}&page=2", seen.target);
        match seen.path() {
            "/base/wrong" => reply(403, format!("{{\"error\":\"key {KEY} is wrong\"}}")),
            _ => reply(200, format!("{{\"next\":\"{next}\"}}")).with("link", &format!("<{next}>")),
        }
    })
    .await;
    let auth = json!({"kind": "api_key", "header": "X-Key", "prefix": "Token "});
    let header = Setting::new(&wire.place, auth, json!({"api_key": KEY}));
    let connection = header.connect().unwrap();
    connection.send(get("x", &[("a", "1")])).await.unwrap();
    assert_eq!(wire.last().header("x-key"), format!("Token {KEY}"));
    assert_eq!(wire.last().target, "/base/x?a=1");
    let mut forged = get("x", &[]);
    forged.headers = vec![("X-KEY".to_owned(), "mine".to_owned())];
    assert!(!connection.send(forged).await.unwrap_err().sent);

    let auth = json!({"kind": "api_key", "query": "api key"});
    let query = Setting::new(&wire.place, auth, json!({"api_key": KEY}));
    let connection = query.connect().unwrap();
    // a next link that repeats the key's parameter does not double it
    let request = get("x", &[("a", "1 2"), ("api key", "[redacted]")]);
    let response = connection.send(request).await.unwrap();
    let seen = wire.last();
    assert!(
        seen.target.starts_with("/base/x?a=1%202&api%20key="),
        "{}",
        seen.target
    );
    assert_eq!(seen.query().len(), 2);
    assert_eq!(seen.parameter("api key").as_deref(), Some(KEY));
    assert_eq!(seen.header("authorization"), "");
    let answer = format!("{}{:?}", text(&response), response.headers);
    assert!(answer.contains("[redacted]"), "{answer}");
    assert!(!answer.contains("0123456789"), "{answer}");
    let response = connection.send(get("wrong", &[])).await.unwrap();
    assert!(
        text(&response).contains("key [redacted] is wrong"),
        "{}",
        text(&response)
    );

    for auth in [
        json!({"kind": "api_key"}),
        json!({"kind": "api_key", "header": "a", "query": "b"}),
    ] {
        let setting = Setting::new(&wire.place, auth, json!({"api_key": KEY}));
        assert_eq!(refused_at(&setting).as_deref(), Some("/endpoint/auth"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_carries_no_credential() {
    let elsewhere = Wire::start(|_| reply(200, "{}")).await;
    let target = elsewhere.url("/");
    let wire = Wire::start(move |_| reply(307, "").with("location", &target)).await;
    for (auth, secrets) in [
        (json!({"kind": "bearer"}), json!({"token": KEY})),
        (
            json!({"kind": "api_key", "header": "x-key"}),
            json!({"api_key": KEY}),
        ),
        (
            json!({"kind": "api_key", "query": "key"}),
            json!({"api_key": KEY}),
        ),
    ] {
        let mut setting = Setting::new(&wire.place, auth, secrets);
        setting.also.push(elsewhere.place.clone());
        let response = setting
            .connect()
            .unwrap()
            .send(get("x", &[]))
            .await
            .unwrap();
        assert_eq!(response.status, 307);
    }
    assert_eq!(wire.seen().len(), 3);
    assert!(elsewhere.seen().is_empty());
}
