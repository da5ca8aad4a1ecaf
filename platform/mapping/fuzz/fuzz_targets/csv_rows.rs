//! Any bytes as rows of CSV: every line is a row, all of them are one group.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use tributary_mapping::{Plan, parse};
use tributary_mapping_fuzz::{csv, map, plan, rows};

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let text = include_bytes!("../documents/csv.json");
    plan(&parse(text).expect("a document")).expect("a plan")
});

fuzz_target!(|bytes: &[u8]| {
    let format = csv(&["order", "line", "day", "quantity", "price", "text"]);
    let mut worker = PLAN.worker(&format).expect("a worker");
    let mut fresh = PLAN.worker(&format).expect("a worker");
    let rows = rows(bytes);
    for row in &rows {
        let mut key = Vec::new();
        let _may_be_unreadable = worker.group_key(row, &mut key);
    }
    map(&mut worker, &mut fresh, &rows);
});
