//! A person's consent: the address that a browser is sent to, and the exchange of what it brings back,
//! against an authorization server that checks PKCE by itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tributary_host::{ConsentAsked, ConsentGiven, Consented, TokenKeeper};
use tributary_model::error_code::ErrorCode;

use super::oauth2::Memory;
use super::{Setting, get};
use crate::wire::{Reply, Seen, Wire, pairs, reply};

const CALLBACK: &str = "https://tributary.example/oauth/callback";
const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";

/// The code that was given for this challenge, once.
type Codes = Arc<Mutex<BTreeMap<String, String>>>;

fn token(codes: &Codes, seen: &Seen) -> Reply {
    let form = seen.form();
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let word = |word: &str| reply(400, json!({ "error": word }).to_string());
    match field("grant_type").as_str() {
        "authorization_code" => {
            let hash = digest(&SHA256, field("code_verifier").as_bytes());
            let challenge = BASE64URL_NOPAD.encode(hash.as_ref());
            let given = codes.lock().unwrap().remove(&field("code"));
            if given != Some(challenge) || field("redirect_uri") != CALLBACK {
                return word("invalid_grant");
            }
            reply(
                200,
                json!({"access_token": "access-of-code-0001", "token_type": "Bearer",
                "expires_in": 3600, "refresh_token": "refresh-of-code-0001"})
                .to_string(),
            )
        }
        "refresh_token" if field("refresh_token") == "refresh-of-code-0001" => reply(
            200,
            json!({"access_token": "access-of-refresh-0002", "token_type": "Bearer"}).to_string(),
        ),
        _ => word("invalid_grant"),
    }
}

struct Servers {
    tokens: Wire,
    api: Wire,
    codes: Codes,
}

impl Servers {
    async fn start() -> Self {
        let codes = Codes::default();
        let known = Arc::clone(&codes);
        Self {
            tokens: Wire::start(move |seen| token(&known, seen)).await,
            api: Wire::start(|seen| match seen.header("authorization") {
                "Bearer access-of-code-0001" | "Bearer access-of-refresh-0002" => reply(200, "{}"),
                _ => reply(401, "{}"),
            })
            .await,
            codes,
        }
    }

    fn setting(&self, more: Value, keeper: &Arc<Memory>) -> Setting {
        let mut auth = json!({
            "kind": "oauth2_code", "authorize_url": "https://login.example/authorize?tenant=7",
            "authorize_params": {"access_type": "offline"}, "client_id": "the client",
            "token_url": self.tokens.url("/token"), "scope": "orders.read all",
        });
        for (name, value) in more.as_object().unwrap() {
            auth[name] = value.clone();
        }
        let mut setting = Setting::new(&self.api.place, auth, json!({"client_secret": "s"}));
        setting.also.push(self.tokens.place.clone());
        setting.keeper = Some(Arc::clone(keeper) as Arc<dyn TokenKeeper>);
        setting
    }

    /// What a person's browser does at the other side: agrees, and comes back with a code.
    fn agree(&self, address: &str) -> String {
        let query = address.split_once('?').unwrap().1;
        let query: BTreeMap<String, String> = pairs(query).into_iter().collect();
        let code = format!("code-{}", self.codes.lock().unwrap().len());
        let challenge = query["code_challenge"].clone();
        self.codes.lock().unwrap().insert(code.clone(), challenge);
        code
    }
}

fn asked() -> ConsentAsked {
    ConsentAsked {
        redirect_uri: CALLBACK.to_owned(),
        state: "acme.con_1.state".to_owned(),
        verifier: VERIFIER.into(),
    }
}

