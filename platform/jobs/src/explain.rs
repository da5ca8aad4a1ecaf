//! How one record of a run came to be: its rows are read from the lake and mapped once more, with the
//! documents and tables that the run used, and every step is written down.
//!
//! Invariants: nothing is called and nothing is written; no connection is opened, so no secret is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tributary_engine::cut::BatchInput;
use tributary_engine::map;
use tributary_engine::rules::StoppingRecord;
use tributary_mapping::Explanation;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::{RunId, TenantId};
use tributary_model::problem::Problem;
use tributary_store::{Run, TenantStore, record_key_hash};

use crate::objects;
use crate::pinned;
use crate::services::{Services, store_problem};

/// Outcomes of the record that are looked through for the run.
const MOST_STEPS: u32 = 1_000;

/// See the module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordExplanation {
    pub run: RunId,
    pub partition: u32,
    pub batch: u32,
    pub ordinal: u32,
    /// file or request that the rows came from
    pub source: String,
    pub mapping: String,
    pub mapping_revision: u32,
    /// version by name of the lookup tables that the mapping uses
    pub lookups: BTreeMap<String, u32>,
    pub explanation: Explanation,
}

/// Where a record stands in its run.
struct Place {
    partition: u32,
    batch: u32,
    ordinal: u32,
}

/// Explains the record with this key. `None` if there is no such run or no such record in it.
///
/// # Errors
/// `raw_gone` if its rows are no longer in the lake; else what the platform or the mapping lacks.
pub async fn explain_record(
    services: &Services,
    tenant: &TenantId,
    run: &RunId,
    key: &str,
) -> Result<Option<RecordExplanation>, Problem> {
    let store = services.store.tenant(tenant);
    let run = store
        .run(run)
        .await
        .map_err(|error| store_problem(&error))?;
    let Some(run) = run else { return Ok(None) };
    let Some(place) = find(&store, &run, key).await? else {
        return Ok(None);
    };
    let batch = store
        .batch(&run.id, place.partition, place.batch)
        .await
        .map_err(|error| store_problem(&error))?;
    let Some(batch) = batch else { return Ok(None) };
    let input: BatchInput = serde_json::from_str(&batch.input)
        .map_err(|error| Problem::new(ErrorCode::StorageFailed, error.to_string()))?;
    let integration = pinned::integration(&store, &run).await?;
    let mapping = pinned::mapping(services, &store, &run, &integration).await?;
    let vault = services.tenant_vault(tenant).await?;
    let bytes = objects::raw(services, tenant, &vault, input.object()).await?;
    let explained = tokio::task::block_in_place(|| {
        map::explain_record(&mapping.pinned, &input, &bytes, place.ordinal)
    })?;
    Ok(explained.map(|explanation| RecordExplanation {
        run: run.id,
        partition: place.partition,
        batch: place.batch,
        ordinal: place.ordinal,
        source: input.source().to_owned(),
        mapping: integration.mapping.to_string(),
        mapping_revision: run.mapping_revision,
        lookups: mapping.lookups,
        explanation: Explanation {
            // the whole document would show what the fields mask
            output: None,
            ..explanation
        },
    }))
}

async fn find(store: &TenantStore, run: &Run, key: &str) -> Result<Option<Place>, Problem> {
    let life = store
        .record_life(&run.integration, &record_key_hash(key), MOST_STEPS)
        .await
        .map_err(|error| store_problem(&error))?;
    let step = life.into_iter().find(|step| step.run == run.id);
    if let Some(step) = step {
        return Ok(Some(Place {
            partition: step.partition,
            batch: step.batch,
            ordinal: step.ordinal,
        }));
    }
    Ok(stopping(run, key))
}

/// A record that stopped the run has no life line: the run ended before it was recorded. The report
/// names the first of them.
fn stopping(run: &Run, key: &str) -> Option<Place> {
    #[derive(Deserialize)]
    struct Stopped {
        #[serde(default)]
        stopped_by: Vec<StoppingRecord>,
    }
    let report: Stopped = serde_json::from_str(run.report.as_deref()?).ok()?;
    let named = report
        .stopped_by
        .into_iter()
        .find(|record| record.key == key)?;
    Some(Place {
        partition: named.partition,
        batch: named.batch,
        ordinal: named.ordinal,
    })
}
