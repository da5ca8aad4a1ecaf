//! Functions of code for mappings: the example component as it is shipped, and components as text that
//! mean harm or are clumsy. A bad call is a fault of that call; the next one is answered.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tributary_host::{Functions, Host};
use tributary_model::error_code::ErrorCode;
use tributary_model::external::{FunctionCalls, FunctionCode, FunctionFault, FunctionFaultKind};

use crate::encoded::{encoded, with_manifest};
use crate::support::{component, host};

fn manifest() -> Value {
    json!({
        "manifest_version": 1, "name": "text", "version": "0.0.1", "title": "x", "publisher": "x",
        "contract": "tributary:connector@0.1.0", "roles": ["mapping_function"], "capabilities": [],
        "functions": [{"name": "f", "takes": "text", "gives": "number"}],
        "limits": {"memory_mib": 16, "call_cpu_ms": 20},
    })
}

/// A component whose `call` does `body` first and then answers how often it was called since the
/// instance began. The length of the input is local 3.
fn counting(items: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (memory (export "memory") 1)
            {items}
            (global $top (mut i32) (i32.const 4096))
            (global $calls (mut i32) (i32.const 0))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (global.get $top))
                (global.set $top (i32.and (i32.const -16)
                    (i32.add (i32.const 31) (i32.add (global.get $top) (local.get 3)))))
                (local.get $at))
            (func $call (export "tributary:connector/functions@0.1.0#call")
                (param i32 i32 i32 i32) (result i32)
                (global.set $calls (i32.add (i32.const 1) (global.get $calls)))
                {body}
                (i32.store8 (i32.const 128) (i32.add (i32.const 48) (global.get $calls)))
                (i32.store8 (i32.const 64) (i32.const 0))
                (i32.store (i32.const 68) (i32.const 128))
                (i32.store (i32.const 72) (i32.const 1))
                (i32.const 64))
        )"#
    );
    encoded(wat::parse_str(&text).unwrap(), "mapping-function", true)
}

async fn open(items: &str, body: &str) -> (Host, Box<dyn FunctionCalls>) {
    let host = host(&[]);
    let functions = host
        .functions(&with_manifest(counting(items, body), &manifest()))
        .await;
    (host, functions.unwrap().open())
}

