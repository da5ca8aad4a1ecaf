//! The battery: which checks there are, and in which order they run over the cases.

mod beside;
mod component;
mod config;
mod credentials;
mod functions;
mod refusals;
mod resume;
mod schema;
mod settle;

use std::time::Instant;

use tributary_model::manifest::ConnectorRole;

use crate::case::Case;
use crate::reading::Reader;
use crate::report::{CheckResult, Report, Verdict};
use crate::side::Player;
use crate::stand::{Scene, Stand};

/// A check, for lists and pages.
#[derive(Debug, Clone, Copy)]
pub struct CheckInfo {
    pub name: &'static str,
    pub title: &'static str,
}

const fn info(name: &'static str, title: &'static str) -> CheckInfo {
    CheckInfo { name, title }
}

/// All of them; `platform/docs/connectors/conformance.md` has a section for each.
pub const CHECKS: [CheckInfo; 22] = [
    info(
        "gate",
        "the upload gate takes the component and its manifest",
    ),
    info(
        "imports",
        "it imports what its manifest asks for, no more and no less",
    ),
    info("config", "the case's configuration fits the schema"),
    info(
        "garbage_config",
        "a wrong configuration is refused with its field",
    ),
    info("no_secret_config", "the configuration asks for no secret"),
    info("check", "check succeeds"),
    info("bad_credentials", "a refused credential is an auth error"),
    info(
        "unreachable",
        "a server that does not answer is a transient error",
    ),
    info("denied", "a refused address is a denied error"),
    info("discover", "discovered streams are well-formed"),
    info("schema", "the rows fit the discovered schema"),
    info("resume", "killed after every checkpoint, no row is lost"),
    info("rate_limited", "429 is rate-limited, and nothing is lost"),
    info(
        "server_error",
        "a server error is transient, and nothing is lost",
    ),
    info("cut", "a cut answer is noticed, and nothing is lost"),
    info("cancel", "it ends within a second of being cancelled"),
    info(
        "no_secret_told",
        "no secret in logs, errors, rows, checkpoints, calls",
    ),
    info("prepare", "the same rows and keys give the same calls"),
    info("settle", "every answer is settled, however strange"),
    info(
        "lookup",
        "a look-up is the same again, and says only what its answer says",
    ),
    info(
        "conclude",
        "a run gets the same word again, at the same place",
    ),
    info(
        "functions",
        "functions answer as the cases say, twice the same",
    ),
];

/// What a check found: what was seen, or what is wrong.
pub(crate) type Finding = Result<Found, String>;

/// A check that did not fail.
pub(crate) enum Found {
    Good(String),
    Skipped(String),
}

pub(crate) fn good(what: impl Into<String>) -> Finding {
    Ok(Found::Good(what.into()))
}

pub(crate) fn skipped(why: impl Into<String>) -> Finding {
    Ok(Found::Skipped(why.into()))
}

/// Runs every check over every case.
pub async fn battery(component: &[u8], cases: &[(String, Case)]) -> Report {
    let mut report = Report::default();
    let now_ms = cases
        .first()
        .map_or(0, |(_, case)| case.cassette.recorded_at_ms);
    let started = Instant::now();
    let stand = match Stand::new(component, now_ms) {
        Ok(stand) => stand,
        Err(problem) => {
            note(&mut report, "gate", "", started, Err(problem.detail));
            return report;
        }
    };
    let manifest = &stand.presented.manifest;
    report.connector = manifest.name.to_string();
    report.version.clone_from(&manifest.version);
    report.digest.clone_from(&stand.presented.digest);
    let gate = component::gate(&stand).await;
    let usable = gate.is_ok();
    note(&mut report, "gate", "", started, gate);
    let started = Instant::now();
    let imports = component::imports(&stand.presented);
    note(&mut report, "imports", "", started, imports);
    let started = Instant::now();
    let secrets = component::no_secret_config(&manifest.config_schema);
    note(&mut report, "no_secret_config", "", started, secrets);
    if !usable {
        return report;
    }
    if cases.is_empty() {
        let nothing = Err("there is no case: put one into cases/".to_owned());
        note(&mut report, "config", "", Instant::now(), nothing);
    }
    if manifest.is_functions() {
        functions::run(&mut report, &stand, cases).await;
        return report;
    }
    if let Ok(connector) = stand.connector().await {
        for (name, case) in cases {
            let scene = Scene::new(&connector, case, &stand.clock);
            over_case(&mut report, scene, name).await;
        }
    }
    report
}

