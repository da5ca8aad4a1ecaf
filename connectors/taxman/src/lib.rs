//! TAXMAN, a tax service: mapped transactions are created, adjusted, voided or only calculated, in batches or
//! in calls of their own, each under its own idempotency key.
//!
//! | file | does |
//! |---|---|
//! | `config` | the configuration and what its schema can't say |
//! | `record` | what a record says of its action, and what it is called |
//! | `prepare` | records to calls |
//! | `settle` | answers to outcomes |
//! | `lookup` | whether a record is there whose key TAXMAN may have forgotten |

mod config;
mod lookup;
mod prepare;
#[cfg(test)]
mod prepare_tests;
mod record;
mod settle;
#[cfg(test)]
mod settle_tests;

use tributary_sdk::target::{Answer, Ask, Inquiry, RowFinding};
use tributary_sdk::{
    Batch, Call, CheckStep, Error, ErrorKind, Method, Request, Result, RowOutcome, Target,
    TargetResponse, connections, http,
};

pub use config::Config;

/// Label of the connection in the manifest.
const CONNECTION: &str = "taxman";

/// The connector.
pub struct Taxman;

impl Target for Taxman {
    type Config = Config;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        config.check()?;
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
        config.check()?;
        prepare::calls(config, &batch.data, keys)
    }

    fn settle(_config: &Config, call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
        settle::outcomes(call, response)
    }
}

impl Ask for Taxman {
    fn inquire(config: &Config, batch: &Batch, keys: &[String]) -> Result<Vec<Inquiry>> {
        lookup::inquiries(config, &batch.data, keys)
    }

    fn judge(_config: &Config, inquiry: &Inquiry, answer: &Answer) -> Result<Vec<RowFinding>> {
        lookup::findings(inquiry, answer)
    }
}

fn ping() -> Request {
    Request {
        method: Method::Get,
        path: prepare::PING.to_owned(),
        query: Vec::new(),
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: None,
        idempotency_key: None,
        timeout_ms: Some(15_000),
    }
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_asking_target!(Taxman);
