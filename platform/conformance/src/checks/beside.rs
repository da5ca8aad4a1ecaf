//! What a target exports beside `target`: the look-up before a resend, and the word at the end of a run.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use tributary_host::{
    CallContext, Finding as Found, HttpResponse, OtherSide as _, Outcome, TargetCall, Written,
};
use tributary_model::detail::Detail;
use tributary_model::error_code::ErrorCode;

use super::settle::{prepared, settled};
use super::{Finding, good, skipped};
use crate::attempt::asks;
use crate::batch::Rows;
use crate::side::Player;
use crate::stand::Scene;

const DAYS_3_MS: i64 = 3 * 86_400_000;

fn call(scene: &Scene<'_>) -> Result<CallContext, String> {
    let player = Player::new(Arc::clone(&scene.cassette));
    let call = scene.call(Arc::new(player));
    call.map(|(call, _)| call).map_err(|problem| problem.detail)
}

/// The inquiries are the same days later, the case's answers are judged, and strange ones never say that
/// something is there or is not.
pub(super) async fn lookup(scene: &Scene<'_>) -> Finding {
    if !asks(scene.connector, scene.config()) {
        return skipped("the case's target is not asked before a resend");
    }
    let Some(rows) = Rows::in_case(scene.case) else {
        return skipped("the case has no batch");
    };
    let inquiries = inquired(scene, &rows).await?;
    let now_ms = scene.case.cassette.recorded_at_ms;
    scene.clock.set(now_ms + DAYS_3_MS);
    let again = inquired(scene, &rows).await;
    scene.clock.set(now_ms);
    if inquiries != again? {
        return Err("the same rows are asked for in another way the second time".to_owned());
    }
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    let player = Player::new(Arc::clone(&scene.cassette));
    for inquiry in &inquiries {
        let request = inquiry.request(None);
        // A recording has the answers from before the batch was sent and from after it.
        for _ in 0..player.answers_to(&request).max(1) {
            let Ok(answer) = player.send(request.clone()).await else {
                continue;
            };
            for finding in judged(scene, inquiry, &answer).await? {
                *words.entry(word(&finding)).or_default() += 1;
            }
        }
    }
    if !words.contains_key("there") || !words.contains_key("absent") {
        let misses = player.misses().join(", ");
        return Err(format!(
            "the case's answers must say of one row that it is there and of one that it is not; found {words:?} {misses}"
        ));
    }
    let Some(first) = inquiries.first() else {
        return Err("inquire gives no request".to_owned());
    };
    for (status, body) in STRANGE {
        strange(scene, first, *status, body).await?;
    }
    let told: Vec<String> = words
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    good(format!(
        "{}; {} strange answers judged",
        told.join(", "),
        STRANGE.len()
    ))
}

/// Answers that tell nothing of a record. 404 is left out: it may mean that it is not there.
const STRANGE: &[(u16, &str)] = &[
    (200, ""),
    (200, "<!doctype html><title>Sign in</title>"),
    (302, ""),
    (400, "{}"),
    (401, "{}"),
    (429, ""),
    (500, "<html>"),
    (503, ""),
    (799, "{}"),
];

async fn strange(
    scene: &Scene<'_>,
    inquiry: &TargetCall,
    status: u16,
    body: &'static str,
) -> Result<(), String> {
    let answer = HttpResponse {
        status,
        headers: Vec::new(),
        body: Bytes::from_static(body.as_bytes()),
        duration_ms: 1,
    };
    let call = call(scene)?;
    let found = scene
        .connector
        .judge(&call, scene.config(), inquiry, &answer)
        .await;
    let found = match found {
        Ok(found) => found,
        Err(problem) if status == 401 && problem.code != ErrorCode::ConnectionAuth => {
            return Err(format!(
                "401 becomes {}; kind `auth` is expected",
                problem.code
            ));
        }
        Err(problem)
            if [ErrorCode::ConnectorFailed, ErrorCode::ConnectorLimit].contains(&problem.code) =>
        {
            return Err(format!("status {status} {body:?}: {}", problem.detail));
        }
        Err(_) => return Ok(()),
    };
    for row in found {
        if matches!(row.finding, Found::There { .. } | Found::Absent) {
            let said = word(&row.finding);
            return Err(format!("status {status} {body:?} is taken for {said:?}"));
        }
    }
    Ok(())
}

