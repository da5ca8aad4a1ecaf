//! Work of kind `plan`: asks the connector how the stream can be split, and makes the partitions.

use serde_json::{Map, Value};
use tributary_host::call::Selection;
use tributary_model::document::LoadMode;
use tributary_model::problem::Problem;
use tributary_store::{Fenced, Lease, NewPartition};

use crate::context::RunContext;
use crate::services::store_problem;

/// Plans the run.
pub(crate) async fn run(context: &RunContext, lease: &Lease) -> Result<Fenced<()>, Problem> {
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
        state: incremental.then(|| Value::Object(cursors.clone())),
    };
    let source = &context.source;
    let descriptors = source
        .connector
        .partitions(&source.call, &source.config, &selection)
        .await?;
    let partitions = descriptors
        .into_iter()
        .zip(0..)
        .map(|(descriptor, no)| {
            let key = partition_key(&descriptor);
            NewPartition {
                no,
                state: cursors.get(&key).map(Value::to_string),
                key,
                descriptor: descriptor.to_string(),
            }
        })
        .collect();
    context
        .store
        .commit_plan(lease, partitions)
        .await
        .map_err(|error| store_problem(&error))
}

/// What a partition's cursor is kept under: the descriptor's `key`, or nothing for a stream that
/// is read as a whole.
fn partition_key(descriptor: &Value) -> String {
    let key = descriptor.get("key").and_then(Value::as_str);
    key.unwrap_or_default().to_owned()
}

async fn cursors(context: &RunContext) -> Result<Map<String, Value>, Problem> {
    let stored = context
        .store
        .cursors(&context.integration.name, &context.integration.source.stream)
        .await
        .map_err(|error| store_problem(&error))?;
    let mut cursors = Map::new();
    for cursor in stored {
        let value = serde_json::from_str(&cursor.cursor).unwrap_or(Value::Null);
        cursors.insert(cursor.partition_key, value);
    }
    Ok(cursors)
}
