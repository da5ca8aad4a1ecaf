//! Reads that are killed or fail, and go on: no row may be lost. (A row may come twice; the engine
//! knows what it has delivered.)

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{Finding, good};
use crate::reading::{Collector, Pass, Reader, Taken};
use crate::rows::Row;
use crate::side::{Fault, Plan, Player};
use crate::stand::Scene;

/// Most kills and most places of one fault: long cassettes need not take for ever.
const MOST_TRIES: usize = 24;

/// Which faults a read must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    RateLimited,
    ServerError,
    Cut,
}

/// By the names of their checks.
pub(super) const FAULTS: [(&str, Kind); 3] = [
    ("rate_limited", Kind::RateLimited),
    ("server_error", Kind::ServerError),
    ("cut", Kind::Cut),
];

fn player(scene: &Scene<'_>) -> Arc<Player> {
    Arc::new(Player::new(Arc::clone(&scene.cassette)))
}

fn rows<'a>(rows: impl Iterator<Item = &'a Row>) -> HashMap<&'a [u8], usize> {
    let mut counts = HashMap::new();
    for row in rows {
        *counts.entry(row.raw.as_slice()).or_default() += 1;
    }
    counts
}

/// What is in `wanted` and not in `got`, as one row and a count.
fn lost(wanted: &HashMap<&[u8], usize>, got: &HashMap<&[u8], usize>) -> Option<String> {
    let missing = |(row, count): (&&[u8], &usize)| {
        let less = count.saturating_sub(got.get(*row).copied().unwrap_or(0));
        (less > 0).then(|| {
            (
                String::from_utf8_lossy(row)
                    .chars()
                    .take(80)
                    .collect::<String>(),
                less,
            )
        })
    };
    let all: Vec<(String, usize)> = wanted.iter().filter_map(missing).collect();
    let count: usize = all.iter().map(|(_, count)| count).sum();
    let (first, _) = all.first()?;
    Some(format!("{count} rows are lost, for example {first}"))
}

/// Kills the read of every partition after each checkpoint.
pub(super) async fn kills(scene: &Scene<'_>, reader: Reader<'_>, baseline: &Pass) -> Finding {
    let mut kills = 0;
    for (part, whole) in &baseline.parts {
        if whole.checkpoints == 0 && whole.all().next().is_some() {
            return Err("there is no checkpoint after the rows: a crash begins anew".to_owned());
        }
        let wanted = rows(whole.all());
        for after in 1..=whole.checkpoints {
            if kills == MOST_TRIES {
                break;
            }
            kills += 1;
            let (call, _) = scene
                .call(player(scene))
                .map_err(|problem| problem.detail)?;
            let mut first = Collector {
                kill_after: Some(after),
                ..Collector::default()
            };
            let _killed = reader.part(&call, part, None, &mut first).await;
            let second = resumed(scene, reader, part, &first.taken).await?;
            let got = rows(first.taken.covered.iter().chain(second.all()));
            if let Some(lost) = lost(&wanted, &got) {
                return Err(format!("killed after checkpoint {after}: {lost}"));
            }
        }
    }
    good(format!("killed {kills} times, all rows came"))
}

/// Goes on without a fault.
async fn resumed(
    scene: &Scene<'_>,
    reader: Reader<'_>,
    part: &Value,
    before: &Taken,
) -> Result<Taken, String> {
    let (call, _) = scene
        .call(player(scene))
        .map_err(|problem| problem.detail)?;
    let mut sink = Collector::default();
    let read = reader
        .part(&call, part, before.last.clone(), &mut sink)
        .await;
    read.map_err(|problem| {
        let state = before
            .last
            .as_ref()
            .map_or("none".to_owned(), Value::to_string);
        format!(
            "it does not go on from the checkpoint {state}: {}: {}",
            problem.code, problem.detail
        )
    })?;
    Ok(sink.taken)
}