async fn inquired(scene: &Scene<'_>, rows: &Rows) -> Result<Vec<TargetCall>, String> {
    let call = call(scene)?;
    let inquiries = scene
        .connector
        .inquire(&call, scene.config(), rows.batch())
        .await;
    inquiries.map_err(|problem| format!("{}: {}", problem.code, problem.detail))
}

async fn judged(
    scene: &Scene<'_>,
    inquiry: &TargetCall,
    answer: &HttpResponse,
) -> Result<Vec<Found>, String> {
    let call = call(scene)?;
    let found = scene
        .connector
        .judge(&call, scene.config(), inquiry, answer)
        .await;
    let found = found.map_err(|problem| {
        format!(
            "status {} becomes {} ({})",
            answer.status, problem.code, problem.detail
        )
    })?;
    Ok(found.into_iter().map(|row| row.finding).collect())
}

fn word(finding: &Found) -> &'static str {
    match finding {
        Found::There { .. } => "there",
        Found::Absent => "absent",
        Found::Unclear(_) => "unclear",
        Found::Later { .. } => "later",
    }
}

/// The same run gets the same documents, on whatever day and with whatever was written.
pub(super) async fn conclude(scene: &Scene<'_>) -> Finding {
    if !scene.connector.concludes() {
        return skipped("it leaves no word at the end of a run");
    }
    let Some(rows) = Rows::in_case(scene.case) else {
        return skipped("the case has no batch");
    };
    let written = written(scene, &rows).await?;
    let now_ms = scene.case.cassette.recorded_at_ms;
    let first = concluded(scene, &written).await?;
    scene.clock.set(now_ms + DAYS_3_MS);
    let again = concluded(scene, &written).await;
    scene.clock.set(now_ms);
    if first != again? {
        return Err("the same run gets other documents the second time".to_owned());
    }
    let mut paths = HashSet::new();
    for (path, _) in &first {
        let climbs = path.split('/').any(|step| matches!(step, "." | ".."));
        if path.is_empty() || climbs || path.chars().any(char::is_control) {
            return Err(format!("{path:?} is no place for a document"));
        }
        if !paths.insert(path) {
            return Err(format!("two documents have the path {path:?}"));
        }
    }
    // A run may deliver nothing, and a target may say nothing of what it made.
    let paths: HashSet<String> = paths.into_iter().cloned().collect();
    for odd in [Vec::new(), odd()] {
        let others = concluded(scene, &odd).await?;
        let others: HashSet<String> = others.into_iter().map(|(path, _)| path).collect();
        if others != paths {
            return Err(
                "the paths depend on what was written, so a second word would lie beside the first"
                    .to_owned(),
            );
        }
    }
    good(format!(
        "{} documents about {} things, twice the same",
        first.len(),
        written.len()
    ))
}

/// Names and details that no target should give.
fn odd() -> Vec<Written> {
    let names = ["", "ä/../b", "\u{0}\n", "\"quoted\""];
    let made = names.iter().map(|name| Written {
        external_id: (*name).to_owned(),
        rows: u64::MAX / 8,
        detail: None,
    });
    let detail = Detail::parse("{\"nested\": [null, {\"sha256\": 7}], \"sha256\": []}");
    let detailed = Written {
        external_id: "x".repeat(1_000),
        rows: 0,
        detail: detail.ok(),
    };
    made.chain([detailed]).collect()
}

async fn concluded(scene: &Scene<'_>, written: &[Written]) -> Result<Vec<(String, Bytes)>, String> {
    let call = call(scene)?;
    let documents = scene
        .connector
        .conclude(&call, scene.config(), "run_0", written)
        .await;
    let documents = documents.map_err(|problem| format!("{}: {}", problem.code, problem.detail))?;
    Ok(documents
        .into_iter()
        .map(|document| (document.path, document.content))
        .collect())
}

/// What the case's answers say came to be, as the platform hands it over.
async fn written(scene: &Scene<'_>, rows: &Rows) -> Result<Vec<Written>, String> {
    let mut made: BTreeMap<String, Written> = BTreeMap::new();
    let player = Player::new(Arc::clone(&scene.cassette));
    for call in prepared(scene, rows).await? {
        let Ok(answer) = player.send(call.request(None)).await else {
            continue;
        };
        for outcome in settled(scene, &call, &answer).await? {
            let Outcome::Delivered {
                external_id: Some(external_id),
                detail,
            } = outcome
            else {
                continue;
            };
            let entry = made.entry(external_id.clone()).or_insert(Written {
                external_id,
                rows: 0,
                detail,
            });
            entry.rows += 1;
        }
    }
    Ok(made.into_values().collect())
}
