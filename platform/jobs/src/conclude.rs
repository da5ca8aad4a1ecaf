//! The word that a target leaves at the end of a run, if its connector has one to leave.
//!
//! Invariants: it is told after all that the run read has an end state and before the run is over,
//! never of a run that a rule stopped or that has pending records; what it puts has the same name at
//! each try, so that a crash between repeats and doubles nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tributary_engine::results::ResultLine;
use tributary_host::{Document, HttpRequest, Written};
use tributary_model::detail::Detail;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::RecordState;

use crate::context::RunContext;
use crate::objects;
use crate::services::{Services, store_problem};

/// Batches looked up at a time.
const PAGE: u32 = 200;
/// More things than this are not kept in memory for one word.
const MAX_WRITTEN: usize = 100_000;

/// Asks the target's connector and puts what it answers.
pub(crate) async fn run(services: &Services, context: &RunContext) -> Result<(), Problem> {
    let side = &context.target;
    if !side.connector.concludes() {
        return Ok(());
    }
    let written = written(services, context).await?;
    let run = context.run.id.to_string();
    let connector = &side.connector;
    let documents = connector
        .conclude(&side.call, &side.config, &run, &written)
        .await?;
    for document in documents {
        put(context, document).await?;
    }
    Ok(())
}

/// What came to be at the target, from the result lines of the batches.
async fn written(services: &Services, context: &RunContext) -> Result<Vec<Written>, Problem> {
    let mut found: BTreeMap<String, (u64, Option<Detail>)> = BTreeMap::new();
    let mut after = None;
    loop {
        let batches = context.store.batches(&context.run.id, after, PAGE).await;
        let batches = batches.map_err(|error| store_problem(&error))?;
        let Some(last) = batches.last() else {
            break;
        };
        after = Some((last.partition, last.no));
        for key in batches
            .iter()
            .filter_map(|batch| batch.objects.results.as_deref())
        {
            let lines = objects::get(services, context, key).await?;
            for line in lines
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
            {
                note(&mut found, line)?;
            }
        }
    }
    let written = found
        .into_iter()
        .map(|(external_id, (rows, detail))| Written {
            external_id,
            rows,
            detail,
        });
    Ok(written.collect())
}

fn note(found: &mut BTreeMap<String, (u64, Option<Detail>)>, line: &[u8]) -> Result<(), Problem> {
    let line: ResultLine<'_> = serde_json::from_slice(line).map_err(|error| {
        let detail = format!("a stored result cannot be read: {error}");
        Problem::new(ErrorCode::StorageFailed, detail)
    })?;
    let Some(external_id) = line
        .external_id
        .filter(|_| line.state == RecordState::Delivered)
    else {
        return Ok(());
    };
    if found.len() >= MAX_WRITTEN && !found.contains_key(external_id.as_ref()) {
        let detail = format!("the target made more than {MAX_WRITTEN} things in one run");
        return Err(Problem::new(ErrorCode::ConnectorLimit, detail));
    }
    found
        .entry(external_id.into_owned())
        .or_insert_with(|| (0, line.detail.map(Cow::into_owned)))
        .0 += 1;
    Ok(())
}

async fn put(context: &RunContext, document: Document) -> Result<(), Problem> {
    let path = document.path;
    let request = HttpRequest {
        method: "PUT".to_owned(),
        path: path.clone(),
        body: Some(document.content),
        timeout_ms: Some(context.integration.delivery.timeout_ms),
        ..HttpRequest::default()
    };
    let answer = context.target.call.connection.send(request).await;
    let answer = answer.map_err(|error| error.problem)?;
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    let said = answer
        .header("x-tributary-detail")
        .unwrap_or("it was refused");
    let detail = format!("{path:?} could not be put at the target: {said}");
    Err(Problem::new(ErrorCode::TargetUnavailable, detail))
}
