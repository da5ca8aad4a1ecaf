//! Answers to outcomes. What TAXMAN says about a record is kept word for word; what it says about
//! the call as a whole becomes a retry, or an error if it concerns every call.
//!
//! Invariant: a record is delivered only if the answer's status is that of what was asked for; a
//! calculation that was taken for a committed transaction would be tax that nobody declares.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use tributary_sdk::bindings::target::exports::tributary::connector::target::{
    Delivered, Rejected, Retry,
};
use tributary_sdk::serde_json::{self, value::RawValue};
use tributary_sdk::{
    Call, Error, ErrorKind, Outcome, Result, RetryKind, RowOutcome, TargetResponse,
};

use crate::config::Action;
use crate::prepare::Context;

const NOT_UNDERSTOOD: &str = "target_answer";
/// Leads the detail of a transaction that was calculated.
const CALCULATED_ONLY: &str = "{\"calculated_only\":true";

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    results: Vec<ItemResult<'a>>,
}

#[derive(Deserialize)]
struct ItemResult<'a> {
    idempotency_key: String,
    status: String,
    #[serde(borrow, default)]
    transaction: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<ItemError>,
}

#[derive(Deserialize)]
struct Committed {
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    status: String,
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: ItemError,
}

#[derive(Deserialize)]
pub struct ItemError {
    pub code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    retryable: bool,
}

/// One outcome per row of the call.
pub fn outcomes(call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
    let context: Context = serde_json::from_str(call.context.as_deref().unwrap_or("{}"))?;
    if !context.refused.is_empty() {
        return Ok(refused(call, context));
    }
    let sent: Vec<u32> = call
        .rows
        .iter()
        .copied()
        .filter(|row| !context.after.contains_key(row))
        .collect();
    let of_sent = match response.status {
        200..=299 if context.single => vec![document(&context, response)?],
        200..=299 => per_item(&context, response)?,
        status => {
            let said = context.single.then(|| refusal(&response.body)).flatten();
            let outcome = match (status, said) {
                (400 | 404 | 409 | 422, Some(error)) => of_error(&error),
                _ => whole_call(sent.len(), response)?,
            };
            vec![outcome; sent.len()]
        }
    };
    if of_sent.len() != sent.len() {
        return Err(Error::bug("the call has other rows than it was made with"));
    }
    let by_row: BTreeMap<u32, Outcome> = sent.into_iter().zip(of_sent).collect();
    let mut outcomes = Vec::with_capacity(call.rows.len());
    for row in &call.rows {
        let outcome = match context.after.get(row) {
            None => by_row.get(row).cloned(),
            Some(first) => by_row.get(first).map(waiting),
        };
        let outcome = outcome.ok_or_else(|| Error::bug("a row of the call is not known"))?;
        outcomes.push(RowOutcome { row: *row, outcome });
    }
    Ok(outcomes)
}

/// Rows that were never sent, whatever the answer is to what stood in for them.
fn refused(call: &Call, mut context: Context) -> Vec<RowOutcome> {
    let of = |row: &u32| {
        let (code, message, field) = context.refused.remove(row).unwrap_or_default();
        RowOutcome {
            row: *row,
            outcome: Outcome::Rejected(Rejected {
                code,
                message,
                field,
            }),
        }
    };
    call.rows.iter().map(of).collect()
}

/// A row goes out when the one before it has its end, and not before.
fn waiting(first: &Outcome) -> Outcome {
    match first {
        Outcome::Delivered(_) | Outcome::Rejected(_) => retry(
            RetryKind::Split,
            "it follows another record of the same transaction",
            None,
        ),
        Outcome::Retry(_) => first.clone(),
    }
}

fn per_item(context: &Context, response: &TargetResponse) -> Result<Vec<Outcome>> {
    let answer: Answer<'_> = serde_json::from_slice(&response.body)
        .map_err(|error| not_understood(format!("the answer is not as expected: {error}")))?;
    let mut by_key: HashMap<&str, &ItemResult<'_>> = HashMap::new();
    for result in &answer.results {
        by_key.insert(result.idempotency_key.as_str(), result);
    }
    let mut outcomes = Vec::with_capacity(context.keys.len());
    for (place, key) in context.keys.iter().enumerate() {
        outcomes.push(match by_key.get(key.as_str()) {
            Some(result) => of_item(context.action(place), result)?,
            // Sending the same key again is harmless and asks for the saved answer.
            None => retry(
                RetryKind::Transient,
                "the answer has no result for this record",
                None,
            ),
        });
    }
    Ok(outcomes)
}

