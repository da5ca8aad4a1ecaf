//! What format a file is in, from its name and first bytes.

use super::{CsvOptions, Format};
use crate::compression::{self, Compression};
use crate::parquet::ParquetOptions;
use crate::transcode::byte_order_mark;
use crate::xlsx::XlsxOptions;

/// The guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detected {
    /// ready to be opened; gzip and zstd are unpacked by [`super::open`]
    Format(Format),
    /// a zip file whose members must be opened one by one
    ZipFile,
    /// XML, of which only a person knows what the records are (`record` of [`crate::xml::XmlOptions`])
    Xml,
}

/// Guesses from the file's name, if it has one, and `head`, its first bytes. Content beats the
/// name, except that `.ndjson`, `.jsonl` and `.json` decide between the two. The head of a gzip or
/// zstd file says nothing about the format: unpack the first bytes, or rely on the name.
#[must_use]
pub fn detect(name: Option<&str>, head: &[u8]) -> Detected {
    let name = name.unwrap_or_default().to_ascii_lowercase();
    if head.starts_with(b"PAR1") || has_extension(&name, &["parquet"]) {
        return Detected::Format(Format::Parquet(ParquetOptions::default()));
    }
    let packed = compression::detect(head);
    if packed == Some(Compression::Zip) {
        // Both kinds start alike; a workbook's first member has one of a few names.
        let office = [
            &b"[Content_Types].xml"[..],
            b"_rels/.rels",
            b"xl/",
            b"docProps/",
        ]
        .iter()
        .any(|member| head.get(30..).is_some_and(|rest| rest.starts_with(member)));
        return if office || has_extension(&name, &["xlsx", "xlsm"]) {
            Detected::Format(Format::Xlsx(XlsxOptions::default()))
        } else {
            Detected::ZipFile
        };
    }
    let inner = match packed {
        Some(_) => name.rsplit_once('.').map_or("", |(inner, _)| inner),
        None => &name,
    };
    let ndjson = has_extension(inner, &["ndjson", "jsonl"]);
    let json = has_extension(inner, &["json"]);
    let content = if packed.is_some() { &[] } else { head };
    match front(content) {
        Some(b'<') => Detected::Xml,
        _ if ndjson => Detected::Format(Format::Ndjson),
        Some(b'[') => Detected::Format(document()),
        Some(b'{') if json || !first_line_is_json(content) => Detected::Format(document()),
        Some(b'{') => Detected::Format(Format::Ndjson),
        _ if json => Detected::Format(document()),
        _ if has_extension(inner, &["xml"]) => Detected::Xml,
        _ => Detected::Format(Format::Csv(CsvOptions::default())),
    }
}

fn document() -> Format {
    Format::Json {
        records: String::new(),
    }
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    extensions.contains(&extension)
}

/// The first byte that is not white space; in UTF-16 the zero of a pair is passed over.
fn front(head: &[u8]) -> Option<u8> {
    let mark = byte_order_mark(head).map_or(0, |(_, length)| length);
    let mut text = head.get(mark..)?.iter().copied();
    text.find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0))
}

/// Whether the first line is a JSON value and more lines follow: then every line is one.
fn first_line_is_json(head: &[u8]) -> bool {
    let mark = byte_order_mark(head).map_or(0, |(_, length)| length);
    let text = head.get(mark..).unwrap_or_default();
    let line = text
        .split(|byte| *byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty());
    line.is_some_and(|line| {
        crate::json::check(line, tributary_model::rows::RowPosition::default()).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_content_then_by_name() {
        let kind = |name: &str, head: &[u8]| match detect(Some(name), head) {
            Detected::Xml => "xml",
            Detected::ZipFile => "zip",
            Detected::Format(Format::Csv(_)) => "csv",
            Detected::Format(Format::Ndjson) => "ndjson",
            Detected::Format(Format::Json { .. }) => "json",
            Detected::Format(Format::Xlsx(_)) => "xlsx",
            Detected::Format(Format::Parquet(_)) => "parquet",
            Detected::Format(_) => "other",
        };
        let workbook = [&b"PK\x03\x04"[..], &[0; 26], b"[Content_Types].xml"].concat();
        let cases: [(&str, &[u8], &str); 19] = [
            ("a.csv", b"a;b\n1;2\n", "csv"),
            ("a", b"", "csv"),
            ("a.txt", b"\xEF\xBB\xBF<?xml version='1.0'?>", "xml"),
            ("a", b"\xFF\xFE<\0a\0", "xml"),
            ("a.xml", b"", "xml"),
            ("a", b" [ {\"a\":1}", "json"),
            ("a.json", b"{\"a\":1}\n{\"a\":2}\n", "json"),
            ("a", b"{\"a\":1}\n{\"a\":2}\n", "ndjson"),
            ("a", b"{\n \"a\":1}\n", "json"),
            ("a.jsonl", b"[1]\n[2]\n", "ndjson"),
            ("a.json", b"", "json"),
            ("a.bin", &workbook, "xlsx"),
            ("A.XLSX", b"PK\x03\x04", "xlsx"),
            ("a.zip", b"PK\x03\x04", "zip"),
            ("a.ndjson.gz", b"\x1F\x8B\x08", "ndjson"),
            ("a.csv.zst", b"\x28\xB5\x2F\xFD", "csv"),
            ("a.gz", b"\x1F\x8B[", "csv"),
            ("a", b"PAR1\x15\x04", "parquet"),
            ("a.parquet", b"", "parquet"),
        ];
        for (name, head, expected) in cases {
            assert_eq!(kind(name, head), expected, "{name} {head:?}");
        }
    }
}
