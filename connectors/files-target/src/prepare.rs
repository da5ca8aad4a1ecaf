//! A batch to one file.

use serde_json::json;
use tributary_sdk::{Call, Error, Result};

use crate::config::{Config, Format};
use crate::csv;

/// Characters of the first record's key in the file's name: 160 bits in base 32.
const KEY_CHARS: usize = 32;

/// One call that writes one file with all rows.
pub fn calls(config: &Config, ndjson: &[u8], keys: &[String]) -> Result<Vec<Call>> {
    let rows: Vec<&[u8]> = ndjson
        .split(|byte| *byte == b'\n')
        .filter(|row| !row.is_empty())
        .collect();
    if rows.len() != keys.len() {
        let detail = format!("{} rows came with {} keys", rows.len(), keys.len());
        return Err(Error::bug(detail));
    }
    let Some(first) = keys.first() else {
        return Ok(Vec::new());
    };
    let (body, ending) = match config.format {
        Format::Ndjson => (lines(&rows), "ndjson"),
        Format::Csv => (csv::file(&config.csv, &rows)?, "csv"),
    };
    let path = config.path(&format!("{}.{ending}", named(first)?));
    let count = u32::try_from(rows.len()).map_err(|_| Error::bug("too many rows"))?;
    let context = json!({ "file": path, "rows": count, "bytes": body.len() });
    Ok(vec![Call {
        method: "PUT".to_owned(),
        path,
        query: Vec::new(),
        headers: Vec::new(),
        body,
        rows: (0..count).collect(),
        idempotency_key: None,
        context: Some(context.to_string()),
    }])
}

fn lines(rows: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::with_capacity(rows.iter().map(|row| row.len() + 1).sum());
    for row in rows {
        body.extend_from_slice(row);
        body.push(b'\n');
    }
    body
}

/// The part of a key that goes into a name. Keys are hashes in base 32, so a part of one is as
/// good as none other's.
fn named(key: &str) -> Result<String> {
    let part: String = key.chars().take(KEY_CHARS).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if part.is_empty() || !part.chars().all(plain) {
        return Err(Error::bug("a record's key cannot be part of a file's name"));
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn config(text: &str) -> Config {
        serde_json::from_str(text).unwrap()
    }

    fn keys(count: usize) -> Vec<String> {
        let key = |number| format!("{number:032}{}", "k".repeat(20));
        (0..count).map(key).collect()
    }

    #[test]
    fn the_same_batch_is_the_same_file() {
        let config = config(r#"{"folder": "out/2026/", "name": "tax"}"#);
        let rows = b"{\"a\": 1.10}\n{\"a\":2}";
        let once = calls(&config, rows, &keys(2)).unwrap();
        assert_eq!(once.len(), 1);
        let call = &once[0];
        assert_eq!(call.path, format!("out/2026/tax-{:032}.ndjson", 0));
        assert_eq!(
            (call.method.as_str(), call.rows.as_slice()),
            ("PUT", &[0, 1][..])
        );
        assert_eq!(call.body, b"{\"a\": 1.10}\n{\"a\":2}\n");
        let again = calls(&config, rows, &keys(2)).unwrap();
        assert_eq!((&again[0].path, &again[0].body), (&call.path, &call.body));
        let other = calls(&config, b"{}", &keys(3)[2..]).unwrap();
        assert_ne!(other[0].path, call.path);
    }

    #[test]
    fn keys_that_would_climb_or_lack_are_refused() {
        let config = config("{}");
        assert!(calls(&config, b"{}", &["../x".to_owned()]).is_err());
        assert!(calls(&config, b"{}\n{}", &keys(1)).is_err());
        assert!(calls(&config, b"", &[]).unwrap().is_empty());
    }
}
