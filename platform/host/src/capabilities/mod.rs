//! The host side of the contract: one file per interface. Only what the manifest lists is put
//! into a connector's linker.
//!
//! Every function here counts as a host call and ends within `host_call_timeout`; failures go to
//! the guest as values, traps are for broken handles only.

mod changes;
mod codec;
pub(crate) mod connections;
mod control;
pub(crate) mod files;
mod http;
pub(crate) mod io;
mod log;
mod metrics;
pub(crate) mod output;
mod sql;
pub(crate) mod tcp;

use std::future::Future;
use std::time::Duration;

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::contract;
use crate::bindings::contract::types::Error;
use crate::convert::to_guest;
use crate::session::Guest;

/// Who can serve a guest: [`Guest`] itself, and what asks it from a runner.
pub(crate) trait Serves:
    contract::types::Host
    + contract::log::Host
    + contract::metrics::Host
    + contract::control::Host
    + contract::connections::Host
    + contract::io::Host
    + contract::http::Host
    + contract::files::Host
    + contract::file_changes::Host
    + contract::sql::Host
    + contract::tcp::Host
    + contract::changes::Host
    + contract::codec::Host
    + contract::output::Host
    + Send
    + 'static
{
}

impl Serves for Guest {}

/// Adds the listed interfaces, and those without functions of their own.
pub(crate) fn link<T: Serves>(
    linker: &mut Linker<T>,
    capabilities: &[String],
) -> wasmtime::Result<()> {
    contract::types::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?;
    contract::io::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?;
    for capability in capabilities {
        match capability.as_str() {
            "log" => contract::log::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?,
            "metrics" => contract::metrics::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?,
            "control" => contract::control::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?,
            "connections" => {
                contract::connections::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?
            }
            "http" => contract::http::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?,
            "files" => contract::files::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?,
            "file-changes" => {
                contract::file_changes::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?;
            }
            "sql" => contract::sql::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?,
            "tcp" => contract::tcp::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?,
            "changes" => contract::changes::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?,
            "codec" => contract::codec::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?,
            "output" => contract::output::add_to_linker::<_, HasSelf<T>>(linker, |guest| guest)?,
            _ => {} // unknown names were refused when the manifest was read; io and types are in
        }
    }
    Ok(())
}

impl contract::types::Host for Guest {}

impl Guest {
    /// Notes the failure and makes the guest's view of it.
    pub(crate) fn refuse(&mut self, problem: Problem) -> Error {
        let error = to_guest(&problem);
        self.last_problem = Some(problem);
        error
    }

    /// Counts a host call that can fail and turns its failure over to the guest.
    pub(crate) fn answer<T>(
        &mut self,
        capability: &'static str,
        result: Result<T, Problem>,
    ) -> Result<T, Error> {
        self.host_calls.count(capability);
        result.map_err(|problem| {
            let problem = self.share.named(problem);
            self.refuse(problem)
        })
    }
}

/// Runs `work` at most `limit` long.
pub(crate) async fn timed<T>(
    limit: Duration,
    what: &str,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(Problem::new(
            ErrorCode::ConnectionTimeout,
            format!("{what} took longer than {} s", limit.as_secs()),
        )),
    }
}
