//! Loops, bombs, floods, forged handles: the call ends with a problem that names the limit, the
//! host and its neighbours go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tributary_host::GuestLog;
use tributary_model::clock::SystemClock;
use tributary_model::error_code::ErrorCode;

use super::{MEMORY, load, run};
use crate::support::SECRET;

const SPIN: &str = "(loop $l (br $l)) (unreachable)";

async fn stopped(items: &str, body: &str, code: ErrorCode, word: &str) {
    let (result, took) = run(items, body).await;
    let problem = result.unwrap_err();
    assert_eq!(problem.code, code, "{body}: {problem}");
    assert!(problem.detail.contains(word), "{body}: {}", problem.detail);
    assert!(took < Duration::from_secs(5), "{body}: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_harmless_component_answers() {
    let (result, _) = run(MEMORY, "(i32.const 64)").await;
    assert_eq!(result.unwrap(), []);
}

#[tokio::test]
async fn a_spinning_guest_is_stopped_and_its_neighbour_on_the_same_thread_goes_on() {
    let (_host, connector, call) = load(MEMORY, SPIN).await;
    let neighbour = tokio::spawn(async {
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            let asked = Instant::now();
            tokio::time::sleep(Duration::from_millis(5)).await;
            longest = longest.max(asked.elapsed());
        }
        longest
    });
    let started = Instant::now();
    let problem = connector.check(&call, &json!({})).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectorLimit, "{problem}");
    assert!(
        problem
            .detail
            .contains("300 ms of CPU time (limits.call_cpu_ms)"),
        "{problem}"
    );
    assert!(
        started.elapsed() >= Duration::from_millis(250),
        "{:?}",
        started.elapsed()
    );
    let longest = neighbour.await.unwrap();
    assert!(
        longest < Duration::from_secs(1),
        "the neighbour waited {longest:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn loops_bombs_and_overflows_end_with_the_limit_by_name() {
    use ErrorCode::{ConnectorFailed, ConnectorLimit};
    let start_loop = format!("{MEMORY} (func $start (loop $l (br $l))) (start $start)");
    stopped(&start_loop, "(i32.const 64)", ConnectorLimit, "CPU time").await;
    let grow = "(loop $l (drop (memory.grow (i32.const 16))) (br $l)) (unreachable)";
    stopped(MEMORY, grow, ConnectorLimit, "16 MiB of memory").await;
    let born_large = r#"(memory (export "memory") 1024)"#;
    stopped(born_large, "(i32.const 64)", ConnectorLimit, "memory").await;
    let table = format!("{MEMORY} (table $t 1 funcref)");
    let grow =
        "(loop $l (drop (table.grow $t (ref.null func) (i32.const 10000))) (br $l)) (unreachable)";
    stopped(&table, grow, ConnectorLimit, "table").await;
    let recursion = "(call $hostile (local.get 0) (local.get 1))";
    stopped(MEMORY, recursion, ConnectorLimit, "stack").await;
    stopped(MEMORY, "(unreachable)", ConnectorFailed, "unreachable").await;
    stopped(
        MEMORY,
        "(i32.div_u (i32.const 1) (i32.const 0))",
        ConnectorFailed,
        "zero",
    )
    .await;
    stopped(
        MEMORY,
        "(i32.load (i32.const -8))",
        ConnectorFailed,
        "out of bounds",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_point_nowhere_do_not_hurt_the_host() {
    let failed = ErrorCode::ConnectorFailed;
    stopped(MEMORY, "(i32.const -8)", failed, "").await;
    stopped(MEMORY, "(i32.const 65)", failed, "").await; // not aligned
    let data = |text: &str| format!("{MEMORY} (data (i32.const 128) \"{text}\")");
    // ok, list at 0 with 0x7fffffff elements
    stopped(
        &data(r"\00\00\00\00\00\00\00\00\ff\ff\ff\7f"),
        "(i32.const 128)",
        failed,
        "",
    )
    .await;
    // a discriminant that does not exist
    stopped(&data(r"\09\00\00\00"), "(i32.const 128)", failed, "").await;
    // an error whose message is not UTF-8: kind at +4, code at +8, message at +20
    let bad_text =
        r"\01\00\00\00\03\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\80\00\00\00\01\00\00\00\fe";
    stopped(
        &data(&format!(
            "{bad_text}\" ) (data (i32.const 128) \"{bad_text}"
        )),
        "(i32.const 128)",
        failed,
        "",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_host_calls_end() {
    let label = format!("{MEMORY} (data (i32.const 128) \"api\")");
    let handles =
        "(loop $l (call $get (i32.const 128) (i32.const 3) (i32.const 256)) (br $l)) (unreachable)";
    stopped(&label, handles, ErrorCode::ConnectorLimit, "handles").await;
    let lines = "(loop $l (call $log (i32.const 4) (i32.const 0) (i32.const 60000) (i32.const 0) (i32.const 0)) (br $l)) (unreachable)";
    stopped(MEMORY, lines, ErrorCode::ConnectorLimit, "CPU time").await;
    let wide = r#"(memory (export "memory") 200)"#;
    let much = "(call $log (i32.const 4) (i32.const 0) (i32.const 12000000) (i32.const 0) (i32.const 0)) (unreachable)";
    stopped(wide, much, ErrorCode::ConnectorLimit, "bytes to the host").await;
    stopped(
        MEMORY,
        "(call $drop (i32.const 12345)) (unreachable)",
        ErrorCode::ConnectorFailed,
        "",
    )
    .await;
    let beyond = "(call $log (i32.const 4) (i32.const 65000) (i32.const 60000) (i32.const 0) (i32.const 0)) (unreachable)";
    stopped(MEMORY, beyond, ErrorCode::ConnectorFailed, "").await;
    let odd = "(call $log (i32.const 99) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)) (unreachable)";
    stopped(MEMORY, odd, ErrorCode::ConnectorFailed, "").await;
    // rows without a read: the guest is told, and goes on
    let emit = "(call $emit (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024)) (i32.const 64)";
    assert!(run(MEMORY, emit).await.0.is_ok());
}

/// What a connector logs is for its run, bounded and without what must not be told.
#[tokio::test(flavor = "multi_thread")]
async fn log_lines_go_to_the_run_without_secrets() {
    let message = format!("I know {SECRET}, and token=abc");
    let items = format!("{MEMORY} (data (i32.const 128) {message:?})");
    let length = message.len();
    let body = format!(
        "(call $log (i32.const 3) (i32.const 128) (i32.const {length}) (i32.const 0) (i32.const 0))
         (call $log (i32.const 3) (i32.const 0) (i32.const 60000) (i32.const 0) (i32.const 0))
         (i32.const 64)"
    );
    let (_host, connector, mut call) = load(&items, &body).await;
    let log = Arc::new(GuestLog::new(Arc::new(SystemClock)));
    call.log = Some(Arc::clone(&log));
    connector.check(&call, &json!({})).await.unwrap();
    let text = String::from_utf8(log.take()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    let first: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(first["message"], "I know ***, and token=***");
    assert_eq!(
        (&first["level"], &first["connector"]),
        (&json!("warn"), &json!("hostile 0.0.1"))
    );
    assert!(lines[1].len() < 8 << 10, "{}", lines[1].len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_ends_within_a_second_also_while_it_sleeps() {
    for body in [
        SPIN,
        "(loop $l (call $sleep (i32.const 60000)) (br $l)) (unreachable)",
    ] {
        let (_host, connector, call) = load(MEMORY, body).await;
        let cancel = call.cancel.clone();
        let task = tokio::spawn(async move { connector.check(&call, &json!({})).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let asked = Instant::now();
        cancel.cancel();
        let problem = task.await.unwrap().unwrap_err();
        assert_eq!(problem.code, ErrorCode::RunCancelled, "{problem}");
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{:?}",
            asked.elapsed()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_calls_than_places_wait_their_turn() {
    let (_host, connector, call) =
        load(MEMORY, "(call $sleep (i32.const 50)) (i32.const 64)").await;
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let (connector, call) = (connector.clone(), call.clone());
        tasks.push(tokio::spawn(async move {
            connector.check(&call, &json!({})).await
        }));
    }
    for task in tasks {
        assert!(task.await.unwrap().is_ok());
    }
}
