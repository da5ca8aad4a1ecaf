//! The page's button: sends the browser to the other side, with a state that only this browser may
//! bring back.

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tributary_model::error_code::ErrorCode;
use tributary_vault::random_secret;
use utoipa::ToSchema;

use super::page::PagePath;
use super::shown::Shown;
use super::{OPENED_KIND, Opened, Ticket, callback, cookie, find_by_address, hash_text};
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::state::{ApiState, ConsentRequest};

/// What the button sends.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LeaveForm {
    /// hash of the cookie: other pages can make a browser send this form, but do not know it
    proof: String,
}

/// Sends the browser to the other side.
#[utoipa::path(
    post,
    path = "/oauth/consent/{ticket}",
    params(("ticket" = String, Path, description = "from the address that was handed on")),
    responses((status = 303, description = "to the other side's page"))
)]
pub(crate) async fn leave_for_consent(
    State(state): State<ApiState>,
    Names(path): Names<PagePath>,
    headers: HeaderMap,
    form: Result<Form<LeaveForm>, axum::extract::rejection::FormRejection>,
) -> Result<Response, Shown> {
    let found = find_by_address(&state, &path.ticket).await?;
    let browser = cookie(&headers).ok_or_else(Shown::other_browser)?;
    let Ok(Form(form)) = form else {
        return Err(Shown::other_browser());
    };
    if form.proof != hash_text(browser) {
        return Err(Shown::other_browser());
    }
    let document = found.document().await?;
    let (secret, verifier) = (random_secret()?, random_secret()?);
    let opened = Opened {
        state: hash_text(&secret),
        browser: form.proof,
        verifier: verifier.clone(),
    };
    let ticket = Ticket {
        tenant: found.tenant.clone(),
        id: found.id.clone(),
        secret,
    };
    let request = ConsentRequest {
        redirect_uri: callback(&state),
        state: ticket.text(),
        verifier: verifier.into(),
    };
    let address = (state.connectors.consent_address)(found.tenant.clone(), document, request);
    let address = address.await.map_err(|problem| Shown::problem(&problem))?;
    let plain = serde_json::to_vec(&opened)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    let sealed = found.vault.seal(OPENED_KIND, &found.id, &plain)?;
    if !found.store.consent_open(&found.id, &sealed).await? {
        return Err(Shown::expired());
    }
    let headers = [
        (header::LOCATION, address),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
