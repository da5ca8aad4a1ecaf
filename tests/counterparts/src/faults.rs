//! Fault switches of the HTTP counterparts: what a test can make them do wrong.
//!
//! Chance is a counter run through a mixing function, so a test that sends the same requests in the
//! same order meets the same faults. `POST /_control/faults` replaces all switches; what is left
//! out goes back to its default.

use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;
use serde::{Deserialize, Serialize};

use crate::web::DropConnection;

/// The switches. Rates are chances from 0 to 1, `next_` counts down.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// added to each request, ms
    pub latency_ms: u64,
    /// chance of an answer with `error_status` and no effect
    pub error_rate: f64,
    /// 0 means 503
    pub error_status: u16,
    /// chance of 429 with `Retry-After`, no effect
    pub throttle_rate: f64,
    /// this many requests get 429
    pub throttle_next: u32,
    /// seconds in `Retry-After`; 0 means 1
    pub retry_after_s: u32,
    /// chance that the work is done and the connection dropped without an answer
    pub drop_after_commit_rate: f64,
    /// this many requests are done and dropped
    pub drop_after_commit_next: u32,
    /// chance that the work is done and the answer is 500
    pub error_after_commit_rate: f64,
    /// this many requests are done and answered with 500
    pub error_after_commit_next: u32,
    /// chance that the work is done and the connection breaks in the middle of the answer
    pub cut_answer_rate: f64,
    /// this many requests are done and their answers cut
    pub cut_answer_next: u32,
    /// chance that a request is carried out once more later, as a network may deliver it twice
    pub duplicate_rate: f64,
    /// how much later, ms
    pub duplicate_after_ms: u64,
    /// transactions with these codes are refused (`CodeRefused`, not retryable)
    pub refuse_codes: Vec<String>,
    /// a request that holds one of these codes fails as a whole with 500 and no effect
    pub poison_codes: Vec<String>,
    /// every connection is dropped without an answer, but for `/_control`
    pub down: bool,
    /// every token is refused with 401
    pub unauthorized: bool,
}

/// What is to go wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    pub drop_after_commit: bool,
    pub error_after_commit: bool,
    pub cut_answer: bool,
    /// carry it out once more after this time
    pub duplicate_after: Option<Duration>,
}

/// The switches in use, with counters of what was played.
#[derive(Debug, Default)]
pub struct Switchboard {
    faults: Mutex<Faults>,
    rolls: AtomicU64,
    played: AtomicU64,
}

impl Switchboard {
    /// The switches as they are.
    #[must_use]
    pub fn get(&self) -> Faults {
        self.lock().clone()
    }

    /// Replaces all switches.
    pub fn set(&self, faults: Faults) {
        *self.lock() = faults;
    }

    /// How many faults were played.
    #[must_use]
    pub fn played(&self) -> u64 {
        self.played.load(Ordering::Relaxed)
    }

    /// Whether connections are to be dropped now.
    #[must_use]
    pub fn down(&self) -> bool {
        self.lock().down
    }

