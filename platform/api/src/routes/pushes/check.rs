//! From a body to the rows that are accepted. Pure.
//!
//! What is accepted is kept byte for byte (elements of an array lose line ends between their parts),
//! one row a line; a refused row leaves an empty line, so that line n is row n of what came.

use jsonschema::Validator;
use serde_json::Value;
use tributary_formats::rows::{RowItem, RowReader};
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;
use tributary_model::rows::{RowFormat, RowPosition};
use tributary_store::PushCounts;

use super::Refusal;
use crate::problem::ApiError;

/// Most rows in one batch.
const MOST_ROWS: u64 = 20_000;
/// Longest row, bytes.
const MOST_ROW_BYTES: usize = 1 << 20;
/// Refused rows that are told one by one.
const MOST_REFUSALS: usize = 1_000;
/// Longest text of a reason, characters.
const MOST_DETAIL: usize = 300;

/// What became of a body.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) counts: PushCounts,
    /// the accepted rows
    pub(super) lines: Vec<u8>,
    pub(super) refusals: Vec<Refusal>,
}

/// Reads `body` as `format`; each row must be an object and fit the schema, if there is one.
///
/// # Errors
/// No rows at all, too many, or an array that is not valid JSON.
pub(super) fn check(
    body: &[u8],
    format: &RowFormat,
    schema: Option<&Validator>,
) -> Result<Checked, ApiError> {
    let mut checked = Checked {
        counts: PushCounts::default(),
        lines: Vec::with_capacity(body.len()),
        refusals: Vec::new(),
    };
    let mut reader = RowReader::new(format, RowPosition { line: 1, offset: 0 }, body);
    let mut lines = 0_u64;
    while let Some(row) = reader.next() {
        let number = row.position.line;
        if let (RowFormat::Json { .. }, Some(fault)) = (format, &row.fault) {
            let detail = format!("element {number}: {}", fault.message);
            return Err(ApiError::new(ErrorCode::JsonInvalid, detail)
                .hint("send a JSON array of objects, or NDJSON as application/x-ndjson"));
        }
        checked.counts.rows += 1;
        if checked.counts.rows > MOST_ROWS {
            let detail = format!("the batch has more than {MOST_ROWS} rows");
            return Err(ApiError::request(detail).hint("push it in several batches"));
        }
        match refusal(&row, schema) {
            Some(refusal) => checked.refuse(refusal),
            None => {
                // empty lines for what was refused, or was empty before
                let empty = usize::try_from(number - 1 - lines).unwrap_or(0);
                checked.lines.resize(checked.lines.len() + empty, b'\n');
                checked.accept(row.raw);
                lines = number;
            }
        }
    }
    if checked.counts.rows == 0 {
        return Err(ApiError::request("the body has no rows"));
    }
    Ok(checked)
}

impl Checked {
    /// As one line: in valid JSON a line end stands between parts only, never inside a text.
    fn accept(&mut self, raw: &[u8]) {
        self.counts.accepted += 1;
        let plain = |byte: &u8| match byte {
            b'\n' | b'\r' => b' ',
            other => *other,
        };
        self.lines.extend(raw.iter().map(plain));
        self.lines.push(b'\n');
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.counts.refused += 1;
        if self.refusals.len() < MOST_REFUSALS {
            self.refusals.push(refusal);
        }
    }
}