/// Meets each request of a read with a fault in turn, then goes on.
pub(super) async fn faults(
    scene: &Scene<'_>,
    reader: Reader<'_>,
    baseline: &Pass,
    requests: usize,
    kind: Kind,
) -> Finding {
    let mut tried = 0;
    let mut met = 0;
    let step = requests.div_ceil(MOST_TRIES).max(1);
    for at in (0..requests).step_by(step) {
        for fault in of(kind) {
            let silent = fault == Fault::Truncated;
            let plan = Plan::once(at, fault);
            let side = Arc::new(Player::with(Arc::clone(&scene.cassette), plan));
            let (call, _) = scene.call(side).map_err(|problem| problem.detail)?;
            let pass = reader.pass(&call).await;
            tried += 1;
            if let Some(problem) = &pass.failure {
                met += 1;
                fits(kind, silent, problem)
                    .map_err(|what| format!("request {}: {what}", at + 1))?;
            }
            let whole = whole(scene, reader, baseline, pass).await?;
            if let Some(lost) = lost(&rows(baseline.rows()), &rows(whole.iter())) {
                return Err(format!("after a fault of request {}: {lost}", at + 1));
            }
        }
    }
    if tried > 0 && met == 0 && baseline_is_http(scene) {
        return Err("no fault was ever reported".to_owned());
    }
    good(format!(
        "{met} of {tried} faults ended the read, all rows came"
    ))
}

/// Files have no status codes; what does not fail there is no fault that was swallowed.
fn baseline_is_http(scene: &Scene<'_>) -> bool {
    !scene.cassette.http.is_empty()
}

fn of(kind: Kind) -> Vec<Fault> {
    match kind {
        Kind::RateLimited => vec![Fault::RateLimited],
        Kind::ServerError => vec![Fault::ServerError],
        Kind::Cut => vec![Fault::Cut, Fault::Truncated],
    }
}

/// The kind decides what the platform does next.
fn fits(kind: Kind, silent: bool, problem: &Problem) -> Result<(), String> {
    let (code, detail) = (problem.code, &problem.detail);
    let own = [ErrorCode::ConnectorFailed, ErrorCode::ConnectorLimit].contains(&code);
    match kind {
        Kind::RateLimited if code != ErrorCode::RateLimited => Err(format!(
            "429 became {code} ({detail}); kind `rate-limited` is expected"
        )),
        Kind::RateLimited if problem.retry_after_ms != Some(7_000) => Err(format!(
            "429 said to wait 7 s, and {} was passed on",
            problem
                .retry_after_ms
                .map_or("nothing".to_owned(), |ms| format!("{ms} ms"))
        )),
        // Nobody said that bytes are missing, so what they seem to be is up to the connector.
        Kind::Cut if silent && !own => Ok(()),
        Kind::ServerError | Kind::Cut if !problem.transient() => Err(format!(
            "it became {code} ({detail}); kind `transient` is expected"
        )),
        _ => Ok(()),
    }
}

/// What came before the fault, and what comes when the platform goes on.
async fn whole(
    scene: &Scene<'_>,
    reader: Reader<'_>,
    baseline: &Pass,
    pass: Pass,
) -> Result<Vec<Row>, String> {
    if pass.failure.is_none() {
        return Ok(pass.rows().cloned().collect());
    }
    let mut whole = Vec::new();
    let failed = pass.parts.len().saturating_sub(1);
    let mut before = pass.parts.into_iter().map(|(_, taken)| taken);
    for (number, (part, _)) in baseline.parts.iter().enumerate() {
        match before.next() {
            Some(taken) if number < failed => whole.extend(taken.all().cloned()),
            taken => {
                let taken = taken.unwrap_or_default();
                let rest = resumed(scene, reader, part, &taken).await?;
                whole.extend(taken.covered.iter().chain(rest.all()).cloned());
            }
        }
    }
    Ok(whole)
}
