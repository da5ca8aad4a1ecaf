//! Bombs of plain text: CSV, JSON, XML, and bytes that are no text.

use std::io::Cursor;

use tributary_model::error_code::ErrorCode::{self, *};

use super::{GIGABYTE, lazy, stream, streamed};

const CSV: &str = r#"{"kind":"csv"}"#;
const JSON: &str = r#"{"kind":"json"}"#;
const NDJSON: &str = r#"{"kind":"ndjson"}"#;
const XML: &str = r#"{"kind":"xml","record":"/a/b"}"#;

#[test]
fn a_header_of_a_million_columns() {
    let header: String = (0..1_000_000).map(|number| format!("c{number};")).collect();
    let told = stream(CSV, Cursor::new(header), &[CsvHeader]);
    assert!(told.message.contains("16384"), "{}", told.message);
}

#[test]
fn a_row_of_a_million_columns() {
    let text = format!("a;b\n1;2\n{}\n3;4\n", "x;".repeat(1_000_000));
    let told = stream(CSV, Cursor::new(text), &[CsvColumns]);
    assert!(told.rows == 2 && told.complete, "{told:?}");
}

#[test]
fn a_quote_that_is_never_closed_over_a_gigabyte() {
    let line = format!("x;{}\n", "y".repeat(65_000));
    let told = stream(
        CSV,
        lazy(b"a;b\n1;\"2\n", line.as_bytes(), GIGABYTE, b"\n3;4\n"),
        &[RowTooLarge],
    );
    assert!(
        told.message.contains("a quote that is not closed"),
        "{told:?}"
    );
    assert!(told.complete && told.rows > 10_000, "{told:?}");
}

#[test]
fn a_quote_that_is_never_closed_and_no_line_end() {
    let told = stream(
        CSV,
        lazy(b"a;b\n1;2\n\"", b"x;", GIGABYTE, b""),
        &[RowTooLarge],
    );
    assert_eq!(told.rows, 1);
}

#[test]
fn a_gigabyte_of_quotes() {
    let told = stream(
        CSV,
        lazy(b"a;b\n1;2\n", b"\"", GIGABYTE, b"\n"),
        &[RowTooLarge],
    );
    assert!(told.rows == 1 && told.complete, "{told:?}");
}

#[test]
fn a_gigabyte_of_carriage_returns() {
    let told = stream(
        CSV,
        lazy(b"a;b\n1;2\n", b"\r", GIGABYTE, b"\n3;4\n"),
        &[RowTooLarge],
    );
    assert!(told.rows == 2 && told.complete, "{told:?}");
}

#[test]
fn deep_objects_on_one_line() {
    let text = format!(
        "1\n{}1{}\n2\n",
        "{\"a\":".repeat(1 << 20),
        "}".repeat(1 << 20)
    );
    let told = stream(NDJSON, Cursor::new(text), &[JsonInvalid]);
    assert!(told.rows == 2 && told.complete, "{told:?}");
}

#[test]
fn a_number_of_a_gigabyte() {
    let told = stream(JSON, lazy(b"[1,", b"9", GIGABYTE, b",2]"), &[RowTooLarge]);
    assert!(told.rows == 2 && told.complete, "{told:?}");
}

#[test]
fn a_document_that_only_opens() {
    stream(
        JSON,
        lazy(b"", b"[", GIGABYTE, b""),
        &[RowTooLarge, JsonInvalid],
    );
    let told = stream(JSON, lazy(b"", b"]", GIGABYTE, b""), &[SourceProtocol]);
    assert_eq!(told.rows, 0);
}

#[test]
fn a_key_of_a_gigabyte_on_the_way() {
    let nested = r#"{"kind":"json","records":"/b"}"#;
    stream(
        nested,
        lazy(b"{\"", b"k", GIGABYTE, b"\":1,\"b\":[1]}"),
        &[JsonInvalid],
    );
}

