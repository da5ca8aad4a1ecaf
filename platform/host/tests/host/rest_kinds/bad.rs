//! Servers that lead in circles, never end, break off or say no.

use serde_json::{Value, json};
use tributary_model::error_code::ErrorCode;

use super::{Stage, row};
use crate::wire::{Reply, Seen, reply};

/// A bad server: the stream, its answers, the code, and a word of the message.
type Bad = (Value, fn(&Seen) -> Reply, ErrorCode, &'static str);

fn cursor() -> Value {
    json!({"path": "x", "records": "/rows", "primary_key": ["id"],
        "pages": {"next": "/next", "cursor_param": "c"}})
}

/// They lead in circles, nowhere, or elsewhere.
fn endless_servers() -> Vec<Bad> {
    vec![
        (
            cursor(),
            |_| reply(200, json!({"rows": [row(1)], "next": "same"}).to_string()),
            ErrorCode::SourceProtocol,
            "circle",
        ),
        (
            cursor(),
            |seen| {
                let next = if seen.parameter("c").as_deref() == Some("a") {
                    "b"
                } else {
                    "a"
                };
                let id = seen.target.len() + usize::from(next == "a");
                reply(
                    200,
                    json!({"rows": [row(id % 9)], "next": next}).to_string(),
                )
            },
            ErrorCode::SourceProtocol,
            "circle",
        ),
        (
            cursor(),
            |seen| {
                reply(200, json!({"rows": [], "next": format!("{}x", seen.parameter("c").unwrap_or_default())}).to_string())
            },
            ErrorCode::SourceProtocol,
            "100 pages without a row",
        ),
        (
            json!({"path": "x", "records": "/rows", "primary_key": ["id"], "pages": {"kind": "page", "param": "pge"}}),
            |_| reply(200, json!({"rows": [row(1), row(2)]}).to_string()),
            ErrorCode::SourceProtocol,
            "does the API know the parameter",
        ),
        (
            json!({"path": "x", "records": "/rows", "pages": {"next": "/next", "cursor_param": "c", "max_pages": 5}}),
            |seen| {
                reply(200, json!({"rows": [row(1)], "next": format!("{}x", seen.parameter("c").unwrap_or_default())}).to_string())
            },
            ErrorCode::SourceProtocol,
            "after 5",
        ),
        (
            json!({"path": "x", "pages": {"kind": "link"}}),
            |_| reply(200, "[]").with("link", "<https://evil.example/base/x>; rel=next"),
            ErrorCode::SourceProtocol,
            "leads to evil.example",
        ),
        (
            json!({"path": "x", "pages": {"kind": "next_url", "next": "/next"}, "records": "/rows"}),
            |_| reply(200, json!({"rows": [], "next": "../../admin"}).to_string()),
            ErrorCode::ConnectorDenied,
            "leaves the base address",
        ),
    ]
}

/// They answer what is no page.
fn broken_servers() -> Vec<Bad> {
    vec![
        (
            cursor(),
            |_| Reply {
                headers: vec![("content-type".to_owned(), "text/html".to_owned())],
                ..reply(200, "<html>log in")
            },
            ErrorCode::SourceProtocol,
            "web page",
        ),
        (
            cursor(),
            |_| reply(200, "<html>"),
            ErrorCode::SourceProtocol,
            "GET x",
        ),
        (
            cursor(),
            |_| reply(200, "{\"rows\": [{\"id\": 1}"),
            ErrorCode::SourceProtocol,
            "GET x",
        ),
        (
            cursor(),
            |_| reply(200, "{\"other\": []}"),
            ErrorCode::SourceProtocol,
            "GET x",
        ),
        (
            cursor(),
            |_| Reply {
                cut: true,
                ..reply(200, "{\"rows\": []")
            },
            ErrorCode::ConnectionUnreachable,
            "broke",
        ),
    ]
}

/// They say no.
fn refusing_servers() -> Vec<Bad> {
    vec![
        (
            cursor(),
            |_| reply(429, "").with("retry-after", "11"),
            ErrorCode::RateLimited,
            "429",
        ),
        (
            cursor(),
            |_| reply(301, "").with("location", "https://x.example/"),
            ErrorCode::ConfigInvalid,
            "redirects are not followed",
        ),
        (
            cursor(),
            |_| reply(403, "{\"error\":\"key hidden-key-0123456789\"}"),
            ErrorCode::ConnectionAuth,
            "[redacted]",
        ),
        (
            json!({"path": "x", "errors": [{"status": [200], "at": "/error/0", "contains": "Access", "kind": "auth", "message": "the user may not read orders"}]}),
            |_| reply(200, "{\"error\":[\"AccessError\"]}"),
            ErrorCode::ConnectionAuth,
            "the user may not read orders",
        ),
        (
            json!({"path": "x", "errors": [{"status": [403], "at": "/code", "equals": "BUSY", "kind": "rate_limited"}]}),
            |_| reply(403, "{\"code\":\"BUSY\"}"),
            ErrorCode::RateLimited,
            "BUSY",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_servers_end_with_a_clear_word() {
    let all = [endless_servers(), broken_servers(), refusing_servers()];
    for (stream, answer, code, word) in all.into_iter().flatten() {
        let stage = Stage::new(stream.clone(), answer).await;
        let problem = stage
            .read("rows")
            .await
            .err()
            .unwrap_or_else(|| panic!("{word}"));
        assert_eq!(problem.code, code, "{word}: {problem:?}");
        assert!(problem.detail.contains(word), "{word}: {problem}");
        assert!(
            !format!("{problem:?}").contains("hidden-key"),
            "{problem:?}"
        );
        if word == "429" {
            assert_eq!(problem.retry_after_ms, Some(11_000));
        }
    }
}
