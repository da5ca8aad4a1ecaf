//! What a bucket's connection says when it goes wrong.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tributary_host::Selection;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{document, server};
use crate::support::{SECRET, context, load};

/// What a store answers that says `status` and `body` to everything.
async fn asked(status: &'static str, body: &'static str, key: &str) -> Problem {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 64 << 10];
            let _ = stream.read(&mut request).await;
            let answer = format!(
                "HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let (host, connector) = load("s3", std::slice::from_ref(&place)).await;
    let call = context(document(&format!("http://{place}")), host.egress()).unwrap();
    let selection = Selection {
        stream: "orders".to_owned(),
        ..Selection::default()
    };
    let config = json!({"stream": "orders", "folder": key});
    connector
        .partitions(&call, &config, &selection)
        .await
        .unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_store_refuses_is_said_with_what_to_do() {
    let error = |code: &str| {
        format!("<Error><Code>{code}</Code><Message>canary {SECRET}</Message></Error>")
    };
    let cases = [
        (
            "403 Forbidden",
            "SignatureDoesNotMatch",
            ErrorCode::ConnectionAuth,
        ),
        (
            "403 Forbidden",
            "InvalidAccessKeyId",
            ErrorCode::ConnectionAuth,
        ),
        ("400 Bad Request", "ExpiredToken", ErrorCode::ConnectionAuth),
        (
            "403 Forbidden",
            "RequestTimeTooSkewed",
            ErrorCode::ConnectionAuth,
        ),
        ("403 Forbidden", "AccessDenied", ErrorCode::SourcePermission),
        ("404 Not Found", "NoSuchBucket", ErrorCode::SourceNotFound),
        ("301 Moved", "PermanentRedirect", ErrorCode::ConfigInvalid),
        ("307 Moved", "TemporaryRedirect", ErrorCode::ConfigInvalid),
        (
            "400 Bad Request",
            "AuthorizationHeaderMalformed",
            ErrorCode::ConfigInvalid,
        ),
        ("503 Slow", "SlowDown", ErrorCode::RateLimited),
        ("500 Ill", "InternalError", ErrorCode::ConnectionUnreachable),
        ("418 Teapot", "Teapot", ErrorCode::SourceProtocol),
    ];
    for (status, code, wanted) in cases {
        let body: &'static str = Box::leak(error(code).into_boxed_str());
        let problem = asked(status, body, "x").await;
        assert_eq!(problem.code, wanted, "{status} {code}: {problem}");
        assert!(!format!("{problem:?}").contains("canary"), "{problem:?}");
    }
    let problem = asked("200 OK", "this is no XML", "x").await;
    assert_eq!(problem.code, ErrorCode::SourceProtocol, "{problem}");
    let problem = asked("200 OK", "<a/>", "a/../../b").await;
    assert_eq!(problem.code, ErrorCode::SourceNotFound, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_inside_or_a_document_that_does_not_fit_is_refused() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut document = document("http://127.0.0.1:9");
        change(&mut document["endpoint"]);
        context(document, &tributary_host::EgressPolicy::default())
            .map(|call| format!("{:?}", call.connection))
            .unwrap_err()
    };
    let pointer = |change: &dyn Fn(&mut Value)| refused(change).pointer.unwrap_or_default();
    // In clear only where the operator granted it by name.
    assert_eq!(pointer(&|_| ()), "/endpoint/endpoint");
    let https = |e: &mut Value| e["endpoint"] = json!("https://s3.example.com");
    assert_eq!(
        pointer(&|e| {
            https(e);
            e["bucket"] = json!("a/b");
        }),
        "/endpoint/bucket"
    );
    assert_eq!(
        pointer(&|e| {
            https(e);
            e["bucket"] = json!("arn:aws:s3:::x");
        }),
        "/endpoint/bucket"
    );
    assert_eq!(
        pointer(&|e| {
            https(e);
            e["region"] = json!("x.evil.example/");
        }),
        "/endpoint/region"
    );
    assert_eq!(
        pointer(&|e| {
            https(e);
            e["prefix"] = json!("a/../b");
        }),
        "/endpoint/prefix"
    );
    assert_eq!(
        pointer(&|e| e["endpoint"] = json!("https://s3.example.com/path")),
        "/endpoint/endpoint"
    );
    let dotted = |e: &mut Value| {
        https(e);
        e["bucket"] = json!("a.b.c");
        e["path_style"] = json!(false);
    };
    assert_eq!(pointer(&dotted), "/endpoint/path_style");

    let server = server().await;
    let (host, connector) = load("s3", &[]).await;
    let document = document(&server.url().replace("http:", "https:"));
    let call = context(document, host.egress()).unwrap();
    let steps = connector.check(&call, &json!({})).await.unwrap();
    assert!(
        steps.len() == 1 && !steps[0].ok && steps[0].name == "connect",
        "{steps:?}"
    );
    assert!(steps[0].message.contains("not granted"), "{steps:?}");
}
