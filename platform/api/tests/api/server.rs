//! The listener, with real sockets: slow and silent clients, shutdown, panics are not its end.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tributary_api::{ServerLimits, serve_with};

use crate::harness::Api;

struct Server {
    address: std::net::SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

async fn start(router: Router, connections: usize) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let limits = ServerLimits {
        connections,
        header_timeout: Duration::from_millis(400),
        write_timeout: Duration::from_millis(400),
        drain: Duration::from_millis(1500),
    };
    let task = tokio::spawn(serve_with(listener, router, shutdown.clone(), limits));
    Server {
        address,
        shutdown,
        task,
    }
}

/// Sends `text` and reads until the server closes, at most 5 s.
async fn exchange(server: &Server, text: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer));
    read.await
        .expect("the server left the connection open")
        .ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn silent_and_half_sent_requests_are_closed() {
    let api = Api::start().await;
    let server = start(api.router.clone(), 100).await;
    for text in [
        "",
        "G",
        "GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let begun = Instant::now();
        let answer = exchange(&server, text).await;
        assert!(!answer.contains("200 OK"), "{text:?}: {answer}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{text:?}");
    }
    let whole = "GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = exchange(&server, whole).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(
        answer.contains("x-content-type-options: nosniff"),
        "{answer}"
    );
    assert!(answer.contains("x-request-id: req_"), "{answer}");
    // kept alive and then silent
    let kept = "GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    assert!(exchange(&server, kept).await.starts_with("HTTP/1.1 200 OK"));
    server.shutdown.cancel();
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn there_are_never_more_connections_than_allowed() {
    let api = Api::start().await;
    let server = start(api.router.clone(), 2).await;
    let _first = TcpStream::connect(server.address).await.unwrap();
    let _second = TcpStream::connect(server.address).await.unwrap();
    let whole = "GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let begun = Instant::now();
    // waits until one of the silent ones is closed
    let answer = exchange(&server, whole).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(
        begun.elapsed() > Duration::from_millis(200),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_loses_the_connection() {
    let endless = get(|| async {
        let piece = axum::body::Bytes::from(vec![b'x'; 1 << 20]);
        let pieces =
            futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
        axum::body::Body::from_stream(pieces)
    });
    let short = get(|| async { "done" });
    let router = Router::new()
        .route("/endless", endless)
        .route("/short", short);
    // the one that stalls has the only connection there is
    let server = start(router, 1).await;
    let mut stalled = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n";
    stalled.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 15];
    stalled.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    let next = "GET /short HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = exchange(&server, next).await;
    assert!(answer.ends_with("done"), "{answer}");
}

#[tokio::test]
async fn a_shutdown_lets_requests_end_and_cuts_those_that_do_not() {
    let slow = |ms| {
        get(move || async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            "done"
        })
    };
    let router = Router::new()
        .route("/short", slow(600))
        .route("/long", slow(60_000));
    let server = start(router, 100).await;
    let request =
        |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let (short, long) = (request("/short"), request("/long"));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.shutdown.cancel();
    };
    let mut hanging = TcpStream::connect(server.address).await.unwrap();
    hanging.write_all(long.as_bytes()).await.unwrap();
    let (answer, ()) = tokio::join!(exchange(&server, &short), stop);
    assert!(answer.ends_with("done"), "{answer}");
    let stopped = tokio::time::timeout(Duration::from_secs(4), server.task);
    stopped
        .await
        .expect("the server did not stop")
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
