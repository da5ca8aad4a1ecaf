//! The page behind the address that an engineer handed on: who wants to do what, and a button.
//! Nothing happens by opening it, so that a preview of the link uses nothing up.

use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use tributary_vault::random_secret;

use super::shown::Shown;
use super::{cookie, find_by_address, hash_text, set_cookie, settings};
use crate::request::parts::Names;
use crate::state::ApiState;

/// The path.
#[derive(Deserialize)]
pub(crate) struct PagePath {
    pub(super) ticket: String,
}

/// Says who wants to do what, and asks.
#[utoipa::path(
    get,
    path = "/oauth/consent/{ticket}",
    params(("ticket" = String, Path, description = "from the address that was handed on")),
    responses((status = 200, description = "the page", body = String, content_type = "text/html"))
)]
pub(crate) async fn show_consent(
    State(state): State<ApiState>,
    Names(path): Names<PagePath>,
    headers: HeaderMap,
) -> Result<Shown, Shown> {
    let found = find_by_address(&state, &path.ticket).await?;
    let document = found.document().await?;
    let settings = settings(&document).ok_or_else(Shown::changed)?;
    // one secret for all pages that are open in this browser
    let browser = match cookie(&headers) {
        Some(secret) => secret.to_owned(),
        None => random_secret()?,
    };
    let proof = hash_text(&browser);
    let page = Shown::question(&found, settings, proof);
    Ok(page.with_cookie(set_cookie(&state, &browser)))
}
