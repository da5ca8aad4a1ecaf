//! Changes which publishers are trusted, and revokes. It holds from the next work of every run on,
//! also of runs under way.

use axum::extract::State;
use axum::response::Response;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::Slug;
use tributary_model::trust::TrustDocument;
use tributary_vault::publisher_key_id;

use crate::problem::ApiError;
use crate::request::json::Document;
use crate::state::ApiState;
use crate::wire::document::{Save, SaveQuery, Saved, saved};

/// Changes the trust document.
#[utoipa::path(
    put,
    path = "/api/v1/trust",
    params(SaveQuery),
    request_body(content = Object, description = "trust.json: publishers with keys, unsigned, reviewed_digests, revoked_digests, tenants"),
    responses(
        (status = 200, description = "changed, or as it was", body = Saved),
        (status = 201, description = "made", body = Saved)
    )
)]
pub(crate) async fn put_trust(
    State(state): State<ApiState>,
    Save(options): Save,
    Document(document): Document<TrustDocument>,
) -> Result<Response, ApiError> {
    document.check()?;
    check_keys(&document)?;
    let content = serde_json::to_string(&document)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    let system = state.store.system();
    let put = system.trust_put(&content, options.expected_version).await?;
    let name =
        Slug::parse("trust").map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    saved(&name, put)
}

/// A key's id is made of the key, so that nobody can give a key another's name.
fn check_keys(document: &TrustDocument) -> Result<(), ApiError> {
    for (number, publisher) in document.publishers.iter().enumerate() {
        for (index, key) in publisher.keys.iter().enumerate() {
            let at = format!("/publishers/{number}/keys/{index}");
            let (place, detail) = match publisher_key_id(&key.public_key) {
                Some(id) if id == key.id => continue,
                Some(id) => (
                    format!("{at}/id"),
                    format!("the id of this public key is {id}, not {}", key.id),
                ),
                None => (
                    format!("{at}/public_key"),
                    "this is no Ed25519 public key (32 bytes in base64url)".to_owned(),
                ),
            };
            return Err(ApiError::new(ErrorCode::DocumentInvalid, detail).at(place));
        }
    }
    Ok(())
}
