//! Pages put together again are the file, whatever the chunks.

use super::*;
use crate::limits::Hold;
use crate::rows::made::{self, Then};
use crate::rows::{ByteReader, RowSource, open};

async fn pages(bytes: &'static [u8], options: &str) -> Result<Vec<Cut>, Problem> {
    let reader = ByteReader::memory(Bytes::from_static(bytes), Hold::default());
    all(&mut open(reader, "csv", options)?).await
}

async fn all(rows: &mut RowSource) -> Result<Vec<Cut>, Problem> {
    let mut pages = Vec::new();
    while let Some(page) = made::page(rows).await? {
        pages.push(page);
    }
    Ok(pages)
}

fn columns(cut: &Cut) -> Vec<String> {
    match &cut.format {
        RowFormat::Csv(csv) => csv.columns.clone(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn the_header_becomes_columns_and_the_rest_stays_as_received() {
    let bytes = b"\xEF\xBB\xBFa;b\r\n1;\"x\r\ny\"\r\n\r\n2;\xE4\n3;last";
    let pages = pages(
        bytes,
        r#"{"source":"f.csv","delimiter":";","encoding":"windows-1252"}"#,
    )
    .await
    .unwrap();
    let [page] = pages.as_slice() else {
        panic!("{}", pages.len())
    };
    assert_eq!(columns(page), ["a", "b"]);
    assert_eq!(page.bytes, &b"1;\"x\r\ny\"\r\n\r\n2;\xE4\n3;last"[..]);
    assert_eq!((page.rows, page.first.line, page.first.offset), (3, 2, 8));
}

#[tokio::test]
async fn long_input_is_cut_at_row_ends_and_resumes_at_any_cut() {
    let mut text = String::from("id,text\n");
    for row in 0..120_000 {
        text.push_str(&format!(
            "{row},\"a \"\"quoted\"\" text\nwith a line end\"\n"
        ));
    }
    let text: &'static [u8] = text.leak().as_bytes();
    let pages = pages(text, r#"{"source":"f"}"#).await.unwrap();
    assert!(pages.len() > 3);
    let mut whole = b"id,text\n".to_vec();
    let mut rows = 0;
    for page in &pages {
        assert!(page.bytes.len() <= PAGE_BYTES);
        assert_eq!(page.first.offset, whole.len() as u64);
        whole.extend_from_slice(&page.bytes);
        rows += page.rows;
    }
    assert_eq!(whole, text);
    assert_eq!(rows, 120_000);
    let third = pages[2].first;
    let rest = text.get(usize::try_from(third.offset).unwrap()..).unwrap();
    let options =
        json!({"source": "f", "header": false, "columns": ["id", "text"], "start": third});
    let again = self::pages(rest, &options.to_string()).await.unwrap();
    assert_eq!(again[0].bytes, pages[2].bytes);
    assert_eq!(again[0].first, third);
}

#[tokio::test]
async fn a_row_longer_than_a_page_is_a_page() {
    let mut text = b"a\nshort\n".to_vec();
    text.extend(std::iter::repeat_n(b'x', 3 * PAGE_BYTES));
    text.extend_from_slice(b"\nend\n");
    let pages = pages(text.leak(), r#"{"source":"f"}"#).await.unwrap();
    let sizes: Vec<usize> = pages.iter().map(|page| page.bytes.len()).collect();
    assert_eq!(sizes, [6, 3 * PAGE_BYTES + 1, 4]);
}

/// Rows that are too long among others, in every kind of line end: one page each, in its place.
#[tokio::test]
async fn a_row_beyond_the_limit_is_one_row_and_the_others_go_on() {
    let long = |extra: usize| [b"1,", &vec![b'x'; MAX_ROW_BYTES - 2 + extra][..]].concat();
    for (extra, end) in [
        (0, "\n"),
        (0, "\r\n"),
        (1, "\n"),
        (1, "\r\n"),
        (2, "\n"),
        (3, "\n"),
        (9, "\r\n"),
        (3 << 20, "\n"),
        (20 << 20, "\n"),
    ] {
        let row = [&long(extra)[..], end.as_bytes()].concat();
        let text = [
            b"\xEF\xBB\xBFa,b\n\n1,2\n",
            &row[..],
            b"3,4\n5,\"",
            &long(9)[2..],
            b"\n6,7",
        ]
        .concat();
        let mut rows = open(
            made::pieces(&text, 50_000, Then::End),
            "csv",
            r#"{"source":"f"}"#,
        )
        .unwrap();
        let pages = all(&mut rows).await.unwrap();
        let mut told = Vec::new();
        for page in &pages {
            let mut reader =
                tributary_formats::rows::RowReader::new(&page.format, page.first, &page.bytes);
            let before = told.len();
            while let Some(item) = reader.next() {
                assert_eq!(
                    text.get(usize::try_from(item.position.offset).unwrap()),
                    Some(&item.raw[0])
                );
                told.push((
                    item.position.line,
                    item.raw.len().min(9),
                    item.fault.map(|fault| fault.code),
                ));
            }
            assert_eq!(told.len() - before, page.rows as usize);
            assert!(
                page.bytes.len() <= MAX_ROW_BYTES + 3,
                "{}",
                page.bytes.len()
            );
        }
        let too_long = Some(ErrorCode::RowTooLarge);
        let expected = [
            (3, 3, None),
            (4, 9, too_long.filter(|_| extra > 0)),
            (5, 3, None),
            (6, 9, too_long),
            (7, 3, None),
        ];
        assert_eq!(told, expected, "{extra} {end:?}");
        let end = RowPosition {
            line: 7,
            offset: text.len() as u64,
        };
        assert_eq!(rows.position(), end);
    }
}

#[tokio::test]
async fn the_place_to_go_on_from_is_never_inside_of_a_long_row() {
    let text = [b"a\n1\n", &vec![b'x'; 40 << 20][..], b"\n2\n"].concat();
    let mut rows = open(
        made::pieces(&text, 1 << 20, Then::End),
        "csv",
        r#"{"source":"f"}"#,
    )
    .unwrap();
    let (mut places, mut signs) = (Vec::new(), 0);
    while let Some(page) = rows.next_page().await.unwrap() {
        signs += usize::from(page.bytes.is_empty());
        places.push((rows.position().line, rows.position().offset));
    }
    assert!(signs > 0, "who waits sees that something goes on");
    places.dedup();
    assert_eq!(places, [(3, 4), (4, 5 + (40 << 20)), (5, 7 + (40 << 20))]);
}

#[tokio::test]
async fn a_header_line_beyond_the_limit_is_the_end() {
    let mut open_quote = b"\"".to_vec();
    open_quote.extend(std::iter::repeat_n(b'\n', MAX_ROW_BYTES + 9));
    let problem = pages(open_quote.leak(), r#"{"source":"f"}"#)
        .await
        .err()
        .unwrap();
    assert_eq!(problem.code, ErrorCode::RowTooLarge);
    assert!(
        problem.detail.contains("line 1") && problem.detail.contains("quote"),
        "{}",
        problem.detail
    );
}

#[tokio::test]
async fn headers_are_compared_with_what_is_expected() {
    let expect = |columns: &str| format!(r#"{{"source":"f.csv","expected_columns":{columns}}}"#);
    assert!(pages(b"a,b\n1,2\n", &expect(r#"["b"]"#)).await.is_ok());
    let problem = pages(b"a,b\n1,2\n", &expect(r#"["b","c"]"#))
        .await
        .err()
        .unwrap();
    assert_eq!(problem.code, ErrorCode::CsvHeader);
    assert!(problem.detail.contains("lacks c"), "{}", problem.detail);
    assert_eq!(pages(b"", &expect(r#"["a"]"#)).await.unwrap().len(), 0);
    assert_eq!(pages(b"a,b", &expect("[]")).await.unwrap().len(), 0);
}

#[tokio::test]
async fn bad_options_are_config_problems() {
    for options in [
        "{}",
        r#"{"source":"f","delimiter":"ab"}"#,
        r#"{"source":"f","encoding":"klingon"}"#,
        r#"{"source":"f","delimiter":"|","encoding":"shift_jis"}"#,
        r#"{"source":"f","header":false}"#,
        r#"{"source":"f","unknown":1}"#,
    ] {
        let problem = pages(b"a\n1\n", options).await.err().unwrap();
        assert_eq!(problem.code, ErrorCode::ConfigInvalid, "{options}");
    }
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

/// What a file is, when nothing is said of it, and what holds when something is.
#[tokio::test]
async fn what_is_left_out_is_found_out_and_what_is_given_holds() {
    let little = utf16("\u{FEFF}nr;stra\u{DF}e\n1;\u{65E5}\n", u16::to_le_bytes);
    let big = utf16("\u{FEFF}nr\tstra\u{DF}e\n1\t\u{65E5}\n", u16::to_be_bytes);
    let unmarked = utf16("nr|stra\u{DF}e\n1|\u{65E5}\n", u16::to_le_bytes);
    let latin = b"nr;stra\xDFe\n1;2,5\n3;4,5\n";
    let cases: [Looks<'_>; 12] = [
        (b"nr,stra\xC3\x9Fe\n1,2\n", "", ',', "utf-8", false),
        (
            b"\xEF\xBB\xBFnr;stra\xC3\x9Fe\n1;2\n",
            "",
            ';',
            "utf-8",
            false,
        ),
        (latin, "", ';', "windows-1252", false),
        (b"nr\tstra\xDFe\n1\t2,5\n", "", '\t', "windows-1252", false),
        (b"nr|stra\xDFe\n1|2,5\n", "", '|', "windows-1252", false),
        (&little, "", ';', "utf-16le", true),
        (&big, "", '\t', "utf-16be", true),
        (&big, r#","encoding":"utf-16""#, '\t', "utf-16be", true),
        (
            &unmarked,
            r#","encoding":"utf-16le""#,
            '|',
            "utf-16le",
            true,
        ),
        (
            latin,
            r#","encoding":"iso-8859-15""#,
            ';',
            "iso-8859-15",
            false,
        ),
        (
            b"nr;x,stra\xDFe\n1;2,5\n",
            r#","delimiter":",""#,
            ',',
            "windows-1252",
            false,
        ),
        (
            b"nr|x;stra\xDFe\n1|2;5\n",
            r#","delimiter":";","encoding":"latin1""#,
            ';',
            "latin1",
            false,
        ),
    ];
    for case in cases {
        looks(case).await;
    }
}

/// The bytes, what is given, and what comes of it: delimiter, encoding, and whether it was transcoded.
type Looks<'a> = (&'a [u8], &'a str, char, &'a str, bool);

async fn looks((bytes, given, delimiter, encoding, transcoded): Looks<'_>) {
    let options = format!(r#"{{"source":"f"{given}}}"#);
    let mut rows = open(made::pieces(bytes, 3, Then::End), "csv", &options).unwrap();
    let schema = rows.schema().await.unwrap();
    assert_eq!(
        schema["delimiter"],
        json!(delimiter.to_string()),
        "{options} {bytes:?}"
    );
    assert_eq!(
        (&schema["encoding"], &schema["transcoded"]),
        (&json!(encoding), &json!(transcoded))
    );
    assert_eq!(schema["columns"][1], "stra\u{DF}e", "{options}");
    let pages = all(&mut rows).await.unwrap();
    let RowFormat::Csv(csv) = &pages[0].format else {
        panic!("{options}")
    };
    assert_eq!(csv.delimiter, delimiter);
    assert_eq!(csv.encoding, if transcoded { "utf-8" } else { encoding });
    if transcoded {
        let text = format!("1{delimiter}\u{65E5}\n");
        assert_eq!(pages[0].bytes, text.as_bytes());
    }
    assert_eq!(
        rows.position().offset,
        bytes.len() as u64,
        "the end is the file's"
    );
}

/// The first 64 KiB decide for the whole file, also when it is taken up again.
#[tokio::test]
async fn a_file_goes_on_as_it_was_begun() {
    let mut text = String::from("\u{FEFF}nr;name\n");
    for row in 0..90_000 {
        text.push_str(&format!("{row};\u{FC}ber \u{1F69A},,,,\n"));
    }
    let files = [
        (utf16(&text, u16::to_be_bytes), true),
        (
            encoding_rs::WINDOWS_1252
                .encode(&text.replace('\u{1F69A}', "x").replace('\u{FEFF}', ""))
                .0
                .into_owned(),
            false,
        ),
    ];
    for (bytes, transcoded) in files {
        let mut rows = open(
            made::pieces(&bytes, 70_001, Then::End),
            "csv",
            r#"{"source":"f"}"#,
        )
        .unwrap();
        let schema = rows.schema().await.unwrap();
        assert_eq!(schema["transcoded"], json!(transcoded));
        let (mut whole, mut places) = (Vec::new(), Vec::new());
        while let Some(page) = made::page(&mut rows).await.unwrap() {
            places.push((page.first, whole.len()));
            whole.extend_from_slice(&page.bytes);
        }
        assert!(places.len() > 1);
        for (start, at) in places {
            let options = json!({"source": "f", "header": false, "columns": ["nr", "name"], "start": start,
                "delimiter": schema["delimiter"], "encoding": schema["encoding"]});
            let from = if transcoded {
                0
            } else {
                usize::try_from(start.offset).unwrap()
            };
            let reader = made::pieces(&bytes[from..], 4_099, Then::End);
            let mut rest = open(reader, "csv", &options.to_string()).unwrap();
            let again = all(&mut rest).await.unwrap();
            assert_eq!(again[0].first, start);
            let again: Vec<u8> = again.iter().flat_map(|page| page.bytes.to_vec()).collect();
            assert!(again == whole[at..], "{start:?}");
            assert_eq!(rest.position(), rows.position());
        }
    }
}

#[tokio::test]
async fn inside_of_a_file_nothing_is_guessed() {
    let options = r#"{"source":"f","header":false,"columns":["a"],"start":{"line":2,"offset":5}}"#;
    let rows = pages(b"\xDF;1\n\xDF;2\n", options).await.unwrap();
    let RowFormat::Csv(csv) = &rows[0].format else {
        panic!()
    };
    assert_eq!((csv.delimiter, csv.encoding.as_str()), (',', "utf-8"));
    // a position in UTF-16 leads nowhere in the file
    let inside = crate::rows::ByteReader::file(
        crate::connection::FileReader::Stored(crate::connection::StoredFile {
            size: 9,
            bytes: Box::pin(futures_util::stream::empty()),
        }),
        Hold::default(),
        5,
        std::sync::Arc::default(),
    );
    let options = options.replace("\"header\"", "\"encoding\":\"utf-16le\",\"header\"");
    let problem = open(inside, "csv", &options).err().unwrap();
    assert_eq!(problem.code, ErrorCode::ConnectorFailed);
}

#[tokio::test]
async fn lines_of_json_in_utf_16_are_read() {
    let bytes = utf16("\u{FEFF}{\"a\":\"\u{DF}\"}\n2\n", u16::to_le_bytes);
    let mut rows = open(
        made::pieces(&bytes, 5, Then::End),
        "ndjson",
        r#"{"source":"f"}"#,
    )
    .unwrap();
    assert_eq!(
        rows.schema().await.unwrap(),
        json!({"encoding": "utf-16le", "transcoded": true})
    );
    let pages = all(&mut rows).await.unwrap();
    assert_eq!(pages[0].bytes, "{\"a\":\"\u{DF}\"}\n2\n".as_bytes());
    assert_eq!(rows.position().offset, bytes.len() as u64);
    let latin = open(
        made::pieces(b"1\n", 5, Then::End),
        "ndjson",
        r#"{"source":"f","encoding":"latin1"}"#,
    );
    assert_eq!(latin.err().unwrap().code, ErrorCode::ConfigInvalid);
}

/// Damage comes to light behind the rows before it, and again for who asks again.
#[tokio::test]
async fn damage_is_told_behind_the_rows_before_it() {
    let mut bytes = utf16("\u{FEFF}a;b\n1;2\n3;", u16::to_le_bytes);
    bytes.extend_from_slice(b"\x00\xDCx\0\n\0");
    let mut rows = open(
        made::pieces(&bytes, 4, Then::End),
        "csv",
        r#"{"source":"f"}"#,
    )
    .unwrap();
    let page = made::page(&mut rows).await.unwrap().unwrap();
    assert_eq!(page.bytes, &b"1;2\n"[..]);
    for _ in 0..2 {
        let problem = made::page(&mut rows).await.err().unwrap();
        assert_eq!(problem.code, ErrorCode::EncodingInvalid);
        assert!(
            problem.detail.starts_with("f: byte 23 of the file"),
            "{}",
            problem.detail
        );
    }
}

#[tokio::test]
async fn json_documents_are_one_page_with_values_to_probe() {
    let body = br#"{"next":"t2","n":7,"orders":[{"id":"a","at":"2026"},{"id":"b"}]}"#;
    let reader = ByteReader::memory(Bytes::from_static(body), Hold::default());
    let mut rows = open(reader, "json", r#"{"source":"GET x","records":"/orders"}"#).unwrap();
    assert!(matches!(rows, RowSource::Document(_)));
    assert_eq!(rows.probe("/next").await.unwrap().as_deref(), Some("t2"));
    assert_eq!(rows.probe("/n").await.unwrap().as_deref(), Some("7"));
    assert_eq!(rows.probe("/none").await.unwrap(), None);
    assert_eq!(
        rows.pluck("/at").await.unwrap(),
        [Some("2026".to_owned()), None]
    );
    let page = rows.next_page().await.unwrap().unwrap();
    assert_eq!((page.rows, page.bytes.as_ref()), (2, &body[..]));
    assert!(rows.next_page().await.unwrap().is_none());
}