#[test]
fn a_path_of_ten_thousand_steps() {
    let options = format!(r#"{{"kind":"json","records":"{}"}}"#, "/0".repeat(10_000));
    stream(&options, lazy(b"", b"[", 1 << 20, b""), &[JsonInvalid]);
}

#[test]
fn strings_that_are_no_text() {
    // Half of a pair as an escape is JSON by its grammar: it goes on as it is, and the mapping tells.
    let told = stream(NDJSON, Cursor::new(b"1\n\"\\ud800\"\n2\n"), &[]);
    assert!(told.rows == 3 && told.complete, "{told:?}");
    for (row, code) in [
        (&b"\"\xC0\xAF\""[..], EncodingInvalid),    // overlong /
        (b"\"\xED\xA0\x80\"", EncodingInvalid),     // half of a pair
        (b"\"\xF4\x90\x80\x80\"", EncodingInvalid), // beyond U+10FFFF
        (b"\"\x01\"", JsonInvalid),
        (b"\"\\u00\"", JsonInvalid),
    ] {
        let text = [b"1\n", row, b"\n2\n"].concat();
        let told = stream(NDJSON, Cursor::new(text), &[code]);
        assert!(told.rows == 2 && told.complete, "{told:?}");
    }
}

/// Nothing is expanded and nothing is fetched: a document type is refused where it stands.
#[test]
fn entities() {
    let nested: String = (1..10)
        .map(|level| {
            format!(
                "<!ENTITY l{level} \"{}\">",
                format!("&l{};", level - 1).repeat(10)
            )
        })
        .collect();
    let long = "x".repeat(1 << 20);
    for text in [
        format!("<!DOCTYPE a [<!ENTITY l0 \"lol\">{nested}]><a><b>&l9;</b></a>"),
        format!(
            "<!DOCTYPE a [<!ENTITY x \"{long}\">]><a><b>{}</b></a>",
            "&x;".repeat(10_000)
        ),
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a><b>&x;</b></a>".to_owned(),
        "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\"><a><b>&x;</b></a>".to_owned(),
        "<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/p\">%p;]><a><b>1</b></a>".to_owned(),
        "<!DOCTYPE a [<!ENTITY x \"&x;\">]><a><b>&x;</b></a>".to_owned(),
        "<!DOCTYPE a PUBLIC \"-//W3C//DTD\" \"x\"><a><b>1</b></a>".to_owned(),
    ] {
        let told = stream(XML, Cursor::new(text), &[XmlInvalid]);
        assert!(told.rows == 0 && !told.complete, "{told:?}");
    }
}

#[test]
fn references_to_nothing() {
    for reference in [
        "&x;",
        "&#0;",
        "&#xFFFFFFFF;",
        "&#xD800;",
        "&#99999999999;",
        "&#;",
    ] {
        let text = format!("<a><b>1</b><b>{reference}</b></a>");
        let told = stream(XML, Cursor::new(text), &[XmlInvalid]);
        assert_eq!(told.rows, 1, "{reference}: {told:?}");
    }
}

#[test]
fn a_million_levels_inside_of_a_record() {
    let text = format!("<a><b>1</b><b>{}", "<c>".repeat(1 << 20));
    let told = stream(XML, Cursor::new(text), &[XmlInvalid]);
    assert_eq!(told.rows, 1);
}

#[test]
fn ten_thousand_namespaces() {
    let spaces: String = (0..250)
        .map(|number| format!(" xmlns:n{number}='u'"))
        .collect();
    let text = format!("<a><b>1</b><b{spaces}><c{spaces}/></b></a>");
    let options = r#"{"kind":"xml","record":"/a/b","namespaces":{"n":"u"}}"#;
    let told = stream(options, Cursor::new(text), &[XmlInvalid]);
    assert_eq!(told.rows, 1);
}

#[test]
fn bytes_of_no_encoding() {
    for (encoding, row) in [
        ("utf-8", &b"1,\xC0\xAF"[..]),
        ("utf-8", b"1,\xE0\x80\xAF"),
        ("utf-8", b"1,\xED\xA0\x80\xED\xB0\x80"),
        ("utf-8", b"1,\xF8\x88\x80\x80\x80"),
        ("utf-8", b"1,\xFF\xFE"),
        ("windows-1252", b"1,\x81"),
        ("shift_jis", b"1,\x81"),
        ("gb18030", b"1,\xFF\xFF\xFF\xFF"),
        ("euc-kr", b"1,\xFE\xFE"),
    ] {
        let options = format!(r#"{{"kind":"csv","encoding":"{encoding}"}}"#);
        let text = [b"a,b\n1,2\n", row, b"\n3,4\n"].concat();
        let told = stream(&options, Cursor::new(text), &[EncodingInvalid]);
        assert!(told.rows == 2 && told.complete, "{encoding}: {told:?}");
    }
}

/// UTF-16 is decoded before rows are found, so damage ends the reading; what stood before is given.
#[test]
fn utf_16_that_is_none() {
    let utf_16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let options = r#"{"kind":"csv","encoding":"utf-16le"}"#;
    for damage in [&b"\x00\xD8x\0"[..], b"\x00\xDCx\0", b"x"] {
        let text = [&utf_16("a;b\n1;2\n")[..], damage].concat();
        let told = stream(options, Cursor::new(text), &[EncodingInvalid]);
        assert!(told.rows == 1 && !told.complete, "{damage:?}: {told:?}");
    }
    // Without a mark and without being named it is bytes with zeros between them: told by its columns.
    let told = stream(CSV, Cursor::new(utf_16("a;b\n1;2\n3;4\n")), &[CsvColumns]);
    assert!(told.complete, "{told:?}");
}

#[test]
fn encodings_that_cannot_be() {
    for encoding in ["utf-7", "utf-32", ""] {
        let options = format!(r#"{{"kind":"csv","encoding":"{encoding}"}}"#);
        stream(
            &options,
            Cursor::new(b"a;b\n1;2\n"),
            &[ErrorCode::ConfigInvalid],
        );
    }
    for encoding in ["replacement", "hz-gb-2312"] {
        let options = format!(r#"{{"kind":"csv","encoding":"{encoding}"}}"#);
        stream(&options, Cursor::new(b"a;b\n1;2\n"), &[EncodingInvalid]);
    }
    stream(
        XML,
        Cursor::new(b"<?xml version='1.0' encoding='utf-7'?><a/>"),
        &[EncodingInvalid],
    );
}

#[test]
fn a_gigabyte_of_nonsense_in_utf_16() {
    let options = r#"{"kind":"csv","encoding":"utf-16be"}"#;
    stream(
        options,
        lazy(b"\0a\0\n", b"\0x", GIGABYTE, b"\0\n"),
        &[RowTooLarge],
    );
}

#[test]
fn a_hundred_megabytes_of_nothing() {
    let outcome = streamed(CSV, lazy(b"a;b\n", b"\n", 100 << 20, b"1;2")).unwrap();
    assert_eq!(outcome.rows(), ["1;2"]);
    let outcome = streamed(JSON, lazy(b"[", b" \n", 100 << 20, b"1]")).unwrap();
    assert_eq!(outcome.rows(), ["1"]);
    let outcome = streamed(CSV, lazy(b"a\n", b"\0", 100 << 20, b"\n2")).unwrap();
    assert_eq!(outcome.rows(), ["2"]);
}
