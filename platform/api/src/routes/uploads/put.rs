//! Takes a file as a stream: pieces go to the lake as they come, and when all of them are there the
//! ledger gets its row. What breaks off on the way leaves no row, and its pieces are removed.

use aws_lc_rs::digest::{Context, SHA256};
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER_PERMISSIVE;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tributary_lake::{Lake, ObjectKey, PieceWriter, Sent};
use tributary_model::error_code::ErrorCode;
use tributary_store::{Kept, NewUpload, UploadPut};
use tributary_vault::TenantVault;
use utoipa::{IntoParams, ToSchema};

use super::{UploadPath, UploadView, check_connection, view};
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::parts::{Names, Query};
use crate::request::room::RoomFor;
use crate::state::ApiState;

/// What is known of the file before it comes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadQuery {
    /// SHA-256 of the file, hex; a file with another one is refused
    sha256: Option<String>,
}

/// The file as it is now.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadAnswer {
    /// `created`, `replaced` or `unchanged`
    outcome: &'static str,
    #[serde(flatten)]
    file: UploadView,
}

/// Sends a file. The same name with the same content again is no second file; with other content it is
/// the next version.
#[utoipa::path(
    put,
    path = "/api/v1/tenants/{tenant}/uploads/{name}/{file}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of a connection of kind uploads"),
        ("file" = String, Path, description = "name of the file, URL-encoded; no folders"),
        UploadQuery
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream",
        description = "the file as it is"),
    responses(
        (status = 200, description = "replaced, or as it was", body = UploadAnswer),
        (status = 201, description = "there now", body = UploadAnswer),
        (status = 413, description = "the file is longer than the platform takes"),
        (status = 422, description = "there is no room for it by the tenant's plan")
    )
)]
pub(crate) async fn put_upload(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<UploadPath>,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<Response, ApiError> {
    let file = path.file()?;
    let announced = query.sha256.as_deref().map(announced_digest).transpose()?;
    check_connection(&scope, &path.name).await?;
    check_length(&request, state.limits.upload_bytes)?;
    let _slot = state.limits.uploads.claim(&scope.tenant, "uploads")?;
    let vault = scope.vault(&state)?;
    let id = format!("upl_{}", state.ids.next_id());
    let wanted = Kept {
        bytes: length(&request).unwrap_or(0),
        files: 1,
    };
    let mut room = RoomFor::take(&scope, &id, wanted).await?;
    let folder = ObjectKey::sent(Sent::Upload, &scope.tenant, &path.name, &id)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    let mut arrival = Arrival {
        writer: state.lake.piece_writer(&vault, folder),
        lake: state.lake.clone(),
        vault,
        kept: false,
    };
    let sha256 = arrival
        .receive(request.into_body(), state.limits.upload_bytes, &mut room)
        .await?;
    if announced.is_some_and(|announced| announced != sha256) {
        let detail = "the bytes that came do not have the SHA-256 that was announced";
        return Err(ApiError::request(detail).hint("send the file again"));
    }
    let new = NewUpload {
        connection: path.name.clone(),
        name: file.as_str().to_owned(),
        id,
        sha256,
        pieces: arrival.writer.finish().await?,
        sent_by: scope.client_id.clone(),
    };
    let put = scope.store.upload_put(&new).await?;
    arrival.kept = !matches!(put, UploadPut::Unchanged(_));
    if arrival.kept {
        room.used();
    }
    let (status, outcome, upload) = match put {
        UploadPut::Created(upload) => (StatusCode::CREATED, "created", upload),
        UploadPut::Replaced(upload) => (StatusCode::OK, "replaced", upload),
        UploadPut::Unchanged(upload) => (StatusCode::OK, "unchanged", upload),
    };
    let file = view(upload);
    Ok((status, Json(UploadAnswer { outcome, file })).into_response())
}

/// A file on its way. Dropped before it is kept (a refusal, a client that went), its pieces go.
struct Arrival {
    writer: PieceWriter,
    lake: Lake,
    vault: TenantVault,
    kept: bool,
}

impl Arrival {
    /// Everything that comes; gives its digest.
    async fn receive(
        &mut self,
        body: Body,
        most_bytes: u64,
        room: &mut RoomFor,
    ) -> Result<[u8; 32], ApiError> {
        let mut digest = Context::new(&SHA256);
        let (mut stream, mut length) = (body.into_data_stream(), 0_u64);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| {
                ApiError::request("the body could not be read to its end")
                    .hint("send the file again; nothing of it was kept")
            })?;
            length = length.saturating_add(chunk.len() as u64);
            if length > most_bytes {
                return Err(too_long(most_bytes));
            }
            room.reach(length).await?;
            digest.update(&chunk);
            self.writer.write(&chunk).await?;
        }
        let digest = digest.finish();
        <[u8; 32]>::try_from(digest.as_ref())
            .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut pieces = self.writer.written();
        // one may be on its way to the disk
        pieces.count = pieces.count.saturating_add(1);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.kept {
            return;
        }
        let (lake, vault) = (self.lake.clone(), self.vault.clone());
        runtime.spawn(async move {
            if let Err(error) = lake.remove_pieces(&vault, &pieces).await {
                tracing::warn!(%error, "pieces of a file that was not kept were not removed");
            }
        });
    }
}

fn length(request: &Request) -> Option<u64> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

fn check_length(request: &Request, most_bytes: u64) -> Result<(), ApiError> {
    match length(request).is_some_and(|length| length > most_bytes) {
        true => Err(too_long(most_bytes)),
        false => Ok(()),
    }
}

fn too_long(most_bytes: u64) -> ApiError {
    let detail = format!("the file is longer than {most_bytes} bytes, which is the most here");
    ApiError::request(detail)
        .hint("split the file, or compress it")
        .with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

fn announced_digest(text: &str) -> Result<[u8; 32], ApiError> {
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let digest = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    digest.ok_or_else(|| ApiError::request("sha256 is not 64 hexadecimal digits"))
}
