//! A session whose guest is in a runner: the platform's half of it. What the guest asks for is answered
//! by the same [`Guest`] that a store in this process would have.
//!
//! Invariants: a runner works for one session at a time and only ever for one tenant and one component;
//! one that failed, was stopped or left a call open is killed and never used again.

use std::io;
use std::sync::Arc;

use tributary_model::plan::Bound;
use tributary_model::problem::Problem;
use wasmtime::component::Component;

use super::answer::answer;
use super::process::{Process, gone};
use super::wire::{Broken, BrokenKind, Enter, HostAnswer, Load, Said, ToRunner};
use super::{Key, Runners};
use crate::exports::{Answered, Export};
use crate::limits::{self, Stop};
use crate::session::Guest;

/// See the module.
pub(crate) struct Apart {
    pub(crate) guest: Box<Guest>,
    runners: Arc<Runners>,
    key: Key,
    terms: Terms,
    process: Option<Process>,
    /// the process is between two calls
    between: bool,
}

/// What a runner is started with.
pub(crate) struct Terms {
    pub(crate) component: Component,
    pub(crate) capabilities: Vec<String>,
    pub(crate) memory: Bound,
    pub(crate) cpu: Bound,
    pub(crate) host_call_bytes: usize,
}

impl Apart {
    pub(crate) fn new(guest: Guest, runners: Arc<Runners>, digest: &str, terms: Terms) -> Self {
        let (memory, bytes) = (terms.memory.value, terms.host_call_bytes);
        let key = (guest.call.tenant.clone(), digest.to_owned(), memory, bytes);
        Self {
            guest: Box::new(guest),
            runners,
            key,
            terms,
            process: None,
            between: false,
        }
    }

    /// Makes the call and serves its host calls until it is done.
    pub(crate) async fn enter(
        &mut self,
        config: &str,
        export: Export<'_>,
    ) -> wasmtime::Result<Answered> {
        let fresh = self.process.is_none();
        let kept = fresh && self.take();
        if fresh && !kept {
            self.start().await?;
        }
        self.between = false;
        let enter = ToRunner::Enter(Box::new(Enter {
            fresh,
            budget_ns: self.guest.meter.budget_apart_ns(),
            config: config.into(),
            export,
        }));
        let mut served = self.serve(&enter).await;
        if kept && matches!(served, Err(Failure::Silent(_))) {
            // It ended while it waited for work, and its guest has asked for nothing: nothing is done twice.
            self.start().await?;
            served = self.serve(&enter).await;
        }
        match served {
            Ok(answered) => {
                self.between = true;
                Ok(answered)
            }
            Err(Failure::Call(error)) => Err(error),
            Err(Failure::Silent(error) | Failure::Pipe(error)) => {
                let what = match &mut self.process {
                    Some(process) => process.end(&error).await,
                    None => error.to_string(),
                };
                Err(wasmtime::Error::new(lost(&self.guest.connector, &what)))
            }
        }
    }

    /// Whether there was a runner that waits for work; it may have ended all the same.
    fn take(&mut self) -> bool {
        self.process = self.runners.take(&self.key);
        self.process.is_some()
    }

    async fn start(&mut self) -> wasmtime::Result<()> {
        let started = start(&self.runners, &self.terms).await;
        self.process = Some(started.map_err(|error| self.unavailable(&error))?);
        Ok(())
    }

    async fn serve(&mut self, enter: &ToRunner<'_>) -> Result<Answered, Failure> {
        match &mut self.process {
            Some(process) => serve(process, &mut self.guest, &self.terms, enter).await,
            None => Err(Failure::Pipe(io::Error::other("it has no runner"))),
        }
    }

    fn unavailable(&self, error: &io::Error) -> wasmtime::Error {
        // Paths of the machine are for the operator only.
        tracing::error!(%error, "a runner could not be started");
        let problem = lost(&self.guest.connector, "its runner could not be started");
        wasmtime::Error::new(problem.hint("see the server's log"))
    }

    /// Ends the runner, whatever it does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }
}

impl Drop for Apart {
    /// A runner that is between two calls can serve the next session.
    fn drop(&mut self) {
        match self.process.take() {
            Some(process) if self.between => self.runners.give(self.key.clone(), process),
            Some(mut process) => process.kill(),
            None => {}
        }
    }
}

/// A new runner.
async fn start(runners: &Runners, terms: &Terms) -> io::Result<Process> {
    let component = terms.component.clone();
    let code = tokio::task::spawn_blocking(move || component.serialize());
    let code = code.await.map_err(io::Error::other)?;
    let code = code.map_err(|error| io::Error::other(error.to_string()))?;
    let load = Load {
        capabilities: terms.capabilities.clone(),
        memory_mib: terms.memory.value,
        host_call_bytes: terms.host_call_bytes as u64,
        code: &code,
    };
    Process::start(&runners.runner, load).await
}

enum Failure {
    /// of the call: a limit, a trap, a handle that is none
    Call(wasmtime::Error),
    /// of the process, which ended without a word
    Silent(io::Error),
    /// of the process
    Pipe(io::Error),
}

impl Failure {
    /// An error before the process said anything.
    fn first(error: io::Error) -> Self {
        match gone(&error) {
            true => Self::Silent(error),
            false => Self::Pipe(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Pipe(error)
    }
}

async fn serve(
    process: &mut Process,
    guest: &mut Guest,
    terms: &Terms,
    enter: &ToRunner<'_>,
) -> Result<Answered, Failure> {
    process.send(enter).await.map_err(Failure::first)?;
    let mut said = process.receive().await.map_err(Failure::first)?;
    loop {
        guest.meter.apart(said.cpu_ns);
        guest.peak_memory(said.memory_bytes);
        match said.said {
            Said::Done(answered) => return Ok(answered),
            Said::Broken(broken) => return Err(Failure::Call(ended(guest, terms, broken))),
            Said::Ready(_) => return Err(io::Error::other("it was ready before").into()),
            Said::Call(call) => {
                if guest.meter.exceeded() {
                    return Err(Failure::Call(used_up(guest, terms)));
                }
                let one_way = call.one_way();
                let body = answer(guest, &terms.capabilities, call).await;
                let body = body.map_err(Failure::Call)?;
                if !one_way {
                    let answer = HostAnswer {
                        budget_ns: guest.meter.budget_apart_ns(),
                        body: &body,
                    };
                    process.send(&ToRunner::Answer(answer)).await?;
                }
                said = process.receive().await?;
            }
        }
    }
}

fn used_up(guest: &Guest, terms: &Terms) -> wasmtime::Error {
    wasmtime::Error::new(Stop::Cpu {
        budget_ms: guest.meter.budget_ms(),
        of: terms.cpu.clone(),
    })
}

/// What a runner says of its guest's end, in our words.
fn ended(guest: &Guest, terms: &Terms, broken: Broken) -> wasmtime::Error {
    let what = tributary_model::issue::shorten(&broken.what, 2_000);
    match broken.kind {
        BrokenKind::Cpu => used_up(guest, terms),
        BrokenKind::Memory => wasmtime::Error::new(Stop::Memory {
            of: terms.memory.clone(),
        }),
        BrokenKind::Limit => wasmtime::Error::new(limits::limit(&guest.connector, &what)),
        BrokenKind::Failed => wasmtime::Error::new(limits::failed(&guest.connector, &what)),
    }
}

/// The platform tries again: mostly it was not the connector.
fn lost(connector: &str, what: &str) -> Problem {
    let mut problem = limits::failed(connector, what);
    problem.retry_after_ms = Some(1_000);
    problem.hint("the platform tries again by itself; if it stays, report it to the connector's author with the run id")
}