/// Why the row is not accepted, if it is not.
fn refusal(row: &RowItem<'_, '_>, schema: Option<&Validator>) -> Option<Refusal> {
    let refused = |code: ErrorCode, pointer: Option<String>, detail: &str| {
        Some(Refusal {
            row: row.position.line,
            code: code.to_string(),
            pointer,
            detail: shorten(detail, MOST_DETAIL),
        })
    };
    if let Some(fault) = &row.fault {
        return refused(fault.code, None, &fault.message);
    }
    if row.raw.len() > MOST_ROW_BYTES {
        let detail = format!("the row has more than {MOST_ROW_BYTES} bytes");
        return refused(ErrorCode::RowTooLarge, None, &detail);
    }
    let value: Value = match serde_json::from_slice(row.raw) {
        Ok(value) => value,
        Err(error) => return refused(ErrorCode::JsonInvalid, None, &error.to_string()),
    };
    if !value.is_object() {
        return refused(ErrorCode::JsonInvalid, None, "a row is a JSON object");
    }
    let error = schema?.iter_errors(&value).next()?;
    let pointer = error.instance_path().to_string();
    refused(ErrorCode::ValueInvalid, Some(pointer), &error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARRAY: RowFormat = RowFormat::Json {
        records: String::new(),
    };

    fn lines(checked: &Checked) -> Vec<&str> {
        std::str::from_utf8(&checked.lines)
            .unwrap()
            .lines()
            .collect()
    }

    #[test]
    fn accepted_rows_stand_in_the_line_of_their_number() {
        let schema = json!({ "properties": { "id": { "type": "integer" } }, "required": ["id"] });
        let schema = jsonschema::validator_for(&schema).unwrap();
        let body = b"{\"id\":1,\"n\":1.10}\r\n\n{\"id\":\"x\"}\nnonsense\n[1]\n{\"id\":12345678901234567890123}";
        let checked = check(body, &RowFormat::Ndjson, Some(&schema)).unwrap();
        assert_eq!(
            lines(&checked),
            [
                "{\"id\":1,\"n\":1.10}",
                "",
                "",
                "",
                "",
                "{\"id\":12345678901234567890123}"
            ],
            "numbers stay as they were written"
        );
        let refused: Vec<(u64, &str)> = checked
            .refusals
            .iter()
            .map(|refusal| (refusal.row, refusal.code.as_str()))
            .collect();
        assert_eq!(
            refused,
            [
                (3, "value_invalid"),
                (4, "json_invalid"),
                (5, "json_invalid")
            ]
        );
        assert_eq!(checked.refusals[0].pointer.as_deref(), Some("/id"));
        let counts = (checked.counts.rows, checked.counts.accepted);
        assert_eq!((counts, checked.counts.refused), ((5, 2), 3));
    }

    #[test]
    fn an_array_is_its_elements() {
        let body = b" [ {\"id\":\n 1, \"t\": \"a b\"}, 2,\r\n{\"id\":3}\n] ";
        let checked = check(body, &ARRAY, None).unwrap();
        assert_eq!(
            lines(&checked),
            ["{\"id\":  1, \"t\": \"a b\"}", "", "{\"id\":3}"]
        );
        assert_eq!(checked.refusals[0].row, 2);
        for (broken, code) in [
            ("[{\"id\":1}, {", ErrorCode::JsonInvalid),
            ("{\"id\":1}", ErrorCode::JsonInvalid),
            ("[]", ErrorCode::RequestInvalid),
        ] {
            let error = check(broken.as_bytes(), &ARRAY, None).unwrap_err();
            assert_eq!(error.problem.code, code, "{broken}");
        }
        assert!(check(b"\n\n", &RowFormat::Ndjson, None).is_err());
    }

    #[test]
    fn there_are_limits() {
        let long = format!("{{\"t\":\"{}\"}}\n{{}}", "x".repeat(MOST_ROW_BYTES));
        let checked = check(long.as_bytes(), &RowFormat::Ndjson, None).unwrap();
        assert_eq!(checked.refusals[0].code, "row_too_large");
        assert_eq!(lines(&checked), ["", "{}"]);
        let many = "{}\n".repeat(20_001);
        assert!(check(many.as_bytes(), &RowFormat::Ndjson, None).is_err());
        let bad = "x\n".repeat(2_000);
        let checked = check(bad.as_bytes(), &RowFormat::Ndjson, None).unwrap();
        assert_eq!(
            (checked.refusals.len(), checked.counts.refused),
            (1_000, 2_000)
        );
        assert!(checked.lines.is_empty());
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let checked = check(deep.as_bytes(), &RowFormat::Ndjson, None).unwrap();
        assert_eq!(checked.counts.refused, 1);
    }
}
