//! CSV order lines to groups, as a run makes them, beside what a programmer would write with the csv crate
//! and a hash map. Lines are made page by page outside the clock, so that memory is that of the work.
//! `adjacent`: an order's lines stand together; `any`: they are spread over a thousand orders, and what
//! does not fit is set aside in a file (unsealed here; runs seal it).
//!
//! `cargo bench -p tributary-engine --bench grouping [-- --json] [--lines N]`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a program for the developer's terminal"
)]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::time::Instant;

use tributary_engine::adjacent::OpenGroup;
use tributary_engine::group::{Grouper, Spill, SpillDamaged, bucket_groups, buckets_for};
use tributary_formats::rows::RowReader;
use tributary_mapping::{Environment, Row, Worker, compile, parse};
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lines of a page.
const PAGE_LINES: u64 = 6000;
/// Orders whose lines are mixed.
const MIXED: u64 = 1000;
/// Lines of an order.
const ORDER_LINES: u64 = 3;
/// Bytes of rows that are held, as in a run.
const HELD_BYTES: usize = 24 << 20;

const DOCUMENT: &[u8] = br#"{
  "version": 1, "name": "order-lines",
  "source": { "format": "csv", "locale": "de-DE", "key": ["$.order"] },
  "rows": [{ "id": "orders", "op": "group", "as": "order", "by": ["$.order"], "input": "any", "members": "lines" }],
  "fields": [
    { "id": "code", "to": "code", "type": "string", "from": "$.order", "required": true },
    { "id": "lines", "to": "lines", "each": "order.lines", "as": "line", "fields": [
      { "id": "quantity", "to": "quantity", "type": "decimal(12,3)", "from": "$.quantity", "do": [{ "fn": "to_decimal" }] }] }
  ]
}"#;

const COLUMNS: [&str; 12] = [
    "order", "line", "date", "customer", "sku", "text", "unit", "quantity", "price", "plant",
    "batch", "status",
];

/// Lines one page after the other, the same every time.
struct Lines {
    mixed: bool,
    next: u64,
    total: u64,
    page: String,
}

impl Lines {
    fn new(total: u64, mixed: bool) -> Self {
        Self {
            mixed,
            next: 0,
            total,
            page: String::new(),
        }
    }

    /// The next page and the number of its first line.
    fn page(&mut self) -> Option<(u64, &str)> {
        let first = self.next;
        if first >= self.total {
            return None;
        }
        self.page.clear();
        while self.next < self.total.min(first + PAGE_LINES) {
            let number = self.next;
            let order = if self.mixed {
                number / (MIXED * ORDER_LINES) * MIXED + number % MIXED
            } else {
                number / ORDER_LINES
            };
            let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            writeln!(
                self.page,
                "SO-{order:08};{:02};{:02}.{:02}.2026;C{:05};SKU-{:06};Steel bolt M8x40, zinc plated, box of 100;ST;{},{:03};{},{:04};W{};B{:05};A",
                number % ORDER_LINES * 10,
                1 + scattered % 28,
                1 + scattered % 12,
                scattered % 99_999,
                scattered % 999_983,
                1 + scattered % 500,
                scattered % 1000,
                scattered % 2000,
                scattered % 10_000,
                scattered % 9,
                scattered % 99_991,
            )
            .unwrap();
            self.next += 1;
        }
        Some((first, &self.page))
    }
}

/// What a program did.
#[derive(Debug, Default, PartialEq)]
struct Done {
    seconds: f64,
    groups: u64,
    lines: u64,
}

impl Done {
    fn timed<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let (start, wall) = (cpu_seconds(), Instant::now());
        let made = work(self);
        self.seconds += match (start, cpu_seconds()) {
            (Some(start), Some(end)) => end - start,
            _ => wall.elapsed().as_secs_f64(),
        };
        made
    }

    fn group(&mut self, lines: usize) {
        self.groups += 1;
        self.lines += lines as u64;
    }
}

/// CPU time of this thread, where the system tells it: other programs on the machine do not count.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// Most memory that this process has had, MiB.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.map_or(0.0, |kib| kib.trim().parse::<f64>().unwrap_or(0.0) / 1024.0)
}

fn format() -> RowFormat {
    RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote: Some('"'),
        encoding: "utf-8".to_owned(),
        columns: COLUMNS.map(str::to_owned).into(),
    })
}

fn worker() -> Worker {
    let document = parse(DOCUMENT).unwrap_or_else(|d| panic!("{d:?}"));
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let plan = compile(&document, &Environment::new(&lookups, &params));
    let plan = plan.unwrap_or_else(|d| panic!("{d:?}"));
    plan.worker(&format()).unwrap()
}

/// Every row with its key.
fn keyed(
    worker: &mut Worker,
    format: &RowFormat,
    line: u64,
    page: &str,
    mut each: impl FnMut(&[u8], RowPosition, &[u8]),
) {
    let mut key = Vec::new();
    let mut reader = RowReader::new(format, RowPosition { line, offset: 0 }, page.as_bytes());
    while let Some(item) = reader.next() {
        let row = Row {
            position: item.position,
            bytes: &item.text,
        };
        key.clear();
        worker.group_key(&row, &mut key).unwrap();
        each(&key, item.position, item.raw);
    }
}

