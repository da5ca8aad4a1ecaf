//! Credentials: a refused one is named so, and a good one is never told.

use std::sync::Arc;

use serde_json::Value;
use tributary_host::{CallContext, GuestLog, TargetCall};
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::ConnectorRole;

use super::refusals::{checked, judged};
use super::{Finding, good, schema, settle};
use crate::reading::Reader;
use crate::side::{Fault, Plan, Player};
use crate::stand::{CANARY, Scene};

/// Headers that only the host fills in.
const CREDENTIAL_HEADERS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// `check` says so, and a source's read ends with `auth`.
pub(super) async fn bad(scene: &Scene<'_>) -> Finding {
    let answer = checked(scene, Fault::Unauthorised).await?;
    let said = judged(
        answer,
        |problem| problem.code == ErrorCode::ConnectionAuth,
        "an auth error",
    )?;
    if !scene
        .connector
        .manifest()
        .roles
        .contains(&ConnectorRole::Source)
    {
        return Ok(said);
    }
    let Ok(stream) = schema::discovered(scene).await else {
        return Ok(said);
    };
    let player = Player::with(
        Arc::clone(&scene.cassette),
        Plan::always(Fault::Unauthorised),
    );
    let (call, _) = scene
        .call(Arc::new(player))
        .map_err(|problem| problem.detail)?;
    match reader(scene, &stream.name).pass(&call).await.failure {
        Some(problem) if problem.code == ErrorCode::ConnectionAuth => Ok(said),
        Some(problem) => Err(format!(
            "a read answers {} ({}); kind `auth` is expected",
            problem.code, problem.detail
        )),
        None => Err("a read succeeds with a refused credential".to_owned()),
    }
}

fn reader<'a>(scene: &'a Scene<'_>, stream: &'a str) -> Reader<'a> {
    Reader {
        connector: scene.connector,
        config: scene.config(),
        stream,
    }
}

/// Plays the case well, and once with an error that repeats the secret; then looks everywhere.
pub(super) async fn told(scene: &Scene<'_>) -> Finding {
    if scene.config().to_string().contains(CANARY) {
        return Err("the case's config holds a secret".to_owned());
    }
    let mut said = Said::default();
    let echo = Plan::always(Fault::Echo(format!("token={CANARY}")));
    for player in [
        Player::new(Arc::clone(&scene.cassette)),
        Player::with(Arc::clone(&scene.cassette), echo),
    ] {
        let (call, log) = scene
            .call(Arc::new(player))
            .map_err(|problem| problem.detail)?;
        collect(scene, &call, &log, &mut said).await;
    }
    for (place, text) in &said.texts {
        if text.contains(CANARY) {
            return Err(format!("a secret stands in {place}"));
        }
    }
    if let Some(header) = said.header {
        return Err(format!(
            "prepare sets the header {header}, which the host refuses: credentials are the connection's, by its kind of `auth`"
        ));
    }
    if let Some(line) = said.masked {
        return Err(format!(
            "it logs what looks like a credential (the platform masked it): {line}"
        ));
    }
    good(format!("looked at {} texts", said.texts.len()))
}

#[derive(Default)]
struct Said {
    /// where, and what
    texts: Vec<(&'static str, String)>,
    /// a log line in which something had to be masked
    masked: Option<String>,
    /// a header of a call that is for credentials
    header: Option<String>,
}

impl Said {
    fn add(&mut self, place: &'static str, text: impl Into<String>) {
        self.texts.push((place, text.into()));
    }

    /// All that goes out with a prepared call, and what comes back to `settle`.
    fn add_call(&mut self, call: &TargetCall) {
        self.add("the path of a call", &*call.path);
        for (name, value) in &call.query {
            self.add("the query of a call", format!("{name}={value}"));
        }
        for (name, value) in &call.headers {
            if CREDENTIAL_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                self.header.get_or_insert_with(|| name.clone());
            }
            self.add("a header of a call", format!("{name}: {value}"));
        }
        self.add("the body of a call", String::from_utf8_lossy(&call.body));
        for own in [&call.idempotency_key, &call.context].into_iter().flatten() {
            self.add("a call", &**own);
        }
    }
}

async fn collect(scene: &Scene<'_>, call: &CallContext, log: &GuestLog, said: &mut Said) {
    match scene.connector.check(call, scene.config()).await {
        Ok(steps) => steps
            .iter()
            .for_each(|step| said.add("a step of check", &*step.message)),
        Err(problem) => said.add("an error", problem.detail),
    }
    let roles = &scene.connector.manifest().roles;
    if roles.contains(&ConnectorRole::Source)
        && let Ok(stream) = schema::discovered(scene).await
    {
        said.add("a schema", stream.schema.to_string());
        let pass = reader(scene, &stream.name).pass(call).await;
        for (part, taken) in &pass.parts {
            said.add("a partition", part.to_string());
            said.add(
                "a checkpoint",
                taken.last.as_ref().map_or(String::new(), Value::to_string),
            );
        }
        for row in pass.rows() {
            said.add("a row", String::from_utf8_lossy(&row.raw));
        }
        if let Some(problem) = pass.failure {
            said.add("an error", problem.detail);
        }
    }
    if roles.contains(&ConnectorRole::ApiTarget) {
        match settle::calls_in(scene, call).await {
            Ok(calls) => calls.iter().for_each(|call| said.add_call(call)),
            Err(problem) => said.add("an error", problem.detail),
        }
    }
    for line in String::from_utf8_lossy(&log.take()).lines() {
        said.add("a log line", line);
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let message = line
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if message.contains("***") {
            said.masked.get_or_insert_with(|| message.to_owned());
        }
    }
}
