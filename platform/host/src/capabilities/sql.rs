//! `sql`: queries of the connection's database. Address, account and session are behind this point.

use std::sync::Arc;

use tributary_model::document::SqlDriver;
use tributary_model::problem::Problem;
use wasmtime::component::Resource;

use super::connections::ConnectionHandle;
use super::io::Rows;
use super::timed;
use crate::bindings::contract::sql::{Dialect, Host};
use crate::bindings::contract::types::Error;
use crate::connection;
use crate::limits::Hold;
use crate::rows::{QueryRows, RowSource};
use crate::session::Guest;

/// What an open query may take: pages that wait, one that is written, one row in the driver. So a guest
/// has at most four at a time.
pub(super) const QUERY_BYTES: usize = 32 << 20;
/// How pages call where they are from.
const SOURCE: &str = "query";

impl Guest {
    async fn begin(
        &mut self,
        statement: &str,
        params: &str,
    ) -> Result<(connection::SqlRows, Hold), Problem> {
        let hold = self.account.hold(QUERY_BYTES)?;
        let rows = self.call.connection.query(statement, params).await?;
        Ok((rows, hold))
    }

    async fn small(&mut self, statement: &str, params: &str) -> Result<String, Problem> {
        let (rows, _hold) = self.begin(statement, params).await?;
        connection::fetch(rows).await
    }
}

impl Host for Guest {
    async fn speaks(
        &mut self,
        connection: Resource<ConnectionHandle>,
    ) -> wasmtime::Result<Result<Dialect, Error>> {
        self.table.get(&connection)?;
        let dialect = self.call.connection.dialect().map(|driver| match driver {
            SqlDriver::Postgres => Dialect::Postgres,
            SqlDriver::Mysql => Dialect::Mysql,
            SqlDriver::Sqlite => Dialect::Sqlite,
        });
        Ok(self.answer("sql", dialect))
    }

    async fn query(
        &mut self,
        connection: Resource<ConnectionHandle>,
        statement: String,
        params: String,
    ) -> wasmtime::Result<Result<Resource<Rows>, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let usage = Arc::clone(self.call.connection.usage());
        let beginning = self.begin(&statement, &params);
        match timed(limit, "the query", beginning).await {
            Ok((rows, hold)) => {
                let rows = QueryRows::new(SOURCE.to_owned(), rows, hold, usage);
                let handle = self
                    .table
                    .push(Rows::new(RowSource::Query(Box::new(rows))))?;
                Ok(self.answer("sql", Ok(handle)))
            }
            Err(problem) => Ok(self.answer("sql", Err(problem))),
        }
    }

    async fn fetch(
        &mut self,
        connection: Resource<ConnectionHandle>,
        statement: String,
        params: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let small = timed(limit, "the query", self.small(&statement, &params)).await;
        if let Ok(answer) = &small {
            self.call.connection.usage().came(answer.len());
        }
        Ok(self.answer("sql", small))
    }
}
