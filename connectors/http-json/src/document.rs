//! An answer that is looked at in here: for samples, and for rows that have to be changed. Values stay the text that they were (1.10 is not 1.1); nothing becomes a number.

use tributary_sdk::serde_json::{self, value::RawValue};
use tributary_sdk::{Error, Result, io};

use crate::body;
use crate::pointer::{at, quoted, scalar};

/// See the module.
pub struct Document {
    text: String,
    records: String,
}

impl Document {
    /// Reads an answer whose rows are at `records`. `label` is how people call it.
    ///
    /// # Errors
    /// An answer that is too large, no JSON, or has no array there.
    pub fn read(body: &io::Reader, records: &str, label: &str) -> Result<Self> {
        let bytes = body::whole(body, label, "ask for smaller pages")?;
        Self::parse(bytes, records)
            .map_err(|what| Error::data(format!("{label}: {what}")).with_code("source_protocol"))
    }

    /// Reads an answer that is in memory already.
    ///
    /// # Errors
    /// What it lacks, for a person.
    pub fn parse(bytes: Vec<u8>, records: &str) -> std::result::Result<Self, String> {
        let text = String::from_utf8(bytes).map_err(|_| "the answer is not UTF-8".to_owned())?;
        let whole: std::result::Result<&RawValue, _> = serde_json::from_str(&text);
        whole.map_err(|error| format!("the answer is not JSON: {error}"))?;
        let document = Self {
            text,
            records: records.to_owned(),
        };
        document.rows()?;
        Ok(document)
    }

    /// The whole answer.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The rows, each as its text.
    ///
    /// # Errors
    /// That there is no array of rows.
    pub fn rows(&self) -> std::result::Result<Vec<&str>, String> {
        let found = at(&self.text, &self.records);
        let found = found.ok_or_else(|| format!("there is nothing at {:?}", self.records))?;
        let rows: Vec<&RawValue> = serde_json::from_str(found)
            .map_err(|_| format!("there is no array at {:?}", self.records))?;
        Ok(rows.into_iter().map(RawValue::get).collect())
    }

    /// The scalar at a pointer of the answer, as text.
    pub fn probe(&self, pointer: &str) -> Option<String> {
        scalar(at(&self.text, pointer)?)
    }

    /// One scalar field of all rows, in order.
    pub fn pluck(&self, pointer: &str) -> Vec<Option<String>> {
        let rows = self.rows().unwrap_or_default();
        rows.into_iter()
            .map(|row| scalar(at(row, pointer)?))
            .collect()
    }

    /// The rows as NDJSON, with `members` in front of each row's own.
    ///
    /// # Errors
    /// A row that is no object.
    pub fn lines(
        &self,
        members: &[(String, String)],
    ) -> std::result::Result<(u32, Vec<u8>), String> {
        let mut out = Vec::new();
        let mut count = 0;
        for row in self.rows()? {
            let inner = row.trim().strip_prefix('{').ok_or("a row is no object")?;
            out.push(b'{');
            for (name, value) in members {
                let member = format!("{}:{},", quoted(name), quoted(value));
                out.extend_from_slice(member.as_bytes());
            }
            if inner.trim_start().starts_with('}') && !members.is_empty() {
                out.pop();
            }
            // Line ends stand between tokens only: inside a JSON text they are escaped.
            out.extend(inner.bytes().map(|byte| match byte {
                b'\n' | b'\r' => b' ',
                other => other,
            }));
            out.push(b'\n');
            count += 1;
        }
        Ok((count, out))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn document(text: &str, records: &str) -> std::result::Result<Document, String> {
        Document::parse(text.as_bytes().to_vec(), records)
    }

    #[test]
    fn rows_keep_their_text_and_get_their_parent_s_members() {
        let text = "{\"a/b\": [ {\"n\": 1.10,\n \"s\": \"x\\n\"}, {}, {\"n\":12345678901234567890.5} ], \"next\": \"t\"}";
        let document = document(text, "/a~1b").unwrap();
        assert_eq!(document.probe("/next").as_deref(), Some("t"));
        assert_eq!(
            document.pluck("/n"),
            [
                Some("1.10".to_owned()),
                None,
                Some("12345678901234567890.5".to_owned())
            ]
        );
        let members = [("order \"id\"".to_owned(), "A\"1".to_owned())];
        let (count, lines) = document.lines(&members).unwrap();
        let lines = String::from_utf8(lines).unwrap();
        assert_eq!(count, 3);
        assert_eq!(
            lines.lines().collect::<Vec<_>>(),
            [
                "{\"order \\\"id\\\"\":\"A\\\"1\",\"n\": 1.10,  \"s\": \"x\\n\"}",
                "{\"order \\\"id\\\"\":\"A\\\"1\"}",
                "{\"order \\\"id\\\"\":\"A\\\"1\",\"n\":12345678901234567890.5}",
            ]
        );
        for line in lines.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(row["order \"id\""], "A\"1");
        }
    }

    #[test]
    fn what_is_no_rows_is_told() {
        for (text, records, word) in [
            ("<html>", "", "not JSON"),
            ("{\"a\":1}", "/b", "nothing at"),
            ("{\"a\":1}", "/a", "no array at"),
            ("[1", "", "not JSON"),
        ] {
            let message = document(text, records).err().unwrap();
            assert!(message.contains(word), "{message}");
        }
        let scalars = document("[1]", "").unwrap();
        assert!(scalars.lines(&[]).is_err());
    }
}
