//! Lines of fixed width: each column is a range of characters.
//!
//! A row becomes one JSON object of texts. Characters are counted, not bytes, after decoding; an
//! umlaut is one character in every encoding. Deliberately absent: types (the mapping has them)
//! and several kinds of lines in one file (filter by a column in the mapping).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::json::write_text;

/// The highest character of a column.
const MAX_END: usize = 1_000_000;

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// the key in the JSON object
    pub name: String,
    /// its first character, counted from 1
    pub start: usize,
    /// its characters
    pub width: usize,
}

/// Which spaces and tabs around a value are filling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trim {
    #[default]
    Both,
    Left,
    Right,
    None,
}

/// What to do with a column that lies behind the end of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortLine {
    /// the key is absent; a column that is cut has what is there
    #[default]
    Absent,
    /// the row is a fault unless the line reaches to the end of the last column
    Fault,
}

/// How to read lines of fixed width.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedOptions {
    pub columns: Vec<Column>,
    #[serde(default)]
    pub trim: Trim,
    #[serde(default)]
    pub short_line: ShortLine,
    /// WHATWG label; guessed between UTF-8 and Windows-1252 when not given
    #[serde(default)]
    pub encoding: Option<String>,
    /// lines that are not empty at the front that are no records
    #[serde(default)]
    pub skip_lines: u32,
}

/// Checked columns.
#[derive(Debug, Clone)]
pub struct Columns {
    columns: Vec<Column>,
    trim: Trim,
    short_line: ShortLine,
    /// the last character of the last column
    end: usize,
}

impl Columns {
    /// Checks `options`.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigInvalid`]: no column, a name twice, a start or width of 0, or a column
    /// that ends behind character 1,000,000.
    pub fn new(options: &FixedOptions) -> Result<Self, Problem> {
        let invalid = |detail: String| Err(Problem::new(ErrorCode::ConfigInvalid, detail));
        if options.columns.is_empty() {
            return invalid("there is no column".to_owned());
        }
        let mut names = HashSet::new();
        let mut end = 0;
        for column in &options.columns {
            let name = &column.name;
            if !names.insert(name) {
                return invalid(format!("column {name:?} is there twice"));
            }
            if column.start == 0 || column.width == 0 {
                return invalid(format!(
                    "start and width of column {name:?} must be 1 or more"
                ));
            }
            let last = column.start.saturating_add(column.width) - 1;
            if last > MAX_END {
                return invalid(format!("column {name:?} ends behind character {MAX_END}"));
            }
            end = end.max(last);
        }
        Ok(Self {
            columns: options.columns.clone(),
            trim: options.trim,
            short_line: options.short_line,
            end,
        })
    }

    /// The names, in the order of the options.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    }

    /// Writes `line` (without line end) as one JSON object into `out`, which is emptied first.
    ///
    /// # Errors
    /// A text for a person when the line is too short and that is a fault.
    pub fn write(&self, line: &str, out: &mut Vec<u8>) -> Result<(), String> {
        out.clear();
        // Where each character starts, and the end; not needed when bytes are characters.
        let starts: Option<Vec<usize>> = if line.is_ascii() {
            None
        } else {
            let starts = line.char_indices().map(|(at, _)| at);
            Some(starts.chain([line.len()]).take(self.end + 1).collect())
        };
        let length = starts
            .as_ref()
            .map_or(line.len(), |starts| starts.len() - 1);
        if self.short_line == ShortLine::Fault && length < self.end {
            return Err(format!(
                "the line has {length} characters, but the columns end at character {}",
                self.end
            ));
        }
        let byte = |character: usize| match &starts {
            None => character,
            Some(starts) => starts.get(character).copied().unwrap_or(line.len()),
        };
        out.push(b'{');
        for column in &self.columns {
            let from = column.start - 1;
            if from >= length {
                continue;
            }
            let until = (from + column.width).min(length);
            let value = line.get(byte(from)..byte(until)).unwrap_or_default();
            if out.len() > 1 {
                out.push(b',');
            }
            write_text(out, &column.name);
            out.push(b':');
            write_text(out, self.trimmed(value));
        }
        out.push(b'}');
        Ok(())
    }

    fn trimmed<'v>(&self, value: &'v str) -> &'v str {
        let filling = [' ', '\t'];
        match self.trim {
            Trim::Both => value.trim_matches(filling),
            Trim::Left => value.trim_start_matches(filling),
            Trim::Right => value.trim_end_matches(filling),
            Trim::None => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(options: &str) -> Columns {
        Columns::new(&serde_json::from_str(options).unwrap()).unwrap()
    }

    fn written(columns: &Columns, line: &str) -> Result<String, String> {
        let mut out = b"old".to_vec();
        columns.write(line, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn columns_are_characters() {
        let columns = columns(
            r#"{"columns":[{"name":"nr","start":1,"width":4},{"name":"ort","start":5,"width":6},{"name":"all","start":1,"width":99}]}"#,
        );
        for (line, expected) in [
            (
                "0001Köln  x",
                r#"{"nr":"0001","ort":"Köln","all":"0001Köln  x"}"#,
            ),
            (
                "0001Bonn  x",
                r#"{"nr":"0001","ort":"Bonn","all":"0001Bonn  x"}"#,
            ),
            (
                "日本語四都市",
                r#"{"nr":"日本語四","ort":"都市","all":"日本語四都市"}"#,
            ),
            ("1\t", r#"{"nr":"1","all":"1"}"#),
            ("\"\\  ", r#"{"nr":"\"\\","all":"\"\\"}"#),
            ("", "{}"),
        ] {
            assert_eq!(written(&columns, line).unwrap(), expected);
        }
    }

    #[test]
    fn trimming_and_short_lines_are_chosen() {
        let columns = |rest: &str| {
            columns(&format!(
                r#"{{"columns":[{{"name":"a","start":1,"width":3}},{{"name":"b","start":4,"width":3}}],{rest}}}"#
            ))
        };
        let text = |rest: &str| written(&columns(rest), " 1  2 ").unwrap();
        assert_eq!(text(r#""trim":"none""#), r#"{"a":" 1 ","b":" 2 "}"#);
        assert_eq!(text(r#""trim":"left""#), r#"{"a":"1 ","b":"2 "}"#);
        assert_eq!(text(r#""trim":"right""#), r#"{"a":" 1","b":" 2"}"#);
        let strict = columns(r#""short_line":"fault""#);
        assert!(written(&strict, "äbc2ü6").is_ok());
        let message = written(&strict, "äbc2ü").unwrap_err();
        assert_eq!(
            message,
            "the line has 5 characters, but the columns end at character 6"
        );
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (columns, word) in [
            ("", "no column"),
            (r#"{"name":"a","start":0,"width":1}"#, "1 or more"),
            (r#"{"name":"a","start":1,"width":0}"#, "1 or more"),
            (
                r#"{"name":"a","start":1,"width":1},{"name":"a","start":2,"width":1}"#,
                "twice",
            ),
            (
                r#"{"name":"a","start":18446744073709551615,"width":9}"#,
                "behind",
            ),
        ] {
            let options: FixedOptions =
                serde_json::from_str(&format!(r#"{{"columns":[{columns}]}}"#)).unwrap();
            let problem = Columns::new(&options).unwrap_err();
            assert!(problem.detail.contains(word), "{}", problem.detail);
        }
    }
}
