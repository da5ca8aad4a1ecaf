//! Any bytes as rows of JSON. The first byte chooses between an order document with all kinds of fields
//! and one that groups; every line is a record, or all lines are the rows of one.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use tributary_mapping::{Plan, parse};
use tributary_mapping_fuzz::{map, plan, rows};
use tributary_model::rows::RowFormat;

static PLANS: LazyLock<[Arc<Plan>; 2]> = LazyLock::new(|| {
    [
        include_bytes!("../../benches/mapping_vs_serde/order.json").as_slice(),
        include_bytes!("../documents/groups.json").as_slice(),
    ]
    .map(|text| plan(&parse(text).expect("a document")).expect("a plan"))
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let grouped = choice & 1 == 1;
    let plan = &PLANS[usize::from(grouped)];
    let mut worker = plan.worker(&RowFormat::Ndjson).expect("a worker");
    let mut fresh = plan.worker(&RowFormat::Ndjson).expect("a worker");
    let rows = rows(bytes);
    if grouped {
        for row in &rows {
            let mut key = Vec::new();
            let _may_be_unreadable = worker.group_key(row, &mut key);
        }
        map(&mut worker, &mut fresh, &rows);
        return;
    }
    for row in rows {
        let mut fresh = plan.worker(&RowFormat::Ndjson).expect("a worker");
        map(&mut worker, &mut fresh, &[row]);
    }
});
