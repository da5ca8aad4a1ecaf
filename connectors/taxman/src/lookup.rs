//! Asking TAXMAN what is there, for records whose call may have been done so long ago that TAXMAN may have
//! forgotten their key: one GET for each record.
//!
//! Invariants: "it is there" needs the latest version to be the record's own, or the transaction to be voided
//! for one that voids it; "it is not there" needs TAXMAN's own word for it. A version of another record tells
//! nothing of this one's call, so it stays uncertain and a person reads what is there.

use serde::{Deserialize, Serialize};
use tributary_sdk::target::{Answer, Finding, Inquiry, Later, RowFinding, There};
use tributary_sdk::{Error, ErrorKind, Result, serde_json};

use crate::config::{Action, Config};
use crate::prepare::{PING, place_of};
use crate::record;
use crate::settle::{answered, not_understood, refusal, retry_after_ms};

/// TAXMAN's word for a code that it does not have.
const NOT_FOUND: &str = "EntityNotFoundError";

/// What an inquiry remembers of its record.
#[derive(Debug, Serialize, Deserialize)]
enum Context {
    Asked {
        action: Action,
        key: String,
        code: String,
    },
    /// why the record cannot be asked for
    Unnamed(String),
}

/// The latest version of a transaction.
#[derive(Debug, Deserialize)]
struct Found {
    code: String,
    status: String,
    version: u64,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    idempotency_key: Option<String>,
}

/// The inquiries for the lines of a batch, each line with its key.
pub fn inquiries(config: &Config, ndjson: &[u8], keys: &[String]) -> Result<Vec<Inquiry>> {
    let text = std::str::from_utf8(ndjson).map_err(|_| Error::bug("the rows are not UTF-8"))?;
    let rows: Vec<&str> = text.lines().filter(|row| !row.is_empty()).collect();
    if rows.len() != keys.len() {
        let message = format!("{} rows came with {} keys", rows.len(), keys.len());
        return Err(Error::bug(message));
    }
    let mut inquiries = Vec::with_capacity(keys.len());
    for (number, (row, key)) in (0..).zip(rows.into_iter().zip(keys)) {
        inquiries.push(inquiry(config, row, (number, key))?);
    }
    Ok(inquiries)
}

fn inquiry(config: &Config, row: &str, (number, key): (u32, &str)) -> Result<Inquiry> {
    let named = match record::read(config, row) {
        Err(why) => Err(why.message),
        Ok(record) => match record.name {
            Some(name) => Ok((record.action, name)),
            None => Err("the record has no code that can be asked for".to_owned()),
        },
    };
    let (path, query, context) = match named {
        Ok((action, name)) => {
            let (path, query) = place_of(&name);
            let context = Context::Asked {
                action,
                key: key.to_owned(),
                code: name.code,
            };
            (path, query, context)
        }
        // The contract has every row in an inquiry: one that changes nothing and tells nothing.
        Err(why) => (PING.to_owned(), Vec::new(), Context::Unnamed(why)),
    };
    Ok(Inquiry {
        path,
        query,
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        rows: vec![number],
        context: Some(serde_json::to_string(&context)?),
    })
}

/// What the answer says of the inquiry's record.
pub fn findings(inquiry: &Inquiry, answer: &Answer) -> Result<Vec<RowFinding>> {
    let context: Context = serde_json::from_str(inquiry.context.as_deref().unwrap_or("null"))?;
    let finding = match context {
        Context::Unnamed(why) => Finding::Unclear(format!("it cannot be asked for: {why}")),
        Context::Asked { action, key, code } => finding(action, (&key, &code), answer)?,
    };
    let of = |row: &u32| RowFinding {
        row: *row,
        finding: finding.clone(),
    };
    Ok(inquiry.rows.iter().map(of).collect())
}

fn finding(action: Action, (key, code): (&str, &str), answer: &Answer) -> Result<Finding> {
    let status = answer.status;
    let message = answered(status, &answer.body);
    match status {
        200..=299 => {}
        404 if refusal(&answer.body).is_some_and(|error| error.code == NOT_FOUND) => {
            return Ok(Finding::Absent);
        }
        408 | 425 | 429 | 500..=599 => {
            return Ok(Finding::Later(Later {
                message,
                retry_after_ms: retry_after_ms(&answer.headers),
            }));
        }
        401 | 403 => return Err(Error::new(ErrorKind::Auth, message)),
        _ => return Ok(Finding::Unclear(message)),
    }
    let text = String::from_utf8_lossy(&answer.body);
    let found: Found = serde_json::from_str(&text).map_err(|error| {
        not_understood(format!("the look-up's answer is not as expected: {error}"))
    })?;
    if found.code != code {
        let message = format!("asked for {code:?}, TAXMAN tells of {:?}", found.code);
        return Err(not_understood(message));
    }
    // Nothing of it was recorded, and it can be done again.
    if action == Action::Calculate {
        return Ok(Finding::Absent);
    }
    let own = found.idempotency_key.as_deref() == Some(key);
    let done = match action {
        // Whoever voided it: a second void would do nothing.
        Action::Void => found.status == action.status(),
        _ => own && found.status == action.status(),
    };
    if !done {
        return Ok(Finding::Unclear(unclear(action, key, &found)));
    }
    Ok(Finding::There(There {
        external_id: found.id,
        detail: Some(text.trim().to_owned()),
    }))
}

