//! Takes a batch of records: checked, stored, numbered, and then answered with a receipt. Objects are
//! durable before the ledger names them, and the ledger names them before anybody is told so.

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use tributary_lake::{ObjectFolder, ObjectKey, Sent};
use tributary_model::document::{ConnectionDocument, IntegrationDocument};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::Slug;
use tributary_model::manifest::EndpointKind;
use tributary_model::problem::{Place, Problem};
use tributary_model::rows::RowFormat;
use tributary_store::{Kept, NewPush, Push, PushAdded};
use tributary_vault::TenantVault;
use utoipa::IntoParams;

use super::check::{Checked, check};
use super::get::receipt;
use super::{PushReceipt, Refusal};
use crate::auth::Scope;
use crate::mapping_check;
use crate::problem::ApiError;
use crate::request::idempotency::idempotency_key;
use crate::request::json::body_bytes;
use crate::request::parts::{Names, Query};
use crate::request::room::RoomFor;
use crate::state::ApiState;
use crate::wire::document::{NamePath, stored};

/// How to take the batch.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PushQuery {
    /// `true`: one refused row refuses the batch, and nothing of it is kept
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    all_or_nothing: bool,
}

/// Pushes records. Each row is checked against the schema that the mapping names for its source, if it
/// names one; rows that are refused are in the receipt, the others are accepted. The integration's next
/// run takes them.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/integrations/{name}/records",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the integration"),
        ("Idempotency-Key" = String, Header, description = "1 to 200 visible ASCII characters; \
         the same key gives the same receipt"),
        PushQuery
    ),
    request_body(
        content((String = "application/x-ndjson"), (Vec<Object> = "application/json")),
        description = "one JSON object a line, or an array of objects; at most 8 MiB, 20,000 rows, \
        1 MiB a row"
    ),
    responses(
        (status = 202, description = "accepted and stored", body = PushReceipt),
        (status = 200, description = "the receipt that this key was given before", body = PushReceipt),
        (status = 409, description = "the key was used for another body"),
        (status = 422, description = "the integration takes no pushes; there is no room by the \
         tenant's plan; or with all_or_nothing: rows were refused")
    )
)]
pub(crate) async fn push_records(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<NamePath>,
    Query(query): Query<PushQuery>,
    request: Request,
) -> Result<Response, ApiError> {
    let key = idempotency_key(request.headers())?.ok_or_else(|| {
        ApiError::request("the header Idempotency-Key is missing")
            .hint("choose a key for each batch, and send it again with the same batch")
    })?;
    let format = format_of(request.headers())?;
    let _slot = state.limits.pushes.claim(&scope.tenant, "pushes")?;
    let body = body_bytes(request, &state).await?;
    let sha256 = sha256(&body)?;
    if let Some(push) = scope.store.push_by_key(&path.name, &key).await? {
        // the answer to the first request may have been lost; what the documents say by now does not
        // matter to it
        return answer(&state, &scope, StatusCode::OK, push, &sha256).await;
    }
    let schema = inlet(&scope, &path.name).await?.schema;
    let checked = tokio::task::spawn_blocking(move || checked(&body, &format, schema.as_ref()));
    let checked = checked
        .await
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))??;
    if query.all_or_nothing && !checked.refusals.is_empty() {
        return Err(refused(&checked));
    }
    let id = format!("push_{}", state.ids.next_id());
    let wanted = Kept {
        bytes: checked.lines.len() as u64,
        files: 0,
    };
    let mut room = RoomFor::take(&scope, &id, wanted).await?;
    let draft = Draft::store(&state, &scope, &path.name, &checked, id).await?;
    let new = NewPush {
        integration: path.name,
        id: draft.id.clone(),
        idempotency_key: key,
        sha256,
        counts: checked.counts,
        refusals: draft.refusals.clone(),
        pieces: draft.pieces.clone(),
        sent_by: scope.client_id.clone(),
    };
    match scope.store.push_add(&new).await? {
        PushAdded::Created(push) => {
            room.used();
            answer(&state, &scope, StatusCode::ACCEPTED, push, &sha256).await
        }
        // the same request at the same time was faster
        PushAdded::Existing(push) => {
            draft.discard(&state).await;
            answer(&state, &scope, StatusCode::OK, push, &sha256).await
        }
    }
}

async fn answer(
    state: &ApiState,
    scope: &Scope,
    status: StatusCode,
    push: Push,
    sha256: &[u8; 32],
) -> Result<Response, ApiError> {
    if push.sha256 != *sha256 {
        let detail = format!("this Idempotency-Key has made {} of another body", push.id);
        let error = ApiError::new(ErrorCode::Conflict, detail);
        return Err(error.hint("use another key for another batch"));
    }
    let (tenant, integration, id) = (&scope.tenant, &push.integration, &push.id);
    let location = format!("/api/v1/tenants/{tenant}/integrations/{integration}/pushes/{id}");
    let body: PushReceipt = receipt(state, scope, push).await?;
    let location = [(header::LOCATION, location)];
    Ok((status, location, Json(body)).into_response())
}

