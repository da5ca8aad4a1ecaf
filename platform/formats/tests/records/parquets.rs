//! Parquet files that pyarrow made (`tests/parquet/make.py`) beside what it reads from them, and small
//! ones by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tributary_formats::fault::RowFault;
use tributary_model::error_code::ErrorCode;

use super::{Item, Outcome, config, read_file, read_pieces};

pub(crate) const PARQUET: &str = r#"{"kind":"parquet"}"#;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet")
}

pub(crate) fn made(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.parquet"))).unwrap()
}

fn read(name: &str) -> Outcome {
    read_file(&config(PARQUET), &made(name)).unwrap()
}

#[test]
fn files_of_another_hand_give_what_it_reads_from_them() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "ndjson")
        {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let expected = std::fs::read_to_string(&path).unwrap();
        let expected: Vec<&str> = expected.lines().collect();
        let outcome = read(name);
        assert!(
            outcome.faults().is_empty(),
            "{name}: {:?}",
            outcome.faults()
        );
        assert!(outcome.complete, "{name}");
        let rows = outcome.rows();
        assert_eq!(rows.len(), expected.len(), "{name}");
        for (row, expected) in rows.iter().zip(expected) {
            assert_eq!(*row, expected, "{name}");
        }
        count += 1;
    }
    assert_eq!(count, 12, "files to compare");
}

#[test]
fn a_row_has_its_number_and_the_place_of_its_group() {
    let outcome = read("small_pages");
    let mut groups: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for item in &outcome.items {
        if let Item::Row { line, offset, .. } = item {
            groups.entry(*offset).or_default().push(*line);
        }
    }
    let groups: Vec<Vec<u64>> = groups.into_values().collect();
    assert_eq!(
        groups,
        [(1..=400).collect(), (401..=600).collect::<Vec<u64>>()]
    );
    assert_eq!(outcome.columns, ["no", "list"]);
    assert_eq!(
        read("nested_zstd").columns,
        ["no", "lines", "rates", "names", "deep", "address"]
    );
}

#[test]
fn values_that_cannot_be_told_are_faults_of_their_rows() {
    let outcome = read("bad_values");
    assert_eq!(
        outcome.rows(),
        [r#"{"no":1,"rate":1.5,"day":"1970-01-01","text":"a"}"#]
    );
    let faults = outcome.faults();
    assert_eq!(
        faults.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
        [
            ErrorCode::ValueInvalid,
            ErrorCode::ValueInvalid,
            ErrorCode::EncodingInvalid
        ]
    );
    for ((_, message), words) in faults.iter().zip([
        ["row 2 of row group 1", "\"rate\" holds NaN"],
        ["row 3 of row group 1", "\"day\" holds 2147483647"],
        [
            "row 4 of row group 1",
            "\"text\" holds text that is not UTF-8",
        ],
    ]) {
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
    assert!(outcome.complete);
}

#[test]
fn bytes_are_text_where_one_says_so() {
    let options = r#"{"kind":"parquet","binary_as_text":true}"#;
    let outcome = read_file(&config(options), &made("flat_snappy")).unwrap();
    // of the first row the bytes are no text
    assert_eq!(outcome.faults().len(), 1);
    assert!(
        outcome.faults()[0].1.contains("\"bytes\""),
        "{:?}",
        outcome.faults()
    );
    assert_eq!(outcome.rows().len(), 2);
}

#[test]
fn rows_that_are_too_long_are_passed() {
    let mut short = config(PARQUET);
    short.limits.max_record_bytes = 130;
    let outcome = read_file(&short, &made("nested_zstd")).unwrap();
    assert_eq!(outcome.faults().len(), 2, "{:?}", outcome.items);
    assert!(
        outcome
            .faults()
            .iter()
            .all(|(code, _)| *code == ErrorCode::RowTooLarge)
    );
    let whole = read("nested_zstd");
    assert_eq!(outcome.rows(), whole.rows()[1..3]);
    assert!(outcome.complete);
}

fn refused(bytes: &[u8]) -> RowFault {
    match read_file(&config(PARQUET), bytes) {
        Err(fault) => fault,
        Ok(outcome) => panic!("{outcome:?}"),
    }
}

#[test]
fn what_is_no_parquet_file_is_refused() {
    assert_eq!(refused(b"").code, ErrorCode::ParquetInvalid);
    assert_eq!(refused(b"a;b\n1;2\n").code, ErrorCode::ParquetInvalid);
    assert_eq!(refused(b"PAR1").code, ErrorCode::FileTruncated);
    let encrypted = refused(b"PARE0000PARE");
    assert!(
        encrypted.message.contains("encrypted"),
        "{}",
        encrypted.message
    );
    let stream = read_pieces(&config(PARQUET), &made("flat_snappy"), 100).unwrap_err();
    assert_eq!(stream.code, ErrorCode::ConfigInvalid);
    assert!(stream.message.contains("Parquet"), "{}", stream.message);
}

#[test]
fn a_damaged_page_ends_the_reading() {
    let good = made("flat_v2_zstd");
    let mut messages = Vec::new();
    // behind the magic: headers and bytes of the first pages
    for at in 4..200 {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        let Ok(outcome) = read_file(&config(PARQUET), &bytes) else {
            continue;
        };
        for (code, message) in outcome.faults() {
            assert!(!outcome.complete || code != ErrorCode::ParquetInvalid);
            messages.push(message.to_owned());
        }
    }
    let sums = messages
        .iter()
        .filter(|message| message.contains("column \"flag\"") && message.contains("check sum"));
    assert!(sums.count() > 5, "{messages:?}");
}

#[test]
fn any_byte_may_be_another_one() {
    for name in [
        "flat_snappy",
        "flat_v2_zstd",
        "nested_zstd",
        "nested_v2_gzip",
        "int96",
        "uuid",
    ] {
        let good = made(name);
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] = bytes[at].wrapping_add(1 + u8::try_from(at % 250).unwrap());
            // nothing panics, and what is told ends
            if let Ok(outcome) = read_file(&config(PARQUET), &bytes) {
                assert!(
                    outcome.items.len() <= 100,
                    "{name} {at}: {}",
                    outcome.items.len()
                );
            }
        }
        for length in 0..good.len() {
            let cut = refused(&good[..length]);
            assert!(
                matches!(
                    cut.code,
                    ErrorCode::FileTruncated | ErrorCode::ParquetInvalid
                ),
                "{name} {length}: {cut:?}"
            );
        }
    }
}
