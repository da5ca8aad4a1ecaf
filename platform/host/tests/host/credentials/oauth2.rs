//! OAuth 2.0 against a token endpoint with a memory: it counts, expires, rotates, and takes back
//! everything when a used refresh token comes a second time.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tributary_host::{KeptTokens, TokenKeeper};
use tributary_model::clock::Clock;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{Setting, get};
use crate::wire::{Reply, Seen, Wire, pairs, reply};

const SECRET: &str = "client s€cret/with+signs";

/// A clock that a test turns.
#[derive(Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Hand {
    fn turn(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

/// What the authorization server knows.
#[derive(Default)]
struct Issued {
    access: Vec<String>,
    refresh: Vec<String>,
    reused: bool,
}

struct Server {
    tokens: Wire,
    api: Wire,
    issued: Arc<Mutex<Issued>>,
}

/// A token endpoint and an API that takes the last access token only.
async fn server(expires_in: Value) -> Server {
    let issued = Arc::<Mutex<Issued>>::default();
    issued
        .lock()
        .unwrap()
        .refresh
        .push("refresh-token-0000".to_owned());
    let at_endpoint = Arc::clone(&issued);
    let tokens = Wire::start(move |seen| token(&at_endpoint, seen, &expires_in)).await;
    let at_api = Arc::clone(&issued);
    let api = Wire::start(move |seen| {
        let last = at_api
            .lock()
            .unwrap()
            .access
            .last()
            .cloned()
            .unwrap_or_default();
        match seen.header("authorization") == format!("Bearer {last}") {
            true => reply(200, format!("{{\"you_sent\":\"{last}\"}}")),
            false => reply(401, "{}"),
        }
    })
    .await;
    Server {
        tokens,
        api,
        issued,
    }
}

fn token(issued: &Mutex<Issued>, seen: &Seen, expires_in: &Value) -> Reply {
    let form = seen.form();
    let word = |word: &str| {
        let text = json!({"error": word, "error_description": format!("you sent {SECRET}")});
        reply(400, text.to_string())
    };
    if form.get("client_secret").map(String::as_str) != Some(SECRET) {
        let pair = seen.header("authorization").strip_prefix("Basic ");
        let pair = pair
            .and_then(|pair| BASE64.decode(pair.as_bytes()).ok())
            .unwrap_or_default();
        let pair = String::from_utf8(pair).unwrap().replacen(':', "=", 1);
        if pairs(&pair) != [("the client".to_owned(), SECRET.to_owned())] {
            return word("invalid_client");
        }
    }
    let mut issued = issued.lock().unwrap();
    let number = issued.access.len() + 1;
    let mut answer = json!({"access_token": format!("access-token-{number:04}-of-many"), "token_type": "bearer"});
    if !expires_in.is_null() {
        answer["expires_in"] = expires_in.clone();
    }
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials")
            if form.get("scope").map(String::as_str) == Some("orders.read all") => {}
        Some("refresh_token") => {
            if form.get("refresh_token") != issued.refresh.last() {
                issued.reused = true;
                return word("invalid_grant");
            }
            let next = format!("refresh-token-{number:04}");
            answer["refresh_token"] = json!(next);
            issued.refresh.push(next);
        }
        _ => return word("invalid_scope"),
    }
    let access = answer["access_token"].as_str().unwrap().to_owned();
    issued.access.push(access);
    reply(200, answer.to_string())
}

impl Server {
    fn setting(&self, kind: &str, client_auth: &str, secret: &str) -> (Setting, Arc<Hand>) {
        let auth = json!({
            "kind": kind, "token_url": self.tokens.url("/oauth/token"), "client_id": "the client",
            "scope": "orders.read all", "client_auth": client_auth, "params": {"audience": "x y"},
        });
        let mut secrets = json!({"client_secret": secret});
        if kind == "oauth2_code" {
            secrets["refresh_token"] = json!("refresh-token-0000");
        }
        let clock = Arc::<Hand>::default();
        let mut setting = Setting::new(&self.api.place, auth, secrets);
        setting.also.push(self.tokens.place.clone());
        setting.clock = Some(Arc::clone(&clock) as Arc<dyn Clock>);
        (setting, clock)
    }

