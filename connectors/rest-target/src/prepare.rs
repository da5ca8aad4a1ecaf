//! Records to calls: one each, or several in an array.
//!
//! A record that lacks a value which its request needs is refused alone. The contract has every record in
//! a call, so a GET that changes nothing stands in for the one that can't be made; `settle` refuses the
//! record whatever its answer.

use serde::{Deserialize, Serialize};
use tributary_http_json::pointer::{at, scalar};
use tributary_sdk::{Call, Error, Result, serde_json};

use crate::config::{BatchRule, Config, MAX_ROWS, Method, ResendKind};
use crate::template::{Node, Place, Row, Text};

/// Code of a record that lacks a value of its request.
pub const VALUE_MISSING: &str = "value_missing";
/// The header that the host writes by itself.
const KEY_HEADER: &str = "idempotency-key";

/// The calls for the lines of a batch, each line with its key.
pub fn calls(config: &Config, ndjson: &[u8], keys: &[String]) -> Result<Vec<Call>> {
    let text = std::str::from_utf8(ndjson).map_err(|_| Error::bug("the rows are not UTF-8"))?;
    let rows: Vec<&str> = text.lines().filter(|row| !row.is_empty()).collect();
    if rows.len() != keys.len() {
        let message = format!("{} rows came with {} keys", rows.len(), keys.len());
        return Err(Error::bug(message));
    }
    let rows: Vec<Row<'_>> = rows
        .into_iter()
        .zip(keys)
        .map(|(text, key)| Row { text, key })
        .collect();
    match &config.batch {
        None => one_by_one(config, &rows),
        Some(batch) => together(config, batch, &rows),
    }
}

