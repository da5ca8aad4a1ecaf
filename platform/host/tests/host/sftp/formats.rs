//! Files of every format, packed in every way, through the connector: what comes out, in which lines, and that
//! reading goes on behind every checkpoint.

use std::io::Write as _;

use serde_json::{Value, json};
use tributary_host::Selection;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::RowFormat;

use super::Setting;
use crate::support::Sink;

/// Reads the one file there is.
pub(super) async fn read(
    setting: &Setting,
    config: &Value,
    state: Option<Value>,
) -> (Sink, Option<Problem>) {
    let call = setting.call();
    let mut selection = Selection {
        stream: "files".to_owned(),
        ..Selection::default()
    };
    let planned = setting.connector.partitions(&call, config, &selection);
    let mut partitions = planned.await.unwrap();
    assert_eq!(partitions.len(), 1, "{partitions:?}");
    selection.partition = partitions.pop();
    selection.state = state;
    let mut sink = Sink::default();
    let read = setting
        .connector
        .read(&call, config, &selection, &mut sink)
        .await;
    (sink, read.err())
}

/// All rows; and again from each checkpoint: what is left of them.
pub(super) async fn all_and_from_each_checkpoint(setting: &Setting, config: &Value) -> String {
    let (sink, problem) = read(setting, config, None).await;
    assert_eq!(problem, None);
    let whole = lines(&sink);
    let done = sink.states().last().unwrap().to_owned().clone();
    assert_eq!(done["done"], json!(true));
    assert_eq!(done["sha256"].as_str().map(str::len), Some(64));
    for state in sink.states() {
        let (rest, problem) = read(setting, config, Some(state.clone())).await;
        assert_eq!(problem, None);
        assert!(whole.ends_with(&lines(&rest)), "{state}");
        let passed = whole.len() - lines(&rest).len();
        assert!(passed > 0, "{state}");
        let last = |sink: &Sink| sink.states().last().map(|state| state["line"].clone());
        assert!(state["done"] == json!(true) || last(&rest) == last(&sink));
    }
    whole
}

