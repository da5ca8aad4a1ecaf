//! An authorization server (OAuth 2.0, RFC 6749 §4.1, PKCE by RFC 7636): its page asks one question, and
//! codes and refresh tokens are good once. The access token that it gives is the one that another
//! counterpart takes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::web;

/// What it knows.
#[derive(Debug, Clone)]
pub struct Config {
    pub port: u16,
    pub client_id: String,
    pub client_secret: String,
    /// where browsers may be sent back to
    pub redirect_uri: String,
    /// what it gives
    pub access_token: String,
}

struct Login {
    config: Config,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// code → challenge
    codes: BTreeMap<String, String>,
    refresh: Option<String>,
    number: u32,
}

type Pairs = BTreeMap<String, String>;

/// Starts it.
///
/// # Errors
/// When not even a free port can be had.
pub async fn start(config: Config) -> anyhow::Result<web::Handle> {
    let listener = web::listen(config.port).await?;
    let login = Arc::new(Login {
        config,
        known: Mutex::default(),
    });
    let router = Router::new()
        .route("/authorize", get(ask).post(decide))
        .route("/token", post(token))
        .with_state(login);
    web::serve(listener, String::new(), router, Arc::default())
}

impl Login {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request that this server would rather not send anybody back from (RFC 6749 §4.1.2.1).
    fn suspicious(&self, asked: &Pairs) -> bool {
        let is = |name: &str, wanted: &str| asked.get(name).is_some_and(|value| value == wanted);
        !is("client_id", &self.config.client_id)
            || !is("redirect_uri", &self.config.redirect_uri)
            || !is("response_type", "code")
            || !is("code_challenge_method", "S256")
    }
}

async fn ask(State(login): State<Arc<Login>>, Query(asked): Query<Pairs>) -> Response {
    if login.suspicious(&asked) {
        return (
            StatusCode::BAD_REQUEST,
            "this request is not one of a known client",
        )
            .into_response();
    }
    Html(
        "<!doctype html><title>Login</title><h1>May Tributary read your orders?</h1>\
         <form method=post><button name=decision value=agree>Agree</button> \
         <button name=decision value=deny>Deny</button></form>",
    )
    .into_response()
}

async fn decide(
    State(login): State<Arc<Login>>,
    Query(asked): Query<Pairs>,
    Form(decision): Form<Pairs>,
) -> Response {
    if login.suspicious(&asked) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let state = asked.get("state").cloned().unwrap_or_default();
    let back = &login.config.redirect_uri;
    let to = if decision.get("decision").is_some_and(|word| word == "agree") {
        let mut known = login.known();
        known.number += 1;
        let code = format!("code-{:04}-of-a-consent", known.number);
        let challenge = asked.get("code_challenge").cloned().unwrap_or_default();
        known.codes.insert(code.clone(), challenge);
        format!("{back}?code={code}&state={state}")
    } else {
        format!("{back}?error=access_denied&error_description=the+person+said+no&state={state}")
    };
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

async fn token(
    State(login): State<Arc<Login>>,
    Form(form): Form<Pairs>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let refuse = |word: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": word })));
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("client_id") != login.config.client_id
        || field("client_secret") != login.config.client_secret
    {
        return Err(refuse("invalid_client"));
    }
    let mut known = login.known();
    let good = match field("grant_type") {
        "authorization_code" => {
            let hash = digest(&SHA256, field("code_verifier").as_bytes());
            let challenge = BASE64URL_NOPAD.encode(hash.as_ref());
            field("redirect_uri") == login.config.redirect_uri
                && known.codes.remove(field("code")) == Some(challenge)
        }
        "refresh_token" => known.refresh.take().as_deref() == Some(field("refresh_token")),
        _ => return Err(refuse("unsupported_grant_type")),
    };
    if !good {
        return Err(refuse("invalid_grant"));
    }
    known.number += 1;
    let refresh = format!("refresh-{:04}-of-a-consent", known.number);
    known.refresh = Some(refresh.clone());
    Ok(Json(json!({
        "access_token": login.config.access_token, "token_type": "Bearer",
        "expires_in": 3600, "refresh_token": refresh,
    })))
}
