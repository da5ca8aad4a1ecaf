//! Makes a client. To change a secret make a second client, use it, and remove the first.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::Slug;
use tributary_model::role::Role;
use tributary_store::NewClient;
use tributary_vault::{hash_secret, random_secret};
use utoipa::ToSchema;

use super::{check_grant, client_id};
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::json::Document;
use crate::state::ApiState;

/// The client to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientRequest {
    /// for people; a-z, 0-9 and '-'
    #[schema(value_type = String)]
    name: Slug,
    /// `engineer`, `customer_admin`, `customer_viewer` or `ingest`
    #[schema(value_type = String)]
    role: Role,
}

/// A client with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewClientBody {
    client_id: String,
    #[schema(format = Password)]
    client_secret: String,
    role: &'static str,
}

/// Makes a client of the tenant. The secret is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/clients",
    params(("tenant" = String, Path, description = "name of the tenant")),
    request_body(content = ClientRequest),
    responses(
        (status = 201, description = "made", body = NewClientBody),
        (status = 403, description = "the role is not the caller's to give"),
        (status = 409, description = "the name is taken")
    )
)]
pub(crate) async fn create_client(
    State(state): State<ApiState>,
    scope: Scope,
    Document(request): Document<ClientRequest>,
) -> Result<impl IntoResponse, ApiError> {
    check_grant(scope.role, request.role)?;
    let internal =
        |error: &(dyn std::error::Error + 'static)| ApiError::internal(ErrorCode::Internal, error);
    let secret = random_secret().map_err(|error| internal(&error))?;
    let hashing = secret.clone();
    let hashed = tokio::task::spawn_blocking(move || hash_secret(&hashing)).await;
    let secret_hash = hashed
        .map_err(|error| internal(&error))?
        .map_err(|error| internal(&error))?;
    let new = NewClient {
        client_id: client_id(&scope.tenant, &request.name),
        tenant: Some(scope.tenant.clone()),
        role: request.role,
        secret_hash,
    };
    if !state.store.system().client_add(&new).await? {
        let detail = format!("there is a client {} already", new.client_id);
        let hint = "choose another name, or remove that client first";
        return Err(ApiError::new(ErrorCode::Conflict, detail)
            .hint(hint)
            .at("/name"));
    }
    let body = NewClientBody {
        client_id: new.client_id,
        client_secret: secret,
        role: request.role.as_str(),
    };
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(body)))
}
