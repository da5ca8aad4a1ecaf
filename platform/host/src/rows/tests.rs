//! A file that cannot be read on says so as often as it is asked, and never that it is over.

use std::io::Write as _;

use super::made::{Then, page, pieces, soon};
use super::{RowSource, open};

const CSV: &str = r#"{"source":"f"}"#;
const PACKED: &str = r#"{"source":"f","packed":{"compression":"gzip"}}"#;
const XML: &str = r#"{"source":"f","format":{"kind":"xml","record":"/o/r"}}"#;
const PACKED_XML: &str =
    r#"{"source":"f","format":{"kind":"xml","record":"/o/r"},"packed":{"compression":"gzip"}}"#;

/// Rows for more than a page, which do not pack away to nothing.
fn text(row: impl Fn(u64) -> String) -> Vec<u8> {
    let mut hash = 1_u64;
    let mut out = String::new();
    for number in 0..120_000 {
        hash = hash
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(number);
        out.push_str(&row(hash));
    }
    out.into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Every kind of rows, of a file that goes on with `then` behind a part of it.
fn broken(share: usize, then: fn() -> Then) -> Vec<(&'static str, RowSource)> {
    let csv = [b"no\n", &text(|hash| format!("{hash:x}\n"))[..]].concat();
    let xml = [
        b"<o>",
        &text(|hash| format!("<r>{hash:x}</r>\n"))[..],
        b"</o>",
    ]
    .concat();
    let cases = [
        ("csv", CSV, csv.clone()),
        ("csv", PACKED, gzip(&csv)),
        ("records", XML, xml.clone()),
        ("records", PACKED_XML, gzip(&xml)),
    ];
    let cases = cases.map(|(format, options, bytes)| {
        let part = &bytes[..bytes.len() * share / 100];
        (
            options,
            open(pieces(part, 10_000, then()), format, options).unwrap(),
        )
    });
    cases.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_failed_does_not_end() {
    for share in [0, 1, 90] {
        for (options, mut rows) in broken(share, || Then::Failure) {
            let mut pages = 0;
            let problem = loop {
                match page(&mut rows).await {
                    Ok(Some(_)) => pages += 1,
                    Ok(None) => panic!("{options}: {share} % look like the whole"),
                    Err(problem) => break problem,
                }
            };
            assert!(problem.detail.contains("the line is dead"), "{problem}");
            assert_eq!(pages > 0, share == 90, "{options}");
            for _ in 0..4 {
                let again = page(&mut rows).await;
                assert!(!matches!(again, Ok(None)), "{options}: {share} %");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_was_given_up_is_no_end() {
    for share in [0, 1, 90] {
        for (options, mut rows) in broken(share, || Then::Silence) {
            // the wait is given up in the middle of a step, as a time-out does
            while let Some(page) = soon(&mut rows).await {
                assert!(matches!(page, Ok(Some(_))), "{options}: {share} %");
            }
            for _ in 0..2 {
                let again = soon(&mut rows).await;
                assert!(!matches!(again, Some(Ok(None))), "{options}: {share} %");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_was_given_up_is_not_read_from_its_middle() {
    let whole = br#"{"orders":[{"id":1},{"id":2}]}"#;
    let reader = pieces(whole, 10, Then::Silence);
    let mut rows = open(reader, "json", r#"{"source":"f","records":"/orders"}"#).unwrap();
    assert!(soon(&mut rows).await.is_none(), "it waits for the end");
    assert!(matches!(soon(&mut rows).await, Some(Err(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_size_of_a_file_is_told_at_its_end_and_no_place_to_go_on_from() {
    let whole = b"<o><r>1</r><r>2</r></o>";
    let mut rows = open(pieces(whole, 10, Then::End), "records", XML).unwrap();
    assert_eq!(page(&mut rows).await.unwrap().unwrap().rows, 2);
    assert_eq!(rows.position().offset, 2, "records, as in any other place");
    assert!(page(&mut rows).await.unwrap().is_none());
    assert_eq!(rows.position().offset, whole.len() as u64);
}