fn ask(
    calls: &mut dyn FunctionCalls,
    function: &str,
    input: &str,
) -> Result<String, FunctionFault> {
    let mut out = Vec::new();
    calls.call(function, input.as_bytes(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

/// A long input.
const LONG: &str = r#"["0123456789"]"#;
/// Does something for a long input only.
fn if_long(body: &str) -> String {
    format!("(if (i32.gt_u (local.get 3) (i32.const 8)) (then {body}))")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_component_answers_and_refuses() {
    let host = host(&[]);
    let functions: Functions = host.functions(&component("tax-ids")).await.unwrap();
    assert_eq!(functions.reference(), "tax-ids@0.1.0");
    assert!(functions.component().digest.starts_with("sha256:"));
    let mut calls = functions.open();
    let calls = calls.as_mut();
    let answers = [
        ("mx_rfc", r#"["gode 561231 gr8"]"#, r#""GODE561231GR8""#),
        ("mx_rfc", r#"["\u0047ODE561231GR8"]"#, r#""GODE561231GR8""#),
        (
            "br_cnpj",
            r#"["12ABC34501DE35"]"#,
            r#""12.ABC.345/01DE-35""#,
        ),
        (
            "in_state",
            r#"["27AAPFU0939F1ZV"]"#,
            r#"{"code":"27","region":"IN-MH"}"#,
        ),
        ("is_valid", r#"["27AAPFU0939F1ZW","IN"]"#, "false"),
        ("is_valid", r#"["27AAPFU0939F1ZV","IN"]"#, "true"),
    ];
    for (function, input, wanted) in answers {
        assert_eq!(
            ask(calls, function, input).as_deref(),
            Ok(wanted),
            "{input}"
        );
    }
    let faults = [
        (
            "mx_rfc",
            r#"["GODE561231GR7"]"#,
            FunctionFaultKind::Refused,
            "8 is right",
        ),
        ("mx_rfc", r#"[7]"#, FunctionFaultKind::Refused, "not a text"),
        (
            "is_valid",
            r#"["x"]"#,
            FunctionFaultKind::Refused,
            "value 2 is not given",
        ),
        (
            "is_valid",
            r#"["x","\u001b[2J"]"#,
            FunctionFaultKind::Refused,
            "not one of",
        ),
        (
            "nothing",
            r#"["x"]"#,
            FunctionFaultKind::Failed,
            "no function",
        ),
        (
            "mx_rfc",
            "no JSON",
            FunctionFaultKind::Failed,
            "no JSON array",
        ),
    ];
    for (function, input, kind, words) in faults {
        let fault = ask(calls, function, input).unwrap_err();
        assert_eq!(fault.kind, kind, "{input}: {fault:?}");
        assert!(fault.message.contains(words), "{input}: {fault:?}");
        assert!(!fault.message.chars().any(char::is_control), "{fault:?}");
    }
    // none of that has harmed the instance
    assert!(ask(calls, "mx_rfc", r#"["GODE561231GR8"]"#).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_harms_a_call_ends_it_with_a_reason_and_the_next_one_is_answered() {
    let store = |address: u32, value: &str| format!("(i32.store (i32.const {address}) {value})");
    let answer = |at: &str, length: &str| {
        let parts = [store(64, "(i32.const 0)"), store(68, at), store(72, length)];
        format!("{} (return (i32.const 64))", parts.join(" "))
    };
    let cases = [
        ("(loop $l (br $l))".to_owned(), "CPU time"),
        ("(unreachable)".to_owned(), "unreachable"),
        (
            "(loop $l (drop (memory.grow (i32.const 16))) (br $l))".to_owned(),
            "16 MiB of memory",
        ),
        (
            "(drop (call $call (local.get 0) (local.get 1) (local.get 2) (local.get 3)))"
                .to_owned(),
            "stack",
        ),
        (answer("(i32.const 65530)", "(i32.const 100)"), ""),
        (answer("(i32.const -1)", "(i32.const -1)"), ""),
        ("(return (i32.const -4))".to_owned(), ""),
        // neither an answer nor a fault
        (
            format!("{} (return (i32.const 64))", store(64, "(i32.const 7)")),
            "",
        ),
        // not UTF-8
        (
            format!(
                "{} {}",
                store(128, "(i32.const 0xfffefdfc)"),
                answer("(i32.const 128)", "(i32.const 4)")
            ),
            "",
        ),
    ];
    for (body, word) in cases {
        let (_host, mut calls) = open("", &if_long(&body)).await;
        let calls = calls.as_mut();
        assert_eq!(ask(calls, "f", "[1]").as_deref(), Ok("1"), "{body}");
        assert_eq!(ask(calls, "f", "[1]").as_deref(), Ok("2"), "{body}");
        let started = Instant::now();
        let fault = ask(calls, "f", LONG).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(2), "{body}");
        assert_eq!(fault.kind, FunctionFaultKind::Failed, "{body}");
        assert!(fault.message.contains(word), "{body}: {fault:?}");
        assert!(!fault.message.is_empty(), "{body}");
        // made anew: it counts from 1 again
        assert_eq!(ask(calls, "f", "[1]").as_deref(), Ok("1"), "{body}");
    }
}

/// What a record leaves behind in the instance must not fail the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_in_a_used_instance_is_made_again_in_a_new_one() {
    let body = "(if (i32.gt_u (global.get $calls) (i32.const 3)) (then (unreachable)))";
    let (_host, mut calls) = open("", body).await;
    let answers: Vec<String> = (0..7)
        .map(|_| ask(calls.as_mut(), "f", "[1]").unwrap())
        .collect();
    assert_eq!(answers, ["1", "2", "3", "1", "2", "3", "1"]);
}

/// A component with a memory of its own cannot be replayed; tests of mappings find it.
#[tokio::test(flavor = "multi_thread")]
async fn asked_twice_a_component_that_counts_its_calls_has_failed() {
    let host = host(&[]);
    let counting = host
        .functions(&with_manifest(counting("", ""), &manifest()))
        .await;
    let mut calls = counting.unwrap().asked_twice().code.unwrap().open();
    assert_eq!(ask(calls.as_mut(), "f", "[1]").as_deref(), Ok("1"));
    let fault = ask(calls.as_mut(), "f", "[1]").unwrap_err();
    assert!(fault.message.contains("from call to call"), "{fault:?}");
    let pure = host.functions(&component("tax-ids")).await.unwrap();
    let mut calls = pure.asked_twice().code.unwrap().open();
    for _ in 0..3 {
        let answer = ask(calls.as_mut(), "mx_rfc", r#"["GODE561231GR8"]"#);
        assert_eq!(answer.as_deref(), Ok(r#""GODE561231GR8""#));
        let fault = ask(calls.as_mut(), "mx_rfc", r#"["GODE561231GR7"]"#).unwrap_err();
        assert_eq!(fault.kind, FunctionFaultKind::Refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_always_hangs_is_given_up() {
    let (_host, mut calls) = open("", "(loop $l (br $l))").await;
    let started = Instant::now();
    for _ in 0..20 {
        let fault = ask(calls.as_mut(), "f", "[1]").unwrap_err();
        assert!(fault.message.contains("20 ms of CPU time"), "{fault:?}");
    }
    let spent = started.elapsed();
    for _ in 0..1_000 {
        let fault = ask(calls.as_mut(), "f", "[1]").unwrap_err();
        assert!(fault.message.contains("not asked again"), "{fault:?}");
    }
    let more = started.elapsed() - spent;
    assert!(
        more < spent / 2 + Duration::from_millis(50),
        "{spent:?}, {more:?}"
    );
}

/// What begins with the instance has the limits of a call too.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_function_that_hangs_is_stopped() {
    let (_host, mut calls) = open("(func $start (loop $l (br $l))) (start $start)", "").await;
    let fault = ask(calls.as_mut(), "f", "[1]").unwrap_err();
    assert!(fault.message.contains("CPU time"), "{fault:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_lets_nothing_else_through() {
    let host = host(&[]);
    let good = counting("", "");
    let changed = |member: &str, value: Value| {
        let mut manifest = manifest();
        manifest[member] = value;
        with_manifest(good.clone(), &manifest)
    };
    let spec = |name: &str| json!({"name": name, "takes": "text", "gives": "text"});
    let cases = [
        (
            changed("roles", json!(["mapping_function", "source"])),
            "no other role",
        ),
        (changed("capabilities", json!(["log"])), "no other role"),
        (
            changed("connection", json!({"label": "a", "kind": "http"})),
            "no other role",
        ),
        (changed("config_schema", json!({})), "no other role"),
        (changed("functions", json!([])), "lists no function"),
        (changed("functions", json!([spec("f"), spec("f")])), "twice"),
        (changed("functions", json!([spec("F/..")])), "no name"),
        (
            changed(
                "functions",
                json!([{"name": "f", "takes": "html", "gives": "text"}]),
            ),
            "expected form",
        ),
        (changed("limits", json!({"memory_mib": 512})), "128"),
        (
            changed("contract", json!("tributary:connector@9.0.0")),
            "9.0.0",
        ),
        (component("rest"), "is a connector"),
        (good.clone(), "custom section"),
    ];
    for (bytes, words) in cases {
        let problem = host.functions(&bytes).await.unwrap_err();
        assert_eq!(problem.code, ErrorCode::ConnectorInvalid, "{problem}");
        assert!(problem.detail.contains(words), "{words}: {problem}");
    }
    let mut importing = component("rest");
    // the connector's own manifest goes, the other one comes
    let place = importing
        .windows(18)
        .position(|bytes| bytes == b"tributary:manifest")
        .unwrap();
    importing[place] = b'x';
    let problem = host
        .functions(&with_manifest(importing, &manifest()))
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectorDenied, "{problem}");
    assert!(problem.detail.contains("import nothing"), "{problem}");
    let problem = host.load(&component("tax-ids")).await.unwrap_err();
    assert!(problem.detail.contains("no connector"), "{problem}");
    // the one that installs takes both
    assert!(
        host.install(&component("tax-ids"))
            .await
            .unwrap()
            .is_functions()
    );
    assert!(
        !host
            .install(&component("rest"))
            .await
            .unwrap()
            .is_functions()
    );
}
