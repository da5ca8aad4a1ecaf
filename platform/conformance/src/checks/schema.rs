//! What `discover` says about the rows, and the rows.

use std::sync::Arc;

use tributary_host::StreamInfo;
use tributary_model::error_code::ErrorCode;

use super::{Finding, good};
use crate::reading::Pass;
use crate::side::Player;
use crate::stand::Scene;

/// The stream of the case, or the first.
pub(super) async fn discovered(scene: &Scene<'_>) -> Result<StreamInfo, String> {
    let player = Arc::new(Player::new(Arc::clone(&scene.cassette)));
    let (call, _) = scene
        .call(Arc::clone(&player) as _)
        .map_err(|problem| problem.detail)?;
    let streams = scene.connector.discover(&call, scene.config()).await;
    let streams = streams.map_err(|problem| {
        let misses = player.misses();
        format!("{}: {} {}", problem.code, problem.detail, misses.join(", "))
    })?;
    for stream in &streams {
        jsonschema::validator_for(&stream.schema).map_err(|error| {
            format!(
                "the schema of the stream {:?} is none: {error}",
                stream.name
            )
        })?;
        if !stream.full && !stream.incremental {
            return Err(format!(
                "the stream {:?} can be read in no mode",
                stream.name
            ));
        }
    }
    let names: Vec<String> = streams.iter().map(|stream| stream.name.clone()).collect();
    let wanted = scene.case.stream.as_ref();
    let found = streams
        .into_iter()
        .find(|stream| wanted.is_none_or(|wanted| *wanted == stream.name));
    found.ok_or_else(|| match wanted {
        Some(wanted) => format!("there is no stream {wanted:?}, only {}", names.join(", ")),
        None => "there is no stream".to_owned(),
    })
}

/// Every row of `pass` fits, and its key names it.
pub(super) fn fits(stream: &StreamInfo, pass: &Pass, misses: &[String]) -> Finding {
    if let Some(problem) = &pass.failure {
        if problem.code == ErrorCode::ConnectorLimit {
            return Err(format!("{}; raise `limits` or use less", problem.detail));
        }
        let misses = misses.join(", ");
        return Err(format!(
            "a read fails: {}: {} {misses}",
            problem.code, problem.detail
        ));
    }
    let validator = jsonschema::validator_for(&stream.schema)
        .map_err(|error| format!("the schema is none: {error}"))?;
    let mut seen = std::collections::HashSet::new();
    let mut count = 0_u32;
    for row in pass.rows() {
        count += 1;
        let Ok(value) = &row.value else {
            continue; // bytes as received; the mapping reports such a row
        };
        if let Some(error) = validator.iter_errors(value).next() {
            return Err(format!(
                "row {count} does not fit{}: {error}",
                place(&error.instance_path().to_string())
            ));
        }
        if stream.primary_key.is_empty() {
            continue;
        }
        let field = |name: &String| match name.strip_prefix('/') {
            Some(_) => value.pointer(name).cloned(),
            None => value.get(name).cloned(),
        };
        let key: Option<Vec<_>> = stream.primary_key.iter().map(field).collect();
        let key = key.ok_or_else(|| {
            format!(
                "row {count} lacks the primary key {}",
                stream.primary_key.join(", ")
            )
        })?;
        if !seen.insert(serde_json::Value::from(key).to_string()) {
            return Err(format!(
                "row {count} has the primary key of a row before it: {}",
                stream.primary_key.join(", ")
            ));
        }
    }
    if count == 0 {
        return Err("no row came: record a case with rows".to_owned());
    }
    good(format!("{count} rows, {} checkpoints", pass.checkpoints()))
}

fn place(pointer: &str) -> String {
    match pointer {
        "" => String::new(),
        pointer => format!(" at {pointer}"),
    }
}