fn sha256(body: &Bytes) -> Result<[u8; 32], ApiError> {
    let digest = digest(&SHA256, body);
    <[u8; 32]>::try_from(digest.as_ref())
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))
}

fn format_of(headers: &HeaderMap) -> Result<RowFormat, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = kind.split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
            Ok(RowFormat::Ndjson)
        }
        "application/json" => Ok(RowFormat::Json {
            records: String::new(),
        }),
        _ => Err(
            ApiError::request("the body is neither declared as NDJSON nor as JSON")
                .hint("send Content-Type: application/x-ndjson or application/json")
                .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ),
    }
}

/// Where records go in.
struct Inlet {
    /// what the mapping says of a row
    schema: Option<Value>,
}

/// The integration is there and its source takes what is pushed.
async fn inlet(scope: &Scope, name: &Slug) -> Result<Inlet, ApiError> {
    let found = scope.store.integration(name, None).await?;
    let found = found.ok_or_else(ApiError::not_found)?;
    let integration: IntegrationDocument = stored(&found.content)?;
    let source = &integration.source.connection;
    let kind = match scope.store.connection(source).await? {
        Some(found) => Some(
            stored::<ConnectionDocument>(&found.content)?
                .endpoint
                .kind(),
        ),
        None => None,
    };
    if kind != Some(EndpointKind::Push) {
        let detail = format!("the integration {name} reads from {source}, which takes no pushes");
        let hint = "give the integration a source connection with an endpoint of kind push";
        return Err(ApiError::new(ErrorCode::ConfigInvalid, detail).hint(hint));
    }
    let Some(mapping) = scope.store.mapping(&integration.mapping, None).await? else {
        return Ok(Inlet { schema: None });
    };
    let mapping = mapping_check::read(&scope.store, mapping.content.as_bytes()).await?;
    let schema = match mapping.document.source.schema.as_deref().map(Slug::parse) {
        Some(Ok(name)) => scope.store.schema(&name, None).await?,
        _ => None,
    };
    let schema = schema.map(|found| stored(&found.content)).transpose()?;
    Ok(Inlet { schema })
}

/// The rows of the body; what it costs is CPU.
fn checked(body: &[u8], format: &RowFormat, schema: Option<&Value>) -> Result<Checked, ApiError> {
    let validator = schema.map(jsonschema::validator_for).transpose();
    let validator = validator.map_err(|error| {
        let detail = format!("the schema of the integration's source cannot be used: {error}");
        ApiError::new(ErrorCode::DocumentInvalid, detail)
    })?;
    check(body, format, validator.as_ref())
}

/// Every refused row as a place of the body.
fn refused(checked: &Checked) -> ApiError {
    let (refused, rows) = (checked.counts.refused, checked.counts.rows);
    let detail = format!("{refused} of {rows} rows were refused, so none was accepted");
    let mut problem = Problem::new(ErrorCode::ValueInvalid, detail);
    let place = |refusal: &Refusal| Place {
        pointer: format!(
            "/{}{}",
            refusal.row.saturating_sub(1),
            refusal.pointer.as_deref().unwrap_or_default()
        ),
        detail: format!("row {}: {}: {}", refusal.row, refusal.code, refusal.detail),
    };
    problem.errors = checked.refusals.iter().map(place).collect();
    problem.into()
}

/// A batch that is in the lake and not in the ledger yet.
struct Draft {
    id: String,
    vault: TenantVault,
    folder: ObjectFolder,
    pieces: tributary_model::pieces::Pieces,
    refusals: Option<String>,
}

impl Draft {
    async fn store(
        state: &ApiState,
        scope: &Scope,
        integration: &Slug,
        checked: &Checked,
        id: String,
    ) -> Result<Self, ApiError> {
        let internal = |error| ApiError::internal(ErrorCode::Internal, &error);
        let vault = scope.vault(state)?;
        let folder = ObjectKey::sent(Sent::Push, &scope.tenant, integration, &id);
        let folder = folder.map_err(internal)?;
        let mut writer = state.lake.piece_writer(&vault, folder.clone());
        writer.write(&checked.lines).await?;
        let pieces = writer.finish().await?;
        let mut refusals = None;
        if !checked.refusals.is_empty() {
            let text = serde_json::to_vec(&checked.refusals)
                .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
            let key = folder.named(REFUSALS).map_err(internal)?;
            let put = state.lake.put(&vault, &key, text.into()).await?;
            refusals = Some(put.key);
        }
        Ok(Self {
            id,
            vault,
            folder,
            pieces,
            refusals,
        })
    }

    /// A failure leaves garbage that nobody names.
    async fn discard(self, state: &ApiState) {
        let mut removed = state.lake.remove_pieces(&self.vault, &self.pieces).await;
        if let (Some(_), Ok(key)) = (&self.refusals, self.folder.named(REFUSALS)) {
            let tenant = self.vault.tenant();
            removed = removed.and(state.lake.remove(tenant, &key).await);
        }
        if let Err(error) = removed {
            tracing::warn!(%error, "objects of a batch that was not kept were not removed");
        }
    }
}

/// Name of the object with what was refused.
const REFUSALS: &str = "refusals.json.zst";