fn given(code: &str, issuer: Option<&str>) -> ConsentGiven {
    ConsentGiven {
        code: code.into(),
        verifier: VERIFIER.into(),
        redirect_uri: CALLBACK.to_owned(),
        issuer: issuer.map(str::to_owned),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_consent_gives_is_kept_for_every_process() {
    let servers = Servers::start().await;
    let keeper = Memory::new();
    let setting = servers.setting(json!({}), &keeper);
    let before = setting
        .connect()
        .unwrap()
        .send(get("x", &[]))
        .await
        .unwrap_err();
    assert_eq!(before.problem.code, ErrorCode::ConnectionAuth);
    assert!(
        before.problem.hint.contains("tributary connection consent"),
        "{}",
        before.problem.hint
    );
    assert!(
        servers.tokens.seen().is_empty(),
        "there is nothing to ask with"
    );

    let asking = setting.connect().unwrap();
    let address = asking.consent_address(&asked()).unwrap();
    let (start, query) = address.split_once('?').unwrap();
    assert_eq!(start, "https://login.example/authorize");
    let query = pairs(query);
    let hash = BASE64URL_NOPAD.encode(digest(&SHA256, VERIFIER.as_bytes()).as_ref());
    let expected = [
        ("tenant", "7"),
        ("response_type", "code"),
        ("client_id", "the client"),
        ("redirect_uri", CALLBACK),
        ("state", "acme.con_1.state"),
        ("code_challenge", hash.as_str()),
        ("code_challenge_method", "S256"),
        ("scope", "orders.read all"),
        ("access_type", "offline"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(query, expected);
    assert!(!address.contains(VERIFIER));

    let code = servers.agree(&address);
    let consented = asking.consented(given(&code, None)).await.unwrap();
    let lasting = Consented {
        renewable: true,
        lifetime_s: Some(3600),
    };
    assert_eq!(consented, lasting);
    // another process, with the same document
    let other = setting.connect().unwrap();
    assert_eq!(other.send(get("x", &[])).await.unwrap().status, 200);
    assert_eq!(
        servers.tokens.seen().len(),
        1,
        "the token of the code is used"
    );
    // the code is used up, and what was kept stays
    let again = asking.consented(given(&code, None)).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::ConnectionAuth);
    assert!(!format!("{again:?}").contains(&code), "{again:?}");
    let third = setting.connect().unwrap();
    assert_eq!(third.send(get("x", &[])).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_issuer_is_not_believed() {
    let servers = Servers::start().await;
    let keeper = Memory::new();
    let setting = servers.setting(json!({"issuer": "https://login.example"}), &keeper);
    let connection = setting.connect().unwrap();
    for issuer in [None, Some("https://attacker.example")] {
        let error = connection
            .consented(given("code", issuer))
            .await
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::ConnectionAuth);
        assert_eq!(error.pointer.as_deref(), Some("/endpoint/auth/issuer"));
    }
    assert!(servers.tokens.seen().is_empty(), "the code went nowhere");
    let code = servers.agree(&connection.consent_address(&asked()).unwrap());
    let good = connection.consented(given(&code, Some("https://login.example")));
    assert!(good.await.unwrap().renewable);
}

#[tokio::test]
async fn addresses_that_cannot_be_are_refused_at_their_place() {
    let servers = Servers::start().await;
    let keeper = Memory::new();
    for (more, place) in [
        (
            json!({"authorize_url": "http://login.example/a"}),
            "/endpoint/auth/authorize_url",
        ),
        (
            json!({"authorize_url": "login"}),
            "/endpoint/auth/authorize_url",
        ),
        (
            json!({"authorize_url": "https://u:p@login.example/a"}),
            "/endpoint/auth/authorize_url",
        ),
        (
            json!({"authorize_url": "https://login.example/a#b"}),
            "/endpoint/auth/authorize_url",
        ),
        (
            json!({"authorize_params": {"state": "mine"}}),
            "/endpoint/auth/authorize_params/state",
        ),
    ] {
        let refused = super::refused_at(&servers.setting(more.clone(), &keeper));
        assert_eq!(refused.as_deref(), Some(place), "{more}");
    }
    let mut without = servers.setting(json!({}), &keeper);
    without
        .auth
        .as_object_mut()
        .unwrap()
        .remove("authorize_url");
    assert_eq!(
        super::refused_at(&without).as_deref(),
        Some("/secrets/refresh_token")
    );
    let bearer = Setting::new(
        &servers.api.place,
        json!({"kind": "bearer"}),
        json!({"token": "t"}),
    );
    let error = bearer
        .connect()
        .unwrap()
        .consent_address(&asked())
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::ConfigInvalid);
}
