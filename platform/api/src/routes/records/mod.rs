//! One record, found by the customer's own key, across runs.

use serde::Deserialize;
use tributary_model::id::Slug;
use tributary_store::record_key_hash;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::wire::record::{RecordLife, life};

pub(crate) mod get;
pub(crate) mod settle;

/// Longest life line in an answer.
const MOST_STEPS: u32 = 1000;

/// The path.
#[derive(Deserialize)]
pub(crate) struct RecordPath {
    name: Slug,
    key: String,
}

/// What is known of the record now.
async fn view(scope: &Scope, path: RecordPath) -> Result<RecordLife, ApiError> {
    let hash = record_key_hash(&path.key);
    let seen = scope.store.records_seen(&path.name, &[hash]).await?.pop();
    let seen = seen.ok_or_else(ApiError::not_found)?;
    let store = &scope.store;
    let entries = store.record_life(&path.name, &hash, MOST_STEPS).await?;
    let settlements = store.record_settlements(&path.name, &hash).await?;
    Ok(life(path.key, seen.state, entries, settlements))
}
