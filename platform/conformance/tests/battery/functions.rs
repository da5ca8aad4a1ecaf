//! Functions that go astray.

use serde_json::{Value, json};

use crate::astray::{assert_fails, case, component, failures};

fn functions(name: &str) -> Vec<u8> {
    let manifest = json!({
        "manifest_version": 1, "name": "astray", "version": "1.0.0", "title": "Astray", "publisher": "tests",
        "contract": "tributary:connector@0.1.0", "roles": ["mapping_function"], "capabilities": [],
        "functions": [{"name": name, "takes": "text", "gives": "text"}],
    });
    component("functions", &manifest)
}

fn failed(name: &str, call: &Value) -> Vec<(&'static str, String)> {
    let document = json!({"case_version": 1, "calls": [call]});
    failures(&functions(name), case(document)).1
}

#[test]
fn functions_without_a_fault_pass_and_every_fault_is_found() {
    let good = json!({"function": "good", "input": ["a"], "output": "A"});
    assert!(
        failed("good", &good).is_empty(),
        "{:?}",
        failed("good", &good)
    );
    let other = json!({"function": "good", "input": ["a"], "output": "B"});
    assert_fails(
        "other",
        &failed("good", &other),
        "functions",
        "is \"A\", not \"B\"",
    );
    let refused = json!({"function": "good", "input": ["a"], "refused": "no"});
    assert_fails(
        "refused",
        &failed("good", &refused),
        "functions",
        "should be refused",
    );
    let remembers = json!({"function": "remembers", "input": ["a"], "output": "a0"});
    let found = failed("remembers", &remembers);
    assert_fails(
        "remembers",
        &found,
        "functions",
        "something else when it is asked again",
    );
    let fails = json!({"function": "fails", "input": ["a"], "output": "a"});
    assert_fails(
        "fails",
        &failed("fails", &fails),
        "functions",
        "refuse the value instead",
    );
}
