//! Zip files through the connector: one member or all of them, each with its own front, and what is told of
//! one that is damaged.

use serde_json::json;
use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowFormat;

use super::Setting;
use super::formats::{all_and_from_each_checkpoint, csv, read, zipped};
use crate::support::Sink;

#[tokio::test(flavor = "multi_thread")]
async fn of_a_zip_file_the_member_that_is_named_is_read() {
    let setting = Setting::start().await;
    let members: [(&str, &[u8]); 3] = [
        ("lines-1.csv", b"no\n7\n"),
        ("orders-1.csv", b"no\n1\n2\n"),
        ("readme.txt", b"hello"),
    ];
    setting.write("a", &zipped(&members));
    let config = |member: Option<&str>| {
        let mut config = json!({"folder": "/in", "pattern": "a", "compression": "zip"});
        if let Some(member) = member {
            config["member"] = json!(member);
        }
        config
    };
    let orders = all_and_from_each_checkpoint(&setting, &config(Some("orders*.csv"))).await;
    assert_eq!(orders, "2 1\n3 2\n");
    for (member, count) in [("**", "3 members"), ("x*", "0 members")] {
        let (_, problem) = read(&setting, &config(Some(member)), None).await;
        let problem = problem.unwrap();
        assert_eq!(problem.code, ErrorCode::ArchiveInvalid, "{problem}");
        let says = problem.detail.contains(count) && problem.detail.contains("orders-1.csv");
        assert!(says, "{problem}");
    }
}

/// Sources with their rows.
fn by_source(sink: &Sink) -> Vec<(String, u32)> {
    let mut found: Vec<(String, u32)> = Vec::new();
    for page in sink.pages() {
        match found.last_mut() {
            Some((source, rows)) if *source == page.source => *rows += page.rows,
            _ => found.push((page.source.clone(), page.rows)),
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn all_members_of_a_zip_file_are_read_and_each_has_its_own_front() {
    let setting = Setting::start().await;
    let (large, wide) = (csv(120_000), csv(60_000));
    let wide = String::from_utf8(wide).unwrap().replace(';', "\t");
    let text = format!("\u{FEFF}{}", wide.replace("no\t", "nr\t"));
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let members: [(&str, &[u8]); 6] = [
        ("z/first.csv", &large),
        ("__MACOSX/z/._first.csv", b"\0\0binary"),
        ("z/.DS_Store", b"\0"),
        ("empty.csv", b"no,hash\n"),
        ("wide.csv", &utf_16),
        ("a.csv", b"no,hash\n1,x\n"),
    ];
    setting.write("a", &zipped(&members));
    let config = json!({"folder": "/in", "pattern": "a", "compression": "zip"});
    let (sink, problem) = read(&setting, &config, None).await;
    assert_eq!(problem, None);
    let expected = [
        ("/in/a/z/first.csv".to_owned(), 120_000),
        ("/in/a/wide.csv".to_owned(), 60_000),
        ("/in/a/a.csv".to_owned(), 1),
    ];
    assert_eq!(by_source(&sink), expected, "in the order of the archive");
    let columns = |page: &tributary_formats::page::Page| match &page.format {
        RowFormat::Csv(csv) => csv.columns.join(" "),
        _ => panic!(),
    };
    let pages = sink.pages();
    let last = pages.last().unwrap();
    assert_eq!((columns(last).as_str(), last.first.line), ("no hash", 2));
    assert!(pages.iter().any(|page| columns(page) == "nr hash"));
    // from each checkpoint on the same rows come
    let all = all_and_from_each_checkpoint(&setting, &config).await;
    assert_eq!(all.lines().count(), 180_001);
    let some = json!({"folder": "/in", "pattern": "a", "compression": "zip", "members": "*.csv"});
    let (sink, problem) = read(&setting, &some, None).await;
    assert_eq!(problem, None);
    assert_eq!(sink.rows(), 60_001, "not those in folders");
    let none = json!({"folder": "/in", "pattern": "a", "compression": "zip", "members": "*.xml"});
    let (_, problem) = read(&setting, &none, None).await;
    let problem = problem.unwrap();
    assert_eq!(problem.code, ErrorCode::ArchiveInvalid);
    let says = problem
        .detail
        .contains("no member of the zip file matches *.xml")
        && problem.detail.contains("empty.csv");
    assert!(says, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_in_a_zip_file_go_on_in_their_member() {
    let setting = Setting::start().await;
    let xml = |from: u32, to: u32| {
        let mut text = "<o>\n".to_owned();
        for no in from..to {
            text.push_str(&format!("<r no=\"{no}\">{:>100}</r>\n", no * 7));
        }
        text + "</o>"
    };
    let (first, second) = (xml(0, 20_000), xml(20_000, 40_000));
    let members = [("1.xml", first.as_bytes()), ("2.xml", second.as_bytes())];
    setting.write("a", &zipped(&members));
    let config = json!({"folder": "/in", "pattern": "a", "format": "xml",
        "xml": {"record": "/o/r"}, "compression": "zip"});
    let all = all_and_from_each_checkpoint(&setting, &config).await;
    let numbers: Vec<u32> = all
        .lines()
        .map(|line| {
            let (_, rest) = line.split_once("no\":\"").unwrap();
            rest.split_once('"').unwrap().0.parse().unwrap()
        })
        .collect();
    assert_eq!(numbers, (0..40_000).collect::<Vec<u32>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_member_is_named_behind_the_rows_before_it() {
    let setting = Setting::start().await;
    let large = csv(150_000);
    let mut bytes = zipped(&[
        ("good.csv", b"no\n1\n"),
        ("bad.csv", &large),
        ("last.csv", b"no\n3\n"),
    ]);
    let place = bytes.len() / 2;
    bytes[place] ^= 0x55;
    setting.write("a", &bytes);
    let config = json!({"folder": "/in", "pattern": "a", "compression": "zip"});
    let (sink, problem) = read(&setting, &config, None).await;
    let problem = problem.unwrap();
    let codes = [ErrorCode::FileTruncated, ErrorCode::ArchiveInvalid];
    assert!(codes.contains(&problem.code), "{problem}");
    assert!(problem.detail.starts_with("/in/a/bad.csv: "), "{problem}");
    let sources = by_source(&sink);
    assert_eq!(sources.first(), Some(&("/in/a/good.csv".to_owned(), 1)));
    assert!(sources.iter().all(|(source, _)| source != "/in/a/last.csv"));
    let unfinished = sink
        .states()
        .iter()
        .all(|state| state["done"] == json!(false));
    assert!(unfinished);
    // a bomb among the members is told like one alone, and what stands before it comes
    let zeros = vec![b'0'; 64 << 20];
    setting.write(
        "a",
        &zipped(&[("good.csv", b"no\n1\n"), ("bomb.csv", &zeros)]),
    );
    let (sink, problem) = read(&setting, &config, None).await;
    let problem = problem.unwrap();
    assert_eq!(problem.code, ErrorCode::InputTooLarge, "{problem}");
    let named = problem.detail.contains("bomb.csv") && problem.detail.contains("max_ratio");
    assert!(named, "{problem}");
    assert_eq!(by_source(&sink), [("/in/a/good.csv".to_owned(), 1)]);
}
