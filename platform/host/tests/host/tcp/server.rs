//! A server of scales: lines over a socket, in clear or with TLS, with or without asking for a certificate.
//! It counts who is there, and imports nothing of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::credentials::certificate::Authority;

/// What it does after its greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Answers,
    /// listens to nothing and says nothing more
    Deaf,
    /// ends the socket at once, below TLS
    HangsUp,
}

pub(crate) struct Scales {
    pub(crate) port: u16,
    here: Arc<Count>,
}

#[derive(Default)]
struct Count {
    now: AtomicU32,
    most: AtomicU32,
    ever: AtomicU32,
    quit: AtomicU32,
}

/// One that is here.
struct Guest(Arc<Count>);

impl Guest {
    fn of(count: &Arc<Count>) -> Self {
        let now = count.now.fetch_add(1, Ordering::SeqCst) + 1;
        count.most.fetch_max(now, Ordering::SeqCst);
        count.ever.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Scales {
    /// `weights` rows are there to be read.
    pub(crate) async fn start(weights: usize, manner: Manner, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let here = Arc::<Count>::default();
        let count = Arc::clone(&here);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, guest) = (tls.clone(), Guest::of(&count));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, weights, manner, &guest).await,
                        Some(tls) => encrypted(tls, stream, weights, manner, &guest).await,
                    }
                });
            }
        });
        Self { port, here }
    }

    pub(crate) fn place(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Most at a time, and ever.
    pub(crate) fn seen(&self) -> (u32, u32) {
        let here = &self.here;
        (
            here.most.load(Ordering::SeqCst),
            here.ever.load(Ordering::SeqCst),
        )
    }

    pub(crate) fn quits(&self) -> u32 {
        self.here.quit.load(Ordering::SeqCst)
    }

    /// Nobody is there any more, within a second.
    pub(crate) async fn is_left(&self) -> bool {
        for _ in 0..100 {
            if self.here.now.load(Ordering::SeqCst) == 0 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

async fn encrypted(
    tls: TlsAcceptor,
    stream: TcpStream,
    weights: usize,
    manner: Manner,
    guest: &Guest,
) {
    let Ok(mut stream) = tls.accept(stream).await else {
        return;
    };
    if manner == Manner::HangsUp {
        stream.write_all(b"SCALES 1\n").await.unwrap();
        stream.flush().await.unwrap();
        // without the goodbye of TLS
        drop(stream.into_inner().0);
        return;
    }
    serve(stream, weights, manner, guest).await;
}

async fn serve<S>(stream: S, weights: usize, manner: Manner, guest: &Guest)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    let _ = stream.write_all(b"SCALES 1\n").await;
    let _ = stream.flush().await;
    if manner == Manner::Deaf {
        // A socket's end is seen without reading what comes before it.
        deaf(&mut stream).await;
        return;
    }
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["COUNT"] => format!("{weights}\n"),
            ["FROM", first, most] => page(weights, first.parse().unwrap(), most.parse().unwrap()),
            _ => {
                guest.0.quit.fetch_add(1, Ordering::SeqCst);
                break;
            }
        };
        line.clear();
        if stream.write_all(answer.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            break;
        }
    }
    let _ = stream.shutdown().await;
}

/// Says a word from time to time, which nobody reads, until the other side is gone.
async fn deaf<S: AsyncWrite + Unpin>(stream: &mut S) {
    while stream.write_all(b"?").await.is_ok() && stream.flush().await.is_ok() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn page(weights: usize, first: usize, most: usize) -> String {
    let numbers = first..weights.min(first.saturating_add(most));
    let rows: Vec<String> = numbers
        .map(|number| format!("w-{number};{}.5\n", number * 10))
        .collect();
    format!("{}.\n", rows.concat())
}

/// TLS with a certificate of `own` for `name`; with `clients` it asks for one of theirs.
pub(crate) fn tls(own: &Authority, name: &str, clients: Option<&Authority>) -> TlsAcceptor {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = params.signed_by(&key, own).unwrap().der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let builder = match clients {
        None => ServerConfig::builder().with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots));
            ServerConfig::builder().with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let config = builder.with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}
