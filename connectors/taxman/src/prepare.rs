//! Batches to calls: `{"items":[{"idempotency_key":"…","transaction":{…}},…]}`.

use tributary_sdk::{Call, Error, Result};

/// TAXMAN takes this many transactions in one call.
pub const MAX_ROWS: usize = 100;
/// And a body of 1 MiB; one larger transaction still goes alone.
const MAX_BODY_BYTES: usize = 1_000_000;

/// Cuts the batch into calls of at most `max_rows` rows.
pub fn calls(ndjson: &[u8], keys: &[String], max_rows: usize) -> Result<Vec<Call>> {
    let max_rows = max_rows.clamp(1, MAX_ROWS);
    let mut calls = Vec::new();
    let mut open = Open::default();
    let rows = ndjson
        .split(|byte| *byte == b'\n')
        .filter(|row| !row.is_empty());
    let mut count = 0;
    for (number, row) in rows.enumerate() {
        let key = keys
            .get(number)
            .ok_or_else(|| Error::bug(format!("row {number} has no idempotency key")))?;
        if open.rows.len() >= max_rows
            || (!open.rows.is_empty() && open.body.len() + row.len() > MAX_BODY_BYTES)
        {
            calls.push(std::mem::take(&mut open).close()?);
        }
        let number = u32::try_from(number).map_err(|_| Error::bug("too many rows"))?;
        open.add(number, row, key)?;
        count += 1;
    }
    if count != keys.len() {
        return Err(Error::bug(format!(
            "{count} rows came with {} keys",
            keys.len()
        )));
    }
    if !open.rows.is_empty() {
        calls.push(open.close()?);
    }
    Ok(calls)
}

/// A call in the making.
#[derive(Default)]
struct Open {
    body: Vec<u8>,
    rows: Vec<u32>,
    keys: Vec<String>,
}

impl Open {
    fn add(&mut self, number: u32, row: &[u8], key: &str) -> Result<()> {
        self.body.extend_from_slice(if self.rows.is_empty() {
            b"{\"items\":["
        } else {
            b","
        });
        self.body.extend_from_slice(b"{\"idempotency_key\":");
        self.body
            .extend_from_slice(&tributary_sdk::serde_json::to_vec(key)?);
        self.body.extend_from_slice(b",\"transaction\":");
        self.body.extend_from_slice(row);
        self.body.push(b'}');
        self.rows.push(number);
        self.keys.push(key.to_owned());
        Ok(())
    }

    fn close(mut self) -> Result<Call> {
        self.body.extend_from_slice(b"]}");
        Ok(Call {
            method: "POST".to_owned(),
            path: "v1/transactions/batch".to_owned(),
            query: Vec::new(),
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("accept".to_owned(), "application/json".to_owned()),
            ],
            body: self.body,
            rows: self.rows,
            // Each item has its own key, so a resend in another cut is harmless too.
            idempotency_key: None,
            context: Some(tributary_sdk::serde_json::to_string(&self.keys)?),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use tributary_sdk::serde_json::{Value, from_slice};

    fn keys(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("k\"{number}")).collect()
    }

    #[test]
    fn rows_are_pasted_unchanged_and_cut_by_count() {
        let ndjson: String = (0..250)
            .map(|n| format!("{{\"code\":\"{n}\", \"amount\": 1.10}}\n"))
            .collect();
        let calls = calls(ndjson.as_bytes(), &keys(250), 100).unwrap();
        let sizes: Vec<usize> = calls.iter().map(|call| call.rows.len()).collect();
        assert_eq!(sizes, [100, 100, 50]);
        let body: Value = from_slice(&calls[2].body).unwrap();
        assert_eq!(body["items"][0]["idempotency_key"], "k\"200");
        assert!(String::from_utf8_lossy(&calls[2].body).contains("\"amount\": 1.10"));
        assert_eq!(calls[1].rows[0], 100);
    }

    #[test]
    fn large_rows_are_cut_by_bytes_and_no_row_is_lost() {
        let row = format!("{{\"text\":\"{}\"}}\n", "x".repeat(600_000));
        let calls = calls(row.repeat(3).as_bytes(), &keys(3), 100).unwrap();
        assert_eq!(calls.len(), 3);
    }

    #[test]
    fn a_missing_key_is_an_error() {
        assert!(calls(b"{}\n{}\n", &keys(1), 100).is_err());
        assert!(calls(b"{}\n", &keys(2), 100).is_err());
    }
}
