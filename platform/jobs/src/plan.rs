//! Work of kind `plan`: asks the connector how the stream can be split, and makes the partitions.

use serde_json::{Map, Value};
use tributary_host::Selection;
use tributary_model::document::LoadMode;
use tributary_model::manifest::EndpointKind;
use tributary_model::problem::Problem;
use tributary_store::{Fenced, Lease, NewPartition, NewPlan};

use crate::context::RunContext;
use crate::progress;
use crate::services::store_problem;

/// Plans the run.
pub(crate) async fn run(context: &RunContext, lease: &Lease) -> Result<Fenced<()>, Problem> {
    if context.source.call.connection.kind() == EndpointKind::Push {
        // whatever becomes of this run, these batches are its own from here on
        let claimed = context.store.pushes_claim(lease).await;
        match claimed.map_err(|error| store_problem(&error))? {
            Fenced::Lost => return Ok(Fenced::Lost),
            Fenced::Done(batches) => tracing::info!(
                tenant.id = %context.tenant,
                run.id = %context.run.id,
                batches,
                "the run has the batches that were pushed"
            ),
        }
    }
    let incremental = context.run.mode == LoadMode::Incremental;
    let cursors = if incremental {
        cursors(context).await?
    } else {
        Map::new()
    };
    let selection = Selection {
        stream: context.integration.source.stream.clone(),
        incremental,
        partition: None,
        state: incremental.then(|| Value::Array(cursors.values().cloned().collect())),
    };
    let source = &context.source;
    let plan = source
        .connector
        .plan(&source.call, &source.config, &selection)
        .await?;
    let partitions = plan
        .partitions
        .into_iter()
        .zip(0..)
        .map(|(descriptor, no)| NewPartition {
            no,
            state: progress::start(cursors.get(&progress::partition_key(&descriptor))),
            descriptor: descriptor.to_string(),
        })
        .collect::<Vec<_>>();
    let new = NewPlan {
        partitions,
        stream: selection.stream,
        forgotten: if incremental {
            plan.forgotten
        } else {
            Vec::new()
        },
        held: context.plan().holds_delivery(),
    };
    let planned = context.store.commit_plan(lease, &new).await;
    planned.map_err(|error| store_problem(&error))
}

async fn cursors(context: &RunContext) -> Result<Map<String, Value>, Problem> {
    let stored = context
        .store
        .cursor(
            &context.integration.name,
            &context.integration.source.stream,
        )
        .await
        .map_err(|error| store_problem(&error))?;
    let mut cursors = Map::new();
    for cursor in stored {
        let value = serde_json::from_str(&cursor.cursor).unwrap_or(Value::Null);
        cursors.insert(cursor.partition_key, value);
    }
    Ok(cursors)
}
