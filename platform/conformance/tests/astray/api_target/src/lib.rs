//! A target as in the kit's template, that goes astray as its configuration says.

use serde::Deserialize;
use tributary_sdk::bindings::target::exports::tributary::connector::target::{
    Delivered, Rejected, Retry,
};
use tributary_sdk::target::all_rows;
use tributary_sdk::{
    Batch, Call, CheckStep, Error, ErrorKind, Method, Outcome, Request, Result, RetryKind,
    RowOutcome, Target, TargetResponse, connections, control, http, serde_json,
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Config {
    fault: String,
}

pub struct Orders;

fn delivered() -> Outcome {
    Outcome::Delivered(Delivered {
        external_id: None,
        detail: None,
    })
}

impl Target for Orders {
    type Config = Config;

    fn check(_config: &Config) -> Result<Vec<CheckStep>> {
        let request = Request {
            method: Method::Get,
            path: "ping".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            idempotency_key: None,
            timeout_ms: None,
        };
        http::send(&connections::get("api")?, &request)?.succeeded("the API")?;
        Ok(vec![CheckStep::ok("ping", "answered")])
    }

    fn prepare(config: &Config, batch: &Batch, keys: &[String]) -> Result<Vec<Call>> {
        let lines = batch.data.split(|byte| *byte == b'\n');
        let rows = lines.filter(|line| !line.is_empty());
        let query = match config.fault.as_str() {
            "prepare" => vec![("at".to_owned(), control::now_ms().to_string())],
            _ => Vec::new(),
        };
        let headers = match config.fault.as_str() {
            "signs_itself" => vec![("Authorization".to_owned(), "Bearer of-its-own".to_owned())],
            _ => Vec::new(),
        };
        let call = |((number, row), key): ((u32, &[u8]), &String)| Call {
            method: "POST".to_owned(),
            path: "orders".to_owned(),
            query: query.clone(),
            headers: headers.clone(),
            body: row.to_vec(),
            rows: vec![number],
            idempotency_key: (config.fault != "key").then(|| key.clone()),
            context: None,
        };
        let mut calls: Vec<Call> = (0..).zip(rows).zip(keys).map(call).collect();
        match config.fault.as_str() {
            "skips" => drop(calls.pop()),
            "doubles" => calls.extend(calls.first().cloned()),
            _ => {}
        }
        Ok(calls)
    }

    fn settle(config: &Config, call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
        let body = serde_json::from_slice::<serde_json::Value>(&response.body);
        let outcome = match (config.fault.as_str(), response.status) {
            ("panics", _) if response.body.is_empty() => std::process::abort(),
            ("believes_pages", 200) => delivered(),
            ("believes_all", _) => delivered(),
            ("blames_the_row", 500..) => Outcome::Rejected(Rejected {
                code: "no".to_owned(),
                message: String::new(),
                field: None,
            }),
            (_, 200..=299) => match body {
                Ok(_) => delivered(),
                Err(error) => return Err(Error::data(error.to_string())),
            },
            (fault, status) => {
                let error = Error::of_status("the API", status, &response.headers);
                match error.kind {
                    ErrorKind::RateLimited | ErrorKind::Transient => Outcome::Retry(Retry {
                        kind: match error.kind {
                            ErrorKind::RateLimited => RetryKind::RateLimited,
                            _ => RetryKind::Transient,
                        },
                        message: String::new(),
                        retry_after_ms: match fault {
                            "forgets_to_wait" => None,
                            _ => error.retry_after_ms,
                        },
                    }),
                    _ => return Err(error),
                }
            }
        };
        Ok(all_rows(call, &outcome))
    }
}

tributary_sdk::export_target!(Orders);
