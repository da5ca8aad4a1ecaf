//! Parquet files that announce more than they hold.

use std::io::Cursor;

use tributary_formats::records::{Input, open};
use tributary_model::error_code::ErrorCode;

use super::super::parquets::{PARQUET, made};
use super::{Told, bounded, config, told};

/// A value of Thrift's compact protocol.
enum Field {
    Int(i64),
    Text(&'static str),
    Structs(Vec<Vec<u8>>),
    Struct(Vec<u8>),
    Raw(u8, Vec<u8>),
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn zigzag(value: i64) -> Vec<u8> {
    varint(((value << 1) ^ (value >> 63)) as u64)
}

fn list(kind: u8, count: u64) -> Vec<u8> {
    [vec![0xF0 | kind], varint(count)].concat()
}

/// A structure; each field has its number.
fn thrift(fields: Vec<(i64, Field)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (id, field) in fields {
        let (kind, value) = match field {
            Field::Int(value) => (6, zigzag(value)),
            Field::Text(text) => (8, [varint(text.len() as u64), text.into()].concat()),
            Field::Structs(all) => (9, [list(12, all.len() as u64), all.concat()].concat()),
            Field::Struct(value) => (12, value),
            Field::Raw(kind, value) => (kind, value),
        };
        bytes.push(kind);
        bytes.extend(zigzag(id));
        bytes.extend(value);
    }
    bytes.push(0);
    bytes
}

/// A page: its header and `body`.
fn page(kind: i64, unpacked: i64, values: i64, encoding: i64, body: &[u8]) -> Vec<u8> {
    let about = thrift(vec![
        (1, Field::Int(values)),
        (2, Field::Int(encoding)),
        (3, Field::Int(3)),
        (4, Field::Int(3)),
    ]);
    let header = thrift(vec![
        (1, Field::Int(kind)),
        (2, Field::Int(unpacked)),
        (3, Field::Int(body.len() as i64)),
        (if kind == 2 { 7 } else { 5 }, Field::Struct(about)),
    ]);
    [header, body.to_vec()].concat()
}

/// What a file of one column says of itself.
#[derive(Clone)]
struct About {
    /// of `parquet.thrift`: the type, the repetition, the codec
    physical: i64,
    repetition: i64,
    codec: i64,
    values: i64,
    rows: i64,
    /// where the footer says that the pages lie, if not where they do
    place: Option<i64>,
    /// how often the row group is there
    groups: usize,
}

const INTS: About = About {
    physical: 1,
    repetition: 0,
    codec: 0,
    values: 3,
    rows: 3,
    place: None,
    groups: 1,
};

fn column(about: &About, place: i64, length: usize) -> Vec<u8> {
    let meta = thrift(vec![
        (1, Field::Int(about.physical)),
        (4, Field::Int(about.codec)),
        (5, Field::Int(about.values)),
        (7, Field::Int(length as i64)),
        (9, Field::Int(place)),
    ]);
    thrift(vec![(3, Field::Struct(meta))])
}

fn file(about: &About, pages: &[u8]) -> Vec<u8> {
    let place = about.place.unwrap_or(4);
    let group = thrift(vec![
        (1, Field::Structs(vec![column(about, place, pages.len())])),
        (3, Field::Int(about.rows)),
    ]);
    let schema = vec![
        thrift(vec![(4, Field::Text("top")), (5, Field::Int(1))]),
        thrift(vec![
            (1, Field::Int(about.physical)),
            (3, Field::Int(about.repetition)),
            (4, Field::Text("a")),
        ]),
    ];
    let rows = about.rows.saturating_mul(about.groups as i64);
    let footer = thrift(vec![
        (2, Field::Structs(schema)),
        (3, Field::Int(rows)),
        (4, Field::Structs(vec![group; about.groups])),
    ]);
    around(pages, &footer)
}

fn around(pages: &[u8], footer: &[u8]) -> Vec<u8> {
    let length = (footer.len() as u32).to_le_bytes();
    [b"PAR1", pages, footer, &length, b"PAR1"].concat()
}

/// A file that must be told as `codes`.
fn parquet(bytes: &[u8], codes: &[ErrorCode]) -> Told {
    let told = told(PARQUET, Input::File(Box::new(Cursor::new(bytes))));
    assert_eq!(told.codes, codes, "{told:?}");
    assert!(!told.complete, "{told:?}");
    told
}

const THREE: [u8; 12] = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0];

#[test]
fn a_file_by_hand_is_a_file() {
    let bytes = file(&INTS, &page(0, 12, 3, 0, &THREE));
    let told = told(PARQUET, Input::File(Box::new(Cursor::new(bytes))));
    assert!(told.complete && told.rows == 3, "{told:?}");
}

#[test]
fn more_rows_than_there_are() {
    let pages = page(0, 12, 3, 0, &THREE);
    for rows in [4, 1 << 40, i64::MAX] {
        let about = About { rows, ..INTS };
        let told = parquet(&file(&about, &pages), &[ErrorCode::ParquetInvalid]);
        assert_eq!(told.rows, 3);
    }
    for values in [4, i64::MAX] {
        let about = About {
            values,
            rows: values,
            ..INTS
        };
        let told = parquet(&file(&about, &pages), &[ErrorCode::ParquetInvalid]);
        assert!(told.message.contains("no page holds"), "{told:?}");
    }
    let about = About { rows: 2, ..INTS };
    parquet(&file(&about, &pages), &[ErrorCode::ParquetInvalid]);
    let about = About { rows: -1, ..INTS };
    parquet(&file(&about, &pages), &[ErrorCode::ParquetInvalid]);
}

#[test]
fn pages_that_announce_two_billion_values() {
    let most = i64::from(i32::MAX);
    let about = About {
        values: most,
        rows: most,
        ..INTS
    };
    // in plain numbers that are not there
    let told = parquet(
        &file(&about, &page(0, 12, most, 0, &THREE)),
        &[ErrorCode::ParquetInvalid],
    );
    assert_eq!(told.rows, 3);
    // as differences of no bits
    let deltas = [
        varint(1 << 31),
        varint(1),
        varint(most as u64),
        vec![0, 0, 0],
    ]
    .concat();
    let pages = page(0, deltas.len() as i64, most, 5, &deltas);
    parquet(&file(&about, &pages), &[ErrorCode::InputTooLarge]);
}

/// One dictionary value, and a page that names it `count` times in one run.
fn one_value(value: &[u8], count: i64) -> Vec<u8> {
    let run = [vec![0], varint((count as u64) << 1)].concat();
    let dictionary = page(2, value.len() as i64, 1, 0, value);
    [dictionary, page(0, run.len() as i64, count, 8, &run)].concat()
}

#[test]
fn one_value_two_billion_times() {
    let most = i64::from(i32::MAX);
    let about = About {
        values: most,
        rows: most,
        ..INTS
    };
    let told = parquet(
        &file(&about, &one_value(&[7, 0, 0, 0], most)),
        &[ErrorCode::InputTooLarge],
    );
    assert!(
        told.rows > 1_000_000 && told.message.contains("max_ratio"),
        "{told:?}"
    );
    // a text of a megabyte
    let mut text = vec![b'x'; 1 << 20];
    let length = (text.len() as u32).to_le_bytes();
    text.splice(0..0, length);
    let about = About {
        physical: 6,
        values: most,
        rows: most,
        ..INTS
    };
    parquet(
        &file(&about, &one_value(&text, most)),
        &[ErrorCode::InputTooLarge],
    );
    // all in one row, as a list
    let levels =
        |length: usize, run: Vec<u8>| [(length as u32).to_le_bytes().to_vec(), run].concat();
    let first = [
        varint(1 << 1),
        vec![0],
        varint((most as u64 - 1) << 1),
        vec![1],
    ]
    .concat();
    let all = [varint((most as u64) << 1), vec![1]].concat();
    let run = [vec![0], varint((most as u64) << 1)].concat();
    let body = [levels(first.len(), first), levels(all.len(), all), run].concat();
    let pages = [
        page(2, 4, 1, 0, &[7, 0, 0, 0]),
        page(0, body.len() as i64, most, 8, &body),
    ]
    .concat();
    let about = About {
        repetition: 2,
        values: most,
        rows: 1,
        ..INTS
    };
    let told = parquet(&file(&about, &pages), &[ErrorCode::InputTooLarge]);
    assert_eq!(told.rows, 0);
}

#[test]
fn dictionaries_that_announce_gigabytes() {
    let most = i64::from(i32::MAX);
    for codec in [1, 2, 6] {
        let about = About { codec, ..INTS };
        let pages = page(2, most, 1, 0, b"\xFF\xFF\xFF\xFF\x07 tiny");
        parquet(&file(&about, &pages), &[ErrorCode::InputTooLarge]);
    }
    let pages = page(2, most, 1, 0, b"tiny");
    parquet(&file(&INTS, &pages), &[ErrorCode::ParquetInvalid]);
    // more values than bytes
    let pages = page(2, 4, most, 0, &[7, 0, 0, 0]);
    parquet(&file(&INTS, &pages), &[ErrorCode::ParquetInvalid]);
    let texts = About {
        physical: 6,
        ..INTS
    };
    parquet(&file(&texts, &pages), &[ErrorCode::ParquetInvalid]);
}

#[test]
fn pages_that_unpack_to_more() {
    let zeros = vec![0; 100 << 20];
    let size = zeros.len() as i64;
    let zstd = zstd::stream::encode_all(&zeros[..], 1).unwrap();
    let gzip = super::gzip(&zeros);
    drop(zeros);
    for (codec, packed) in [(6, zstd), (2, gzip)] {
        let about = About {
            codec,
            values: size / 4,
            rows: size / 4,
            ..INTS
        };
        let told = parquet(
            &file(&about, &page(0, size, size / 4, 0, &packed)),
            &[ErrorCode::InputTooLarge],
        );
        assert!(told.message.contains("max_ratio"), "{told:?}");
        // a header that lies is found out by what comes
        let told = parquet(
            &file(&about, &page(0, 12, 3, 0, &packed)),
            &[ErrorCode::ParquetInvalid],
        );
        assert!(told.message.contains("size"), "{told:?}");
    }
    // snappy says its length itself: a gigabyte
    let about = About { codec: 1, ..INTS };
    let pages = page(0, 12, 3, 0, b"\x80\x80\x80\x80\x04\x00a");
    parquet(&file(&about, &pages), &[ErrorCode::ParquetInvalid]);
    let pages = page(0, 1 << 30, 3, 0, b"\x80\x80\x80\x80\x04\x00a");
    parquet(&file(&about, &pages), &[ErrorCode::InputTooLarge]);
}

#[test]
fn places_outside_of_the_file() {
    let pages = page(0, 12, 3, 0, &THREE);
    for place in [-1, 0, 3, 5, 1 << 40, i64::MAX] {
        let about = About {
            place: Some(place),
            ..INTS
        };
        let told = parquet(&file(&about, &pages), &[ErrorCode::ParquetInvalid]);
        assert_eq!(told.rows, 0);
    }
    let long = page(0, 12, 3, 0, &THREE);
    let short = &long[..long.len() - 4];
    parquet(&file(&INTS, short), &[ErrorCode::ParquetInvalid]);
}

#[test]
fn one_page_in_a_hundred_thousand_row_groups() {
    let about = About {
        groups: 100_000,
        ..INTS
    };
    let told = parquet(
        &file(&about, &page(0, 12, 3, 0, &THREE)),
        &[ErrorCode::ParquetInvalid],
    );
    assert!(
        told.rows < 10 && told.message.contains("over each other"),
        "{told:?}"
    );
}

#[test]
fn footers_that_cannot_be() {
    let start = [&b"PAR1"[..], &[0; 100]].concat();
    for length in [u32::MAX, 1 << 30, 101] {
        let bytes = [&start[..], &length.to_le_bytes(), b"PAR1"].concat();
        parquet(&bytes, &[ErrorCode::ParquetInvalid]);
    }
    // a schema of four billion elements, row groups as many
    for id in [2, 4] {
        let footer = thrift(vec![(id, Field::Raw(9, list(12, u64::from(u32::MAX))))]);
        parquet(&around(b"", &footer), &[ErrorCode::FileTruncated]);
        let empty = [list(12, u64::from(u32::MAX)), vec![0; 1 << 20]].concat();
        let footer = thrift(vec![(id, Field::Raw(9, empty))]);
        bounded(|| {
            drop(open(
                &config(PARQUET),
                Input::File(Box::new(Cursor::new(around(b"", &footer)))),
            ))
        });
    }
    // groups in groups, lists in lists
    let group = thrift(vec![
        (3, Field::Int(0)),
        (4, Field::Text("a")),
        (5, Field::Int(1)),
    ]);
    let footer = thrift(vec![(2, Field::Structs(vec![group; 50_000]))]);
    let told = parquet(&around(b"", &footer), &[ErrorCode::ParquetInvalid]);
    assert!(told.message.contains("deeper"), "{told:?}");
    let footer = thrift(vec![(99, Field::Raw(9, vec![0x19; 1 << 20]))]);
    parquet(&around(b"", &footer), &[ErrorCode::ParquetInvalid]);
    // a name of a gigabyte
    let footer = thrift(vec![(99, Field::Raw(8, varint(1 << 30)))]);
    parquet(&around(b"", &footer), &[ErrorCode::FileTruncated]);
}

#[test]
fn more_pages_than_may_be_held() {
    let mut few = config(PARQUET);
    few.limits.max_held_bytes = 100;
    let bytes = made("flat_snappy");
    let fault = bounded(|| {
        let mut reader = open(&few, Input::File(Box::new(Cursor::new(bytes)))).unwrap();
        reader.next_record().unwrap_err()
    });
    assert_eq!(fault.code, ErrorCode::InputTooLarge);
    assert!(
        fault.message.contains("max_held_bytes"),
        "{}",
        fault.message
    );
}
