//! TAXMAN, a tax service: mapped transactions go out in batches, each under its own idempotency
//! key. Rows are pasted as bytes; nothing here parses a transaction.

mod prepare;
mod settle;

use serde::Deserialize;
use tributary_sdk::{
    Batch, Call, CheckStep, Error, ErrorKind, Method, Request, Result, RowOutcome, Target,
    TargetResponse, connections, http,
};

/// Label of the connection in the manifest.
const CONNECTION: &str = "taxman";

/// See `connector.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// most transactions in one call
    pub max_rows_per_call: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_rows_per_call: prepare::MAX_ROWS,
        }
    }
}

/// The connector.
pub struct Taxman;

impl Target for Taxman {
    type Config = Config;

    fn check(_config: &Config) -> Result<Vec<CheckStep>> {
        let connection = connections::get(CONNECTION)?;
        let answer = http::send(&connection, &ping());
        let step = match answer {
            Err(error) => CheckStep::failed("connect", &error),
            Ok(response) => match response.status {
                200..=299 => {
                    return Ok(vec![
                        CheckStep::ok("connect", "TAXMAN answers"),
                        CheckStep::ok("auth", "the token is accepted"),
                    ]);
                }
                401 | 403 => CheckStep::failed(
                    "auth",
                    &Error::new(ErrorKind::Auth, "TAXMAN refuses the token"),
                ),
                status => CheckStep::failed(
                    "connect",
                    &Error::data(format!("TAXMAN answers with status {status}")),
                ),
            },
        };
        Ok(vec![step])
    }

    fn prepare(config: &Config, batch: &Batch, keys: &[String]) -> Result<Vec<Call>> {
        prepare::calls(&batch.data, keys, config.max_rows_per_call)
    }

    fn settle(_config: &Config, call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
        settle::outcomes(call, response)
    }
}

fn ping() -> Request {
    Request {
        method: Method::Get,
        path: "v1/ping".to_owned(),
        query: Vec::new(),
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: None,
        idempotency_key: None,
        timeout_ms: Some(15_000),
    }
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_target!(Taxman);
