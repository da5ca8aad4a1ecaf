//! A tenant's plan has less than the manifest asks for: the plan holds, and the refusal says so.

use serde_json::json;
use tributary_model::error_code::ErrorCode;
use tributary_model::plan::Maxima;

use super::{MEMORY, load};
use crate::support::{SECRET, context_under, http_document};

const GROW: &str = "(loop $l (drop (memory.grow (i32.const 16))) (br $l)) (unreachable)";
const SPIN: &str = "(loop $l (br $l)) (unreachable)";

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_holds_where_it_has_less_and_says_so() {
    let memory = |mib| Maxima {
        memory_mib: Some(mib),
        ..Maxima::default()
    };
    let cpu = |ms| Maxima {
        call_cpu_ms: Some(ms),
        ..Maxima::default()
    };
    for (body, maxima, words, by_plan) in [
        (
            GROW,
            memory(8),
            "8 MiB of memory (memory_mib of the plan \"small\")",
            true,
        ),
        (
            GROW,
            memory(64),
            "16 MiB of memory (limits.memory_mib)",
            false,
        ),
        (
            SPIN,
            cpu(50),
            "50 ms of CPU time (call_cpu_ms of the plan \"small\")",
            true,
        ),
        (
            SPIN,
            cpu(5_000),
            "300 ms of CPU time (limits.call_cpu_ms)",
            false,
        ),
    ] {
        let (host, connector, _) = load(MEMORY, body).await;
        let document = http_document("https://api.example.com", SECRET);
        let call = context_under(document, host.egress(), maxima);
        let problem = connector.check(&call, &json!({})).await.unwrap_err();
        assert_eq!(problem.code, ErrorCode::ConnectorLimit, "{problem}");
        assert!(problem.detail.contains(words), "{words}: {problem}");
        assert_eq!(
            problem.hint.contains("another plan"),
            by_plan,
            "{problem:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_hands_over_is_bounded_by_the_plan() {
    let wide = r#"(memory (export "memory") 100)"#;
    let much = "(call $log (i32.const 4) (i32.const 0) (i32.const 3000000) (i32.const 0) (i32.const 0)) (i32.const 64)";
    let (host, connector, call) = load(wide, much).await;
    connector.check(&call, &json!({})).await.unwrap();
    let maxima = Maxima {
        host_call_mib: Some(2),
        ..Maxima::default()
    };
    let document = http_document("https://api.example.com", SECRET);
    let call = context_under(document, host.egress(), maxima);
    let problem = connector.check(&call, &json!({})).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectorLimit, "{problem}");
    let words = "at most 2 MiB (host_call_mib of the plan \"small\")";
    assert!(problem.detail.contains(words), "{problem}");
}