    fn fetched(&self) -> usize {
        self.tokens.seen().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_kept_renewed_before_its_end_and_once_after_a_401() {
    for (client_auth, expires_in) in [("basic", json!(3600)), ("body", json!("3600"))] {
        let server = server(expires_in).await;
        let (setting, clock) = server.setting("oauth2_client", client_auth, SECRET);
        let connection = setting.connect().unwrap();
        let status = async || connection.send(get("x", &[])).await.unwrap().status;
        assert_eq!((status().await, status().await), (200, 200));
        assert_eq!(server.fetched(), 1);
        let asked = server.tokens.last().form();
        assert_eq!(asked["audience"], "x y");
        assert_eq!(asked.contains_key("client_secret"), client_auth == "body");
        clock.turn(3600 - 61);
        assert_eq!((status().await, server.fetched()), (200, 1));
        clock.turn(2);
        assert_eq!(
            (status().await, server.fetched()),
            (200, 2),
            "a minute before its end"
        );
        // the API forgets the token before its time
        server
            .issued
            .lock()
            .unwrap()
            .access
            .push("another".to_owned());
        assert_eq!((status().await, server.fetched()), (200, 3));
        // a 401 that a new token does not cure is passed on, and does not cost a token each time
        server
            .issued
            .lock()
            .unwrap()
            .access
            .push("yet another".to_owned());
        for _ in 0..3 {
            assert_eq!(status().await, 401);
        }
        assert_eq!(server.fetched(), 3, "renewed by force a moment ago");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_at_once_get_one_token() {
    let server = server(Value::Null).await;
    let (setting, _) = server.setting("oauth2_client", "basic", SECRET);
    let connection = Arc::new(setting.connect().unwrap());
    let requests: Vec<_> = (0..20)
        .map(|_| {
            let connection = Arc::clone(&connection);
            tokio::spawn(async move { connection.send(get("x", &[])).await.unwrap().status })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), 200);
    }
    assert_eq!(server.fetched(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_say_so_once_and_show_nothing() {
    let server = server(json!(60)).await;
    let (setting, _) = server.setting("oauth2_client", "basic", "wrong-client-secret");
    let connection = setting.connect().unwrap();
    for _ in 0..3 {
        let error = connection.send(get("x", &[])).await.unwrap_err();
        assert_eq!(
            (error.problem.code, error.sent),
            (ErrorCode::ConnectionAuth, false)
        );
        assert!(
            error
                .problem
                .detail
                .contains("refused the credentials: invalid_client"),
            "{error}"
        );
        assert!(
            error.problem.hint.contains("client secret"),
            "{}",
            error.problem.hint
        );
        let shown = format!("{error:?}{connection:?}");
        assert!(!shown.contains("wrong-client-secret"), "{shown}");
    }
    assert_eq!(server.fetched(), 1, "not tried again at once");
    assert!(
        server.api.seen().is_empty(),
        "nothing goes out without a token"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_of_a_token_endpoint_is_told_as_what_it_is() {
    let server = server(json!(60)).await;
    for (answer, code) in [
        (reply(500, "<html>"), ErrorCode::ConnectionUnreachable),
        (
            reply(429, "").with("retry-after", "7"),
            ErrorCode::RateLimited,
        ),
        (reply(200, "<html>hello"), ErrorCode::SourceProtocol),
        (
            reply(200, "{\"token_type\":\"bearer\"}"),
            ErrorCode::ConnectionAuth,
        ),
        (
            reply(200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}"),
            ErrorCode::SourceProtocol,
        ),
        (reply(404, ""), ErrorCode::ConfigInvalid),
        (
            reply(302, "").with("location", "http://127.0.0.1:1/"),
            ErrorCode::ConnectionAuth,
        ),
    ] {
        let tokens = Wire::start(move |_| answer.clone()).await;
        let auth =
            json!({"kind": "oauth2_client", "token_url": tokens.url("/t"), "client_id": "c"});
        let mut setting = Setting::new(&server.api.place, auth, json!({"client_secret": SECRET}));
        setting.also.push(tokens.place.clone());
        let error = setting
            .connect()
            .unwrap()
            .send(get("x", &[]))
            .await
            .unwrap_err();
        assert_eq!(error.problem.code, code, "{error}");
        if code == ErrorCode::RateLimited {
            assert_eq!(error.problem.retry_after_ms, Some(7000));
        }
        assert!(!format!("{error:?}").contains(SECRET));
    }
    // the token endpoint is under the same egress rules
    let auth =
        json!({"kind": "oauth2_client", "token_url": "https://127.0.0.1:9/t", "client_id": "c"});
    let setting = Setting::new(&server.api.place, auth, json!({"client_secret": SECRET}));
    let error = setting
        .connect()
        .unwrap()
        .send(get("x", &[]))
        .await
        .unwrap_err();
    assert_eq!(error.problem.code, ErrorCode::ConnectionRefused);
    let auth =
        json!({"kind": "oauth2_client", "token_url": "http://login.example/t", "client_id": "c"});
    let clear = Setting::new(&server.api.place, auth, json!({"client_secret": SECRET}));
    assert_eq!(
        super::refused_at(&clear).as_deref(),
        Some("/endpoint/auth/token_url")
    );
}

/// What the store does, in memory: one at a time, JSON in between.
pub(super) struct Memory {
    turn: Semaphore,
    kept: Mutex<Option<String>>,
    broken: AtomicBool,
}

impl Memory {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            turn: Semaphore::new(1),
            kept: Mutex::default(),
            broken: AtomicBool::default(),
        })
    }
}

#[async_trait]
impl TokenKeeper for Memory {
    async fn lock(&self) -> Result<Option<KeptTokens>, Problem> {
        self.turn.acquire().await.unwrap().forget();
        let kept = self.kept.lock().unwrap().clone();
        Ok(kept.map(|text| serde_json::from_str(&text).unwrap()))
    }

    async fn unlock(&self, tokens: Option<&KeptTokens>) -> Result<(), Problem> {
        self.turn.add_permits(1);
        if self.broken.load(Ordering::Relaxed) {
            return Err(Problem::new(ErrorCode::StorageFailed, "the disk is full"));
        }
        if let Some(tokens) = tokens {
            assert!(!format!("{tokens:?}").contains("token-"));
            *self.kept.lock().unwrap() = Some(serde_json::to_string(tokens).unwrap());
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_refresh_token_is_kept_and_shared() {
    let server = server(json!(3600)).await;
    let keeper = Memory::new();
    let (mut setting, clock) = server.setting("oauth2_code", "basic", SECRET);
    setting.keeper = Some(Arc::clone(&keeper) as Arc<dyn TokenKeeper>);
    // three processes with the same document
    let (a, b, c) = (
        setting.connect().unwrap(),
        setting.connect().unwrap(),
        setting.connect().unwrap(),
    );
    for _ in 0..4 {
        for connection in [&a, &b, &c] {
            let response = connection.send(get("x", &[])).await.unwrap();
            assert_eq!(response.status, 200);
        }
        clock.turn(3600);
    }
    assert_eq!(server.fetched(), 4, "one renewal for all three, four times");
    let issued = server.issued.lock().unwrap();
    assert!(!issued.reused, "a used refresh token was sent again");
    assert_eq!(issued.refresh.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_refresh_token_outlives_a_failing_store_and_a_request_that_was_given_up() {
    let server = server(json!(3600)).await;
    let keeper = Memory::new();
    let (mut setting, clock) = server.setting("oauth2_code", "basic", SECRET);
    setting.keeper = Some(Arc::clone(&keeper) as Arc<dyn TokenKeeper>);
    let connection = setting.connect().unwrap();
    keeper.broken.store(true, Ordering::Relaxed);
    assert_eq!(connection.send(get("x", &[])).await.unwrap().status, 200);
    assert_eq!(*keeper.kept.lock().unwrap(), None);
    keeper.broken.store(false, Ordering::Relaxed);
    clock.turn(3600);
    assert_eq!(connection.send(get("x", &[])).await.unwrap().status, 200);
    let kept = keeper.kept.lock().unwrap().clone().unwrap();
    assert!(kept.contains("refresh-token-0002"), "{kept}");

    clock.turn(3600);
    let mut hasty = get("x", &[]);
    hasty.timeout_ms = Some(1);
    let given_up = connection.send(hasty).await;
    assert!(given_up.is_err() || server.fetched() == 3);
    tokio::time::timeout(std::time::Duration::from_secs(5), async {
        while server.fetched() < 3 || keeper.turn.available_permits() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    let kept = keeper.kept.lock().unwrap().clone().unwrap();
    assert!(kept.contains("refresh-token-0003"), "{kept}");
    let other = setting.connect().unwrap();
    assert_eq!(other.send(get("x", &[])).await.unwrap().status, 200);
    assert!(!server.issued.lock().unwrap().reused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_was_withdrawn_is_told_as_such() {
    let server = server(json!(3600)).await;
    let (setting, _) = server.setting("oauth2_code", "basic", SECRET);
    server
        .issued
        .lock()
        .unwrap()
        .refresh
        .push("withdrawn".to_owned());
    let error = setting
        .connect()
        .unwrap()
        .send(get("x", &[]))
        .await
        .unwrap_err();
    assert_eq!(error.problem.code, ErrorCode::ConnectionAuth);
    assert!(
        error.problem.hint.contains("consent"),
        "{}",
        error.problem.hint
    );
    assert!(!format!("{error:?}").contains("refresh-token-0000"));
}
