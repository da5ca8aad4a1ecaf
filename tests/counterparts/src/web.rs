//! The HTTP shell of TAXMAN and the ERP: hyper under an axum router, so that a handler can ask for
//! the connection to be dropped without an answer, which axum alone cannot do.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::faults::Switchboard;

/// Put into a response's extensions: close the connection instead of answering.
#[derive(Debug, Clone, Copy)]
pub struct DropConnection;

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct Handle {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    pub address: SocketAddr,
    /// what requests must carry as `Authorization: Bearer`
    pub token: String,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Handle {
    /// Stops and waits until the port is free.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Listens on loopback. Port 0, and any port that is taken, becomes a free one.
///
/// # Errors
/// When not even a free port can be had.
pub async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    if port != 0
        && let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("could not listen on a loopback port")
}

/// Serves `router` until the handle is stopped or dropped.
///
/// # Errors
/// When the listener has no address.
pub fn serve(
    listener: TcpListener,
    token: String,
    router: Router,
    faults: Arc<Switchboard>,
) -> anyhow::Result<Handle> {
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let handle = Handle {
        url: format!("http://{address}"),
        address,
        token,
        stop: stop.clone(),
        tasks: tasks.clone(),
    };
    let connections = tasks.clone();
    tasks.spawn(async move {
        loop {
            let stream = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(_) => continue,
                },
            };
            // Answers are small and complete: waiting for more to send only adds 40 ms.
            let _ = stream.set_nodelay(true);
            let router = router.clone();
            let faults = Arc::clone(&faults);
            let service = tower::service_fn(move |request: Request<hyper::body::Incoming>| {
                answer(router.clone(), Arc::clone(&faults), request)
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
            let stop = stop.clone();
            connections.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = connection => {}
                }
            });
        }
    });
    Ok(handle)
}

async fn answer(
    router: Router,
    faults: Arc<Switchboard>,
    request: Request<hyper::body::Incoming>,
) -> io::Result<Response> {
    if faults.down() && !request.uri().path().starts_with("/_control") {
        faults.count();
        return Err(io::Error::other("down"));
    }
    let response = router
        .oneshot(request.map(Body::new))
        .await
        .unwrap_or_else(|never| match never {});
    if response.extensions().get::<DropConnection>().is_some() {
        faults.count();
        return Err(io::Error::other("dropped on purpose"));
    }
    Ok(response)
}

/// Whether the request carries the token.
#[must_use]
pub fn authorized(headers: &HeaderMap, token: &str) -> bool {
    let sent = headers.get(header::AUTHORIZATION);
    let sent = sent.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    sent.is_some_and(|sent| sent == token.as_bytes())
}

/// A random word of 32 hexadecimal digits.
///
/// # Errors
/// When the system has no random numbers.
pub fn random_word() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system gave no random numbers"))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
