//! The compiled mapping against a program written by hand for the same task: serde structs, fixed-point
//! numbers, bytes out. Both run interleaved on the same records in memory, on one core; the outputs must be
//! the same byte for byte.
//!
//! `cargo bench -p tributary-mapping --bench mapping_vs_serde [-- --json] [--records N]`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a program for the developer's terminal"
)]

mod by_hand;
mod records;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use tributary_mapping::{Environment, Row, Verdict, Worker, compile, parse};
use tributary_model::rows::{RowFormat, RowPosition};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rounds of each program; the best counts, which is the one that was disturbed least.
const ROUNDS: usize = 15;

/// Output of one program over all records.
#[derive(Default)]
struct Done {
    bytes: Vec<u8>,
    mapped: u64,
    rejected: u64,
}

fn plan_worker() -> Worker {
    let document = parse(include_bytes!("order.json")).unwrap_or_else(|d| panic!("{d:?}"));
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    let plan = compile(&document, &environment).unwrap_or_else(|d| panic!("{d:?}"));
    plan.worker(&RowFormat::Ndjson).unwrap()
}

fn by_plan(worker: &mut Worker, lines: &[&[u8]], done: &mut Done) {
    for (line, bytes) in (1..).zip(lines) {
        let row = Row {
            position: RowPosition { line, offset: 0 },
            bytes,
        };
        let outcome = worker.map(&[row], &mut done.bytes);
        match outcome.verdict {
            Verdict::Mapped => done.mapped += 1,
            _ => done.rejected += u64::from(!black_box(outcome.issues).is_empty()),
        }
    }
}

fn by_hand(lines: &[&[u8]], done: &mut Done) {
    let tables = by_hand::Tables::new();
    let mut buffers = by_hand::Buffers::default();
    for bytes in lines {
        let start = done.bytes.len();
        match by_hand::map(bytes, &tables, &mut buffers, &mut done.bytes) {
            Ok(()) => {
                done.bytes.push(b'\n');
                done.mapped += 1;
            }
            Err(errors) => {
                done.bytes.truncate(start);
                done.rejected += u64::from(!black_box(errors).is_empty());
            }
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let count = arguments
        .iter()
        .position(|argument| argument == "--records")
        .and_then(|place| arguments.get(place + 1))
        .map_or(300_000, |number| number.parse().unwrap());
    let text = records::generate(count);
    let lines: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    let mut worker = plan_worker();
    let (mut best_plan, mut best_hand) = (f64::MAX, f64::MAX);
    let (mut plan, mut hand) = (Done::default(), Done::default());
    if arguments.iter().any(|argument| argument == "--profile") {
        // for a profiler: the plan alone, often
        for _ in 0..ROUNDS * 4 {
            timed(&mut plan, |done| by_plan(&mut worker, &lines, done));
        }
        return;
    }
    for _ in 0..ROUNDS {
        best_plan = best_plan.min(timed(&mut plan, |done| by_plan(&mut worker, &lines, done)));
        best_hand = best_hand.min(timed(&mut hand, |done| by_hand(&lines, done)));
    }
    compare(&plan, &hand);
    let rate = |seconds: f64| lines.len() as f64 / seconds;
    let (value, baseline) = (rate(best_plan), rate(best_hand));
    if json {
        let line = serde_json::json!({
            "name": "mapping_vs_serde", "value": value.round(), "unit": "records/s",
            "baseline": baseline.round(), "ratio": (value / baseline * 1000.0).round() / 1000.0,
        });
        println!("{line}");
        return;
    }
    let megabytes = text.len() as f64 / 1e6;
    println!(
        "{} records, {megabytes:.0} MB, {} mapped, {} rejected",
        lines.len(),
        plan.mapped,
        plan.rejected
    );
    println!(
        "plan     {value:>10.0} records/s  {:>6.0} MB/s",
        megabytes / best_plan
    );
    println!(
        "by hand  {baseline:>10.0} records/s  {:>6.0} MB/s",
        megabytes / best_hand
    );
    println!("ratio    {:.3}", value / baseline);
}

fn timed(done: &mut Done, work: impl FnOnce(&mut Done)) -> f64 {
    done.bytes.clear();
    *done = Done {
        bytes: std::mem::take(&mut done.bytes),
        ..Done::default()
    };
    let (start, wall) = (cpu_seconds(), Instant::now());
    work(done);
    match (start, cpu_seconds()) {
        (Some(start), Some(end)) => end - start,
        _ => wall.elapsed().as_secs_f64(),
    }
}

/// CPU time of this thread, where the system tells it: other programs on the machine do not count.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

fn compare(plan: &Done, hand: &Done) {
    let pairs = plan
        .bytes
        .split(|b| *b == b'\n')
        .zip(hand.bytes.split(|b| *b == b'\n'));
    for (left, right) in pairs {
        let (left, right) = (
            String::from_utf8_lossy(left),
            String::from_utf8_lossy(right),
        );
        assert_eq!(left, right, "the two programs differ");
    }
    assert_eq!(
        (plan.mapped, plan.rejected),
        (hand.mapped, hand.rejected),
        "mapped and rejected"
    );
    assert_eq!(plan.bytes, hand.bytes, "outputs");
    assert!(plan.rejected > 0, "the generator made no bad records");
}
