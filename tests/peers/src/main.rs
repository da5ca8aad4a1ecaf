//! Ours, a program by hand, VRL, jaq and jsonata-core on the same orders; ours and a program by hand on the same CSV
//! lines. One thread, CPU time, best of several rounds, interleaved. What each makes of a record is
//! compared field by field before anything is timed; cents that floats get wrong are counted.
//!
//! `cargo run --release [-- --json] [--records N] [--csv-only]`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program for the developer's terminal"
)]

#[path = "../../../platform/mapping/benches/mapping_vs_serde/by_hand.rs"]
mod by_hand;
mod compare;
mod csv_lines;
mod jaq;
mod jsonata;
#[path = "../../../platform/mapping/benches/mapping_vs_serde/records.rs"]
mod records;
mod remap;
mod timing;

use std::collections::BTreeMap;

use serde_json::json;
use tributary_mapping::{Environment, Row, Verdict, Worker, compile, parse};
use tributary_model::rows::{RowFormat, RowPosition};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DOCUMENT: &[u8] =
    include_bytes!("../../../platform/mapping/benches/mapping_vs_serde/order.json");

/// A worker of a document without tables and parameters.
pub(crate) fn worker(document: &[u8], format: &RowFormat) -> Worker {
    let document = parse(document).unwrap();
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    compile(&document, &environment)
        .unwrap()
        .worker(format)
        .unwrap()
}

/// One record through the plan; whether there is an output.
pub(crate) fn map(worker: &mut Worker, line: u64, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let row = Row {
        position: RowPosition { line, offset: 0 },
        bytes,
    };
    worker.map(&[row], out).verdict == Verdict::Mapped
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let as_json = arguments.iter().any(|argument| argument == "--json");
    let count = arguments
        .iter()
        .position(|argument| argument == "--records")
        .and_then(|place| arguments.get(place + 1))
        .map_or(300_000, |number| number.parse().unwrap());
    if arguments.iter().any(|argument| argument == "--csv-only") {
        print(&csv_lines::race(count), as_json);
        return;
    }
    let text = records::generate(count);
    let lines: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    let differences = compare::all(&lines[..lines.len().min(20_000)]);
    let mut results = timing::orders(&lines);
    results.push(csv_lines::race(count));
    for result in &results {
        print(result, as_json);
    }
    if !as_json {
        println!("{differences}");
    }
}

fn print(result: &timing::Race, as_json: bool) {
    let (ours, theirs) = (result.ours.round(), result.theirs.round());
    let ratio = result.ours / result.theirs;
    if as_json {
        println!("{}", json!({
            "name": result.name, "value": ours, "unit": "records/s", "baseline": theirs,
            "ratio": (ratio * 1000.0).round() / 1000.0,
        }));
    } else {
        println!(
            "{:<28} {ours:>10.0} records/s against {theirs:>10.0}: {ratio:.2} times",
            result.name
        );
    }
}
