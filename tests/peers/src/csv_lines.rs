//! CSV order lines to JSON documents: the plan without building JSON first, against the csv crate with a
//! serde struct and a program by hand.

use std::fmt::Write as _;
use std::hint::black_box;

use serde::Deserialize;
use tributary_model::rows::{CsvFormat, RowFormat};

use crate::timing::{Race, seconds};
use crate::{map, worker};

const ROUNDS: usize = 9;

const DOCUMENT: &[u8] = br#"{
  "version": 1, "name": "csv-lines",
  "source": { "format": "csv", "locale": "de-DE", "key": ["$.order", "$.line"] },
  "lookups": { "unit": { "inline": { "ST": "EA", "KG": "KGM", "M": "MTR" } } },
  "fields": [
    { "id": "order", "to": "order", "type": "string", "from": "$.order", "required": true },
    { "id": "line", "to": "line", "type": "int", "from": "$.line", "do": [{ "fn": "to_int" }], "required": true },
    { "id": "date", "to": "date", "type": "date", "from": "$.date", "do": [{ "fn": "date_parse", "formats": ["dd.MM.yyyy"] }], "required": true },
    { "id": "customer", "to": "customer", "type": "string", "from": "$.customer", "do": [{ "fn": "pad_left", "length": 10, "with": "0" }] },
    { "id": "sku", "to": "sku", "type": "string", "from": "$.sku", "required": true },
    { "id": "text", "to": "text", "type": "string(60)", "from": "$.text" },
    { "id": "unit", "to": "unit", "type": "string", "from": "$.unit", "do": [{ "fn": "lookup", "table": "unit" }] },
    { "id": "quantity", "to": "quantity", "type": "decimal(12,3)", "from": "$.quantity", "do": [{ "fn": "to_decimal" }], "required": true },
    { "id": "price", "to": "price", "type": "decimal(12,4)", "from": "$.price", "do": [{ "fn": "to_decimal" }], "required": true },
    { "id": "amount", "to": "amount", "type": "decimal(14,2)", "formula": "round(quantity * price, 2)" }
  ]
}"#;

const COLUMNS: [&str; 12] = [
    "order", "line", "date", "customer", "sku", "text", "unit", "quantity", "price", "plant", "batch", "status",
];

#[derive(Deserialize)]
struct Line<'a> {
    order: &'a str,
    line: &'a str,
    date: &'a str,
    customer: &'a str,
    sku: &'a str,
    text: &'a str,
    unit: &'a str,
    quantity: &'a str,
    price: &'a str,
}

/// Runs both programs over `count` lines; their outputs must be the same.
pub(crate) fn race(count: usize) -> Race {
    let text = generate(count);
    let rows: Vec<&[u8]> = text
        .as_bytes()
        .split(|byte| *byte == b'\n')
        .skip(1)
        .filter(|line| !line.is_empty())
        .collect();
    let format = RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote: Some('"'),
        encoding: "utf-8".to_owned(),
        columns: COLUMNS.map(str::to_owned).into(),
    });
    let mut worker = worker(DOCUMENT, &format);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut best = [f64::MAX; 2];
    for _ in 0..ROUNDS {
        ours.clear();
        best[0] = best[0].min(seconds(|| {
            // finding the rows is part of the work, as it is for the other program
            let bytes = text.as_bytes();
            let mut ends = memchr::memchr_iter(b'\n', bytes);
            let mut start = ends.next().unwrap() + 1;
            for (number, end) in (1..).zip(ends) {
                black_box(map(&mut worker, number, &bytes[start..end], &mut ours));
                start = end + 1;
            }
        }));
        theirs.clear();
        best[1] = best[1].min(seconds(|| by_hand(text.as_bytes(), &mut theirs)));
    }
    assert!(ours == theirs, "the two CSV programs differ");
    Race {
        name: "mapping_csv_vs_hand_written",
        ours: rows.len() as f64 / best[0],
        theirs: rows.len() as f64 / best[1],
    }
}

fn by_hand(text: &[u8], out: &mut Vec<u8>) {
    let units = std::collections::HashMap::from([("ST", "EA"), ("KG", "KGM"), ("M", "MTR")]);
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(text);
    let headers = reader.headers().unwrap().clone();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).unwrap() {
        let line: Line<'_> = record.deserialize(Some(&headers)).unwrap();
        write_line(&line, &units, out);
    }
}

fn write_line(
    line: &Line<'_>,
    units: &std::collections::HashMap<&'static str, &'static str>,
    out: &mut Vec<u8>,
) {
    use std::io::Write as _;
    out.extend_from_slice(b"{\"order\":");
    serde_json::to_writer(&mut *out, line.order).unwrap();
    write!(out, ",\"line\":{}", line.line.parse::<u64>().unwrap()).unwrap();
    let (day, rest) = line.date.split_once('.').unwrap();
    let (month, year) = rest.split_once('.').unwrap();
    let (d, m, y): (u32, u32, u32) =
        (day.parse().unwrap(), month.parse().unwrap(), year.parse().unwrap());
    assert!((1..=12).contains(&m) && (1..=days(y, m)).contains(&d));
    write!(out, ",\"date\":\"{y:04}-{m:02}-{d:02}\",\"customer\":\"").unwrap();
    out.extend(std::iter::repeat_n(b'0', 10_usize.saturating_sub(line.customer.len())));
    out.extend_from_slice(line.customer.as_bytes());
    out.extend_from_slice(b"\",\"sku\":");
    serde_json::to_writer(&mut *out, line.sku).unwrap();
    assert!(line.text.chars().count() <= 60);
    out.extend_from_slice(b",\"text\":");
    serde_json::to_writer(&mut *out, line.text).unwrap();
    out.extend_from_slice(b",\"unit\":");
    serde_json::to_writer(&mut *out, units.get(line.unit).unwrap()).unwrap();
    let (quantity, price) = (fixed(line.quantity, 3), fixed(line.price, 4));
    // seven decimals to two, half up
    let amount = (quantity * price + 50_000) / 100_000;
    write!(out, ",\"quantity\":{}.{:03}", quantity / 1000, quantity % 1000).unwrap();
    write!(out, ",\"price\":{}.{:04}", price / 10_000, price % 10_000).unwrap();
    writeln!(out, ",\"amount\":{}.{:02}}}", amount / 100, amount % 100).unwrap();
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// A German number as an integer of `scale` decimals.
fn fixed(text: &str, scale: usize) -> i64 {
    let (whole, fraction) = text.split_once(',').unwrap_or((text, ""));
    let mut number = 0_i64;
    for byte in whole.bytes().filter(|byte| *byte != b'.').chain(fraction.bytes()) {
        assert!(byte.is_ascii_digit());
        number = number * 10 + i64::from(byte - b'0');
    }
    assert!(fraction.len() <= scale);
    number * 10_i64.pow((scale - fraction.len()) as u32)
}

fn generate(count: usize) -> String {
    let mut text = COLUMNS.join(";") + "\n";
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % limit
    };
    for number in 0..count {
        writeln!(
            text,
            "SO-{:08};{};{:02}.{:02}.2026;{};SKU-{:06};Steel bolt M8x40 zinc plated;{};{},{:03};{},{:04};W{};B{};A",
            number / 3,
            (number % 3 + 1) * 10,
            1 + below(28),
            1 + below(12),
            below(99_999),
            below(1_000_000),
            ["ST", "KG", "M"][below(3) as usize],
            1 + below(500),
            below(1000),
            below(2000),
            below(10_000),
            below(9),
            below(99_999),
        )
        .unwrap();
    }
    text
}