    /// Counts one fault.
    pub fn count(&self) {
        self.played.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.faults
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn roll(&self, rate: f64) -> bool {
        if rate <= 0.0 {
            return false;
        }
        let number = mix(self.rolls.fetch_add(1, Ordering::Relaxed));
        #[expect(clippy::cast_precision_loss, reason = "53 bits of chance are plenty")]
        let chance = (number >> 11) as f64 / (1_u64 << 53) as f64;
        chance < rate
    }

    /// Plays what comes before the work: waiting, 401, 429, 5xx.
    ///
    /// # Errors
    /// The answer to give instead of doing the work.
    pub async fn before(&self) -> Result<Plan, Box<Response>> {
        let (latency, result) = self.plan();
        if latency > 0 {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        if result.is_err() {
            self.count();
        }
        result
    }

    fn plan(&self) -> (u64, Result<Plan, Box<Response>>) {
        let mut faults = self.lock();
        let latency = faults.latency_ms;
        if faults.unauthorized {
            return (latency, Err(Box::new(unauthorized())));
        }
        if faults.throttle_next > 0 || self.roll(faults.throttle_rate) {
            faults.throttle_next = faults.throttle_next.saturating_sub(1);
            return (
                latency,
                Err(Box::new(throttled(faults.retry_after_s.max(1)))),
            );
        }
        if self.roll(faults.error_rate) {
            return (latency, Err(Box::new(failing(faults.error_status))));
        }
        let drop_after_commit =
            counted(&mut faults.drop_after_commit_next) || self.roll(faults.drop_after_commit_rate);
        let error_after_commit = !drop_after_commit
            && (counted(&mut faults.error_after_commit_next)
                || self.roll(faults.error_after_commit_rate));
        let cut_answer = !drop_after_commit
            && !error_after_commit
            && (counted(&mut faults.cut_answer_next) || self.roll(faults.cut_answer_rate));
        let plan = Plan {
            drop_after_commit,
            error_after_commit,
            cut_answer,
            duplicate_after: self
                .roll(faults.duplicate_rate)
                .then(|| Duration::from_millis(faults.duplicate_after_ms)),
        };
        (latency, Ok(plan))
    }
}

/// Counts one down; whether there was one.
fn counted(next: &mut u32) -> bool {
    let there = *next > 0;
    *next = next.saturating_sub(1);
    there
}

/// splitmix64's mixing function.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// An error body as tax services write it.
#[must_use]
pub fn error_answer(status: StatusCode, code: &str, message: &str, retryable: bool) -> Response {
    let body = serde_json::json!({
        "error": { "code": code, "message": message, "target": null, "retryable": retryable }
    });
    (status, Json(body)).into_response()
}

/// 401.
#[must_use]
pub fn unauthorized() -> Response {
    let mut answer = error_answer(
        StatusCode::UNAUTHORIZED,
        "AuthenticationException",
        "the bearer token is missing or not valid",
        false,
    );
    let challenge = HeaderValue::from_static("Bearer");
    answer
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    answer
}

fn throttled(retry_after_s: u32) -> Response {
    let mut answer = error_answer(
        StatusCode::TOO_MANY_REQUESTS,
        "RateLimitExceeded",
        "too many requests",
        true,
    );
    let value = HeaderValue::from(retry_after_s);
    answer.headers_mut().insert(header::RETRY_AFTER, value);
    answer
}

fn failing(status: u16) -> Response {
    let status = StatusCode::from_u16(status)
        .ok()
        .filter(|status| !status.is_success() && *status != StatusCode::CONTINUE)
        .unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    error_answer(
        status,
        "UnhandledException",
        "the service has a fault",
        true,
    )
}

impl Plan {
    /// Plays what comes after the work instead of `answer`.
    #[must_use]
    pub fn after_commit(self, answer: Response) -> Response {
        if self.drop_after_commit {
            return dropped();
        }
        if self.error_after_commit {
            return failing(500);
        }
        if self.cut_answer {
            return answer.map(|_| Body::new(Cut { begun: false }));
        }
        answer
    }
}

/// A body that breaks after its beginning.
struct Cut {
    begun: bool,
}

impl HttpBody for Cut {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(match std::mem::replace(&mut self.begun, true) {
            false => Ok(Frame::data(Bytes::from_static(b"{\"id\": \""))),
            true => Err(io::Error::other("cut on purpose")),
        }))
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(1_000)
    }
}

/// The connection is closed instead of an answer.
#[must_use]
pub fn dropped() -> Response {
    let mut answer = Response::new(Body::empty());
    answer.extensions_mut().insert(DropConnection);
    answer
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn chance_is_repeatable_and_about_right() {
        let rolls = |rate| {
            let board = Switchboard::default();
            (0..10_000).filter(|_| board.roll(rate)).count()
        };
        assert_eq!(rolls(0.1), rolls(0.1));
        assert!((900..1100).contains(&rolls(0.1)), "{}", rolls(0.1));
        assert_eq!((rolls(0.0), rolls(1.0)), (0, 10_000));
    }

    #[test]
    fn unknown_switches_are_errors() {
        assert!(serde_json::from_str::<Faults>(r#"{"latency":1}"#).is_err());
        let faults: Faults = serde_json::from_str(r#"{"latency_ms":1}"#).unwrap();
        assert_eq!(faults.latency_ms, 1);
    }

    #[tokio::test]
    async fn counted_faults_count_down() {
        let board = Switchboard::default();
        board.set(Faults {
            throttle_next: 2,
            drop_after_commit_next: 1,
            ..Faults::default()
        });
        assert_eq!(board.before().await.unwrap_err().status(), 429);
        assert_eq!(board.before().await.unwrap_err().status(), 429);
        assert!(board.before().await.unwrap().drop_after_commit);
        assert_eq!(board.before().await.unwrap(), Plan::default());
        assert_eq!(board.played(), 2);
    }
}
