//! Client credentials for a token: OAuth 2 (RFC 6749 §4.4), as JSON or as a form, the client in
//! the body or in HTTP Basic. Right and wrong take the same time; the secret is checked on a
//! blocking thread, few at once.

use std::sync::OnceLock;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::auth::token::TOKEN_LIFE_S;
use crate::problem::ApiError;
use crate::request::json::{body_bytes, parse};
use crate::state::ApiState;

/// Ids and secrets are far shorter; a longer one is not hashed.
const MOST_CHARACTERS: usize = 256;

/// Who asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    client_id: Option<String>,
    #[schema(format = Password, write_only)]
    client_secret: Option<String>,
    /// `client_credentials` if given
    grant_type: Option<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    access_token: String,
    /// `Bearer`
    token_type: &'static str,
    /// seconds
    expires_in: u64,
}

/// Client id and secret.
struct Credentials {
    client_id: String,
    secret: String,
}

/// Gives a token for client id and secret.
#[utoipa::path(
    post,
    path = "/api/v1/token",
    request_body(content(
        (TokenRequest = "application/json"),
        (TokenRequest = "application/x-www-form-urlencoded")
    )),
    responses((status = 200, description = "a token", body = TokenAnswer))
)]
pub(crate) async fn create_token(
    State(state): State<ApiState>,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    let credentials = credentials(request, &state).await?;
    let client = state.store.system().client(&credentials.client_id).await?;
    let caller = client.as_ref().map(|client| Caller {
        client_id: credentials.client_id.clone(),
        role: client.role,
        tenant: client.tenant.clone(),
    });
    let hash = client.map(|client| client.secret_hash);
    let right = secret_is_right(&state, credentials.secret, hash).await?;
    let caller = caller.filter(|_| right).ok_or_else(refused)?;
    let token = state
        .tokens
        .issue(state.clock.as_ref(), state.ids.as_ref(), &caller)?;
    let answer = TokenAnswer {
        access_token: token,
        token_type: "Bearer",
        expires_in: TOKEN_LIFE_S,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)))
}

fn refused() -> ApiError {
    ApiError::new(
        ErrorCode::CredentialsInvalid,
        "client id or secret is wrong",
    )
}

async fn credentials(request: Request, state: &ApiState) -> Result<Credentials, ApiError> {
    let basic = basic(request.headers())?;
    let headers = request.headers();
    let is_form = headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    let body = if is_form {
        let form = axum::Form::<TokenRequest>::from_request(request, state).await;
        form.map_err(|_| ApiError::request("the form could not be read"))?
            .0
    } else {
        let bytes: Bytes = body_bytes(request, state).await?;
        if bytes.is_empty() && basic.is_some() {
            TokenRequest {
                client_id: None,
                client_secret: None,
                grant_type: None,
            }
        } else {
            // what the text is must not matter here: a secret in an error would be a leak
            parse(&bytes, ErrorCode::RequestInvalid).map_err(|_| {
                ApiError::request("the body is not an object with client_id and client_secret")
            })?
        }
    };
    if body
        .grant_type
        .is_some_and(|kind| kind != "client_credentials")
    {
        return Err(
            ApiError::request("grant_type may only be client_credentials").at("/grant_type"),
        );
    }
    let found = match (basic, body.client_id, body.client_secret) {
        (Some(credentials), None, None) => credentials,
        (None, Some(client_id), Some(secret)) => Credentials { client_id, secret },
        (Some(_), _, _) => {
            let detail = "the client is given twice: in the Authorization header and in the body";
            return Err(ApiError::request(detail));
        }
        (None, None, _) => return Err(ApiError::request("client_id is missing").at("/client_id")),
        (None, _, None) => {
            return Err(ApiError::request("client_secret is missing").at("/client_secret"));
        }
    };
    let too_long = |text: &str| text.len() > MOST_CHARACTERS;
    if too_long(&found.client_id) || too_long(&found.secret) {
        return Err(refused());
    }
    Ok(found)
}

/// `Authorization: Basic`, if there is one.
fn basic(headers: &HeaderMap) -> Result<Option<Credentials>, ApiError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let unreadable = || ApiError::request("the Authorization header is not HTTP Basic");
    let text = value.to_str().map_err(|_| unreadable())?;
    let (scheme, encoded) = text.split_once(' ').ok_or_else(unreadable)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(unreadable());
    }
    let bytes = data_encoding::BASE64
        .decode(encoded.trim().as_bytes())
        .map_err(|_| unreadable())?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable())?;
    let (client_id, secret) = text.split_once(':').ok_or_else(unreadable)?;
    Ok(Some(Credentials {
        client_id: client_id.to_owned(),
        secret: secret.to_owned(),
    }))
}

/// Checks against the stored hash, or for an unknown client against one that fits nothing, so
/// that both take as long.
async fn secret_is_right(
    state: &ApiState,
    secret: String,
    hash: Option<String>,
) -> Result<bool, ApiError> {
    let busy = || Problem {
        retry_after_ms: Some(1000),
        ..Problem::new(ErrorCode::TooManyRequests, "too many logins at once")
    };
    let slot = state.limits.logins.clone().try_acquire_owned();
    let slot = slot.map_err(|_| busy())?;
    let checked = tokio::task::spawn_blocking(move || {
        let _slot = slot;
        match hash {
            Some(hash) => tributary_vault::verify_secret(&secret, &hash),
            None => {
                let hash = nobodys_hash()?;
                tributary_vault::verify_secret(&secret, hash).map(|_| false)
            }
        }
    })
    .await;
    match checked {
        Ok(right) => Ok(right?),
        Err(error) => Err(ApiError::internal(ErrorCode::Internal, &error)),
    }
}

/// The hash of a random secret that was thrown away.
fn nobodys_hash() -> Result<&'static str, tributary_vault::VaultError> {
    static HASH: OnceLock<String> = OnceLock::new();
    if let Some(hash) = HASH.get() {
        return Ok(hash);
    }
    let hash = tributary_vault::hash_secret(&tributary_vault::random_secret()?)?;
    Ok(HASH.get_or_init(|| hash))
}
