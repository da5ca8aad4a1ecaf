//! Signatures, checked by the server's own computation over what came.

use std::collections::BTreeMap;

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::json;

use super::{Setting, get, post, refused_at};
use crate::wire::{Reply, Seen, Wire, reply, unescaped};

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
        .as_ref()
        .to_vec()
}

/// RFC 3986, by this file's own hand.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte as char);
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn verdict(good: bool) -> Reply {
    match good {
        true => reply(200, "{}"),
        false => reply(401, "{\"error\":\"bad signature\"}"),
    }
}

fn oauth1_is_good(seen: &Seen) -> bool {
    let header = seen.header("authorization").strip_prefix("OAuth ").unwrap();
    let mut given: BTreeMap<String, String> = header
        .split(", ")
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.to_owned(), unescaped(value.trim_matches('"'))))
        .collect();
    assert_eq!(given.remove("realm").as_deref(), Some("1234567_SB1"));
    let signature = given.remove("oauth_signature").unwrap();
    assert_eq!(given["oauth_signature_method"], "HMAC-SHA256");
    let mut all: Vec<(String, String)> = given.into_iter().collect();
    all.extend(seen.query());
    if seen.header("content-type").contains("form") {
        all.extend(seen.form());
    }
    let mut all: Vec<String> = all
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    all.sort();
    let base = format!(
        "{}&{}&{}",
        seen.method,
        escaped(&format!("http://{}{}", seen.header("host"), seen.path())),
        escaped(&all.join("&"))
    );
    let expected = keyed(b"consumer%20secret&token%26secret", base.as_bytes());
    signature == BASE64.encode(&expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth1_signs_query_and_form_and_not_the_realm() {
    let wire = Wire::start(|seen| verdict(oauth1_is_good(seen))).await;
    let auth =
        json!({"kind": "oauth1", "consumer_key": "c k", "token_id": "tk", "realm": "1234567_SB1"});
    let secrets = json!({"consumer_secret": "consumer secret", "token_secret": "token&secret"});
    let connection = Setting::new(&wire.place, auth.clone(), secrets)
        .connect()
        .unwrap();
    for request in [
        get("services/rest", &[("script", "1"), ("q", "a b&c=ü")]),
        post("x y", "application/json", "{\"a\":1}"),
        post("x", "application/x-www-form-urlencoded", "b=2%20+x&a=1"),
    ] {
        let response = connection.send(request).await.unwrap();
        assert_eq!(response.status, 200, "{}", wire.last().raw);
    }
    let nonces: Vec<String> = wire.seen().iter().map(|seen| seen.raw.clone()).collect();
    assert_ne!(nonces[0], nonces[1]);
    let wrong = json!({"consumer_secret": "consumer secret", "token_secret": "other"});
    let wrong = Setting::new(&wire.place, auth.clone(), wrong)
        .connect()
        .unwrap();
    assert_eq!(wrong.send(get("x", &[])).await.unwrap().status, 401);
    let half = Setting::new(&wire.place, auth, json!({"consumer_secret": "c"}));
    assert_eq!(refused_at(&half).as_deref(), Some("/secrets/token_secret"));
}

fn hmac_is_good(seen: &Seen) -> bool {
    let hash = digest::digest(&digest::SHA256, seen.body.as_bytes());
    let text = format!(
        "{}\n{}\n{}\n{}",
        seen.method,
        seen.target,
        seen.header("x-timestamp"),
        BASE64.encode(hash.as_ref())
    );
    let expected = BASE64.encode(&keyed(&[0xab; 20], text.as_bytes()));
    seen.header("x-signature") == format!("k1:{expected}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_described_hmac_is_made_by_the_host() {
    let wire = Wire::start(|seen| verdict(hmac_is_good(seen))).await;
    let auth = json!({
        "kind": "hmac", "template": "{method}\n{path}?{query}\n{timestamp}\n{body_sha256}",
        "encoding": "base64", "key_encoding": "hex", "timestamp": "rfc3339", "key_id": "k1",
        "headers": {"X-Signature": "{key_id}:{signature}", "X-Timestamp": "{timestamp}"},
    });
    let secrets = json!({"signing_key": "ab".repeat(20)});
    let connection = Setting::new(&wire.place, auth.clone(), secrets)
        .connect()
        .unwrap();
    let mut request = post("päth", "application/json", "{\"ü\":1}");
    request.query = vec![("a b".to_owned(), "1+2".to_owned())];
    assert_eq!(
        connection.send(request).await.unwrap().status,
        200,
        "{}",
        wire.last().raw
    );
    assert!(wire.last().header("x-timestamp").ends_with('Z'));
    let mut forged = get("x", &[]);
    forged.headers = vec![("x-signature".to_owned(), "mine".to_owned())];
    assert!(connection.send(forged).await.is_err());
    let wrong = Setting::new(&wire.place, auth, json!({"signing_key": "00"}));
    let response = wrong.connect().unwrap().send(get("x", &[("a", "b")])).await;
    assert_eq!(response.unwrap().status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_describes_the_hmac_and_its_connections_have_the_key() {
    let wire = Wire::start(|seen| verdict(hmac_is_good(seen))).await;
    let recipe = json!({
        "kind": "hmac", "template": "{method}\n{path}?{query}\n{timestamp}\n{body_sha256}",
        "encoding": "base64", "key_encoding": "hex", "timestamp": "rfc3339",
        "headers": {"X-Signature": "{key_id}:{signature}", "X-Timestamp": "{timestamp}"},
    });
    let secrets = json!({"signing_key": "ab".repeat(20)});
    let auth = json!({"kind": "hmac", "key_id": "k1"});
    let setting = Setting::new(&wire.place, auth, secrets).described(recipe.clone());
    let connection = setting.connect().unwrap();
    let mut request = post("orders", "application/json", "{}");
    request.query = vec![("page".to_owned(), "1".to_owned())];
    assert_eq!(connection.send(request.clone()).await.unwrap().status, 200);
    assert!(
        !wire.last().raw.contains(&"ab".repeat(20)),
        "the key stays here"
    );
    // what the description names is the host's, as if the connection had written it
    request
        .headers
        .push(("x-timestamp".to_owned(), "mine".to_owned()));
    assert!(connection.send(request).await.is_err());
    // the same key under another description gives another signature
    let mut other = recipe;
    other["template"] = json!("{method}\n{path}");
    let connection = setting.described(other).connect().unwrap();
    let response = connection.send(get("orders", &[("page", "1")])).await;
    assert_eq!(response.unwrap().status, 401);
    let alone = Setting::new(
        &wire.place,
        json!({"kind": "hmac"}),
        json!({"signing_key": "00"}),
    );
    assert_eq!(refused_at(&alone).as_deref(), Some("/endpoint/auth"));
}

fn sigv4_is_good(seen: &Seen) -> bool {
    let header = seen.header("authorization");
    let part = |name: &str| {
        let (_, rest) = header.split_once(&format!("{name}=")).unwrap();
        rest.split(',').next().unwrap().to_owned()
    };
    let (credential, names) = (part("Credential"), part("SignedHeaders"));
    let scope = credential.strip_prefix("AKIDEXAMPLE/").unwrap();
    let mut query: Vec<String> = seen
        .query()
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    query.sort();
    let mut canonical = format!("{}\n", seen.method);
    let segments = seen.path().split('/').map(escaped);
    canonical += &segments.collect::<Vec<_>>().join("/");
    canonical += &format!("\n{}\n", query.join("&"));
    for name in names.split(';') {
        canonical += &format!("{name}:{}\n", seen.header(name));
    }
    let hash = |text: &[u8]| HEXLOWER.encode(digest::digest(&digest::SHA256, text).as_ref());
    canonical += &format!("\n{names}\n{}", hash(seen.body.as_bytes()));
    let date = seen.header("x-amz-date");
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hash(canonical.as_bytes())
    );
    let mut key = b"AWS4aws-secret-key".to_vec();
    for step in scope.split('/') {
        key = keyed(&key, step.as_bytes());
    }
    names.contains("host")
        && names.contains("x-amz-security-token")
        && seen.header("x-amz-security-token") == "session-1"
        && part("Signature") == HEXLOWER.encode(&keyed(&key, text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn sigv4_holds_for_odd_paths_queries_and_bodies() {
    let wire = Wire::start(|seen| verdict(sigv4_is_good(seen))).await;
    let auth = json!({"kind": "sigv4", "access_key_id": "AKIDEXAMPLE", "region": "eu-central-1", "service": "execute-api"});
    let secrets = json!({"secret_access_key": "aws-secret-key", "session_token": "session-1"});
    let connection = Setting::new(&wire.place, auth.clone(), secrets)
        .connect()
        .unwrap();
    for request in [
        get("a b/ü(1)*", &[("z", "1"), ("a", "x y+/="), ("A", "~")]),
        post("orders", "application/json", "{\"a\":1}"),
    ] {
        let response = connection.send(request).await.unwrap();
        assert_eq!(response.status, 200, "{}", wire.last().raw);
    }
    let mut forged = get("x", &[]);
    forged.headers = vec![("x-amz-date".to_owned(), "20000101T000000Z".to_owned())];
    assert!(connection.send(forged).await.is_err());
    let wrong = json!({"secret_access_key": "other", "session_token": "session-1"});
    let wrong = Setting::new(&wire.place, auth, wrong).connect().unwrap();
    assert_eq!(wrong.send(get("x", &[])).await.unwrap().status, 401);
}
