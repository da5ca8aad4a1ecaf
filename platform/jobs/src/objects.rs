//! Puts and gets a run's objects: names, layers and the tenant's key in one place.

use bytes::Bytes;
use tributary_lake::{LakeError, Layer, ObjectFolder, ObjectKey};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;
use tributary_vault::TenantVault;

use crate::context::RunContext;
use crate::services::{Services, chain};

/// Which object of a partition: its number there and the epoch of the lease that writes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) partition: u32,
    pub(crate) number: u32,
    pub(crate) epoch: u64,
}

/// Stores an object of the run and gives its key.
pub(crate) async fn put(
    services: &Services,
    context: &RunContext,
    layer: Layer,
    place: Place,
    extension: &str,
    bytes: Bytes,
) -> Result<String, Problem> {
    let key = folder(context, layer)?
        .file(place.partition, place.number, place.epoch, extension)
        .map_err(|error| lake_problem(&error.into()))?;
    put_at(services, context, &key, bytes).await
}

/// Stores an object of the run under a name of its own.
pub(crate) async fn put_named(
    services: &Services,
    context: &RunContext,
    layer: Layer,
    name: &str,
    bytes: Bytes,
) -> Result<String, Problem> {
    let key = folder(context, layer)?
        .named(name)
        .map_err(|error| lake_problem(&error.into()))?;
    put_at(services, context, &key, bytes).await
}

/// The plain bytes of one of the tenant's objects.
pub(crate) async fn get(
    services: &Services,
    context: &RunContext,
    key: &str,
) -> Result<Bytes, Problem> {
    services
        .lake
        .get(&context.vault, key, &context.tenant)
        .await
        .map_err(|error| lake_problem(&error))
}

/// Rows as they were received, for whoever asks after the run. Kept as long as the tenant keeps them.
pub(crate) async fn raw(
    services: &Services,
    tenant: &TenantId,
    vault: &TenantVault,
    key: &str,
) -> Result<Bytes, Problem> {
    match services.lake.get(vault, key, tenant).await {
        Ok(bytes) => Ok(bytes),
        Err(LakeError::Missing(_)) => Err(Problem::new(
            ErrorCode::RawGone,
            "the rows of this record are no longer kept",
        )),
        Err(error) => Err(lake_problem(&error)),
    }
}

async fn put_at(
    services: &Services,
    context: &RunContext,
    key: &ObjectKey,
    bytes: Bytes,
) -> Result<String, Problem> {
    let info = services
        .lake
        .put(&context.vault, key, bytes)
        .await
        .map_err(|error| lake_problem(&error))?;
    Ok(info.key)
}

fn folder(context: &RunContext, layer: Layer) -> Result<ObjectFolder, Problem> {
    ObjectKey::folder(
        layer,
        &context.tenant,
        &context.integration.name,
        &context.integration.source.stream,
        &context.date,
        &context.run.id,
    )
    .map_err(|error| lake_problem(&error.into()))
}

pub(crate) fn lake_problem(error: &LakeError) -> Problem {
    tracing::error!(error = %chain(error), "the lake failed");
    Problem::new(
        ErrorCode::StorageFailed,
        "an object could not be stored or read",
    )
}
