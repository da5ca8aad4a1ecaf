//! Targets: `prepare` is a function of rows and keys, `settle` has an outcome for every answer.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use tributary_host::{CallContext, HttpResponse, OtherSide as _, Outcome, RetryReason, TargetCall};
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::DeliveryCapability;
use tributary_model::problem::Problem;

use super::{Finding, good, skipped};
use crate::batch::Rows;
use crate::side::Player;
use crate::stand::Scene;

pub(super) async fn prepared(scene: &Scene<'_>, rows: &Rows) -> Result<Vec<TargetCall>, String> {
    let player = Player::new(Arc::clone(&scene.cassette));
    let (call, _) = scene
        .call(Arc::new(player))
        .map_err(|problem| problem.detail)?;
    let calls = asked(scene, &call, rows).await;
    calls.map_err(|problem| format!("{}: {}", problem.code, problem.detail))
}

async fn asked(
    scene: &Scene<'_>,
    call: &CallContext,
    rows: &Rows,
) -> Result<Vec<TargetCall>, Problem> {
    let (connector, config) = (scene.connector, scene.config());
    connector.prepare(call, config, rows.batch()).await
}

/// The calls of the case's batch, made while `call` answers; none if there is no batch.
pub(super) async fn calls_in(
    scene: &Scene<'_>,
    call: &CallContext,
) -> Result<Vec<TargetCall>, Problem> {
    match Rows::in_case(scene.case) {
        Some(rows) => asked(scene, call, &rows).await,
        None => Ok(Vec::new()),
    }
}

/// Twice the same, in instances of their own, and every key is sent.
pub(super) async fn prepare(scene: &Scene<'_>) -> Finding {
    let Some(rows) = Rows::in_case(scene.case) else {
        return skipped("the case has no batch");
    };
    let calls = prepared(scene, &rows).await?;
    // A resend may come days later.
    let now_ms = scene.case.cassette.recorded_at_ms;
    scene.clock.set(now_ms + 3 * 86_400_000);
    let again = prepared(scene, &rows).await;
    scene.clock.set(now_ms);
    let again = again?;
    if calls != again {
        let differ = calls
            .iter()
            .zip(&again)
            .position(|(one, other)| one != other);
        let number = differ.map_or(calls.len(), |place| place + 1);
        return Err(format!(
            "call {number} is another the second time: a resend would not be recognised"
        ));
    }
    let delivery = scene.connector.manifest().delivery.as_ref();
    let keyed = delivery.is_some_and(|it| it.capability == DeliveryCapability::IdempotencyKey);
    if keyed {
        for call in &calls {
            for row in &call.rows {
                let key = rows.keys.get(*row as usize).map_or("", String::as_str);
                if !carries(call, key) {
                    return Err(format!("the key of row {row} is in no part of its call"));
                }
            }
        }
    }
    good(format!(
        "{} rows in {} calls, twice the same",
        rows.keys.len(),
        calls.len()
    ))
}

fn carries(call: &TargetCall, key: &str) -> bool {
    let within = |pairs: &[(String, String)]| pairs.iter().any(|(_, value)| value.contains(key));
    call.idempotency_key.as_deref() == Some(key)
        || call.path.contains(key)
        || within(&call.query)
        || within(&call.headers)
        || String::from_utf8_lossy(&call.body).contains(key)
}

/// The good answers, then the strange ones.
pub(super) async fn settle(scene: &Scene<'_>) -> Finding {
    let Some(rows) = Rows::in_case(scene.case) else {
        return skipped("the case has no batch");
    };
    let calls = prepared(scene, &rows).await?;
    let Some(first) = calls.first() else {
        return Err("prepare gives no call".to_owned());
    };
    let mut words = HashSet::new();
    let mut sample = None;
    let player = Player::new(Arc::clone(&scene.cassette));
    for call in &calls {
        let Ok(answer) = player.send(call.request(None)).await else {
            continue;
        };
        for outcome in settled(scene, call, &answer).await? {
            words.insert(word(&outcome));
        }
        sample.get_or_insert(answer);
    }
    let Some(sample) = sample else {
        let misses = player.misses().join(", ");
        return Err(format!("the cassette has no answer to any call: {misses}"));
    };
    if !words.contains("delivered") {
        return Err("none of the case's answers delivers a row".to_owned());
    }
    let mut tried = 0;
    for strange in strange(&sample) {
        one(scene, first, &strange).await?;
        tried += 1;
    }
    let mut words: Vec<&str> = words.into_iter().collect();
    words.sort_unstable();
    good(format!(
        "{}; {tried} strange answers settled",
        words.join(", ")
    ))
}

