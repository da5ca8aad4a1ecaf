//! Where the other side sends the browser back to: takes the code, has the host get tokens for it, and
//! says how it went.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;

use super::shown::Shown;
use super::{Found, OPENED_KIND, Opened, Outcome, Ticket, callback, cookie, find, hash_text};
use crate::problem::ApiError;
use crate::state::{ApiState, ConsentAnswer};
use crate::wire::document::stored;

/// What comes back (RFC 6749 §4.1.2, RFC 9207). Servers add more of their own, which is not looked at.
#[derive(Deserialize)]
pub(crate) struct Brought {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Takes what the other side sent the browser back with.
#[utoipa::path(
    get,
    path = "/oauth/callback",
    params(
        ("code" = Option<String>, Query, description = "of the consent, for one use"),
        ("state" = Option<String>, Query, description = "what the browser left with"),
        ("iss" = Option<String>, Query, description = "who sent it back"),
        ("error" = Option<String>, Query, description = "why there is no code"),
        ("error_description" = Option<String>, Query, description = "the same for people")
    ),
    responses((status = 200, description = "a page: how it went", body = String, content_type = "text/html"))
)]
pub(crate) async fn receive_consent(
    State(state): State<ApiState>,
    headers: HeaderMap,
    brought: Result<Query<Brought>, axum::extract::rejection::QueryRejection>,
) -> Result<Shown, Shown> {
    let Ok(Query(brought)) = brought else {
        return Err(Shown::unknown());
    };
    let ticket = brought.state.as_deref().and_then(Ticket::parse);
    let ticket = ticket.ok_or_else(Shown::unknown)?;
    let found = find(&state, &ticket, |_| true).await?;
    let opened = take(&found, &ticket, &headers).await?;
    let outcome = match code(&brought) {
        Err(problem) => Outcome::refused(&problem),
        Ok(code) => {
            let answer = ConsentAnswer {
                code: code.into(),
                verifier: opened.verifier.into(),
                redirect_uri: callback(&state),
                issuer: brought.iss,
            };
            keep(&state, &found, answer).await?
        }
    };
    let text = serde_json::to_string(&outcome)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    found.store.consent_settle(&found.id, &text).await?;
    Ok(Shown::over(&outcome))
}

/// What this browser left with, once. A wrong state or another browser uses nothing up.
async fn take(found: &Found, ticket: &Ticket, headers: &HeaderMap) -> Result<Opened, Shown> {
    let sealed = found.consent.opened.as_ref().ok_or_else(Shown::used)?;
    let plain = found.vault.open(OPENED_KIND, &found.id, sealed)?;
    let opened: Opened = stored(&String::from_utf8_lossy(&plain))?;
    if opened.state != hash_text(&ticket.secret) {
        return Err(Shown::unknown());
    }
    let browser = cookie(headers).map(hash_text);
    if browser.as_deref() != Some(&opened.browser) {
        return Err(Shown::other_browser());
    }
    match found.store.consent_take(&found.id, sealed).await? {
        true => Ok(opened),
        false => Err(Shown::used()),
    }
}

/// The code, or what the other side says in its place.
fn code(brought: &Brought) -> Result<String, Problem> {
    if let Some(code) = brought.code.clone().filter(|code| !code.is_empty()) {
        return Ok(code);
    }
    let word = brought.error.as_deref().unwrap_or("no code and no error");
    let more = brought.error_description.as_deref();
    let more = more.map_or_else(String::new, |text| format!(" ({})", shorten(text, 200)));
    let detail = format!(
        "the other side gave no consent: {}{more}",
        shorten(word, 60)
    );
    let hint = match word {
        "access_denied" => "the person did not agree; begin again if they should",
        "invalid_scope" => "ask only for scopes that the other side knows (endpoint.auth.scope)",
        "unauthorized_client" | "invalid_request" => {
            "compare client id and redirect URI with what is registered at the other side"
        }
        _ => "look the word up in the other side's documentation, then begin again",
    };
    Err(Problem::new(ErrorCode::ConnectionAuth, detail).hint(hint))
}

/// Has the host get the tokens and keep them.
async fn keep(state: &ApiState, found: &Found, answer: ConsentAnswer) -> Result<Outcome, Shown> {
    let document = found.document().await?;
    let kept = (state.connectors.consented)(found.tenant.clone(), document, answer).await;
    Ok(match kept {
        Err(problem) => Outcome::refused(&problem),
        Ok(kept) => Outcome::Given {
            renewable: kept.renewable,
            access_until_ms: kept.lifetime_s.map(|seconds| {
                let ms = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
                state.clock.now_ms().saturating_add(ms)
            }),
        },
    })
}
