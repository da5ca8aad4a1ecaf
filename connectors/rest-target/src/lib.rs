//! A target that is described by configuration alone: which request carries a record (or a batch of
//! them), what an answer means, and what makes a resend harmless.
//!
//! Invariants: a record is pasted as the bytes that it has; what comes from a record goes into a path
//! percent-encoded and into a header without control characters; an answer that no rule explains is
//! never called delivered.
//!
//! | file | does |
//! |---|---|
//! | `config` | the configuration and what its schema can't say |
//! | `template` | texts and bodies with values of the record |
//! | `prepare` | records to calls |
//! | `settle`, `rules` | answers to outcomes |
//! | `lookup` | whether a record is there whose answer was lost |

mod config;
mod lookup;
mod prepare;
mod rules;
mod settle;
mod template;

use tributary_http_json::refusal::{self, Refused};
use tributary_sdk::target::{Answer, Ask, Inquiry, RowFinding};
use tributary_sdk::{
    Batch, Call, CheckStep, Method, Request, Result, RowOutcome, Target, TargetResponse,
    connections, http,
};

use config::Config;

/// Label of the connection in the manifest.
const CONNECTION: &str = "api";

/// The connector.
pub struct RestTarget;

impl Target for RestTarget {
    type Config = Config;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        if let Err(error) = config.check() {
            return Ok(vec![CheckStep::failed("configuration", &error)]);
        }
        let configuration = CheckStep::ok("configuration", "it fits");
        let connection = connections::get(CONNECTION)?;
        let Some(probe) = &config.check else {
            let message = "nothing is asked for: the configuration names no request for checks";
            return Ok(vec![configuration, CheckStep::ok("connect", message)]);
        };
        let request = Request {
            method: Method::Get,
            path: probe.path.clone(),
            query: Vec::new(),
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            body: None,
            idempotency_key: None,
            timeout_ms: Some(15_000),
        };
        let label = format!("GET {}", probe.path);
        let step = match http::send(&connection, &request) {
            Err(error) => CheckStep::failed("connect", &error),
            Ok(response) => {
                let good = match probe.status.is_empty() {
                    true => (200..=299).contains(&response.status),
                    false => probe.status.contains(&response.status),
                };
                let body = refusal::start_of(&response);
                let refused = Refused {
                    label: &label,
                    status: response.status,
                    retry_after_ms: None,
                    body: &body,
                };
                match good {
                    true => {
                        CheckStep::ok("connect", format!("{label}: status {}", response.status))
                    }
                    false => CheckStep::failed("connect", &refusal::by_status(&refused)),
                }
            }
        };
        Ok(vec![configuration, step])
    }

    fn prepare(config: &Config, batch: &Batch, keys: &[String]) -> Result<Vec<Call>> {
        config.check()?;
        prepare::calls(config, &batch.data, keys)
    }

    fn settle(config: &Config, call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
        settle::outcomes(config, call, response)
    }
}

impl Ask for RestTarget {
    fn inquire(config: &Config, batch: &Batch, keys: &[String]) -> Result<Vec<Inquiry>> {
        lookup::inquiries(config, &batch.data, keys)
    }

    fn judge(config: &Config, inquiry: &Inquiry, answer: &Answer) -> Result<Vec<RowFinding>> {
        lookup::findings(config, inquiry, answer)
    }
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_asking_target!(RestTarget);
