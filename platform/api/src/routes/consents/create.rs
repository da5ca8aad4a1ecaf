//! Asks for a consent: the address that a person opens.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use tributary_model::clock::UnixMillis;
use tributary_model::document::ConnectionDocument;
use tributary_model::error_code::ErrorCode;
use tributary_store::NewConsent;
use tributary_vault::random_secret;
use utoipa::ToSchema;

use super::{FOR_MS, PAGES, Ticket, callback, hash, settings};
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::state::ApiState;
use crate::wire::document::{NamePath, stored};
use crate::wire::time;

/// A consent that can be given.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentAsked {
    id: String,
    /// to be opened in the browser of the person who consents; whoever has it may consent, once
    url: String,
    /// what has to be registered at the other side as redirect URI
    redirect_uri: String,
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String)]
    expires_at: UnixMillis,
}

/// Asks for the consent of a person to a connection of the kind `oauth2_code`.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/connections/{name}/consents",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the connection")
    ),
    responses(
        (status = 201, description = "the address to open", body = ConsentAsked),
        (status = 422, description = "nobody can consent to this connection")
    )
)]
pub(crate) async fn create_consent(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<NamePath>,
) -> Result<impl IntoResponse, ApiError> {
    let found = scope.store.connection(&path.name).await?;
    let connection = found.ok_or_else(ApiError::not_found)?;
    let document: ConnectionDocument = stored(&connection.content)?;
    if settings(&document).is_none() {
        let detail = format!("nobody can consent to the connection {}", path.name);
        return Err(ApiError::new(ErrorCode::ConfigInvalid, detail)
            .at("/endpoint/auth/authorize_url")
            .hint("use a credential of the kind oauth2_code, with the API's address for consent as authorize_url"));
    }
    let ticket = Ticket {
        tenant: scope.tenant.clone(),
        id: format!("con_{}", state.ids.next_id()),
        secret: random_secret()?,
    };
    let new = NewConsent {
        id: ticket.id.clone(),
        connection: path.name,
        asked_by: scope.client_id,
        ticket: hash(&ticket.secret),
        for_ms: FOR_MS,
    };
    let expires_at = scope.store.consent_ask(&new).await?;
    let asked = ConsentAsked {
        url: format!("{}{PAGES}consent/{}", state.public_url, ticket.text()),
        id: ticket.id,
        redirect_uri: callback(&state),
        expires_at,
    };
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(asked)))
}
