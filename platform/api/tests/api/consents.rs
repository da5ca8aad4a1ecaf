//! Consent of a person in a browser: asked for, shown, sent away, brought back once, by the same browser.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Answer, Api, Call, PUBLIC_URL, document_of};

const BOOKS: &str = "/api/v1/tenants/acme/connections/books";

/// A browser: keeps its cookie.
#[derive(Default)]
struct Browser {
    cookie: Option<String>,
}

impl Browser {
    async fn go(&mut self, api: &Api, mut call: Call) -> Answer {
        if let Some(cookie) = &self.cookie {
            call = call.header("cookie", &format!("other=1; {cookie}"));
        }
        let answer = api.call(call).await;
        if let Some(set) = answer.headers.get("set-cookie") {
            let set = set.to_str().unwrap();
            for part in [
                "; HttpOnly",
                "; SameSite=Lax",
                "; Secure",
                "; Path=/oauth/",
                "; Max-Age=900",
            ] {
                assert!(set.contains(part), "{set}");
            }
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        answer
    }

    /// Opens the page and presses its button; where that leads.
    async fn leave(&mut self, api: &Api, path: &str) -> BTreeMap<String, String> {
        let page = self.go(api, Call::get(path)).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        let answer = self.go(api, press(path, &proof(&page))).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let to = answer.headers["location"].to_str().unwrap();
        let query = to.strip_prefix("https://login.example/authorize?").unwrap();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    async fn back(&mut self, api: &Api, query: &str) -> Answer {
        self.go(api, Call::get(&format!("/oauth/callback?{query}")))
            .await
    }
}

fn press(path: &str, proof: &str) -> Call {
    let form = format!("proof={proof}");
    Call::new(Method::POST, path).body("application/x-www-form-urlencoded", form.into_bytes())
}

fn proof(page: &Answer) -> String {
    let html = page.text();
    let after = html.split("name=\"proof\" value=\"").nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}

async fn api() -> Api {
    let api = Api::start().await;
    let put = Call::put(BOOKS, &document_of("connections", "books"));
    api.ok(put.bearer(&api.engineer("acme"))).await;
    api
}

/// The path of the page, and the consent's own path.
async fn asked(api: &Api) -> (String, String) {
    let ask = Call::new(Method::POST, &format!("{BOOKS}/consents"));
    let answer = api.ok(ask.bearer(&api.engineer("acme"))).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let answer = answer.json();
    assert_eq!(
        answer["redirect_uri"],
        format!("{PUBLIC_URL}/oauth/callback")
    );
    let page = answer["url"]
        .as_str()
        .unwrap()
        .strip_prefix(PUBLIC_URL)
        .unwrap();
    (
        page.to_owned(),
        format!("{BOOKS}/consents/{}", answer["id"].as_str().unwrap()),
    )
}

async fn view(api: &Api, path: &str) -> Value {
    let get = Call::get(path).bearer(&api.engineer("acme"));
    api.ok(get).await.json()
}

fn is_page(headers: &HeaderMap) {
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
}

#[tokio::test]
async fn a_person_gives_consent_in_a_browser() {
    let api = api().await;
    let (page, consent) = asked(&api).await;
    assert_eq!(view(&api, &consent).await["state"], "waiting");
    let mut browser = Browser::default();
    let shown = browser.go(&api, Call::get(&page)).await;
    is_page(&shown.headers);
    let policy = shown.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.ends_with("form-action 'self' https://login.example"),
        "{policy}"
    );
    let html = shown.text();
    assert!(
        html.contains("The tenant acme (tenant acme) asks for access to login.example"),
        "{html}"
    );
    assert!(html.contains("orders &lt;all&gt;"), "{html}");
    assert!(!html.contains("canary"), "{html}");

    let left = browser.leave(&api, &page).await;
    assert_eq!(left["redirect_uri"], format!("{PUBLIC_URL}/oauth/callback"));
    let query = format!(
        "code=code-for-{}&state={}&session_state=theirs",
        left["verifier"], left["state"]
    );
    let done = browser.back(&api, &query).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    is_page(&done.headers);
    assert!(done.text().contains("Access was given"), "{}", done.text());
    let given = view(&api, &consent).await;
    assert_eq!(
        (&given["state"], &given["renewable"]),
        (&json!("given"), &json!(true))
    );
    assert!(
        given["access_until"].is_string() && given["problem"].is_null(),
        "{given}"
    );
    assert_eq!(given["asked_by"], "acme-engineer");
    // once, whoever comes
    for query in [query.as_str(), "state=x", ""] {
        let again = browser.back(&api, query).await;
        assert!(!again.text().contains("code-for"), "{}", again.text());
    }
    let open = browser.go(&api, Call::get(&page)).await;
    assert!(open.text().contains("Access was given"), "{}", open.text());
}

#[tokio::test]
async fn only_the_browser_that_saw_the_page_may_bring_the_code_back() {
    let api = api().await;
    let (page, consent) = asked(&api).await;
    let mut theirs = Browser::default();
    let left = theirs.leave(&api, &page).await;
    let query = format!("code=code-for-{}&state={}", left["verifier"], left["state"]);
    // a victim is sent to the callback, or to the form, of somebody else's consent
    let mut victim = Browser::default();
    for answer in [
        victim.back(&api, &query).await,
        victim.go(&api, press(&page, &"0".repeat(64))).await,
        victim.go(&api, Call::new(Method::POST, &page)).await,
    ] {
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
        is_page(&answer.headers);
    }
    let shown = theirs.go(&api, Call::get(&page)).await;
    let mut other = Browser::default();
    other.go(&api, Call::get(&page)).await;
    let pressed = other.go(&api, press(&page, &proof(&shown))).await;
    assert_eq!(
        pressed.status,
        StatusCode::FORBIDDEN,
        "another browser's proof"
    );
    // a state that was made up, and one of another consent
    let (second, _) = asked(&api).await;
    let mut also = Browser {
        cookie: theirs.cookie.clone(),
    };
    let left_also = also.leave(&api, &second).await;
    let (start, _) = left["state"].rsplit_once('.').unwrap();
    let (_, secret) = left_also["state"].rsplit_once('.').unwrap();
    let mixed = format!("code=x&state={start}.{secret}");
    assert_eq!(
        theirs.back(&api, &mixed).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        view(&api, &consent).await["state"],
        "waiting",
        "nothing was used up"
    );
    assert_eq!(theirs.back(&api, &query).await.status, StatusCode::OK);
    assert_eq!(view(&api, &consent).await["state"], "given");
}

#[tokio::test]
async fn what_went_wrong_is_told_to_both() {
    let api = api().await;
    for (query, detail) in [
        (
            "error=access_denied&error_description=no+%3Cb%3E",
            "the other side gave no consent: access_denied (no <b>)",
        ),
        ("code=another", "the token endpoint refused the <code>"),
        ("", "the other side gave no consent: no code and no error"),
    ] {
        let (page, consent) = asked(&api).await;
        let mut browser = Browser::default();
        let left = browser.leave(&api, &page).await;
        let query = format!("{query}&state={}", left["state"]);
        let answer = browser.back(&api, &query).await;
        let html = answer.text();
        assert!(
            html.contains("No access was given")
                && !html.contains("<b>")
                && !html.contains("<code>"),
            "{html}"
        );
        let refused = view(&api, &consent).await;
        assert_eq!(refused["state"], "refused");
        assert_eq!(refused["problem"]["detail"], detail);
        assert_eq!(refused["problem"]["code"], "connection_auth_failed");
        assert!(!refused["problem"]["hint"].as_str().unwrap().is_empty());
    }
    // addresses that are none
    let (page, _) = asked(&api).await;
    let (start, _) = page.rsplit_once('.').unwrap();
    for path in [
        "/oauth/consent/x",
        &format!("{start}.{}", "A".repeat(43)),
        "/oauth/callback?state=a&state=b",
        "/oauth/callback",
    ] {
        let answer = api.call(Call::get(path)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        is_page(&answer.headers);
    }
    // a connection that nobody consents to
    let ask = Call::new(
        Method::POST,
        "/api/v1/tenants/acme/connections/taxman/consents",
    );
    let answer = api.call(ask.bearer(&api.engineer("acme"))).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json()["pointer"], "/endpoint/auth/authorize_url");
}

/// What came of a consent goes when the connection goes elsewhere, and not when a file is applied again.
#[tokio::test]
async fn tokens_outlive_the_same_file_and_no_other_place() {
    let api = api().await;
    let store = api.state.store.tenant(&crate::harness::slug("acme"));
    let name = crate::harness::slug("books");
    let put = async |document: &Value| {
        let put = Call::put(BOOKS, document).bearer(&api.engineer("acme"));
        api.call(put).await.status
    };
    let keep = async || {
        let lease = store.token_lease(&name, "test", 1).await.unwrap().unwrap();
        assert!(store.token_release(&lease, Some(b"tokens")).await.unwrap());
    };
    let kept = async || {
        let lease = store.token_lease(&name, "test", 1).await.unwrap().unwrap();
        store.token_release(&lease, None).await.unwrap();
        lease.sealed.is_some()
    };
    let mut document = document_of("connections", "books");
    keep().await;
    document["title"] = json!("Books");
    assert_eq!(put(&document).await, StatusCode::OK);
    assert!(kept().await, "another title with the same secrets");
    document["endpoint"]["base_url"] = json!("https://elsewhere.example");
    assert_eq!(put(&document).await, StatusCode::OK);
    assert!(!kept().await, "another place");

    // without any secret: a public client, known by PKCE alone
    let put_public = |place: &str| {
        let mut document = document_of("connections", "books");
        document["name"] = json!("public");
        document["endpoint"]["base_url"] = json!(place);
        document.as_object_mut().unwrap().remove("secrets");
        document
    };
    let path = "/api/v1/tenants/acme/connections/public";
    let name = crate::harness::slug("public");
    for (place, stays) in [
        ("https://a.example", false),
        ("https://a.example", true),
        ("https://b.example", false),
    ] {
        let put = Call::put(path, &put_public(place)).bearer(&api.engineer("acme"));
        api.ok(put).await;
        let lease = store.token_lease(&name, "test", 1).await.unwrap().unwrap();
        assert_eq!(lease.sealed.is_some(), stays, "{place}");
        assert!(store.token_release(&lease, Some(b"tokens")).await.unwrap());
    }
}