pub(super) async fn settled(
    scene: &Scene<'_>,
    call: &TargetCall,
    answer: &HttpResponse,
) -> Result<Vec<Outcome>, String> {
    let player = Player::new(Arc::clone(&scene.cassette));
    let (context, _) = scene
        .call(Arc::new(player))
        .map_err(|problem| problem.detail)?;
    let outcomes = scene
        .connector
        .settle(&context, scene.config(), call, answer)
        .await;
    match outcomes {
        Ok(outcomes) => Ok(outcomes.into_iter().map(|row| row.outcome).collect()),
        Err(problem) => Err(format!(
            "status {} becomes {} ({})",
            answer.status, problem.code, problem.detail
        )),
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered { .. } => "delivered",
        Outcome::Rejected { .. } => "rejected",
        Outcome::Retry { .. } => "retry",
    }
}

/// An answer, and what may not come of it.
struct Strange {
    what: &'static str,
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    /// it says that nothing was taken, or cannot be understood
    no_success: bool,
}

/// Statuses that say that nothing was taken, and bodies that say nothing at all.
fn strange(sample: &HttpResponse) -> Vec<Strange> {
    let json = vec![("content-type".to_owned(), "application/json".to_owned())];
    let html = vec![("content-type".to_owned(), "text/html".to_owned())];
    let is_json =
        serde_json::from_slice::<serde_json::Value>(&sample.body).is_ok() && sample.body.len() > 1;
    let make = |what, status, headers: &Vec<(String, String)>, body: &[u8], no_success| Strange {
        what,
        status,
        headers: headers.clone(),
        body: Bytes::copy_from_slice(body),
        no_success,
    };
    let half = sample.body.get(..sample.body.len() / 2).unwrap_or_default();
    let page: &[u8] = b"<!doctype html><title>Sign in</title>";
    let mut wait = json.clone();
    wait.push(("retry-after".to_owned(), "7".to_owned()));
    vec![
        make("an empty 200", 200, &json, b"", false),
        make("a page in place of JSON", 200, &html, page, is_json),
        make("half of the answer", 200, &json, half, is_json),
        make("null", 200, &json, b"null", false),
        make("a list", 200, &json, b"[[[[]]]]", false),
        make("bytes", 200, &json, &[0xff, 0x00, 0xfe], is_json),
        make("a status without a body", 204, &Vec::new(), b"", false),
        make("a redirect", 302, &html, b"", true),
        make("a refusal", 400, &json, b"{}", true),
        make("a refused credential", 401, &json, b"{}", true),
        make("not found", 404, &html, page, true),
        make("a conflict", 409, &json, b"", false),
        make("too many requests", 429, &wait, b"", true),
        make("an ill server", 500, &html, page, true),
        make("an ill server without a word", 503, &Vec::new(), b"", true),
        make("a status that nobody knows", 799, &json, b"{}", true),
    ]
}

/// No panic, no bug, and no row called delivered that was not.
async fn one(scene: &Scene<'_>, call: &TargetCall, strange: &Strange) -> Result<(), String> {
    let answer = HttpResponse {
        status: strange.status,
        headers: strange.headers.clone(),
        body: strange.body.clone(),
        duration_ms: 1,
    };
    let what = strange.what;
    let player = Player::new(Arc::clone(&scene.cassette));
    let (context, _) = scene
        .call(Arc::new(player))
        .map_err(|problem| problem.detail)?;
    let outcomes = scene
        .connector
        .settle(&context, scene.config(), call, &answer)
        .await;
    let status = strange.status;
    let outcomes = match outcomes {
        Ok(outcomes) => outcomes,
        Err(problem) if status == 401 && problem.code != ErrorCode::ConnectionAuth => {
            return Err(format!(
                "401 becomes {}; kind `auth` is expected",
                problem.code
            ));
        }
        Err(problem)
            if [ErrorCode::ConnectorFailed, ErrorCode::ConnectorLimit].contains(&problem.code) =>
        {
            return Err(format!("{what} ({status}): {}", problem.detail));
        }
        Err(problem) if [429, 500, 503].contains(&status) && !problem.transient() => {
            return Err(format!(
                "{status} becomes {}, which is not tried again",
                problem.code
            ));
        }
        Err(_) => return Ok(()),
    };
    for row in outcomes {
        match (&row.outcome, status) {
            (Outcome::Delivered { .. }, _) if strange.no_success => {
                return Err(format!("{what} ({status}) is taken for a success"));
            }
            (Outcome::Rejected { .. }, 429 | 500 | 503) => {
                return Err(format!(
                    "{status} is taken for the record's fault; a retry is expected"
                ));
            }
            (
                Outcome::Retry {
                    reason,
                    retry_after_ms,
                    ..
                },
                429,
            ) if *reason != RetryReason::RateLimited || *retry_after_ms != Some(7_000) => {
                return Err("429 with Retry-After 7 becomes another retry".to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}
