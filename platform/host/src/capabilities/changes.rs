//! `changes`: what tables of the connection's database went through. The log, its slot and the session are
//! behind this point.

use std::sync::Arc;

use tributary_model::problem::Problem;
use wasmtime::component::Resource;

use super::connections::ConnectionHandle;
use super::io::Rows;
use super::sql::QUERY_BYTES;
use super::timed;
use crate::bindings::contract::changes::Host;
use crate::bindings::contract::types::Error;
use crate::connection::{self, Asked, Log};
use crate::limits::Hold;
use crate::rows::{QueryRows, RowSource};
use crate::session::Guest;

/// How pages call where they are from.
const SOURCE: &str = "changes";

impl Guest {
    async fn begin_changes(
        &mut self,
        asked: Result<Asked, Problem>,
    ) -> Result<(connection::SqlRows, Hold), Problem> {
        let hold = self.account.hold(QUERY_BYTES)?;
        let rows = self.call.connection.changes(asked?).await?;
        Ok((rows, hold))
    }

    async fn released(&mut self, log: &str, until: &str) -> Result<(), Problem> {
        let log = Log::parse(log)?;
        if self.call.connection.only_looks() {
            // nothing of what was looked at is durable
            return Ok(());
        }
        self.call.connection.log_release(&log, until).await
    }

    async fn started(&mut self, log: &str) -> Result<String, Problem> {
        self.call.connection.log_start(&Log::parse(log)?).await
    }

    async fn ended(&mut self, log: &str) -> Result<String, Problem> {
        self.call.connection.log_end(&Log::parse(log)?).await
    }
}

impl Host for Guest {
    async fn end(
        &mut self,
        connection: Resource<ConnectionHandle>,
        log: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let end = timed(limit, "asking for the log's end", self.ended(&log)).await;
        Ok(self.answer("changes", end))
    }

    async fn start(
        &mut self,
        connection: Resource<ConnectionHandle>,
        log: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let start = timed(limit, "asking for a place in the log", self.started(&log)).await;
        Ok(self.answer("changes", start))
    }

    async fn read(
        &mut self,
        connection: Resource<ConnectionHandle>,
        log: String,
        tables: String,
        from: String,
        until: String,
    ) -> wasmtime::Result<Result<Resource<Rows>, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let usage = Arc::clone(self.call.connection.usage());
        let asked = Asked::parse(&log, &tables, (&from, &until));
        match timed(limit, "the read of changes", self.begin_changes(asked)).await {
            Ok((rows, hold)) => {
                let rows = QueryRows::new(SOURCE.to_owned(), rows, hold, usage);
                let handle = self
                    .table
                    .push(Rows::new(RowSource::Query(Box::new(rows))))?;
                Ok(self.answer("changes", Ok(handle)))
            }
            Err(problem) => Ok(self.answer("changes", Err(problem))),
        }
    }

    async fn release(
        &mut self,
        connection: Resource<ConnectionHandle>,
        log: String,
        until: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let released = timed(limit, "releasing the log", self.released(&log, &until)).await;
        Ok(self.answer("changes", released))
    }
}
