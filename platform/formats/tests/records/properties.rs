//! What holds for any file: the pieces that it comes in do not change what comes out, nothing
//! panics, and the streaming readers agree with those that have the whole text.

use proptest::prelude::*;
use serde_json::Value;
use tributary_formats::json;
use tributary_formats::records::{Config, Format, Limits, detect};
use tributary_formats::rows::RowReader;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

use super::workbooks::workbook_around;
use super::{Item, config, format, read_file, read_pieces};

fn same_in_pieces(config: &Config, bytes: &[u8], size: usize) -> Result<(), TestCaseError> {
    let whole = read_pieces(config, bytes, usize::MAX);
    let pieces = read_pieces(config, bytes, size);
    prop_assert_eq!(whole, pieces);
    Ok(())
}

fn formats() -> impl Strategy<Value = Format> {
    prop::sample::select(vec![
        r#"{"kind":"csv"}"#,
        r#"{"kind":"csv","header":false,"columns":["a","b"],"delimiter":";"}"#,
        r#"{"kind":"csv","encoding":"utf-16be"}"#,
        r#"{"kind":"ndjson"}"#,
        r#"{"kind":"json"}"#,
        r#"{"kind":"json","records":"/a"}"#,
        r#"{"kind":"xml","record":"//a"}"#,
        r#"{"kind":"fixed","columns":[{"name":"a","start":2,"width":3}]}"#,
    ])
    .prop_map(format)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn pieces_do_not_matter(
        format in formats(),
        soup in "([ab;,\"\n\r\t \\[\\]{}:1ä€<>/&=']|<a>|</a>|&amp;|\"a\":\\[|<!--|-->){0,60}",
        bytes in prop::collection::vec(any::<u8>(), 0..3),
        size in 1_usize..9,
        max_record_bytes in 1_usize..40,
    ) {
        let mut config = Config { format, limits: Limits::default() };
        let mut text = soup.into_bytes();
        same_in_pieces(&config, &text, size)?;
        text.extend(bytes);
        same_in_pieces(&config, &text, size)?;
        config.limits.max_record_bytes = max_record_bytes;
        same_in_pieces(&config, &text, size)?;
        let again = detect(None, &text);
        prop_assert_eq!(again, detect(None, &text));
    }

    #[test]
    fn csv_agrees_with_the_reader_of_pages(soup in "[ab;\"\n\r]{0,60}") {
        let columns = vec!["a".to_owned(), "b".to_owned()];
        let page = RowFormat::Csv(CsvFormat { delimiter: ';', quote: Some('"'), encoding: "utf-8".to_owned(), columns });
        let mut reader = RowReader::new(&page, RowPosition { line: 1, offset: 0 }, soup.as_bytes());
        let mut expected = Vec::new();
        while let Some(item) = reader.next() {
            expected.push(match item.fault {
                Some(fault) => Item::Fault { line: item.position.line, code: fault.code, message: fault.message },
                None => Item::Row {
                    line: item.position.line,
                    offset: item.position.offset,
                    text: String::from_utf8(item.text.into_owned()).unwrap(),
                },
            });
        }
        let options = config(r#"{"kind":"csv","header":false,"columns":["a","b"],"delimiter":";"}"#);
        prop_assert_eq!(read_pieces(&options, soup.as_bytes(), 5).unwrap().items, expected);
    }

    #[test]
    fn good_json_agrees_with_the_reader_of_documents(
        rows in prop::collection::vec("([a-c\"\\\\\\[\\]{}, :]|\n){0,8}", 0..8),
        before in "[ \n]{0,3}",
    ) {
        let rows: Vec<Value> = rows.into_iter().map(|text| serde_json::json!({ "x": [text, 1.5, {}] })).collect();
        let text = format!("{before}{{\"a\":{{\"q\":[\"]\"]}},\"r\":{} ,\"z\":{before}null}}{before}", serde_json::to_string_pretty(&rows).unwrap());
        let expected: Vec<&[u8]> = json::records(text.as_bytes(), "/r").map(|range| &text.as_bytes()[range.unwrap()]).collect();
        let outcome = read_pieces(&config(r#"{"kind":"json","records":"/r"}"#), text.as_bytes(), 7).unwrap();
        prop_assert!(outcome.complete, "{:?}", outcome);
        let found: Vec<&[u8]> = outcome.rows().into_iter().map(str::as_bytes).collect();
        prop_assert_eq!(found, expected);
    }

    /// Whatever comes out of XML is JSON without a repeated key.
    #[test]
    fn xml_gives_json(soup in "(<a>|</a>|<b x='1' y=\"&lt;\">|</b>|<c/>|<d:c d:x='1'/>|t |&#10;|<!-- c -->){0,24}") {
        let text = format!("<a>{soup}</a>");
        let outcome = read_pieces(&config(r#"{"kind":"xml","record":"//a","arrays":["c"]}"#), text.as_bytes(), 6).unwrap();
        for row in outcome.rows() {
            let value: Value = serde_json::from_str(row).unwrap();
            prop_assert!(value.is_object());
            prop_assert_eq!(value.to_string(), row, "a repeated key would be lost");
        }
    }

    /// Cells in any shape: rows or faults, never a panic.
    #[test]
    fn sheets_of_any_cells(soup in "(<row>|<row r=\"[0-9]{1,2}\">|</row>|<c>|<c r=\"[A-C][1-3]\" t=\"[sbden]\">|<c s=\"[0-4]\">|</c>|<v>[0-9]{0,6}|</v>|<is><t>x|</t></is>){0,24}") {
        let bytes = workbook_around(&format!("<worksheet><sheetData>{soup}</sheetData></worksheet>"), &["<t>x</t>"], false);
        if let Ok(outcome) = read_file(&config(r#"{"kind":"xlsx","header_row":0}"#), &bytes) {
            for row in outcome.rows() {
                prop_assert!(serde_json::from_str::<Value>(row).unwrap().is_object());
            }
        }
    }

    /// A workbook with bytes changed anywhere, the zip file's own included.
    #[test]
    fn damaged_workbooks(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in any::<prop::sample::Index>()) {
        let sheet = r#"<worksheet><sheetData><row><c t="s"><v>0</v></c><c s="1"><v>9</v></c></row></sheetData></worksheet>"#;
        let mut bytes = workbook_around(sheet, &["<t>x</t>"], false);
        let options = config(r#"{"kind":"xlsx","header_row":0}"#);
        prop_assert!(read_file(&options, &bytes).is_ok());
        for (place, byte) in places {
            let at = place.index(bytes.len());
            bytes[at] ^= byte;
        }
        let _ = read_file(&options, &bytes);
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(read_file(&options, &bytes).is_err());
    }
}
