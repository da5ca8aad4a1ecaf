//! Every kind at once: whatever happens, no secret is in what people and guests get to see. All
//! logs are captured at level trace, those of the libraries too.

use std::io::Write;
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{Setting, get, post, text};
use crate::wire::{Wire, reply};

const CANARY: &str = "canary/5ecret+of=everything";

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Kinds with secrets that are all the canary.
fn kinds(tokens: &str) -> Vec<(Value, Value)> {
    let one = |name: &str| json!({ name: CANARY });
    vec![
        (json!({"kind": "bearer"}), one("token")),
        (json!({"kind": "basic", "user": "u"}), one("password")),
        (
            json!({"kind": "api_key", "header": "x-key"}),
            one("api_key"),
        ),
        (json!({"kind": "api_key", "query": "key"}), one("api_key")),
        (
            json!({"kind": "oauth2_client", "token_url": tokens, "client_id": "c"}),
            one("client_secret"),
        ),
        (
            json!({"kind": "oauth2_code", "token_url": tokens, "client_id": "c", "client_auth": "body"}),
            json!({"refresh_token": CANARY, "client_secret": CANARY}),
        ),
        (
            json!({"kind": "oauth1", "consumer_key": "c", "token_id": "t"}),
            json!({"consumer_secret": CANARY, "token_secret": CANARY}),
        ),
        (
            json!({"kind": "hmac", "template": "{path}", "headers": {"x-signature": "{signature}"}}),
            one("signing_key"),
        ),
        (
            json!({"kind": "sigv4", "access_key_id": "a", "region": "r", "service": "s"}),
            json!({"secret_access_key": CANARY, "session_token": CANARY}),
        ),
        (
            json!({"kind": "login", "path": "login", "user": "u", "body": {"p": "{password}"},
                "take": {"k": "/session"}, "header": "x-session", "value": "{k}"}),
            one("password"),
        ),
    ]
}

fn hits(text: &str) -> Vec<String> {
    let escaped = CANARY
        .replace('/', "%2F")
        .replace('+', "%2B")
        .replace('=', "%3D");
    let forms = [
        CANARY.to_owned(),
        escaped,
        BASE64.encode(CANARY.as_bytes()),
        BASE64.encode(format!("u:{CANARY}").as_bytes()),
        "issued-token-0123456789".to_owned(),
        "session-key-0123456789".to_owned(),
    ];
    forms
        .into_iter()
        .filter(|form| text.contains(form))
        .collect()
}

/// Everything that it got comes back.
async fn worst_server() -> Wire {
    Wire::start(|seen| match seen.path() {
        "/base/login" => reply(200, "{\"session\":\"session-key-0123456789\"}"),
        "/base/bad" => reply(403, seen.raw.clone()).with("x-echo", &seen.target),
        "/base/cut" => {
            let mut cut = reply(200, seen.raw.clone());
            cut.cut = true;
            cut
        }
        _ => reply(200, seen.raw.clone())
            .with("link", &format!("<{}>; rel=next", seen.target))
            .with("set-cookie", &seen.target.replace('?', "")),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_seen_anywhere() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let tokens = Wire::start(|_| {
        reply(200, "{\"access_token\":\"issued-token-0123456789\",\"refresh_token\":\"issued-token-0123456789r\"}")
    })
    .await;
    let refusing = Wire::start(|seen| {
        reply(
            400,
            json!({"error": "invalid_client", "error_description": seen.raw}).to_string(),
        )
    })
    .await;
    let echo = worst_server().await;
    let mut shown = String::new();
    for token_url in [
        tokens.url("/t"),
        refusing.url("/t"),
        "http://127.0.0.1:1/t".to_owned(),
    ] {
        for (auth, secrets) in kinds(&token_url) {
            let mut setting = Setting::new(&echo.place, auth, secrets);
            setting.also.extend([
                tokens.place.clone(),
                refusing.place.clone(),
                "127.0.0.1:1".to_owned(),
            ]);
            let connection = setting.connect().unwrap();
            shown.push_str(&format!("{connection:?}"));
            for request in [
                get("good", &[("a", "1")]),
                get("bad", &[("a", "1")]),
                get("cut", &[]),
                get("../leave", &[]),
                post("good", "application/json", "{}"),
            ] {
                match connection.send(request).await {
                    Ok(response) => {
                        shown.push_str(&format!("{response:?}{}", text(&response)));
                    }
                    Err(error) => shown.push_str(&format!("{error:?} {error}")),
                }
            }
        }
    }
    let sent: String = echo.seen().iter().map(|seen| seen.raw.clone()).collect();
    assert!(
        hits(&sent).len() >= 5,
        "the other side got {:?}",
        hits(&sent)
    );
    assert!(shown.len() > 10_000);
    let logged = String::from_utf8_lossy(&captured.0.lock().unwrap()).into_owned();
    assert!(logged.len() > 1_000, "nothing was captured");
    assert_eq!(hits(&shown), Vec::<String>::new(), "shown");
    assert_eq!(hits(&logged), Vec::<String>::new(), "logged");
}