/// What a person has to know to decide.
fn unclear(action: Action, key: &str, found: &Found) -> String {
    let (code, version, status) = (&found.code, found.version, &found.status);
    let there = match &found.idempotency_key {
        Some(other) => format!("sent under the key {other}"),
        None => "of which TAXMAN does not tell the key".to_owned(),
    };
    format!(
        "transaction {code:?} is there in version {version}, {status}, {there}; whether this record's call to {} it, \
         under the key {key}, was done before that is not to be seen: compare both at TAXMAN, then settle the \
         record as delivered or not delivered",
        action.word()
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ROW: &str = "{\"code\":\"A/1\",\"company_code\":\"C D\",\"total\":1.50}\n";

    fn config(action: Action) -> Config {
        Config {
            action,
            ..Config::default()
        }
    }

    fn judged(action: Action, row: &str, status: u16, body: &str) -> String {
        let inquiries = inquiries(&config(action), row.as_bytes(), &["k1".to_owned()]).unwrap();
        let answer = Answer {
            status,
            headers: vec![("retry-after".to_owned(), "7".to_owned())],
            body: body.into(),
        };
        match findings(inquiries.first().unwrap(), &answer) {
            Err(error) => format!("error {:?}", error.kind),
            Ok(found) => match &found.first().unwrap().finding {
                Finding::There(there) => format!("there {:?}", there.external_id),
                Finding::Absent => "absent".to_owned(),
                Finding::Unclear(why) => format!("unclear {why}"),
                Finding::Later(later) => format!("later {:?}", later.retry_after_ms),
            },
        }
    }

    fn found(key: &str, status: &str) -> String {
        format!(
            "{{\"idempotency_key\":\"{key}\",\"id\":\"t-1\",\"code\":\"A/1\",\"version\":2,\"status\":\"{status}\"}}"
        )
    }

    #[test]
    fn a_record_is_asked_for_by_its_code_and_company() {
        let asked = inquiries(&config(Action::Void), ROW.as_bytes(), &["k".to_owned()]).unwrap();
        let asked = asked.first().unwrap();
        assert_eq!(asked.path, "v1/transactions/A%2F1");
        assert_eq!(asked.query, [("company_code".to_owned(), "C D".to_owned())]);
        assert!(inquiries(&config(Action::Void), b"{}\n", &[]).is_err());
        assert!(inquiries(&config(Action::Void), b"", &["k".to_owned()]).is_err());
    }

    #[test]
    fn only_the_own_version_is_there_and_only_taxmans_word_says_absent() {
        use Action::{Adjust, Calculate, Create, Void};
        let gone = "{\"error\":{\"code\":\"EntityNotFoundError\",\"message\":\"no\"}}";
        let there = "there Some(\"t-1\")";
        for (action, status, body, wanted) in [
            (Create, 200, found("k1", "committed"), there),
            (Adjust, 200, found("k1", "committed"), there),
            (Void, 200, found("k1", "voided"), there),
            (Void, 200, found("another", "voided"), there),
            (Calculate, 200, found("another", "committed"), "absent"),
            (Create, 404, gone.to_owned(), "absent"),
            (Void, 404, gone.to_owned(), "absent"),
            (Create, 429, String::new(), "later Some(7000)"),
            (Create, 503, String::new(), "later Some(7000)"),
            (Create, 401, String::new(), "error ErrorKind::Auth"),
            (Create, 200, "<html>".to_owned(), "error ErrorKind::Data"),
            (
                Create,
                200,
                "{\"code\":\"A/2\",\"version\":1,\"status\":\"committed\"}".to_owned(),
                "error ErrorKind::Data",
            ),
        ] {
            assert_eq!(
                judged(action, ROW, status, &body),
                wanted,
                "{action:?} {status} {body}"
            );
        }
        for (action, status, body, words) in [
            (Create, 200, found("k2", "committed"), "under the key k2"),
            (Create, 200, found("k1", "voided"), "version 2, voided"),
            (
                Void,
                200,
                found("k2", "committed"),
                "call to void it, under the key k1",
            ),
            (
                Create,
                200,
                "{\"code\":\"A/1\",\"version\":1,\"status\":\"committed\"}".to_owned(),
                "does not tell the key",
            ),
            (Create, 404, "<html>".to_owned(), "status 404"),
            (Create, 302, String::new(), "status 302"),
        ] {
            let told = judged(action, ROW, status, &body);
            assert!(
                told.starts_with("unclear") && told.contains(words),
                "{told}"
            );
        }
    }

    #[test]
    fn a_record_without_a_name_cannot_be_asked_for() {
        for row in ["{\"code\":\"..\"}\n", "{}\n"] {
            let told = judged(Action::Create, row, 200, "{\"authenticated\":true}");
            assert!(told.starts_with("unclear it cannot be asked for"), "{told}");
        }
    }
}
