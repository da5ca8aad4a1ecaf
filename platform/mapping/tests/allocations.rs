//! A good record allocates nothing once the worker's buffers have grown, with calls of functions of code
//! on our side too. A counting allocator holds it.
#![expect(unsafe_code, reason = "an allocator cannot be written without it")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use tributary_mapping::{Document, Environment, Row, Verdict, compile, parse};
use tributary_model::external::{
    FunctionCalls, FunctionCode, FunctionComponent, FunctionFault, FunctionSpec, ValueType,
};
use tributary_model::rows::{RowFormat, RowPosition};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `rounds` records allocate, after ten that may.
fn allocations(document: &Document, text: &[u8], rounds: usize) -> u64 {
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let components = BTreeMap::from([("codes@1".to_owned(), component())]);
    let environment = Environment::new(&lookups, &params).with_components(Some(&components));
    let plan = compile(document, &environment).unwrap();
    let mut worker = plan.worker(&RowFormat::Ndjson).unwrap();
    let row = Row {
        position: RowPosition { line: 1, offset: 0 },
        bytes: text,
    };
    let mut out = Vec::with_capacity(64 * 1024);
    let mut count_of = |rounds: usize| {
        let before = COUNT.get();
        for _ in 0..rounds {
            out.clear();
            let outcome = worker.map(&[row], &mut out);
            assert_eq!(outcome.verdict, Verdict::Mapped, "{:?}", outcome.issues);
        }
        COUNT.get() - before
    };
    count_of(10);
    count_of(rounds)
}

/// Answers a text without allocating: what is counted is ours.
#[derive(Debug)]
struct Constant;

impl FunctionCode for Constant {
    fn open(&self) -> Box<dyn FunctionCalls> {
        Box::new(Self)
    }
}

impl FunctionCalls for Constant {
    fn call(&mut self, _: &str, input: &[u8], out: &mut Vec<u8>) -> Result<(), FunctionFault> {
        assert_eq!(input, b"[\"\\\"1\\\"\",2.5,\"DE\"]");
        out.extend_from_slice(b"\"an \\u0061nswer\"");
        Ok(())
    }
}

fn component() -> FunctionComponent {
    FunctionComponent {
        digest: "sha256:00".to_owned(),
        functions: vec![FunctionSpec {
            name: "f".to_owned(),
            takes: ValueType::Text,
            gives: ValueType::Text,
            summary: String::new(),
        }],
        code: Some(Arc::new(Constant)),
    }
}

#[test]
fn a_call_of_a_function_of_code_allocates_nothing_on_our_side() {
    let document = parse(
        br#"{ "version": 1, "name": "x", "source": { "format": "json", "key": ["$.id"] },
        "external": { "f": { "component": "codes@1", "function": "f", "takes": "text", "gives": "text" } },
        "fields": [{ "id": "a", "to": "a", "type": "string", "from": "$.a", "do": [{ "fn": "trim" },
            { "fn": "external", "name": "f", "with": [{ "from": "$.n" }, "DE"] }] }] }"#,
    )
    .unwrap();
    let text = br#"{"id":1,"a":" \"1\" ","n":2.50}"#;
    assert_eq!(allocations(&document, text, 1000), 0);
}

#[test]
fn a_good_record_allocates_nothing() {
    let document = parse(include_bytes!("../benches/mapping_vs_serde/order.json")).unwrap();
    let text = br#"{"order_id":" SO-1","doc_type":"OR","order_date":"03/07/2026","currency":"usd",
        "customer":{"id":"77","name":"A \"B\" \u00e4","class":"W","email":" X@Y.Z","vat_id":"DE1"},
        "ship_to":{"address":{"street":"1 Main","city":" Ulm","state":"by","zip":"1","country":"DEU"}},
        "lines":[{"line_no":10,"sku":"S","unit":"PC","quantity":3,"unit_price":"19.99","discount":5},
                 {"line_no":20,"sku":"T","unit":"KG","quantity":1,"unit_price":"1,000.5","discount":null}],"freight":"1.00"}"#;
    assert_eq!(allocations(&document, text, 1000), 0);
}
