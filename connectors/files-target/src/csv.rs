//! Records to CSV (RFC 4180): a header line, CRLF, quotes where they are needed. Numbers are
//! written as they came, digit by digit; what is no scalar is written as JSON.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use tributary_sdk::{Error, Result};

use crate::config::Csv;

/// The members of one record in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> serde::Deserialize<'a> for Members<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Pairs;
        impl<'a> Visitor<'a> for Pairs {
            type Value = Members<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'a>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// The rows (NDJSON lines) as one CSV file.
pub fn file(options: &Csv, rows: &[&[u8]]) -> Result<Vec<u8>> {
    let mut records = Vec::with_capacity(rows.len());
    for (number, row) in rows.iter().enumerate() {
        let members: Members<'_> = serde_json::from_slice(row).map_err(|error| {
            Error::data(format!(
                "record {number} of the batch cannot be a line of CSV: {error}"
            ))
        })?;
        records.push(members);
    }
    let columns = match options.columns.is_empty() {
        true => occurring(&records),
        false => options.columns.clone(),
    };
    let mut out = String::new();
    line(
        &mut out,
        options.delimiter,
        columns.iter().map(String::as_str),
    );
    for Members(members) in &records {
        let mut values = Vec::with_capacity(columns.len());
        for column in &columns {
            let value = members.iter().rev().find(|(name, _)| name == column);
            values.push(
                value
                    .map(|(_, value)| text(value))
                    .transpose()?
                    .unwrap_or_default(),
            );
        }
        line(
            &mut out,
            options.delimiter,
            values.iter().map(String::as_str),
        );
    }
    Ok(out.into_bytes())
}

fn occurring(records: &[Members<'_>]) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut columns = Vec::new();
    for (name, _) in records.iter().flat_map(|Members(members)| members) {
        if seen.insert(name.as_str()) {
            columns.push(name.clone());
        }
    }
    columns
}

/// A string without its quotes, nothing for null, everything else as it is written.
fn text(value: &RawValue) -> Result<String> {
    match value.get() {
        "null" => Ok(String::new()),
        quoted if quoted.starts_with('"') => Ok(serde_json::from_str(quoted)?),
        other => Ok(other.to_owned()),
    }
}

fn line<'a>(out: &mut String, delimiter: char, values: impl Iterator<Item = &'a str>) {
    for (number, value) in values.enumerate() {
        if number > 0 {
            out.push(delimiter);
        }
        let open = value.trim().len() != value.len();
        if open || value.contains([delimiter, '"', '\r', '\n']) {
            out.push('"');
            out.push_str(&value.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(value);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn written(columns: &[&str], delimiter: char, rows: &[&str]) -> String {
        let options = Csv {
            delimiter,
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        };
        let rows: Vec<&[u8]> = rows.iter().map(|row| row.as_bytes()).collect();
        String::from_utf8(file(&options, &rows).unwrap()).unwrap()
    }

    #[test]
    fn values_are_written_as_they_came() {
        let rows = [
            r#"{"nr": "007", "amount": 1.10, "big": 12345678901234567890.12, "ok": true, "none": null}"#,
            r#"{"nr": "a\"b", "lines": [{"x": 1}], "name": " M\u00fcller; Söhne\n"}"#,
        ];
        assert_eq!(
            written(&[], ';', &rows),
            "nr;amount;big;ok;none;lines;name\r\n007;1.10;12345678901234567890.12;true;;;\r\n\
             \"a\"\"b\";;;;;\"[{\"\"x\"\": 1}]\";\" Müller; Söhne\n\"\r\n"
        );
        assert_eq!(
            written(&["ok", "nr"], ',', &rows),
            "ok,nr\r\ntrue,007\r\n,\"a\"\"b\"\r\n"
        );
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        let error = file(&Csv::default(), &[b"{}", b"[1]"]).err();
        assert!(error.is_some_and(|error| error.message.contains("record 1")));
    }
}
