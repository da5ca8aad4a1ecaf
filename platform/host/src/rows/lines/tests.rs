//! Pages put together again are the file, whatever the chunks.

use super::*;
use crate::limits::Hold;
use crate::rows::{RowSource, open};

async fn pages(bytes: &'static [u8], options: &str) -> Result<Vec<Cut>, Problem> {
    let reader = ByteReader::memory(Bytes::from_static(bytes), Hold::default());
    let mut rows = open(reader, "csv", options)?;
    let mut pages = Vec::new();
    while let Some(page) = rows.next_page().await? {
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
async fn a_row_longer_than_a_page_is_a_page_and_one_beyond_the_limit_a_problem() {
    let mut text = b"a\nshort\n".to_vec();
    text.extend(std::iter::repeat_n(b'x', 3 * PAGE_BYTES));
    text.extend_from_slice(b"\nend\n");
    let pages = pages(text.leak(), r#"{"source":"f"}"#).await.unwrap();
    let sizes: Vec<usize> = pages.iter().map(|page| page.bytes.len()).collect();
    assert_eq!(sizes, [6, 3 * PAGE_BYTES + 1, 4]);
    let mut open_quote = b"a\n\"".to_vec();
    open_quote.extend(std::iter::repeat_n(b'\n', MAX_ROW_BYTES + 2));
    let problem = self::pages(open_quote.leak(), r#"{"source":"f"}"#)
        .await
        .err()
        .unwrap();
    assert_eq!(problem.code, ErrorCode::RowTooLarge);
    assert!(problem.detail.contains("line 2"), "{}", problem.detail);
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
        r#"{"source":"f","encoding":"utf-16le"}"#,
        r#"{"source":"f","header":false}"#,
        r#"{"source":"f","unknown":1}"#,
    ] {
        let problem = pages(b"a\n1\n", options).await.err().unwrap();
        assert_eq!(problem.code, ErrorCode::ConfigInvalid, "{options}");
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
