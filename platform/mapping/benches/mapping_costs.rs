//! What things cost: compiling a document with its type check, one more field, one call of every function.
//! CPU time of this thread, best of several rounds. The cost of a function is that of a mapping with many
//! calls of it less that of the same mapping without, on its first example.
//!
//! `cargo bench -p tributary-mapping --bench mapping_costs [-- --json]`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a program for the developer's terminal"
)]

#[path = "mapping_vs_serde/records.rs"]
mod records;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tributary_mapping::functions::signature::{Example, ExampleResult, Signature};
use tributary_mapping::functions::topics;
use tributary_mapping::schema::Schema;
use tributary_mapping::{Document, Environment, Kind, Row, Worker, check, compile, parse};
use tributary_model::rows::{RowFormat, RowPosition};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DOCUMENT: &[u8] = include_bytes!("mapping_vs_serde/order.json");
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_millis(30);
/// Calls of a function in one record.
const CALLS: usize = 16;

/// CPU seconds that `work` takes once, best of all rounds. A round lasts long enough for the system's
/// account of CPU time, which some keep in steps of milliseconds.
fn best(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut times = 0_u32;
    while start.elapsed() < ROUND {
        work();
        times += 1;
    }
    let mut once = || {
        let start = cpu_seconds();
        (0..times).for_each(|_| work());
        (cpu_seconds() - start) / f64::from(times)
    };
    (0..ROUNDS).map(|_| once()).fold(f64::MAX, f64::min)
}

fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split_whitespace().next().unwrap();
    nanoseconds.parse::<f64>().unwrap() / 1e9
}

/// Milliseconds to read the benchmark's document, to compile it, and to check it with the schemas of its
/// source and target (everything an editor shows).
fn compiling() -> (f64, f64, f64) {
    let text = records::generate(200);
    let samples: Vec<Value> = text
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let source = Schema::infer(&samples);
    let (mut worker, mut out) = (worker(&parse(DOCUMENT).unwrap()), Vec::new());
    for line in text.split(|byte| *byte == b'\n') {
        map(&mut worker, line, &mut out);
    }
    let made: Vec<Value> = out
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let target = Schema::infer(&made);
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let plain = Environment::new(&lookups, &params);
    let typed = Environment::new(&lookups, &params).with_schemas(Some(&source), Some(&target));
    let document = parse(DOCUMENT).unwrap();
    let reading = best(|| drop(black_box(parse(DOCUMENT))));
    let compiled = best(|| drop(black_box(compile(&document, &plain))));
    let checked = best(|| drop(black_box(check(&document, &typed))));
    (reading * 1000.0, compiled * 1000.0, checked * 1000.0)
}

fn worker(document: &Document) -> Worker {
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let plan = compile(document, &Environment::new(&lookups, &params));
    let plan = plan.unwrap_or_else(|diagnostics| panic!("{diagnostics:?}"));
    // 2026-03-05T12:00:00Z
    plan.worker(&RowFormat::Ndjson)
        .unwrap()
        .started_at(1_772_712_000_000)
}

fn map(worker: &mut Worker, bytes: &[u8], out: &mut Vec<u8>) {
    let row = Row {
        position: RowPosition::default(),
        bytes,
    };
    black_box(worker.map(&[row], out).verdict);
}

/// Seconds that one record takes.
fn record_seconds(document: Value, record: &str) -> f64 {
    let mut worker = worker(&serde_json::from_value(document).unwrap());
    let mut out = Vec::new();
    let seconds = best(|| {
        out.clear();
        map(&mut worker, record.as_bytes(), &mut out);
    });
    assert!(!out.is_empty(), "the record was not mapped");
    seconds
}

/// Nanoseconds of one more field: read, copied and written.
fn field() -> f64 {
    let seconds = |count: usize| {
        let members: Vec<String> = (0..count)
            .map(|number| format!(r#""field_{number:03}":"text of field {number:03}""#))
            .collect();
        let fields: Vec<Value> = (0..count)
            .map(|number| {
                let name = format!("field_{number:03}");
                json!({"id": name, "to": name, "type": "string", "from": format!("$.{name}")})
            })
            .collect();
        let document = json!({"version": 1, "name": "fields",
            "source": {"format": "json", "key": ["$.field_000"]}, "fields": fields});
        record_seconds(document, &format!("{{{}}}", members.join(",")))
    };
    (seconds(110) - seconds(10)) / 100.0 * 1e9
}

/// JSON has no dates: a function over dates gets what such a text says.
fn reading(signature: &Signature, input: &str) -> Vec<Value> {
    let is_iso = input.as_bytes().get(5) == Some(&b'-');
    match (signature.input, input.len()) {
        (Kind::Date, 12) if is_iso => vec![json!({"fn": "date_parse", "formats": ["yyyy-MM-dd"]})],
        (Kind::DateTime, 20..) if is_iso => {
            vec![json!({"fn": "datetime_parse", "formats": ["rfc3339"]})]
        }
        _ => Vec::new(),
    }
}

/// Nanoseconds of one call of a function on an example.
fn function(signature: &Signature, example: &Example) -> f64 {
    let document = |steps: &[Value]| {
        let fields: Vec<Value> = (0..CALLS)
            .map(|number| {
                let id = format!("f{number}");
                json!({"id": id, "to": id, "type": "json", "from": "$.in", "do": steps})
            })
            .collect();
        json!({"version": 1, "name": "calls", "source": {"format": "json", "key": ["$.key"]},
            "lookups": {"example": {"inline": {"RE": "sale"}},
                "bands": {"inline": {"0": "small", "99.5": "large"}}},
            "fields": fields})
    };
    let record = format!(r#"{{"key":1,"in":{}}}"#, example.input);
    let mut steps = reading(signature, example.input);
    let without = record_seconds(document(&steps), &record);
    let mut step: Map<String, Value> = serde_json::from_str(example.arguments).unwrap();
    step.insert("fn".to_owned(), json!(signature.name));
    steps.push(Value::Object(step));
    let with = record_seconds(document(&steps), &record);
    ((with - without) / CALLS as f64 * 1e9).max(0.0)
}

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let tell = |name: &str, value: f64, unit: &str| {
        if json {
            println!(
                "{}",
                json!({"name": name, "value": (value * 1000.0).round() / 1000.0, "unit": unit})
            );
        } else {
            println!("{name:<34} {value:>9.3} {unit}");
        }
    };
    let (read, compiled, checked) = compiling();
    tell("document_read", read, "ms");
    tell("document_compile", compiled, "ms");
    tell("document_check_with_schemas", checked, "ms");
    tell("field", field(), "ns");
    let mut all = Vec::new();
    for (topic, signatures) in topics() {
        for signature in signatures {
            if signature.name == "external" {
                // what it costs is what the component does
                continue;
            }
            let gives = |example: &&Example| {
                matches!(example.result, ExampleResult::Gives(_)) && example.input != "null"
            };
            let Some(example) = signature.examples.iter().find(gives) else {
                continue;
            };
            let cost = function(signature, example);
            all.push(cost);
            tell(&format!("function/{topic}/{}", signature.name), cost, "ns");
        }
    }
    all.sort_by(f64::total_cmp);
    tell(
        "function_median",
        all.get(all.len() / 2).copied().unwrap_or(0.0),
        "ns",
    );
    tell("function_most", all.last().copied().unwrap_or(0.0), "ns");
}
