//! The listener: HTTP/1.1 over hyper, because `axum::serve` sets no timer and leaves half-sent
//! headers open for ever.
//!
//! Invariants: a connection that does not send a whole header in time is closed; there are never
//! more than [`ServerLimits::connections`] at once, the next one waits in the listener's queue; a
//! shutdown lets requests end for [`ServerLimits::drain`] and then cuts them.
//! Deliberately absent: HTTP/2 without TLS (its preface would be read without a time limit), and
//! TLS itself, which `cli` puts in front or a proxy does.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// What the listener takes.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// open connections
    pub connections: usize,
    /// from the first byte (or the last answer) to the end of a request's header
    pub header_timeout: Duration,
    /// until a client takes the next piece of an answer
    pub write_timeout: Duration,
    /// for requests under way when the server stops
    pub drain: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 2_000,
            header_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(60),
            drain: Duration::from_secs(25),
        }
    }
}

/// Serves `router` until `shutdown` is cancelled, with the default limits.
///
/// # Errors
/// If the listener breaks for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    serve_with(listener, router, shutdown, ServerLimits::default()).await
}

/// Serves `router` until `shutdown` is cancelled.
///
/// # Errors
/// If the listener breaks for good.
pub async fn serve_with(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    limits: ServerLimits,
) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    loop {
        let slot = tokio::select! {
            slot = slots.clone().acquire_owned() => slot,
            () = shutdown.cancelled() => break,
        };
        // the semaphore is never closed
        let Ok(slot) = slot else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => spawn_connection(stream, slot, &router, &graceful, &limits),
            Err(error) if of_one_connection(&error) => {}
            Err(error) => {
                // out of file descriptors, mostly: they come back when connections end
                tracing::warn!(error = %error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            drain_ms = limits.drain.as_millis(),
            "requests were cut at shutdown"
        );
    }
    Ok(())
}

fn spawn_connection(
    stream: TcpStream,
    slot: OwnedSemaphorePermit,
    router: &Router,
    graceful: &GracefulShutdown,
    limits: &ServerLimits,
) {
    // live events are small packets that should leave at once
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(100)
        .max_buf_size(64 << 10);
    let router = router.clone();
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let answered = router.oneshot(request.map(axum::body::Body::new)).await;
            answered.map_err(|never: Infallible| match never {})
        }
    });
    // who takes nothing of an answer holds its slot and its memory
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.write_timeout));
    let connection = builder.serve_connection(TokioIo::new(Box::pin(stream)), service);
    let watched = graceful.watch(connection.into_owned());
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(error = %error, "a connection ended early");
        }
        drop(slot);
    });
}

/// Errors of `accept` that say something about the one connection only.
fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