fn of_item(action: Action, result: &ItemResult<'_>) -> Result<Outcome> {
    match (result.status.as_str(), &result.error) {
        (status, _) if status == action.status() => {
            let text = result.transaction.map(RawValue::get);
            let id = text
                .and_then(|text| serde_json::from_str::<Committed>(text).ok())
                .and_then(|committed| committed.id);
            Ok(delivered(action, id, text))
        }
        ("error", Some(error)) => Ok(of_error(error)),
        (status, _) => Err(not_understood(format!(
            "a result has the status {status:?}; to {} should give {:?}",
            action.word(),
            action.status()
        ))),
    }
}

/// The answer to a call of one transaction.
fn document(context: &Context, response: &TargetResponse) -> Result<Outcome> {
    let action = context.action(0);
    let text = String::from_utf8_lossy(&response.body);
    let document: Document = serde_json::from_str(&text)
        .map_err(|error| not_understood(format!("the answer is not as expected: {error}")))?;
    if document.status != action.status() {
        return Err(not_understood(format!(
            "the answer has the status {:?}; to {} should give {:?}",
            document.status,
            action.word(),
            action.status()
        )));
    }
    Ok(delivered(action, document.id, Some(text.trim())))
}

fn delivered(action: Action, id: Option<String>, text: Option<&str>) -> Outcome {
    let detail = match action {
        Action::Calculate => Some(calculated_only(text)),
        _ => text.map(str::to_owned),
    };
    Outcome::Delivered(Delivered {
        external_id: id.filter(|_| action.records()),
        detail,
    })
}

/// TAXMAN's answer, marked as one that was not recorded.
fn calculated_only(text: Option<&str>) -> String {
    let members = text.and_then(|text| text.trim().strip_prefix('{'));
    match members.map(str::trim_start) {
        None | Some("}") => format!("{CALCULATED_ONLY}}}"),
        Some(members) => format!("{CALCULATED_ONLY},{members}"),
    }
}

/// What TAXMAN says is wrong with a record.
fn of_error(error: &ItemError) -> Outcome {
    if error.retryable {
        let message = format!("{}: {}", error.code, error.message);
        return retry(RetryKind::Transient, &message, None);
    }
    Outcome::Rejected(Rejected {
        code: error.code.clone(),
        message: error.message.clone(),
        field: error.target.as_deref().map(pointer),
    })
}

/// TAXMAN's own words in an answer that is no success.
#[must_use]
pub fn refusal(body: &[u8]) -> Option<ItemError> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    Some(refusal.error)
}

/// TAXMAN's `lines[0].tax_code` as the JSON Pointer `/lines/0/tax_code`.
fn pointer(target: &str) -> String {
    if target.is_empty() || target.starts_with('/') {
        return target.to_owned();
    }
    format!("/{}", target.replace(['.', '['], "/").replace(']', ""))
}

/// What a status means for each of the call's `rows` transactions.
fn whole_call(rows: usize, response: &TargetResponse) -> Result<Outcome> {
    let status = response.status;
    let message = answered(status, &response.body);
    let after_ms = retry_after_ms(&response.headers);
    Ok(match status {
        429 => retry(RetryKind::RateLimited, &message, after_ms),
        408 | 409 | 425 | 500..=599 => retry(RetryKind::Transient, &message, after_ms),
        401 | 403 => return Err(Error::new(ErrorKind::Auth, message)),
        // One row of many may be to blame: halves will show it.
        400 | 413 | 422 if rows > 1 => retry(RetryKind::Split, &message, None),
        400 | 413 | 422 => Outcome::Rejected(Rejected {
            code: format!("http_{status}"),
            message,
            field: None,
        }),
        _ => return Err(not_understood(message)),
    })
}

fn retry(kind: RetryKind, message: &str, retry_after_ms: Option<u32>) -> Outcome {
    Outcome::Retry(Retry {
        kind,
        message: message.to_owned(),
        retry_after_ms,
    })
}

/// An answer that makes no sense.
pub fn not_understood(message: String) -> Error {
    Error::data(message).with_code(NOT_UNDERSTOOD)
}

/// `Retry-After` in seconds. The date form is passed over: the platform then waits by itself.
pub fn retry_after_ms(headers: &[(String, String)]) -> Option<u32> {
    let header = headers.iter().find(|(name, _)| name == "retry-after");
    let seconds: f64 = header?.1.trim().parse().ok()?;
    (seconds >= 0.0).then(|| (seconds * 1000.0).min(86_400_000.0) as u32)
}

/// The status and the beginning of the answer, for a person.
pub fn answered(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text: String = text.trim().chars().take(300).collect();
    match text.is_empty() {
        true => format!("TAXMAN answers with status {status}"),
        false => format!("TAXMAN answers with status {status}: {text}"),
    }
}
