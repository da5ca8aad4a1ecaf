//! Servers that repeat what they were sent in their error texts, some of them at the very place where our texts
//! are cut.

use std::sync::Arc;

use serde_json::{Value, json};
use tributary_host::{ConsentGiven, TokenKeeper};

use super::oauth2::Memory;
use super::{Setting, get};
use crate::wire::{Reply, Seen, Wire, reply};

const SECRET: &str = "qzwv-client-secret-0123456789";
const CODE: &str = "code-that-is-used-up";
const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";
const REFRESH: &str = "refresh-token-that-was-kept";

/// `text` behind so many characters that it begins a few before `limit`.
fn across(limit: usize, text: &str) -> String {
    format!("{}{text}", "-".repeat(limit - 8))
}

/// What a connection says whose token endpoint answers so.
async fn told(status: u16, answer: Value) -> String {
    let tokens = Wire::start(move |_| reply(status, answer.to_string())).await;
    let auth =
        json!({"kind": "oauth2_client", "token_url": tokens.url("/token"), "client_id": "we"});
    let mut setting = Setting::new("127.0.0.1:9", auth, json!({"client_secret": SECRET}));
    setting.also.push(tokens.place.clone());
    let connection = setting.connect().unwrap();
    let error = connection.send(get("x", &[])).await.unwrap_err();
    error.problem.detail
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_secret_that_is_cut_off_no_part_is_told() {
    let refused = json!({"error": "invalid_client", "error_description": across(200, SECRET)});
    let kind = json!({"access_token": "t", "token_type": across(40, SECRET)});
    for (status, answer) in [(400, refused), (200, kind)] {
        let detail = told(status, answer).await;
        assert!(!detail.contains("qzwv"), "{detail}");
        assert!(detail.contains("-----[redact"), "{detail}");
    }
    // the words before the message count
    let message = across(200 - "; it says: ".len(), SECRET);
    let wire = Wire::start(move |_| reply(200, json!({"message": message}).to_string())).await;
    let auth = json!({
        "kind": "login", "path": "login", "user": "we", "body": {"password": "{password}"},
        "take": {"key": "/key"}, "header": "X-Key", "value": "{key}",
    });
    let setting = Setting::new(&wire.place, auth, json!({"password": SECRET}));
    let connection = setting.connect().unwrap();
    let error = connection.send(get("x", &[])).await.unwrap_err();
    let detail = error.problem.detail;
    assert!(!detail.contains("qzwv"), "{detail}");
    assert!(detail.contains("-----[redact"), "{detail}");
}

/// Gives tokens for a first code; refuses all else and repeats it.
fn repeating(seen: &Seen) -> Reply {
    let form = seen.form();
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    if field("code") == "the-first-code" {
        let tokens = json!({"access_token": "access-token-0001", "token_type": "Bearer",
            "expires_in": 0, "refresh_token": REFRESH});
        return reply(200, tokens.to_string());
    }
    let sent = ["code", "code_verifier", "refresh_token"].map(field);
    let said = format!("no such grant: {}", sent.join(" "));
    let word = json!({"error": "invalid_grant", "error_description": said});
    reply(400, word.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_for_a_token_is_covered_where_it_is_refused() {
    let tokens = Wire::start(repeating).await;
    let auth = json!({
        "kind": "oauth2_code", "authorize_url": "https://login.example/authorize",
        "client_id": "we", "token_url": tokens.url("/token"),
    });
    let mut setting = Setting::new("127.0.0.1:9", auth, json!({"client_secret": SECRET}));
    setting.also.push(tokens.place.clone());
    setting.keeper = Some(Memory::new() as Arc<dyn TokenKeeper>);
    let given = |code: &str| ConsentGiven {
        code: code.into(),
        verifier: VERIFIER.into(),
        redirect_uri: "https://tributary.example/oauth/callback".to_owned(),
        issuer: None,
    };
    let asking = setting.connect().unwrap();
    let refused = asking.consented(given(CODE)).await.unwrap_err();
    let text = format!("{refused:?}");
    assert!(!text.contains(CODE) && !text.contains(VERIFIER), "{text}");
    asking.consented(given("the-first-code")).await.unwrap();
    // another process has nothing but what was kept, and that is refused by now
    let other = setting.connect().unwrap();
    let error = other.send(get("x", &[])).await.unwrap_err();
    let text = format!("{:?}", error.problem);
    assert!(text.contains("no such grant: "), "{text}");
    assert!(!text.contains(REFRESH), "{text}");
}
