//! Which of the host's decoders reads a file, with which options, and from which byte on.
//!
//! Lines (`csv`, `ndjson`) that are not packed go on where reading stopped; of everything else, and of text that
//! is decoded before its lines are found, the host passes over what was read before.

use serde::Serialize;
use tributary_sdk::serde_json::{Map, Value};
use tributary_sdk::{Found, Position};

use crate::config::{Compression, Config, Csv, Format, Header};

/// What the host is asked for.
pub struct Decoder<'a> {
    pub format: &'static str,
    pub options: Options<'a>,
    /// where the file is opened
    pub offset: u64,
}

/// Options of the host's decoder.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Options<'a> {
    Csv(CsvOptions<'a>),
    Ndjson {
        source: &'a str,
        encoding: Option<&'a str>,
        start: Start,
        packed: Option<Packed<'a>>,
    },
    Records {
        source: &'a str,
        format: Map<String, Value>,
        expected_columns: &'a [String],
        start: Start,
        packed: Option<Packed<'a>>,
    },
}

#[derive(Serialize)]
pub struct CsvOptions<'a> {
    source: &'a str,
    delimiter: Option<&'a str>,
    quote: Option<&'a str>,
    encoding: Option<&'a str>,
    header: bool,
    columns: &'a [String],
    expected_columns: &'a [String],
    start: Start,
    packed: Option<Packed<'a>>,
}

/// How the file is packed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Packed<'a> {
    compression: &'static str,
    member: Option<&'a str>,
    members: Option<&'a str>,
}

/// Every file in a zip file that is data.
const ALL_MEMBERS: &str = "**";

#[derive(Clone, Copy, Serialize)]
pub struct Start {
    line: u64,
    offset: u64,
}

/// From the first row on.
pub fn fresh<'a>(config: &'a Config, path: &'a str) -> Decoder<'a> {
    let start = Start { line: 1, offset: 0 };
    decoder(config, path, start, None)
}

/// From a row inside a file, of which is known what was found at its front.
pub fn from<'a>(config: &'a Config, path: &'a str, known: &'a Found, at: Position) -> Decoder<'a> {
    let start = Start {
        line: at.line,
        offset: at.offset,
    };
    decoder(config, path, start, Some(known))
}

fn decoder<'a>(
    config: &'a Config,
    path: &'a str,
    start: Start,
    known: Option<&'a Found>,
) -> Decoder<'a> {
    let packed = packed(config, path);
    // each member has a front of its own, which the host looks at once more
    let several = packed
        .as_ref()
        .is_some_and(|packed| packed.members.is_some());
    let known = known.filter(|_| !several);
    let transcoded = known.is_some_and(|known| known.transcoded);
    let lines = (packed.is_none() && !transcoded).then_some(start.offset);
    let records = |kind: &str, options: &Map<String, Value>, named: bool| {
        let mut format = options.clone();
        format.insert("kind".to_owned(), kind.into());
        (format, named)
    };
    let (format, named) = match config.format {
        Format::Csv => {
            return Decoder {
                format: "csv",
                options: Options::Csv(csv(config, path, start, known, packed)),
                offset: lines.unwrap_or(0),
            };
        }
        Format::Ndjson => {
            return Decoder {
                format: "ndjson",
                options: Options::Ndjson {
                    source: path,
                    encoding: known.and_then(|known| known.encoding.as_deref()),
                    start,
                    packed,
                },
                offset: lines.unwrap_or(0),
            };
        }
        Format::Json => records("json", &config.json, false),
        Format::Xml => records("xml", &config.xml, false),
        Format::Xlsx => records("xlsx", &config.xlsx, true),
        Format::Fixed => records("fixed", &config.fixed, true),
        Format::Parquet => records("parquet", &config.parquet, true),
    };
    Decoder {
        format: "records",
        options: Options::Records {
            source: path,
            format,
            // elements of a document have no columns that are there before the first of them
            expected_columns: if named { &config.expected_columns } else { &[] },
            start,
            packed,
        },
        offset: 0,
    }
}

fn csv<'a>(
    config: &'a Config,
    path: &'a str,
    start: Start,
    known: Option<&'a Found>,
    packed: Option<Packed<'a>>,
) -> CsvOptions<'a> {
    let Csv {
        delimiter,
        quote,
        encoding,
        header,
    } = &config.csv;
    let (header, columns) = match (known, header) {
        (Some(known), _) => (false, known.columns.as_slice()),
        (None, Header::Line(line)) => (*line, &[][..]),
        (None, Header::Columns(columns)) => (false, columns.as_slice()),
    };
    // of a file that was begun what held then holds on, whatever the configuration says by now
    let found = |of: fn(&Found) -> &Option<String>| known.and_then(|known| of(known).as_deref());
    CsvOptions {
        source: path,
        delimiter: found(|known| &known.delimiter).or(delimiter.as_deref()),
        quote: (!quote.is_empty()).then_some(quote.as_str()),
        encoding: found(|known| &known.encoding).or(encoding.as_deref()),
        header,
        columns,
        expected_columns: match known {
            Some(_) => &[],
            None => &config.expected_columns,
        },
        start,
        packed,
    }
}

