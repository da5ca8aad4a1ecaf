//! What a connection sends and refuses, seen from the other side of the wire.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tributary_host::{CallContext, EgressPolicy, HttpRequest};
use tributary_model::error_code::ErrorCode;

use crate::support::{SECRET, context, http_document};

/// A server that gives every connection the same answer and tells what it was asked.
async fn server(answer: &'static str) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let (sender, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 64 << 10];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let _ = sender.send(String::from_utf8_lossy(&request[..length]).into_owned());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (place, asked)
}

fn granted(place: &str) -> EgressPolicy {
    EgressPolicy {
        allow: vec![place.to_owned()],
    }
}

fn call(place: &str) -> CallContext {
    context(
        http_document(&format!("http://{place}/base/"), SECRET),
        &granted(place),
    )
    .unwrap()
}

fn get(path: &str) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        path: path.to_owned(),
        ..HttpRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_stay_below_the_base_address_and_carry_the_credential() {
    let (place, mut asked) = server(
        "HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
    )
    .await;
    let call = call(&place);
    let mut request = get("/a b/c%2Fd");
    request.query = vec![("q".to_owned(), "x&y=z".to_owned())];
    request.idempotency_key = Some("key-1".to_owned());
    let response = call.connection.send(request).await.unwrap();
    assert_eq!((response.status, response.body.as_ref()), (200, &b"ok"[..]));
    assert_eq!(response.header("set-cookie"), None);
    let seen = asked.recv().await.unwrap();
    assert!(
        seen.starts_with("GET /base/a%20b/c%2Fd?q=x%26y%3Dz HTTP/1.1\r\n"),
        "{seen}"
    );
    assert!(
        seen.contains(&format!("authorization: Bearer {SECRET}\r\n")),
        "{seen}"
    );
    assert!(seen.contains("idempotency-key: key-1\r\n"), "{seen}");

    for path in [
        "../x",
        "a/../../x",
        "..",
        "%2e%2e/x",
        "a/%2E%2e/x",
        "..%2fx",
        "a\\..\\..\\x",
        "a/..%5c..",
        "x?y=1",
        "x#y",
        "a\r\nb",
        "./x",
        ".%2e/x",
    ] {
        let error = call.connection.send(get(path)).await.unwrap_err();
        assert_eq!(error.problem.code, ErrorCode::ConnectorDenied, "{path:?}");
        assert!(!error.sent, "{path:?}");
    }
    for name in [
        "Host",
        "authorization",
        "Cookie",
        "Proxy-Authorization",
        "TE",
        "Content-Length",
        "Idempotency-Key",
        "bad name",
    ] {
        let mut request = get("x");
        request.headers = vec![(name.to_owned(), "v".to_owned())];
        let error = call.connection.send(request).await.unwrap_err();
        assert_eq!(error.problem.code, ErrorCode::ConnectorDenied, "{name}");
    }
    let mut request = get("x");
    request.headers = vec![("x-a".to_owned(), "v\r\nx-b: w".to_owned())];
    assert!(!call.connection.send(request).await.unwrap_err().sent);
    let mut request = get("x");
    request.method = "CONNECT".to_owned();
    assert!(call.connection.send(request).await.is_err());
    assert!(asked.try_recv().is_err(), "nothing of this was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_answers_and_silence_times_out_as_sent() {
    let (inner, mut inner_asked) =
        server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://{inner}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (place, _asked) = server(answer.leak()).await;
    let response = call(&place).connection.send(get("x")).await.unwrap();
    assert_eq!(response.status, 302);
    assert!(inner_asked.try_recv().is_err(), "the redirect was followed");
    let (place, _asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    let cut = call(&place).connection.send(get("x")).await.unwrap_err();
    assert!(cut.sent, "{cut}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut request = get("x");
    request.timeout_ms = Some(200);
    let silent = listener.local_addr().unwrap().to_string();
    let error = call(&silent).connection.send(request).await.unwrap_err();
    assert_eq!(
        (error.problem.code, error.sent),
        (ErrorCode::ConnectionTimeout, true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_would_leak_or_leave_are_refused() {
    let policy = granted("127.0.0.1:1");
    let of = |base_url: &str| context(http_document(base_url, SECRET), &policy);
    for base_url in [
        "ftp://x.example",
        "nonsense",
        "https://",
        "https://user:pw@x.example",
        "https://x.example?a=b",
        "https://x.example/#f",
        "http://x.example",
        "http://127.0.0.1:2",
    ] {
        let problem = of(base_url).err().unwrap_or_else(|| panic!("{base_url}"));
        assert_eq!(problem.code, ErrorCode::ConfigInvalid, "{base_url}");
        assert!(!problem.detail.contains("pw"), "{problem}");
    }
    let mut document = http_document("https://x.example", SECRET);
    document["secrets"] = Value::Null;
    document.as_object_mut().unwrap().remove("secrets");
    let problem = context(document, &policy).unwrap_err();
    assert_eq!(problem.pointer.as_deref(), Some("/secrets/token"));
    let call = of("https://127.0.0.1:2").unwrap();
    let error = call.connection.send(get("x")).await.unwrap_err();
    assert_eq!(
        (error.problem.code, error.sent),
        (ErrorCode::ConnectionRefused, false)
    );
    let call = of("https://localhost:2").unwrap();
    let error = call.connection.send(get("x")).await.unwrap_err();
    assert_eq!(
        (error.problem.code, error.sent),
        (ErrorCode::ConnectionRefused, false)
    );
    assert!(!format!("{call:?}", call = call.connection).contains(SECRET));
    assert_eq!(json!(error.sent), json!(false));
}
