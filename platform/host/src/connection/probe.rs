//! A connection tried step by step by the host itself, before its connector is asked: the name, the
//! socket, TLS or host key, the account. So that a person sees which of these is to be mended.
//!
//! Invariants: a step that fails is the last; no credential leaves before TLS or the host key was
//! checked; nothing is changed on the other side.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::CONNECT_TIMEOUT;
use crate::call::CheckStep;
use crate::egress::{EgressError, EgressPolicy};

/// Longest time of one step: a login may need several requests.
const STEP_TIMEOUT: Duration = Duration::from_secs(60);

/// The steps so far.
#[derive(Default)]
pub(crate) struct Probe(Vec<CheckStep>);

impl Probe {
    pub(crate) fn steps(self) -> Vec<CheckStep> {
        self.0
    }

    /// Does one step. None: it failed, and no other follows.
    pub(crate) async fn step<T>(
        &mut self,
        name: &str,
        work: impl Future<Output = Result<(T, String), Problem>>,
    ) -> Option<T> {
        let started = Instant::now();
        let done = tokio::time::timeout(STEP_TIMEOUT, work).await;
        let done = done.unwrap_or_else(|_| {
            let detail = format!("nothing came within {} s", STEP_TIMEOUT.as_secs());
            Err(Problem::new(ErrorCode::ConnectionTimeout, detail))
        });
        let (value, mut step) = match done {
            Ok((value, message)) => (Some(value), CheckStep::worked(name, message)),
            Err(problem) => (None, CheckStep::failed(name, &problem)),
        };
        step.took_ms = u64::try_from(started.elapsed().as_millis()).ok();
        self.0.push(step);
        value
    }

    /// A step whose outcome is known from the one before it.
    pub(crate) fn note(&mut self, step: CheckStep) {
        self.0.push(step);
    }

    /// Looks the name up and opens a socket.
    pub(crate) async fn reach(
        &mut self,
        policy: &EgressPolicy,
        host: &str,
        port: u16,
    ) -> Option<TcpStream> {
        let started = Instant::now();
        let resolved = tokio::time::timeout(CONNECT_TIMEOUT, policy.resolve(host, port)).await;
        let resolved = resolved.unwrap_or_else(|_| {
            Err(EgressError::Unresolved {
                host: host.to_owned(),
            })
        });
        let mut step = match &resolved {
            Ok(addresses) => {
                let count = addresses.len();
                CheckStep::worked("dns", format!("{host} has {count} addresses"))
            }
            Err(denied @ EgressError::Denied { .. }) => {
                CheckStep::failed("egress", &denied.problem())
            }
            Err(error) => {
                let hint = "look for a typing error in the host name; a name that only the company's own network knows can't be used";
                CheckStep::failed("dns", &error.problem().hint(hint))
            }
        };
        step.took_ms = u64::try_from(started.elapsed().as_millis()).ok();
        self.0.push(step);
        resolved.ok()?;
        let dialled = async {
            let stream = policy.dial(host, port, CONNECT_TIMEOUT).await;
            let stream = stream.map_err(|error| {
                let hint =
                    "check the port, and ask whether the server's firewall lets this platform in";
                error.problem().hint(hint)
            })?;
            Ok((stream, format!("{host}:{port} accepts connections")))
        };
        self.step("connect", dialled).await
    }
}
