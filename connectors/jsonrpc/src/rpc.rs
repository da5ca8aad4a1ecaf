//! One call: a POST to the database's address, whose answer has a result or an error; both come with
//! HTTP 200.

use tributary_http_json::body;
use tributary_http_json::pace::Pace;
use tributary_http_json::pointer::{at, scalar};
use tributary_http_json::raw::items;
use tributary_http_json::refusal::{self, Refused, shortened};
use tributary_sdk::serde_json::{Value, json};
use tributary_sdk::{Connection, Error, ErrorKind, Method, Request, Result, http, log};

use crate::config::Config;

/// The database behind a connection.
#[derive(Clone, Copy)]
pub struct Database<'a> {
    pub connection: &'a Connection,
    pub config: &'a Config,
}

impl Database<'_> {
    /// Calls a method and gives the JSON text of its result. `field` is what to correct if the server
    /// does not understand the call.
    pub fn call(
        self,
        method: &str,
        parameters: &Value,
        field: &str,
        pace: &mut Pace<'_>,
    ) -> Result<String> {
        let label = format!("POST {} {method}", self.config.path);
        let body = json!({ "id": 1, "method": method, "params": parameters });
        let request = Request {
            method: Method::Post,
            path: self.config.path.clone(),
            query: Vec::new(),
            headers: vec![
                ("accept".to_owned(), "application/json".to_owned()),
                ("content-type".to_owned(), "application/json".to_owned()),
            ],
            body: Some(body.to_string().into_bytes()),
            idempotency_key: None,
            timeout_ms: None,
        };
        pace.wait()?;
        let response = http::send(self.connection, &request)?;
        pace.note(&response);
        if !(200..=299).contains(&response.status) {
            log::warn("a call was refused", &[("request", label.as_str())]);
            let body = refusal::start_of(&response);
            let refused = Refused {
                label: &label,
                status: response.status,
                retry_after_ms: refusal::wait_of(&response),
                body: &body,
            };
            return Err(refusal::by_status(&refused));
        }
        refusal::no_web_page(&label, &response)?;
        let bytes = body::whole(&response.body, &label, "set a smaller page_size")?;
        let text = String::from_utf8_lossy(&bytes);
        result(&label, &text, field).map(str::to_owned)
    }
}

/// The result of an answer.
fn result<'a>(label: &str, text: &'a str, field: &str) -> Result<&'a str> {
    if let Some(error) = at(text, "/error").filter(|error| error.trim() != "null") {
        return Err(refused(label, error, field));
    }
    at(text, "/result").ok_or_else(|| {
        let message = format!(
            "{label}: the answer has neither result nor error: {}",
            shortened(text)
        );
        Error::data(message).with_code("source_protocol")
    })
}

/// `["UserError", ["You are not allowed …", "", null]]`, or `["'nope'", ""]` for an exception of the
/// server's own.
fn refused(label: &str, error: &str, field: &str) -> Error {
    let parts = items(error).unwrap_or_default();
    let name = parts.first().copied().and_then(scalar).unwrap_or_default();
    let of_person = parts.get(1).copied().and_then(items);
    let Some(words) = of_person else {
        let said = if name.is_empty() {
            shortened(error)
        } else {
            shortened(&name)
        };
        let message = format!(
            "{label}: the server does not understand the call: {said}; are the model and each field right?"
        );
        return Error::config(field, message);
    };
    let words: Vec<String> = words.into_iter().filter_map(scalar).collect();
    let said = shortened(&words.join(" "));
    let message = format!("{label}: {name}: {said}");
    match name.as_str() {
        "UserError" if said.contains("not allowed") => Error::new(ErrorKind::Auth, message),
        "ConcurrencyException" => Error::transient(message).with_code("source_protocol"),
        _ => Error::data(message),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn errors_come_with_status_200_and_are_told_apart() {
        fn answer(text: &str) -> Result<&str> {
            result("POST erp/ m", text, "/config/streams/s")
        }
        assert_eq!(answer("{\"id\":1,\"result\":[1.10]}").unwrap(), "[1.10]");
        assert_eq!(
            answer("{\"id\":1,\"error\":null,\"result\":null}").unwrap(),
            "null"
        );
        for (text, kind, word) in [
            ("{\"error\":[\"'nope'\",\"\"]}", ErrorKind::Config, "'nope'"),
            (
                "{\"error\":[\"UserError\",[\"You are not allowed to access \\\"Sale\\\".\",\"\",null]]}",
                ErrorKind::Auth,
                "not allowed",
            ),
            (
                "{\"error\":[\"UserError\",[\"The sale is wrong.\",\"\",null]]}",
                ErrorKind::Data,
                "sale is wrong",
            ),
            (
                "{\"error\":[\"ConcurrencyException\",[\"x\"]]}",
                ErrorKind::Transient,
                "x",
            ),
            ("{\"error\":\"odd\"}", ErrorKind::Config, "odd"),
            ("{}", ErrorKind::Data, "neither"),
            ("garbage", ErrorKind::Data, "garbage"),
            ("", ErrorKind::Data, "neither"),
        ] {
            let error = answer(text).unwrap_err();
            assert_eq!(error.kind, kind, "{text}");
            assert!(error.message.contains(word), "{text}: {}", error.message);
        }
    }
}