async fn over_case(report: &mut Report, scene: Option<Scene<'_>>, name: &str) {
    let Some(scene) = scene else {
        let missing = Err("the case has no connection".to_owned());
        return note(report, "config", name, Instant::now(), missing);
    };
    let scene = &scene;
    let connector = scene.connector;
    let fits = connector.validate_config(scene.config());
    let fitting = fits.is_ok();
    let fits = fits.map_or_else(|problem| Err(problem.detail), |()| good("it fits"));
    note(report, "config", name, Instant::now(), fits);
    if !fitting {
        return;
    }
    timed(report, "garbage_config", name, config::garbage(scene)).await;
    timed(report, "check", name, refusals::check(scene)).await;
    timed(report, "bad_credentials", name, credentials::bad(scene)).await;
    timed(report, "unreachable", name, refusals::unreachable(scene)).await;
    timed(report, "denied", name, refusals::denied(scene)).await;
    let roles = &connector.manifest().roles;
    if roles.contains(&ConnectorRole::Source) {
        over_source(report, scene, name).await;
    }
    if roles.contains(&ConnectorRole::ApiTarget) {
        timed(report, "prepare", name, settle::prepare(scene)).await;
        timed(report, "settle", name, settle::settle(scene)).await;
        timed(report, "lookup", name, beside::lookup(scene)).await;
        timed(report, "conclude", name, beside::conclude(scene)).await;
    }
    timed(report, "cancel", name, refusals::cancel(scene)).await;
    timed(report, "no_secret_told", name, credentials::told(scene)).await;
}

async fn over_source(report: &mut Report, scene: &Scene<'_>, name: &str) {
    let started = Instant::now();
    let stream = schema::discovered(scene).await;
    let found = match &stream {
        Ok(stream) => good(format!("stream {}", stream.name)),
        Err(why) => Err(why.clone()),
    };
    note(report, "discover", name, started, found);
    let Ok(stream) = stream else {
        return;
    };
    let reader = Reader {
        connector: scene.connector,
        config: scene.config(),
        stream: &stream.name,
    };
    // What a read gives if nothing goes wrong; everything below is compared with it.
    let started = Instant::now();
    let player = std::sync::Arc::new(Player::new(std::sync::Arc::clone(&scene.cassette)));
    let baseline = match scene.call(std::sync::Arc::clone(&player) as _) {
        Ok((call, _)) => reader.pass(&call).await,
        Err(problem) => return note(report, "schema", name, started, Err(problem.detail)),
    };
    let fits = schema::fits(&stream, &baseline, &player.misses());
    let readable = baseline.failure.is_none();
    note(report, "schema", name, started, fits);
    if !readable {
        return;
    }
    let requests = player.asked();
    let resumed = resume::kills(scene, reader, &baseline);
    timed(report, "resume", name, resumed).await;
    for (check, kind) in resume::FAULTS {
        if kind == resume::Kind::RateLimited && scene.cassette.http.is_empty() {
            let finding = skipped("a server of files has no such answer");
            note(report, check, name, Instant::now(), finding);
            continue;
        }
        let faults = resume::faults(scene, reader, &baseline, requests, kind);
        timed(report, check, name, faults).await;
    }
}

async fn timed(
    report: &mut Report,
    check: &'static str,
    case: &str,
    work: impl Future<Output = Finding>,
) {
    let started = Instant::now();
    let finding = work.await;
    note(report, check, case, started, finding);
}

fn note(report: &mut Report, check: &'static str, case: &str, started: Instant, finding: Finding) {
    let (verdict, detail) = match finding {
        Ok(Found::Good(detail)) => (Verdict::Ok, detail),
        Ok(Found::Skipped(detail)) => (Verdict::Skipped, detail),
        Err(detail) => (Verdict::Failed, detail),
    };
    report.checks.push(CheckResult {
        check,
        case: case.to_owned(),
        verdict,
        detail,
        millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
}