/// How the file is packed; `None`: not at all.
pub fn packed<'a>(config: &'a Config, path: &str) -> Option<Packed<'a>> {
    let named = || {
        let (_, ending) = path.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "gz" | "gzip" => Some("gzip"),
            "zst" | "zstd" => Some("zstd"),
            "zip" => Some("zip"),
            _ => None,
        }
    };
    let compression = match config.compression {
        Compression::ByName => named()?,
        Compression::None => return None,
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
        Compression::Zip => "zip",
    };
    let zip = compression == "zip";
    let member = config.member.as_deref().filter(|_| zip);
    let members = config.members.as_deref().or(Some(ALL_MEMBERS));
    Some(Packed {
        compression,
        member,
        members: members.filter(|_| zip && member.is_none()),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use tributary_sdk::serde_json::{self, json};

    use super::*;

    fn config(value: Value) -> Config {
        serde_json::from_value(value).unwrap()
    }

    fn asked(config: &Config, path: &str, at: Option<Position>) -> (&'static str, Value, u64) {
        let known = Found {
            columns: vec!["no".to_owned()],
            ..Found::default()
        };
        let decoder = match at {
            None => fresh(config, path),
            Some(at) => from(config, path, &known, at),
        };
        let options = serde_json::to_value(&decoder.options).unwrap();
        (decoder.format, options, decoder.offset)
    }

    #[test]
    fn the_ending_tells_how_a_file_is_packed() {
        let by_name = config(json!({ "member": "*.csv" }));
        for (path, compression) in [
            ("in/a.csv", None),
            ("in/a.csv.GZ", Some("gzip")),
            ("a.ndjson.zst", Some("zstd")),
            ("a.zip", Some("zip")),
            ("gz", None),
        ] {
            let packed = packed(&by_name, path);
            assert_eq!(
                packed.map(|packed| packed.compression),
                compression,
                "{path}"
            );
        }
        let one = packed(&by_name, "a.zip").unwrap();
        assert_eq!((one.member, one.members), (Some("*.csv"), None));
        assert_eq!(packed(&by_name, "a.csv.gz").unwrap().member, None);
        let plain = config(json!({ "compression": "none" }));
        assert_eq!(packed(&plain, "a.csv.gz"), None);
        let all = config(json!({ "compression": "gzip" }));
        assert!(packed(&all, "a.dat").is_some());
    }

    #[test]
    fn members_of_a_zip_file_are_read_from_their_own_front() {
        let at = Some(Position {
            line: 7,
            offset: (1 << 44) + 90,
        });
        for (more, pattern) in [(json!({}), "**"), (json!({ "members": "*.csv" }), "*.csv")] {
            let (_, options, offset) = asked(&config(more), "a.zip", at);
            assert_eq!(options["packed"]["members"], json!(pattern));
            assert_eq!(
                options["start"],
                json!({ "line": 7, "offset": (1_u64 << 44) + 90 })
            );
            assert_eq!((offset, &options["header"]), (0, &json!(true)));
            assert_eq!(options["columns"], json!([]));
        }
        assert_eq!(packed(&config(json!({})), "a.gz").unwrap().members, None);
    }

    #[test]
    fn only_plain_lines_go_on_where_reading_stopped() {
        let at = Some(Position {
            line: 7,
            offset: 90,
        });
        let lines = config(json!({}));
        let (format, options, offset) = asked(&lines, "a.csv", at);
        assert_eq!((format, offset), ("csv", 90));
        assert_eq!(options["columns"], json!(["no"]));
        assert_eq!(options["header"], json!(false));
        let (_, options, offset) = asked(&lines, "a.csv.gz", at);
        assert_eq!((offset, &options["start"]["offset"]), (0, &json!(90)));
        let xml = config(
            json!({ "format": "xml", "xml": { "record": "/o" }, "expected_columns": ["a"] }),
        );
        let (format, options, offset) = asked(&xml, "a.xml", at);
        assert_eq!((format, offset), ("records", 0));
        assert_eq!(options["format"], json!({ "kind": "xml", "record": "/o" }));
        assert_eq!(options["expected_columns"], json!([]));
        let sheet = config(json!({ "format": "xlsx", "expected_columns": ["a"] }));
        let (_, options, _) = asked(&sheet, "a.xlsx", None);
        assert_eq!(options["expected_columns"], json!(["a"]));
    }

    #[test]
    fn what_was_found_at_the_front_holds_inside() {
        let at = Position {
            line: 7,
            offset: 90,
        };
        let found = |encoding: &str, transcoded| Found {
            columns: vec!["no".to_owned()],
            delimiter: Some(";".to_owned()),
            encoding: Some(encoding.to_owned()),
            transcoded,
        };
        let plain = config(json!({}));
        for (known, offset) in [
            (found("windows-1252", false), 90),
            (found("utf-16le", true), 0),
        ] {
            let decoder = from(&plain, "a.csv", &known, at);
            let options = serde_json::to_value(&decoder.options).unwrap();
            assert_eq!(decoder.offset, offset);
            assert_eq!(options["delimiter"], json!(";"));
            assert_eq!(options["encoding"], json!(known.encoding));
            assert_eq!(options["start"]["offset"], json!(90));
        }
        let (_, options, _) = asked(&plain, "a.csv", None);
        assert_eq!(
            (&options["delimiter"], &options["encoding"]),
            (&Value::Null, &Value::Null)
        );
        let ndjson = config(json!({ "format": "ndjson" }));
        let known = found("utf-16be", true);
        let decoder = from(&ndjson, "a", &known, at);
        let options = serde_json::to_value(&decoder.options).unwrap();
        assert_eq!(
            (decoder.offset, &options["encoding"]),
            (0, &json!("utf-16be"))
        );
    }
}
