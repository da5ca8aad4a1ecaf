//! Login calls: a Tryton that forgets its sessions, and one that sets a cookie.

use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tributary_model::error_code::ErrorCode;

use super::{Setting, get, refused_at};
use crate::wire::{Reply, Seen, Wire, reply};

const PASSWORD: &str = "pass\"word-of-the-erp";

fn tryton_auth() -> Value {
    json!({
        "kind": "login", "path": "erp/", "user": "integration",
        "body": {"id": 1, "method": "common.db.login", "params": ["{user}", {"password": "{password}"}, "en"]},
        "take": {"id": "/result/0", "key": "/result/1"},
        "header": "Authorization", "prefix": "Session ", "value": "{user}:{id}:{key}", "encoding": "base64",
    })
}

/// Answers as Tryton 7.0 was seen to (reference: counterparts).
fn tryton(session: &Mutex<u32>, seen: &Seen) -> Reply {
    let mut session = session.lock().unwrap();
    let body: Value = serde_json::from_str(&seen.body).unwrap_or_default();
    if body["method"] == "common.db.login" {
        if body["params"] != json!(["integration", {"password": PASSWORD}, "en"]) {
            return reply(401, "<html>bad login</html>");
        }
        *session += 1;
        return reply(
            200,
            json!({"id": 1, "result": [2, format!("session-key-{session}")]}).to_string(),
        );
    }
    let wanted = format!("integration:2:session-key-{session}");
    let wanted = format!("Session {}", BASE64.encode(wanted.as_bytes()));
    match seen.header("authorization") == wanted {
        true => reply(200, "{\"result\":[]}"),
        false => reply(401, ""),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_got_used_and_got_again() {
    let session = Arc::<Mutex<u32>>::default();
    let inside = Arc::clone(&session);
    let wire = Wire::start(move |seen| tryton(&inside, seen)).await;
    let setting = Setting::new(&wire.place, tryton_auth(), json!({"password": PASSWORD}));
    let connection = setting.connect().unwrap();
    let status = async || connection.send(get("erp/", &[])).await.unwrap().status;
    assert_eq!((status().await, status().await), (200, 200));
    assert_eq!(wire.seen().len(), 3, "one login, two calls");
    *session.lock().unwrap() += 1;
    assert_eq!(status().await, 200, "a session that ended is renewed");
    assert_eq!(wire.seen().len(), 6);
    let mut forged = get("erp/", &[]);
    forged.headers = vec![("Authorization".to_owned(), "mine".to_owned())];
    assert!(connection.send(forged).await.is_err());

    let wrong = Setting::new(
        &wire.place,
        tryton_auth(),
        json!({"password": "another-password"}),
    );
    let wrong = wrong.connect().unwrap();
    let before = wire.seen().len();
    for _ in 0..3 {
        let error = wrong.send(get("erp/", &[])).await.unwrap_err();
        assert_eq!(error.problem.code, ErrorCode::ConnectionAuth);
        assert!(
            error
                .problem
                .detail
                .contains("refused the login of \"integration\""),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("another-password"));
    }
    assert_eq!(
        wire.seen().len(),
        before + 1,
        "an account is not locked by us"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_describes_the_login_and_its_connections_have_the_user() {
    let session = Arc::<Mutex<u32>>::default();
    let inside = Arc::clone(&session);
    let wire = Wire::start(move |seen| tryton(&inside, seen)).await;
    let mut recipe = tryton_auth();
    recipe.as_object_mut().unwrap().remove("user");
    let auth = json!({"kind": "login", "user": "integration"});
    let setting = Setting::new(&wire.place, auth, json!({"password": PASSWORD}));
    let connection = setting.described(recipe).connect().unwrap();
    for calls in [2, 3] {
        assert_eq!(connection.send(get("erp/", &[])).await.unwrap().status, 200);
        assert_eq!(wire.seen().len(), calls, "one login");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_and_a_form_work_too() {
    let wire = Wire::start(|seen| match seen.path() {
        "/base/Login" => {
            let form = seen.form();
            match form["UserName"] == "manager" && form["Password"] == PASSWORD {
                true => reply(200, "{}")
                    .with("set-cookie", "ROUTEID=.node1; path=/")
                    .with("set-cookie", "B1SESSION=abc-def; HttpOnly"),
                false => reply(401, ""),
            }
        }
        _ if seen.header("cookie") == "B1SESSION=abc-def" => reply(200, "{}"),
        _ => reply(401, ""),
    })
    .await;
    let auth = json!({
        "kind": "login", "path": "Login", "user": "manager", "body_format": "form",
        "body": {"UserName": "{user}", "Password": "{password}"},
        "take": {"session": "cookie:B1SESSION"}, "header": "Cookie", "value": "B1SESSION={session}",
        "lifetime_s": 1500,
    });
    let setting = Setting::new(&wire.place, auth, json!({"password": PASSWORD}));
    let connection = setting.connect().unwrap();
    for _ in 0..2 {
        assert_eq!(
            connection.send(get("Orders", &[])).await.unwrap().status,
            200
        );
    }
    assert_eq!(wire.seen().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_a_session_are_told_without_their_content() {
    for (answer, code, word) in [
        (
            reply(200, "{\"error\":[\"LoginException\",\"no such user\"]}"),
            ErrorCode::ConnectionAuth,
            "no such user",
        ),
        (
            reply(200, "{\"result\":{\"token\":\"hidden-session-1\"}}"),
            ErrorCode::ConnectionAuth,
            "without /result/0",
        ),
        (reply(429, ""), ErrorCode::RateLimited, "slow down"),
        (reply(503, ""), ErrorCode::ConnectionUnreachable, "503"),
        (
            reply(404, ""),
            ErrorCode::ConfigInvalid,
            "no login at this path",
        ),
    ] {
        let wire = Wire::start(move |_| answer.clone()).await;
        let setting = Setting::new(&wire.place, tryton_auth(), json!({"password": PASSWORD}));
        let error = setting
            .connect()
            .unwrap()
            .send(get("x", &[]))
            .await
            .unwrap_err();
        assert_eq!(error.problem.code, code, "{error}");
        assert!(error.problem.detail.contains(word), "{error}");
        assert!(
            !format!("{error:?}").contains("hidden-session-1"),
            "{error:?}"
        );
    }
    for (place, change) in [
        (
            "/endpoint/auth/body/params/0",
            json!({"body": {"params": ["{usr}"]}}),
        ),
        ("/endpoint/auth/value", json!({"value": "{nothing}"})),
        ("/endpoint/auth/take", json!({"take": {"key": "result.1"}})),
        ("/endpoint/auth/header", json!({"header": "no header"})),
    ] {
        let mut auth = tryton_auth();
        for (name, value) in change.as_object().unwrap() {
            auth[name] = value.clone();
        }
        let setting = Setting::new("127.0.0.1:1", auth, json!({"password": "p"}));
        let at = refused_at(&setting).unwrap_or_else(|| panic!("{place}"));
        assert!(at.starts_with(place), "{at} {place}");
    }
}
