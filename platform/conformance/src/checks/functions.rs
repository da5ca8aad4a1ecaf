//! Functions for mappings: the cases' calls, each in two instances; then inputs that nobody promised.

use std::time::Instant;

use serde_json::{Value, json};
use tributary_model::external::{FunctionCalls, FunctionCode, FunctionFaultKind};

use super::{Finding, good, note};
use crate::case::{Case, FunctionCall};
use crate::report::Report;
use crate::stand::Stand;

type Answer = Result<Value, (FunctionFaultKind, String)>;

pub(super) async fn run(report: &mut Report, stand: &Stand, cases: &[(String, Case)]) {
    let functions = match stand.functions().await {
        Ok(functions) => functions,
        Err(problem) => {
            return note(report, "functions", "", Instant::now(), Err(problem.detail));
        }
    };
    for (name, case) in cases {
        let started = Instant::now();
        let found = examples(&functions, case);
        note(report, "functions", name, started, found);
    }
    let started = Instant::now();
    let names: Vec<&str> = functions
        .manifest()
        .functions
        .iter()
        .map(|function| function.name.as_str())
        .collect();
    let found = odd(&functions, &names, cases);
    note(report, "functions", "odd inputs", started, found);
}

fn ask(calls: &mut dyn FunctionCalls, function: &str, input: &Value) -> Answer {
    let mut out = Vec::new();
    match calls.call(function, input.to_string().as_bytes(), &mut out) {
        Ok(()) => serde_json::from_slice(&out).map_err(|error| {
            (
                FunctionFaultKind::Failed,
                format!("the answer is no JSON: {error}"),
            )
        }),
        Err(fault) => Err((fault.kind, fault.message)),
    }
}

fn examples(code: &dyn FunctionCode, case: &Case) -> Finding {
    if case.calls.is_empty() {
        return Err("the case has no calls".to_owned());
    }
    let (mut one, mut other) = (code.open(), code.open());
    for call in &case.calls {
        let answer = ask(one.as_mut(), &call.function, &call.input);
        let title = format!("{}({})", call.function, call.input);
        expected(call, &answer).map_err(|what| format!("{title} {what}"))?;
        // Later in the one instance, and first in another: neither may remember.
        let late = ask(one.as_mut(), &call.function, &call.input);
        let fresh = ask(other.as_mut(), &call.function, &call.input);
        other = code.open();
        if late != answer || fresh != answer {
            return Err(format!(
                "{title} answers something else when it is asked again"
            ));
        }
    }
    good(format!("{} calls, each three times", case.calls.len()))
}

fn expected(call: &FunctionCall, answer: &Answer) -> Result<(), String> {
    match (answer, &call.output, &call.refused) {
        (_, Some(_), Some(_)) | (_, None, None) => {
            Err("needs exactly one of `output` and `refused`".to_owned())
        }
        (Ok(value), Some(wanted), None) if value == wanted => Ok(()),
        (Ok(value), Some(wanted), None) => Err(format!("is {value}, not {wanted}")),
        (Err((FunctionFaultKind::Refused, said)), None, Some(part)) if said.contains(part) => {
            Ok(())
        }
        (Ok(value), None, Some(_)) => Err(format!("is {value}; it should be refused")),
        (Err((kind, said)), _, _) => Err(format!("fails ({kind:?}): {said}")),
    }
}

/// A value may be refused; the function itself may not fail.
fn odd(code: &dyn FunctionCode, names: &[&str], cases: &[(String, Case)]) -> Finding {
    let asked = |name: &str| {
        let mut calls = cases.iter().flat_map(|(_, case)| &case.calls);
        calls.any(|call| call.function == name)
    };
    if let Some(forgotten) = names.iter().find(|name| !asked(name)) {
        return Err(format!("no case calls {forgotten}"));
    }
    let long = "x".repeat(100_000);
    let inputs = [
        json!([null]),
        json!([""]),
        json!([long]),
        json!(["\u{0}\u{202e}\u{1f600}\u{fffd}"]),
        json!([1e308]),
        json!([-0.0]),
        json!([true]),
        json!([[], {}, null]),
        json!([{"a": {"b": [1, 2, 3]}}]),
        json!(["x", "x", "x", "x"]),
    ];
    for name in names {
        for input in &inputs {
            if let Err((FunctionFaultKind::Failed, said)) = ask(code.open().as_mut(), name, input) {
                let input: String = input.to_string().chars().take(60).collect();
                return Err(format!(
                    "{name}({input}) fails: {said}; refuse the value instead"
                ));
            }
        }
    }
    good(format!(
        "{} functions × {} inputs",
        names.len(),
        inputs.len()
    ))
}
