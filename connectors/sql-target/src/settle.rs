//! What became of each row of a transaction.

use serde::Deserialize;
use serde_json::json;
use tributary_sdk::bindings::target::exports::tributary::connector::target::{
    Delivered, Rejected, Retry,
};
use tributary_sdk::target::all_rows;
use tributary_sdk::{
    Call, Error, Outcome, Result, RetryKind, RowOutcome, TargetResponse, serde_json,
};

use crate::config::Config;

#[derive(Deserialize)]
struct Answer {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Row {
    Done {
        changed: u64,
    },
    Refused {
        code: String,
        message: String,
        #[serde(default)]
        column: Option<String>,
    },
}

#[derive(Deserialize)]
struct Said {
    message: String,
}

/// One outcome for each row.
///
/// # Errors
/// An answer that is not understood; an account that is refused.
pub fn outcomes(
    config: &Config,
    call: &Call,
    response: &TargetResponse,
) -> Result<Vec<RowOutcome>> {
    let strange = |what: &str| {
        Error::data(format!("the answer of the transaction {what}")).with_code("target_answer")
    };
    if response.status == 200 {
        let answer: Answer =
            serde_json::from_slice(&response.body).map_err(|_| strange("is not in its form"))?;
        if answer.rows.len() != call.rows.len() {
            return Err(strange("is for another number of rows"));
        }
        let names: Vec<String> = call
            .context
            .as_deref()
            .and_then(|context| serde_json::from_str(context).ok())
            .unwrap_or_default();
        // `rows` are places in the batch; a call that was split off has some of them
        let outcome = |(row, place): (Row, &u32)| RowOutcome {
            row: *place,
            outcome: of_row(config, row, names.get(*place as usize)),
        };
        return Ok(answer
            .rows
            .into_iter()
            .zip(&call.rows)
            .map(outcome)
            .collect());
    }
    let said = serde_json::from_slice::<Said>(&response.body).map(|said| said.message);
    let said =
        said.unwrap_or_else(|_| format!("the database answered with status {}", response.status));
    let outcome = match response.status {
        // All rows together were refused: a constraint that is looked at last. Which row it was shows
        // when they are sent apart.
        409 if call.rows.len() > 1 => retry(RetryKind::Split, said),
        409 => Outcome::Rejected(Rejected {
            code: "refused".to_owned(),
            message: said,
            field: None,
        }),
        429 => Outcome::Retry(Retry {
            kind: RetryKind::RateLimited,
            message: said,
            retry_after_ms: response.retry_after_ms(),
        }),
        401 => return Err(Error::new(tributary_sdk::ErrorKind::Auth, said)),
        // No record is to blame for a table or a right that lacks: a person mends it, and all records
        // wait.
        _ => retry(RetryKind::Transient, said),
    };
    Ok(all_rows(call, &outcome))
}

fn of_row(config: &Config, row: Row, name: Option<&String>) -> Outcome {
    match row {
        Row::Done { changed } => Outcome::Delivered(Delivered {
            external_id: name.map(|name| format!("{}/{name}", config.table)),
            detail: Some(json!({ "changed": changed }).to_string()),
        }),
        Row::Refused {
            code,
            message,
            column,
        } => {
            let field = column.as_deref().and_then(|column| {
                let found = config.columns.iter().find(|known| known.name() == column);
                found.map(crate::config::Column::pointer)
            });
            Outcome::Rejected(Rejected {
                code,
                message,
                field,
            })
        }
    }
}

fn retry(kind: RetryKind, message: String) -> Outcome {
    Outcome::Retry(Retry {
        kind,
        message,
        retry_after_ms: None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    fn settled(status: u16, rows: &[u32], body: &str) -> Result<Vec<RowOutcome>> {
        let config: Config = serde_json::from_str(
            r#"{"dialect": "postgres", "table": "t", "key": ["id"], "columns": ["id", {"column": "a", "from": "/x/a"}]}"#,
        )
        .unwrap();
        let call = Call {
            method: "POST".to_owned(),
            path: "transaction".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            rows: rows.to_vec(),
            idempotency_key: None,
            context: Some(r#"["one", "two"]"#.to_owned()),
        };
        let response = TargetResponse {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        };
        outcomes(&config, &call, &response)
    }

    #[test]
    fn each_row_has_its_own_outcome() {
        let body =
            r#"{"rows": [{"changed": 1}, {"code": "23502", "message": "null", "column": "a"}]}"#;
        let rows = settled(200, &[0, 1], body).unwrap();
        let Outcome::Delivered(first) = &rows[0].outcome else {
            panic!()
        };
        assert_eq!(first.external_id.as_deref(), Some("t/one"));
        let Outcome::Rejected(second) = &rows[1].outcome else {
            panic!()
        };
        assert_eq!(second.field.as_deref(), Some("/x/a"));
        assert_eq!((second.code.as_str(), rows[1].row), ("23502", 1));
    }

    #[test]
    fn what_no_row_is_to_blame_for_is_tried_again() {
        let kind = |status, rows: &[u32]| match &settled(status, rows, r#"{"message": "m"}"#)
            .unwrap()[0]
            .outcome
        {
            Outcome::Retry(retry) => Some(retry.kind),
            _ => None,
        };
        assert!(kind(409, &[0, 1]) == Some(RetryKind::Split));
        assert!(kind(409, &[0]).is_none());
        for status in [400, 403, 404, 500, 503] {
            assert!(kind(status, &[0, 1]) == Some(RetryKind::Transient));
        }
        assert!(settled(401, &[0], "").is_err());
        assert!(settled(200, &[0], r#"{"rows": []}"#).is_err());
        assert!(settled(200, &[0], "?").is_err());
    }
}
