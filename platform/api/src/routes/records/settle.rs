//! Settles a record in doubt, once somebody has looked it up at the target.

use axum::Json;
use serde::Deserialize;
use tributary_model::error_code::ErrorCode;
use tributary_store::{NewSettlement, Settled, record_key_hash};
use utoipa::ToSchema;

use super::{RecordPath, view};
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::json::Document;
use crate::request::parts::Names;
use crate::wire::record::RecordLife;

/// Longest text of a settlement, characters.
const MOST_CHARACTERS: usize = 500;

/// What was found out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettleRequest {
    /// `true`: the target has the record, it is never sent again with this content; `false`: it has
    /// not, and the next run or redrive that reads the record sends it
    delivered: bool,
    /// the target's id of the record
    external_id: Option<String>,
    /// how it was found out, for people
    note: Option<String>,
}

/// Settles a record that is `uncertain`.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenant}/integrations/{name}/records/{key}/settle",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the integration"),
        ("key" = String, Path, description = "the record's key, URL-encoded")
    ),
    request_body(content = SettleRequest),
    responses(
        (status = 200, description = "settled; the life line", body = RecordLife),
        (status = 409, description = "there is no doubt about it, or a run of the integration is \
         under way")
    )
)]
pub(crate) async fn settle_record(
    scope: Scope,
    Names(path): Names<RecordPath>,
    Document(request): Document<SettleRequest>,
) -> Result<Json<RecordLife>, ApiError> {
    check(&request)?;
    let new = NewSettlement {
        delivered: request.delivered,
        external_id: request.external_id,
        note: request.note,
        settled_by: scope.client_id.clone(),
    };
    let hash = record_key_hash(&path.key);
    let conflict =
        |detail: String, hint: &str| Err(ApiError::new(ErrorCode::Conflict, detail).hint(hint));
    match scope.store.record_settle(&path.name, &hash, &new).await? {
        Settled::Done => Ok(Json(view(&scope, path).await?)),
        Settled::Unknown => Err(ApiError::not_found()),
        Settled::Certain(state) => conflict(
            format!("the record is {}, not uncertain", state.as_str()),
            "there is nothing to settle",
        ),
        Settled::Running(run) => conflict(
            format!("a run of the integration is under way: {run}"),
            "wait for it, it may find out by itself; or cancel it",
        ),
    }
}

fn check(request: &SettleRequest) -> Result<(), ApiError> {
    let wrong = |pointer: &str, detail: String| {
        Err(ApiError::new(ErrorCode::RequestInvalid, detail).at(pointer))
    };
    if !request.delivered && request.external_id.is_some() {
        let detail = "a record that the target does not have has no id there".to_owned();
        return wrong("/external_id", detail);
    }
    for (pointer, text) in [
        ("/external_id", &request.external_id),
        ("/note", &request.note),
    ] {
        let long = text.as_ref().map_or(0, |text| text.chars().count());
        if long > MOST_CHARACTERS {
            return wrong(
                pointer,
                format!("{long} characters; at most {MOST_CHARACTERS} are kept"),
            );
        }
    }
    Ok(())
}
