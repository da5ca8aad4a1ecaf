//! The server that the guests may talk to, and canaries that nobody may.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Size of the answer to `big`.
pub(crate) const BIG_BYTES: usize = 16 << 20;

pub(crate) struct Web {
    /// `host:port` that the connection names
    pub(crate) place: String,
    /// the first line and the headers of each request
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl Web {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                tokio::spawn(async move {
                    let _ = serve(stream, &seen).await;
                });
            }
        });
        Self { place, requests }
    }
}

async fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut request = vec![0; 64 << 10];
    let length = stream.read(&mut request).await?;
    let text = String::from_utf8_lossy(&request[..length]).into_owned();
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap().push(text.clone());
    let body = match path.rsplit('/').next().unwrap_or_default() {
        // Never answered.
        "silent" => {
            tokio::time::sleep(std::time::Duration::from_secs(600)).await;
            return Ok(());
        }
        "big" => vec![b'x'; BIG_BYTES],
        // As many scalars as fit four MiB.
        "many" => format!("[{}1]", "1,".repeat(2 << 20)).into_bytes(),
        // A header line of a million columns.
        "wide" => {
            let names: Vec<String> = (0..1_000_000).map(|number| format!("c{number}")).collect();
            format!("{}\n1\n", names.join(",")).into_bytes()
        }
        // What it was asked, as such addresses do.
        "echo" => text.into_bytes(),
        _ => b"{}".to_vec(),
    };
    let shown = String::from_utf8_lossy(&request[..length]);
    let shown = shown.lines().find(|line| line.starts_with("authorization"));
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nx-echo: {}\r\nconnection: close\r\n\r\n",
        body.len(),
        shown.unwrap_or_default()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await
}

/// Listeners that count what reaches them.
#[derive(Clone, Default)]
pub(crate) struct Canaries {
    pub(crate) ports: Vec<u16>,
    pub(crate) connections: Arc<AtomicU64>,
}

impl Canaries {
    pub(crate) async fn start() -> Self {
        let mut canaries = Self::default();
        for place in ["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"] {
            let listener = TcpListener::bind(place).await.unwrap();
            canaries.ports.push(listener.local_addr().unwrap().port());
            let count = Arc::clone(&canaries.connections);
            tokio::spawn(async move {
                while listener.accept().await.is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        canaries
    }
}