/// The rows of all pages, each behind the line that it has by its page.
fn lines(sink: &Sink) -> String {
    let mut text = String::new();
    for page in sink.pages() {
        assert!(page.source.starts_with("/in/a"), "{}", page.source);
        let rows = String::from_utf8(page.bytes.to_vec()).unwrap();
        let rows = rows.lines().zip(page.first.line..);
        for (row, line) in rows.filter(|(row, _)| !row.is_empty()) {
            text.push_str(&format!("{line} {row}\n"));
        }
    }
    text
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Rows that fill several pages and do not pack away to nothing.
pub(super) fn csv(rows: u64) -> Vec<u8> {
    let mut text = b"no;hash\n".to_vec();
    let mut hash = 1_u64;
    for no in 0..rows {
        hash = hash
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(no);
        text.extend_from_slice(format!("{no};{hash:x}\n").as_bytes());
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_lines_are_the_lines_that_were_packed() {
    let setting = Setting::start().await;
    let plain = csv(150_000);
    let config = |compression: &str| {
        json!({"folder": "/in", "pattern": "a", "compression": compression,
            "csv": {"delimiter": ";"}, "expected_columns": ["no"]})
    };
    setting.write("a", &plain);
    let expected = all_and_from_each_checkpoint(&setting, &config("none")).await;
    assert_eq!(expected.lines().count(), 150_000);
    assert!(expected.starts_with("2 0;"), "{}", &expected[..40]);
    let packed = [
        ("gzip", gzip(&plain)),
        ("zstd", zstd::bulk::compress(&plain, 1).unwrap()),
        ("zip", zipped(&[("export/a.csv", &plain)])),
    ];
    for (compression, bytes) in packed {
        setting.write("a", &bytes);
        let config = config(compression);
        let read_again = all_and_from_each_checkpoint(&setting, &config).await;
        assert!(read_again == expected, "{compression}");

        setting.write("a", &bytes[..bytes.len() * 2 / 3]);
        let (sink, problem) = read(&setting, &config, None).await;
        let problem = problem.unwrap();
        let codes = [ErrorCode::FileTruncated, ErrorCode::ArchiveInvalid];
        assert!(codes.contains(&problem.code), "{compression}: {problem}");
        assert!(problem.detail.starts_with("/in/a: "), "{problem}");
        assert!(expected.starts_with(&lines(&sink)), "{compression}");
        assert_eq!(sink.rows() > 0, compression != "zip");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_taken_as_it_looks_and_goes_on_as_it_was_begun() {
    let setting = Setting::start().await;
    let config = json!({"folder": "/in", "pattern": "a"});
    let plain = csv(150_000);
    setting.write("a", &plain);
    let expected = all_and_from_each_checkpoint(&setting, &config).await;
    assert_eq!(expected.lines().count(), 150_000);
    let text = format!("\u{FEFF}{}", String::from_utf8(plain).unwrap());
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (bytes, compression, encoding) in [
        (little.clone(), "none", "utf-16le"),
        (big, "none", "utf-16be"),
        (gzip(&little), "gzip", "utf-16le"),
    ] {
        setting.write("a", &bytes);
        let mut config = config.clone();
        config["compression"] = json!(compression);
        let call = setting.call();
        let steps = setting.connector.check(&call, &config).await.unwrap();
        let told = format!("/in/a: no, hash (\";\" between columns, {encoding})");
        assert_eq!(steps.last().unwrap().message, told);
        let again = all_and_from_each_checkpoint(&setting, &config).await;
        assert!(again == expected, "{encoding} {compression}");
    }
    setting.write("a", b"no\tcity\n1\tK\xF6ln\n");
    let (sink, problem) = read(&setting, &config, None).await;
    assert_eq!(problem, None);
    let RowFormat::Csv(csv) = &sink.pages()[0].format else {
        panic!()
    };
    assert_eq!(
        (csv.delimiter, csv.encoding.as_str()),
        ('\t', "windows-1252")
    );
    let given =
        json!({"folder": "/in", "pattern": "a", "csv": {"delimiter": ",", "encoding": "latin1"}});
    let (sink, problem) = read(&setting, &given, None).await;
    assert_eq!(problem, None);
    let RowFormat::Csv(csv) = &sink.pages()[0].format else {
        panic!()
    };
    assert_eq!((csv.delimiter, csv.columns.len()), (',', 1));
}

/// A quote that is never closed costs its row, and a checkpoint never stands inside of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_too_long_does_not_end_the_file() {
    let setting = Setting::start().await;
    let long = "x".repeat(30 << 20);
    setting.write("a", format!("no\n1\n\"{long}\n3\n").as_bytes());
    let config = json!({"folder": "/in", "pattern": "a"});
    let (sink, problem) = read(&setting, &config, None).await;
    assert_eq!(problem, None);
    assert_eq!(sink.rows(), 3);
    let lengths: Vec<usize> = sink.pages().iter().map(|page| page.bytes.len()).collect();
    assert_eq!(lengths, [2, (8 << 20) + 3, 2]);
    assert_eq!(sink.states().last().unwrap()["done"], json!(true));
    for state in sink.states() {
        let (rest, problem) = read(&setting, &config, Some(state.clone())).await;
        assert_eq!(problem, None);
        let last = rest.pages().last().map(|page| page.bytes.to_vec());
        let expected = match state["offset"].as_u64() {
            Some(offset) if offset > (30 << 20) + 7 => None,
            _ => Some(b"3\n".to_vec()),
        };
        assert_eq!(last, expected, "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ending_of_a_name_says_how_a_file_is_packed() {
    let setting = Setting::start().await;
    let rows = b"no\n1\n2\n";
    setting.write("a.csv.gz", &gzip(rows));
    setting.write("b.csv.zst", &zstd::bulk::compress(rows, 1).unwrap());
    setting.write("c.zip", &zipped(&[("c.csv", rows)]));
    setting.write("d.csv", rows);
    let call = setting.call();
    let config = json!({"folder": "/in"});
    let mut selection = Selection {
        stream: "files".to_owned(),
        ..Selection::default()
    };
    let planned = setting.connector.partitions(&call, &config, &selection);
    let partitions = planned.await.unwrap();
    assert_eq!(partitions.len(), 4);
    for partition in partitions {
        selection.partition = Some(partition);
        let mut sink = Sink::default();
        let read = setting
            .connector
            .read(&call, &config, &selection, &mut sink);
        read.await.unwrap();
        assert_eq!(sink.bytes(), b"1\n2\n");
    }
    let steps = setting.connector.check(&call, &config).await.unwrap();
    assert!(steps.iter().all(|step| step.ok), "{steps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_xml_json_and_fixed_width_keep_their_lines() {
    let setting = Setting::start().await;
    let config = |format: &str, options: Value| json!({"folder": "/in", "pattern": "a", "format": format, format: options});
    let xml = "<orders>\n <order><no>1</no></order>\n <order>\n  <no>2</no>\n </order>\n \
        <order><no>3</no></order><order><no>4</no></order>\n</orders>\n";
    setting.write("a", xml.as_bytes());
    let as_xml = config("xml", json!({"record": "/orders/order"}));
    let expected = "2 {\"no\":\"1\"}\n3 {\"no\":\"2\"}\n6 {\"no\":\"3\"}\n7 {\"no\":\"4\"}\n";
    assert_eq!(
        all_and_from_each_checkpoint(&setting, &as_xml).await,
        expected
    );

    setting.write(
        "a",
        b"{\"data\": [\n {\"no\":\n  1},\n {\"no\": },\n {\"no\": 3}]}",
    );
    let as_json = config("json", json!({"records": "/data"}));
    let rows = all_and_from_each_checkpoint(&setting, &as_json).await;
    let rows: Vec<&str> = rows.lines().collect();
    assert_eq!(
        (rows.len(), rows[0], rows[2]),
        (3, "1 {\"no\":   1}", "3 {\"no\": 3}")
    );
    assert!(rows[1].starts_with("2 !"), "{rows:?}");

    setting.write("a", "HEAD\n0001K\u{f6}ln\n\n0002Bonn\n".as_bytes());
    let columns =
        json!([{"name": "no", "start": 1, "width": 4}, {"name": "city", "start": 5, "width": 9}]);
    let as_fixed = config("fixed", json!({"columns": columns, "skip_lines": 1}));
    let rows = all_and_from_each_checkpoint(&setting, &as_fixed).await;
    let expected =
        "2 {\"no\":\"0001\",\"city\":\"K\u{f6}ln\"}\n4 {\"no\":\"0002\",\"city\":\"Bonn\"}\n";
    assert_eq!(rows, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_document_comes_in_pages_and_is_not_held() {
    let setting = Setting::start().await;
    let mut xml = "<o>\n".to_owned();
    for no in 0..60_000 {
        xml.push_str(&format!("<r no=\"{no}\">{:>100}</r>\n", no * 7));
    }
    xml.push_str("</o>");
    setting.write("a", &gzip(xml.as_bytes()));
    let config = json!({"folder": "/in", "pattern": "a", "format": "xml",
        "xml": {"record": "/o/r"}, "compression": "gzip"});
    let (sink, problem) = read(&setting, &config, None).await;
    assert_eq!(problem, None);
    assert_eq!(sink.rows(), 60_000);
    assert!(sink.pages().len() > 5);
    for page in sink.pages() {
        assert!(page.bytes.len() < 2 << 20 && page.format == RowFormat::Ndjson);
    }
    assert_eq!(
        lines(&sink)
            .lines()
            .last()
            .unwrap()
            .split_once(' ')
            .unwrap()
            .0,
        "60001"
    );
    let middle = sink.states()[3].clone();
    let (rest, problem) = read(&setting, &config, Some(middle.clone())).await;
    assert_eq!(problem, None);
    assert_eq!(rest.rows(), 60_000 - middle["offset"].as_u64().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_workbook_have_the_numbers_of_its_rows() {
    let setting = Setting::start().await;
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().set_name("Notes").unwrap();
    let sheet = book.add_worksheet().set_name("Orders").unwrap();
    sheet.write(2, 0, "no").unwrap();
    sheet.write(2, 1, "total").unwrap();
    for (row, no, total) in [(3, "A1", 19.99), (6, "A2", 5.0)] {
        sheet.write(row, 0, no).unwrap();
        sheet.write(row, 1, total).unwrap();
    }
    setting.write("a", &book.save_to_buffer().unwrap());
    let mut config = json!({"folder": "/in", "pattern": "a", "format": "xlsx",
        "xlsx": {"sheet": "Orders", "header_row": 3}, "expected_columns": ["total"]});
    let rows = all_and_from_each_checkpoint(&setting, &config).await;
    assert_eq!(
        rows,
        "4 {\"no\":\"A1\",\"total\":19.99}\n7 {\"no\":\"A2\",\"total\":5}\n"
    );

    config["expected_columns"] = json!(["total", "currency"]);
    let (_, problem) = read(&setting, &config, None).await;
    let problem = problem.unwrap();
    assert_eq!(problem.code, ErrorCode::CsvHeader);
    assert!(
        problem.detail.contains("lacks currency; it has no, total"),
        "{problem}"
    );
    config["xlsx"]["sheet"] = json!("Order");
    let (_, problem) = read(&setting, &config, None).await;
    assert_eq!(problem.unwrap().code, ErrorCode::WorkbookInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_bomb_is_told_as_one() {
    let setting = Setting::start().await;
    let zeros = vec![b'0'; 64 << 20];
    for (compression, bytes) in [
        ("gzip", gzip(&zeros)),
        ("zstd", zstd::bulk::compress(&zeros, 1).unwrap()),
        ("zip", zipped(&[("a", &zeros)])),
    ] {
        setting.write("a", &bytes);
        let config = json!({"folder": "/in", "pattern": "a", "compression": compression,
            "csv": {"header": ["no"]}});
        let (sink, problem) = read(&setting, &config, None).await;
        // too much of too little; or one row that is too long, of which only its start is kept
        if let Some(problem) = problem {
            assert_eq!(
                problem.code,
                ErrorCode::InputTooLarge,
                "{compression}: {problem}"
            );
            assert_eq!(sink.rows(), 0, "{compression}");
            continue;
        }
        assert_eq!(sink.rows(), 1, "{compression}");
        let kept: usize = sink.pages().iter().map(|page| page.bytes.len()).sum();
        assert!(kept <= (8 << 20) + 16, "{compression}: {kept}");
    }
}
