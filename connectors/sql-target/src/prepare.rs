//! A batch to one transaction.

use serde::Deserialize;
use serde_json::value::RawValue;
use tributary_sdk::{Call, Error, Result, serde_json};

use crate::config::Config;
use crate::statements;

/// Rows of a record's JSON by pointer, with their digits.
struct Record<'a>(&'a str);

/// One call with all rows.
///
/// # Errors
/// A batch that is not in its form.
pub fn calls(config: &Config, ndjson: &[u8], keys: &[String]) -> Result<Vec<Call>> {
    let text = std::str::from_utf8(ndjson).map_err(|_| Error::bug("the rows are not UTF-8"))?;
    let rows: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    if rows.len() != keys.len() {
        let detail = format!("{} rows came with {} keys", rows.len(), keys.len());
        return Err(Error::bug(detail));
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut body = String::from("{\"statements\":[");
    body.push_str(&serde_json::to_string(&statements::upsert(config))?);
    if config.delete.is_some() {
        body.push(',');
        body.push_str(&serde_json::to_string(&statements::delete(config))?);
    }
    body.push_str("],\"rows\":[");
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            body.push(',');
        }
        write_row(config, &Record(row), &mut body)?;
    }
    body.push_str("]}");
    let count = u32::try_from(rows.len()).map_err(|_| Error::bug("too many rows"))?;
    Ok(vec![Call {
        method: "POST".to_owned(),
        path: "transaction".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: body.into_bytes(),
        rows: (0..count).collect(),
        idempotency_key: None,
        context: Some(serde_json::to_string(&names(config, &rows)?)?),
    }])
}

fn write_row(config: &Config, record: &Record<'_>, out: &mut String) -> Result<()> {
    let gone = match &config.delete {
        Some(delete) => match record.at(&delete.at)? {
            Some(value) => serde_json::from_str::<serde_json::Value>(value)? == delete.equals,
            None => false,
        },
        None => false,
    };
    let mut values = Vec::new();
    if gone {
        for key in &config.key {
            let column = config.columns.iter().find(|column| column.name() == key);
            let pointer = column
                .map(crate::config::Column::pointer)
                .unwrap_or_default();
            values.push(record.at(&pointer)?.unwrap_or("null"));
        }
    } else {
        for column in &config.columns {
            values.push(record.at(&column.pointer())?.unwrap_or("null"));
        }
    }
    out.push_str(if gone { "[1,[" } else { "[0,[" });
    out.push_str(&values.join(","));
    out.push_str("]]");
    Ok(())
}

/// What each row is called in the table: its key, as text.
fn names(config: &Config, rows: &[&str]) -> Result<Vec<String>> {
    let mut names = Vec::with_capacity(rows.len());
    for row in rows {
        let record = Record(row);
        let mut parts = Vec::new();
        for key in &config.key {
            let column = config.columns.iter().find(|column| column.name() == key);
            let pointer = column
                .map(crate::config::Column::pointer)
                .unwrap_or_default();
            let value = record.at(&pointer)?.unwrap_or("null");
            parts.push(serde_json::from_str(value).unwrap_or_else(|_| value.to_owned()));
        }
        names.push(parts.join("/"));
    }
    Ok(names)
}

impl<'a> Record<'a> {
    /// The JSON at a pointer, as written.
    fn at(&self, pointer: &str) -> Result<Option<&'a str>> {
        let mut here: &'a str = self.0;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let next = match here.trim_start().as_bytes().first() {
                Some(b'{') => Members::deserialize(&mut serde_json::Deserializer::from_str(here))?
                    .0
                    .into_iter()
                    .rfind(|(name, _)| *name == step)
                    .map(|(_, value)| value.get()),
                Some(b'[') => {
                    let items: Vec<&'a RawValue> = serde_json::from_str(here)?;
                    let place = step.parse::<usize>().ok();
                    place.and_then(|place| items.get(place).map(|item| item.get()))
                }
                _ => None,
            };
            match next {
                Some(next) => here = next,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }
}

/// Members in their order, values as written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        struct Visit;
        impl<'de> serde::de::Visitor<'de> for Visit {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn values_keep_their_digits_and_deleted_rows_are_told_by_their_key() {
        let config: Config = serde_json::from_str(
            r#"{"dialect": "postgres", "table": "t", "key": ["id"],
                "columns": ["amount", {"column": "id", "from": "/order/id"}],
                "delete": {"at": "/gone", "equals": true}}"#,
        )
        .unwrap();
        let rows = b"{\"order\":{\"id\":\"a\\u0062\"},\"amount\":1.10,\"gone\":false}\n{\"gone\": true, \"order\": {\"id\": 12345678901234567890}}\n";
        let keys = ["k".to_owned(), "l".to_owned()];
        let calls = calls(&config, rows, &keys).unwrap();
        let body = String::from_utf8(calls[0].body.clone()).unwrap();
        assert!(
            body.ends_with(r#""rows":[[0,[1.10,"a\u0062"]],[1,[12345678901234567890]]]}"#),
            "{body}"
        );
        assert_eq!(
            calls[0].context.as_deref(),
            Some(r#"["ab","12345678901234567890"]"#)
        );
        assert_eq!(calls[0].rows, [0, 1]);
        assert!(super::calls(&config, b"{}", &keys).is_err());
        assert!(super::calls(&config, b"", &[]).unwrap().is_empty());
    }
}