fn adjacent(total: u64) -> Done {
    let (mut worker, format, mut done) = (worker(), format(), Done::default());
    let (mut lines, mut open) = (Lines::new(total, false), OpenGroup::default());
    while let Some((line, page)) = lines.page() {
        done.timed(|done| {
            keyed(&mut worker, &format, line, page, |key, position, raw| {
                if !open.takes(key) {
                    done.group(open.rows().len());
                    open.clear();
                }
                open.push(key, position, raw);
            });
        });
    }
    done.timed(|done| done.group(open.rows().len()));
    done
}

/// Chunks that have left memory.
struct Aside {
    file: File,
    end: u64,
    chunks: Vec<(u16, u64, usize)>,
}

impl Aside {
    fn keep(&mut self, spill: &Spill) {
        self.file.write_all(&spill.bytes).unwrap();
        self.chunks
            .push((spill.bucket, self.end, spill.bytes.len()));
        self.end += spill.bytes.len() as u64;
    }

    fn chunks(&mut self, bucket: u16) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for (_, start, length) in self.chunks.iter().filter(|chunk| chunk.0 == bucket) {
            let mut bytes = vec![0; *length];
            self.file.seek(SeekFrom::Start(*start)).unwrap();
            self.file.read_exact(&mut bytes).unwrap();
            found.push(bytes);
        }
        found
    }
}

fn any(total: u64) -> Done {
    let (mut worker, format, mut done) = (worker(), format(), Done::default());
    let mut lines = Lines::new(total, true);
    let mut grouper = Grouper::new(buckets_for(total * 132), HELD_BYTES);
    let mut aside = Aside {
        file: tempfile::tempfile().unwrap(),
        end: 0,
        chunks: Vec::new(),
    };
    while let Some((line, page)) = lines.page() {
        done.timed(|_| {
            keyed(&mut worker, &format, line, page, |key, position, raw| {
                if let Some(spill) = grouper.push(key, position, raw) {
                    aside.keep(&spill);
                }
            });
        });
    }
    done.timed(|done| {
        for (rest, bucket) in grouper.finish().into_iter().zip(0_u16..) {
            let mut chunks = aside.chunks(bucket);
            chunks.push(rest);
            bucket_groups::<SpillDamaged>(&chunks, |rows| {
                done.group(rows.len());
                Ok(())
            })
            .unwrap();
        }
    });
    done
}

/// The csv crate and a hash map of records; holds everything.
fn by_hand(total: u64, mixed: bool) -> Done {
    let (mut lines, mut done) = (Lines::new(total, mixed), Done::default());
    let mut groups: HashMap<String, Vec<csv::StringRecord>> = HashMap::new();
    let mut open: Option<(String, Vec<csv::StringRecord>)> = None;
    while let Some((_, page)) = lines.page() {
        done.timed(|done| {
            let mut reader = csv::ReaderBuilder::new()
                .delimiter(b';')
                .has_headers(false)
                .from_reader(page.as_bytes());
            for record in reader.records() {
                let record = record.unwrap();
                let key = record.get(0).unwrap().to_owned();
                if mixed {
                    groups.entry(key).or_default().push(record);
                    continue;
                }
                match &mut open {
                    Some((same, records)) if *same == key => records.push(record),
                    _ => {
                        if let Some((_, records)) = open.replace((key, vec![record])) {
                            done.group(records.len());
                        }
                    }
                }
            }
        });
    }
    done.timed(|done| {
        for records in groups
            .values()
            .chain(open.iter().map(|(_, records)| records))
        {
            done.group(records.len());
        }
    });
    done
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let total = arguments
        .iter()
        .position(|argument| argument == "--lines")
        .and_then(|place| arguments.get(place + 1))
        .map_or(3_000_000, |number| number.parse().unwrap());
    let mut best: [Done; 4] = Default::default();
    let keep = |best: &mut Done, done: Done| {
        if best.lines == 0 || done.seconds < best.seconds {
            *best = done;
        }
    };
    for _ in 0..3 {
        keep(&mut best[0], adjacent(total));
        keep(&mut best[1], any(total));
    }
    // the other programs hold more: the peak is ours until here
    let peak = peak_mib();
    for _ in 0..3 {
        keep(&mut best[2], by_hand(total / 3, false));
        keep(&mut best[3], by_hand(total / 3, true));
    }
    let [adjacent, any, hand_adjacent, hand_any] = best;
    assert!(adjacent.lines == total && any.lines == total && adjacent.groups == any.groups);
    for (name, ours, theirs) in [
        ("group_adjacent", adjacent, hand_adjacent),
        ("group_any_order", any, hand_any),
    ] {
        let rate = |done: &Done| done.lines as f64 / done.seconds;
        let (value, baseline) = (rate(&ours), rate(&theirs));
        let ratio = value / baseline;
        if json {
            println!(
                "{}",
                serde_json::json!({
                    "name": name, "value": value.round(), "unit": "lines/s", "baseline": baseline.round(),
                    "ratio": (ratio * 1000.0).round() / 1000.0, "peak_rss_mib": peak.round(),
                })
            );
        } else {
            println!(
                "{name:<16} {value:>10.0} lines/s against {baseline:>10.0} by hand: {ratio:.2} times; peak of both {peak:.0} MiB"
            );
        }
    }
}
