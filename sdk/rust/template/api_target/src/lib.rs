//! my-connector: posts each order by itself, under its own idempotency key.
//!
//! A target does no I/O: `prepare` says what to send, `settle` reads what came back. The host sends,
//! waits, tries again and keeps receipts. Both functions are pure: same input, same output.

use serde::Deserialize;
use tributary_sdk::bindings::target::exports::tributary::connector::target::{
    Delivered, Rejected, Retry,
};
use tributary_sdk::serde_json;
use tributary_sdk::target::all_rows;
use tributary_sdk::{
    Batch, Call, CheckStep, Error, ErrorKind, Method, Outcome, Request, Result, RetryKind,
    RowOutcome, Target, TargetResponse, connections, http,
};

/// Label of the connection in `connector.json`.
const CONNECTION: &str = "api";

/// `config` of a connection. `tributary connector build` writes its schema into `connector.json`; what stands
/// here above a member is what a person is told who is asked for it.
#[tributary_sdk::config]
#[serde(default)]
pub struct Config {
    /// Where orders are posted, below the address of the connection.
    #[schemars(length(min = 1))]
    pub path: String,
}

tributary_sdk::config_schema!(Config);

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "orders".to_owned(),
        }
    }
}

/// What the API answers to an order that it took.
#[derive(Deserialize)]
struct Taken {
    id: String,
}

/// The connector.
pub struct Orders;

impl Target for Orders {
    type Config = Config;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        let connection = connections::get(CONNECTION)?;
        let request = Request {
            method: Method::Get,
            path: config.path.clone(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            idempotency_key: None,
            timeout_ms: Some(15_000),
        };
        let answer = http::send(&connection, &request);
        Ok(vec![
            match answer.and_then(|answer| answer.succeeded("the API")) {
                Ok(_) => CheckStep::ok("connect", "the API answers and knows the credential"),
                Err(error) => CheckStep::failed("connect", &error),
            },
        ])
    }

    fn prepare(config: &Config, batch: &Batch, keys: &[String]) -> Result<Vec<Call>> {
        let lines = batch.data.split(|byte| *byte == b'\n');
        let rows = lines.filter(|line| !line.is_empty());
        let call = |((number, row), key): ((u32, &[u8]), &String)| Call {
            method: "POST".to_owned(),
            path: config.path.clone(),
            query: Vec::new(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: row.to_vec(),
            rows: vec![number],
            // The same at every try: the API takes the second for the first.
            idempotency_key: Some(key.clone()),
            context: None,
        };
        Ok((0..).zip(rows).zip(keys).map(call).collect())
    }

    fn settle(_config: &Config, call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
        let said = String::from_utf8_lossy(&response.body);
        let message = format!("status {}: {}", response.status, said.trim());
        let outcome = match response.status {
            200..=299 => {
                let taken: Taken = serde_json::from_slice(&response.body).map_err(|error| {
                    Error::data(format!("the answer is not as expected: {error}"))
                        .with_code("target_answer")
                })?;
                Outcome::Delivered(Delivered {
                    external_id: Some(taken.id),
                    detail: None,
                })
            }
            400 | 409 | 422 => Outcome::Rejected(Rejected {
                code: format!("http_{}", response.status),
                message,
                field: None,
            }),
            status => {
                let error = Error::of_status("the API", status, &response.headers);
                let kind = match error.kind {
                    ErrorKind::RateLimited => RetryKind::RateLimited,
                    ErrorKind::Transient => RetryKind::Transient,
                    // It concerns every call, not this record.
                    _ => return Err(error),
                };
                Outcome::Retry(Retry {
                    kind,
                    message,
                    retry_after_ms: error.retry_after_ms,
                })
            }
        };
        Ok(all_rows(call, &outcome))
    }
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_target!(Orders);
