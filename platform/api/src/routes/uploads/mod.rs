//! Files that customers send for a connection of kind `uploads`.

pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod put;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use tributary_model::clock::UnixMillis;
use tributary_model::document::ConnectionDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::file_name::FileName;
use tributary_model::id::Slug;
use tributary_model::manifest::EndpointKind;
use tributary_store::Upload;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::wire::document::stored;
use crate::wire::time;

/// `{name}` is the connection's.
#[derive(Deserialize)]
pub(crate) struct UploadPath {
    pub(crate) name: Slug,
    file: String,
}

impl UploadPath {
    pub(crate) fn file(&self) -> Result<FileName, ApiError> {
        FileName::parse(&self.file).map_err(|error| ApiError::request(error.to_string()))
    }
}

/// A file.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadView {
    name: String,
    /// from 1; another content under the same name is the next one
    version: u32,
    id: String,
    /// `ready`, `archived` or `deleted`
    state: &'static str,
    bytes: u64,
    /// hex
    sha256: String,
    /// the client that sent it
    sent_by: String,
    /// when it had arrived whole
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "time::serialize")]
    received_at: UnixMillis,
}

pub(crate) fn view(upload: Upload) -> UploadView {
    UploadView {
        name: upload.name,
        version: upload.version,
        id: upload.id,
        state: upload.state.as_str(),
        bytes: upload.pieces.bytes,
        sha256: HEXLOWER.encode(&upload.sha256),
        sent_by: upload.sent_by,
        received_at: upload.created_ms,
    }
}

/// The connection is there and takes files.
async fn check_connection(scope: &Scope, name: &Slug) -> Result<(), ApiError> {
    let found = scope.store.connection(name).await?;
    let found = found.ok_or_else(ApiError::not_found)?;
    let document: ConnectionDocument = stored(&found.content)?;
    let kind = document.endpoint.kind();
    if kind == EndpointKind::Uploads {
        return Ok(());
    }
    let detail = format!(
        "the connection {name} has an endpoint of kind {}; files are sent to those of kind uploads",
        kind.as_str()
    );
    Err(ApiError::new(ErrorCode::ConfigInvalid, detail))
}