fn one_by_one(config: &Config, rows: &[Row<'_>]) -> Result<Vec<Call>> {
    let node = config.body()?;
    let mut calls = Vec::with_capacity(rows.len());
    for (number, row) in rows.iter().enumerate() {
        let mut call = match single(config, &node, *row) {
            Err(error) if error.code.as_deref() == Some(VALUE_MISSING) => stand_in(config, &error)?,
            other => other?,
        };
        call.rows = vec![index(number)?];
        calls.push(call);
    }
    Ok(calls)
}

fn single(config: &Config, node: &Node, row: Row<'_>) -> Result<Call> {
    let mut call = head(config, Some(row))?;
    if config.request.method != Method::Delete || config.request.body.is_some() {
        let mut body = String::new();
        if !node.write(Some(row), "", &mut body) {
            return Err(missing("the body", "what it is made of"));
        }
        set_body(config, &mut call, body);
    }
    if config.resend.kind == ResendKind::IdempotencyKey {
        let name = config.resend.header.as_deref().unwrap_or(KEY_HEADER);
        match name.eq_ignore_ascii_case(KEY_HEADER) {
            true => call.idempotency_key = Some(row.key.to_owned()),
            false => set_header(&mut call, name, row.key.to_owned()),
        }
    }
    Ok(call)
}

/// See the module.
fn stand_in(config: &Config, error: &Error) -> Result<Call> {
    let path = config.check.as_ref().map(|check| check.path.clone());
    let context = Context::Refused {
        message: error.message.clone(),
        field: error.field.clone(),
    };
    Ok(Call {
        method: "GET".to_owned(),
        path: path.unwrap_or_default(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Vec::new(),
        rows: Vec::new(),
        idempotency_key: None,
        context: Some(serde_json::to_string(&context)?),
    })
}

/// What `settle` has to know of a call.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    /// its record is refused without having been sent
    Refused {
        message: String,
        /// JSON Pointer into the record
        field: Option<String>,
    },
    /// what names each of its records in the answer's results
    Names(Vec<Option<String>>),
}

fn together(config: &Config, batch: &BatchRule, rows: &[Row<'_>]) -> Result<Vec<Call>> {
    let (body, item) = (config.body()?, config.item()?);
    let most = batch.max_rows.clamp(1, MAX_ROWS);
    let mut calls = Vec::new();
    let mut open = Open::default();
    for (number, row) in rows.iter().enumerate() {
        let mut element = String::new();
        if !item.write(Some(*row), "", &mut element) {
            let error = missing("an element", "what it is made of");
            let mut call = stand_in(config, &error)?;
            call.rows = vec![index(number)?];
            calls.push(call);
            continue;
        }
        let full = open.rows.len() >= most || open.items.len() + element.len() > batch.max_bytes;
        if full && !open.rows.is_empty() {
            calls.push(std::mem::take(&mut open).close(config, &body)?);
        }
        if !open.rows.is_empty() {
            open.items.push(',');
        }
        open.items.push_str(&element);
        open.rows.push(index(number)?);
        open.names.push(name_of(batch, *row));
    }
    if !open.rows.is_empty() {
        calls.push(open.close(config, &body)?);
    }
    Ok(calls)
}

/// A call in the making.
#[derive(Default)]
struct Open {
    items: String,
    rows: Vec<u32>,
    /// by which the answer's results are found
    names: Vec<Option<String>>,
}

impl Open {
    fn close(self, config: &Config, node: &Node) -> Result<Call> {
        let mut call = head(config, None)?;
        let mut body = String::new();
        node.write(None, &format!("[{}]", self.items), &mut body);
        set_body(config, &mut call, body);
        call.rows = self.rows;
        call.context = Some(serde_json::to_string(&Context::Names(self.names))?);
        Ok(call)
    }
}

/// What names the record in the answer's results.
fn name_of(batch: &BatchRule, row: Row<'_>) -> Option<String> {
    let results = batch.results.as_ref()?;
    results.key.as_ref()?;
    match &results.record_key {
        None => Some(row.key.to_owned()),
        Some(pointer) => scalar(at(row.text, pointer)?),
    }
}

/// Everything but rows and body.
fn head(config: &Config, row: Option<Row<'_>>) -> Result<Call> {
    let request = &config.request;
    let method = match request.method {
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    let of = row.unwrap_or(Row { text: "", key: "" });
    let fill = |text: &str, place: Place, what: &str| {
        let text =
            Text::parse(text).map_err(|message| Error::config("/config/request", message))?;
        text.fill(of, place)
            .map_err(|pointer| missing(what, &pointer))
    };
    let mut call = Call {
        method: method.to_owned(),
        path: fill(&request.path, Place::Path, "the path")?,
        query: Vec::new(),
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: Vec::new(),
        rows: Vec::new(),
        idempotency_key: None,
        context: None,
    };
    for (name, value) in &request.query {
        let value = fill(value, Place::Text, "a parameter")?;
        call.query.push((name.clone(), value));
    }
    for (name, value) in &request.headers {
        let value = fill(value, Place::Line, "a header")?;
        set_header(&mut call, name, value);
    }
    Ok(call)
}

fn set_header(call: &mut Call, name: &str, value: String) {
    let name = name.to_ascii_lowercase();
    call.headers.retain(|(known, _)| *known != name);
    call.headers.push((name, value));
}

fn set_body(config: &Config, call: &mut Call, body: String) {
    let named = call.headers.iter().any(|(name, _)| name == "content-type");
    if !named {
        let content_type = config.request.content_type.clone();
        call.headers.push(("content-type".to_owned(), content_type));
    }
    call.body = body.into_bytes();
}

fn missing(what: &str, pointer: &str) -> Error {
    let mut error = Error::data(format!(
        "the record has nothing fit at {pointer}, which {what} needs; make it required in the mapping"
    ))
    .with_code(VALUE_MISSING);
    error.field = pointer.starts_with('/').then(|| pointer.to_owned());
    error
}

fn index(number: usize) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::bug("too many rows"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use tributary_sdk::serde_json::{Value, from_slice, from_value, json};

    use super::*;

    fn made(config: Value, ndjson: &str) -> Result<Vec<Call>> {
        let config: Config = from_value(config).unwrap();
        config.check()?;
        let keys: Vec<String> = (0..ndjson.lines().count())
            .map(|n| format!("k{n}"))
            .collect();
        calls(&config, ndjson.as_bytes(), &keys)
    }

    #[test]
    fn a_record_is_a_call_with_its_values() {
        let config = json!({
            "request": {"method": "put", "path": "orders/{/id}", "query": {"dry": "{/n}"},
                "headers": {"X-Key": "{key}", "Accept": "application/x+json"}, "body": {"order": "{record}"}},
            "resend": {"kind": "idempotency_key"},
        });
        let calls = made(config, "{\"id\":\"a b\",\"n\":1.10}\n{\"id\":2,\"n\":0}\n").unwrap();
        assert_eq!(calls.len(), 2);
        let call = &calls[0];
        assert_eq!(
            (call.method.as_str(), call.path.as_str()),
            ("PUT", "orders/a%20b")
        );
        assert_eq!(call.query, [("dry".to_owned(), "1.10".to_owned())]);
        assert!(
            call.headers
                .contains(&("x-key".to_owned(), "k0".to_owned()))
        );
        assert!(
            call.headers
                .contains(&("accept".to_owned(), "application/x+json".to_owned()))
        );
        assert!(
            call.headers
                .contains(&("content-type".to_owned(), "application/json".to_owned()))
        );
        assert_eq!(call.body, b"{\"order\":{\"id\":\"a b\",\"n\":1.10}}");
        assert_eq!(call.idempotency_key.as_deref(), Some("k0"));
        assert_eq!(
            (calls[1].rows.as_slice(), calls[1].path.as_str()),
            ([1].as_slice(), "orders/2")
        );
    }

    #[test]
    fn another_header_carries_the_key_and_a_delete_has_no_body() {
        let config = json!({
            "request": {"method": "delete", "path": "orders/{/id}"},
            "resend": {"kind": "idempotency_key", "header": "X-Request-Id"},
        });
        let call = made(config, "{\"id\":1}\n").unwrap().remove(0);
        assert_eq!(call.idempotency_key, None);
        assert!(
            call.headers
                .contains(&("x-request-id".to_owned(), "k0".to_owned()))
        );
        assert!(
            call.body.is_empty() && !call.headers.iter().any(|(name, _)| name == "content-type")
        );
    }

    #[test]
    fn batches_are_cut_by_count_and_bytes_and_no_record_is_lost() {
        let rows: String = (0..25).map(|n| format!("{{\"n\": {n}.50}}\n")).collect();
        let config = json!({
            "request": {"path": "bulk", "body": {"items": "{records}"}},
            "batch": {"max_rows": 10, "item": {"key": "{key}", "data": "{record}"},
                "results": {"at": "/results", "key": "/n", "record_key": "/n"}},
        });
        let calls = made(config, &rows).unwrap();
        let sizes: Vec<usize> = calls.iter().map(|call| call.rows.len()).collect();
        assert_eq!(sizes, [10, 10, 5]);
        let body: Value = from_slice(&calls[2].body).unwrap();
        assert_eq!(body["items"][4]["key"], "k24");
        assert!(String::from_utf8_lossy(&calls[2].body).contains("\"data\":{\"n\": 24.50}"));
        assert!(calls[2].context.as_deref().unwrap().contains("\"24.50\""));
        let plain =
            json!({"request": {"path": "bulk"}, "batch": {"max_rows": 1000, "max_bytes": 30}});
        let calls = made(plain, &rows).unwrap();
        assert_eq!(calls.iter().map(|call| call.rows.len()).sum::<usize>(), 25);
        assert!(calls.len() > 5);
        assert!(from_slice::<Vec<Value>>(&calls[0].body).is_ok());
    }

    #[test]
    fn a_record_without_its_value_is_refused_alone() {
        let config = json!({"request": {"path": "orders/{/id}"}, "check": {"path": "ping"}});
        let calls = made(config, "{\"id\":1}\n{}\n{\"id\":\"..\"}\n").unwrap();
        let told: Vec<String> = calls
            .iter()
            .map(|call| format!("{} {} {:?}", call.method, call.path, call.rows))
            .collect();
        assert_eq!(told, ["POST orders/1 [0]", "GET ping [1]", "GET ping [2]"]);
        let context = calls[1].context.as_deref().unwrap();
        assert!(context.contains("\"field\":\"/id\""), "{context}");
        assert_eq!(calls[0].context, None);
    }
}
