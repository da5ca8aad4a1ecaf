//! A run, live: server-sent events with the run's view whenever it changes.
//!
//! The run's row is read twice a second while somebody watches, so that it does not matter which
//! process does the work; every commit of a run's work touches it. Only when it has changed is the run
//! summed up, and so seldom that all of it takes a small part of the time. A stream ends with the run, with the process, and after the life of a
//! token at the latest; the client then asks again.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use tokio::time::Instant;
use tributary_model::clock::UnixMillis;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::RunId;
use tributary_model::problem::Problem;

use crate::auth::Scope;
use crate::auth::token::TOKEN_LIFE_S;
use crate::problem::ApiError;
use crate::request::parts::Names;
use crate::request::slots::Slot;
use crate::state::ApiState;
use crate::wire::run::{RunPath, view};

const POLL: Duration = Duration::from_millis(500);
/// A watcher waits this many times as long as it took to sum up the run.
const REST: u32 = 20;

/// Watches the run: events `run` with the run's view, and `end` when nothing more will come.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/runs/{run}/events",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("run" = String, Path, description = "id of the run")
    ),
    responses((status = 200, description = "events `run` and `end`", content_type = "text/event-stream", body = String))
)]
pub(crate) async fn watch_run(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<RunPath>,
) -> Result<impl IntoResponse, ApiError> {
    let found = scope.store.run(&path.run).await?;
    found.ok_or_else(ApiError::not_found)?;
    let slot = state.limits.watchers.take(&scope.tenant);
    let slot = slot.ok_or_else(|| Problem {
        retry_after_ms: Some(5_000),
        ..Problem::new(ErrorCode::TooManyRequests, "too many live streams at once")
    })?;
    let watch = Watch {
        until: Instant::now() + Duration::from_secs(TOKEN_LIFE_S),
        state,
        scope,
        run: path.run,
        last: String::new(),
        seen_ms: None,
        settled: false,
        wait: POLL,
        stage: Stage::First,
        _slot: slot,
    };
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(events(watch)).keep_alive(keep_alive))
}

struct Watch {
    state: ApiState,
    scope: Scope,
    run: RunId,
    /// the essence of the view that was sent last
    last: String,
    /// when the run's row was changed, as of the last look
    seen_ms: Option<UnixMillis>,
    /// it was looked at once more since: two changes may share a millisecond
    settled: bool,
    /// until the next look
    wait: Duration,
    stage: Stage,
    until: Instant,
    _slot: Slot,
}

#[derive(PartialEq)]
enum Stage {
    First,
    Watching,
    /// the last view is out, `end` is due
    Ending,
    Over,
}

fn events(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> {
    futures_util::stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok(event), watch))
    })
}

impl Watch {
    async fn next(&mut self) -> Option<Event> {
        if self.stage == Stage::Over {
            return None;
        }
        if self.stage == Stage::Ending {
            self.stage = Stage::Over;
            return Some(Event::default().event("end").data("{}"));
        }
        loop {
            if self.stage == Stage::Watching {
                let shutdown = self.state.shutdown.clone();
                tokio::select! {
                    () = tokio::time::sleep(self.wait) => {}
                    () = shutdown.cancelled() => return None,
                }
            }
            self.stage = Stage::Watching;
            if Instant::now() >= self.until {
                return None;
            }
            match self.look().await {
                Ok(None) => {}
                Ok(Some(seen)) if seen.essence != self.last || seen.terminal => {
                    if seen.terminal {
                        self.stage = Stage::Ending;
                    }
                    self.last = seen.essence;
                    return Some(Event::default().event("run").data(seen.text));
                }
                Ok(Some(_)) => {}
                Err(error) => {
                    let cause = error.cause.as_deref().unwrap_or("-");
                    tracing::error!(error.code = %error.problem.code, error.cause = cause, "a live stream ended");
                    return None;
                }
            }
        }
    }

    /// `None`: nothing has changed since the last look.
    async fn look(&mut self) -> Result<Option<Seen>, ApiError> {
        let run = self.scope.store.run(&self.run).await?;
        let run = run.ok_or_else(ApiError::not_found)?;
        let changed = self.seen_ms.replace(run.updated_ms) != Some(run.updated_ms);
        if !changed && std::mem::replace(&mut self.settled, true) {
            self.wait = POLL;
            return Ok(None);
        }
        self.settled = !changed;
        let began = Instant::now();
        let terminal = run.state.terminal();
        let view = view(&self.scope.store, run, self.state.clock.now_ms()).await?;
        self.wait = POLL.max(began.elapsed() * REST);
        let internal = |error| ApiError::internal(ErrorCode::Internal, &error);
        let mut value = serde_json::to_value(&view).map_err(internal)?;
        let text = value.to_string();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("throughput");
        }
        Ok(Some(Seen {
            text,
            essence: value.to_string(),
            terminal,
        }))
    }
}

/// The run as of now.
struct Seen {
    /// its view, JSON
    text: String,
    /// the same without what changes while nothing happens
    essence: String,
    terminal: bool,
}
