//! A server with a protocol of its own: the host dials and does TLS, the connector speaks.
//!
//! Invariants: the address that was checked is the one that is dialled; TLS, once asked for, is never
//! given up, and an end without its goodbye is no end but an error; in clear only where the operator
//! granted this very host and port; a socket belongs to one call and is closed with it, so nothing is
//! pooled. Deliberately absent: accounts (the connector would have to know them), half-closed sockets.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tributary_model::document::{TcpTls, TlsMode};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::credential::Secrets;
use super::probe::Probe;
use super::tls::{Trust, check_in_clear, refused_certificate, tls_error};
use super::{CONNECT_TIMEOUT, OtherSocket, check_host, config_problem};
use crate::egress::EgressPolicy;

/// With TLS 1.3 a certificate of ours is refused after the handshake: a check waits this long for it.
const VERDICT_WAIT: Duration = Duration::from_millis(500);
/// What to do about a certificate that is not believed.
const TRUST_HINT: &str = "put the certificate of the server's authority into tls.trust, and the name in its certificate into tls.server_name if that is not the host";
/// What to do about a certificate of ours that is not taken.
const CERTIFICATE_HINT: &str = "set tls.client_certificate and put the certificate that the other side knows, with its key, into secrets";

type Link = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// See the module.
pub(crate) struct TcpEndpoint {
    host: String,
    port: u16,
    /// `None`: in clear
    tls: Option<Trust>,
    egress: EgressPolicy,
}

impl TcpEndpoint {
    pub(crate) fn new(
        host: &str,
        port: u16,
        tls: &TcpTls,
        secrets: &Secrets,
        egress: &EgressPolicy,
    ) -> Result<Self, Problem> {
        check_host(host)?;
        if port == 0 {
            return Err(config_problem("/endpoint/port", "0 is no port"));
        }
        let trust = match tls.mode {
            TlsMode::VerifyFull => {
                let name = tls.server_name.as_deref().unwrap_or(host);
                let trust = Trust::new(&tls.trust, name)?;
                trust.name()?;
                Some(match tls.client_certificate {
                    true => trust.showing_certificate(secrets)?,
                    false => trust,
                })
            }
            TlsMode::Off if tls.client_certificate => {
                let detail = "a client certificate is shown over TLS only";
                return Err(config_problem("/endpoint/tls/client_certificate", detail));
            }
            TlsMode::Off => {
                check_in_clear(egress, host, port)?;
                None
            }
        };
        Ok(Self {
            host: host.to_owned(),
            port,
            tls: trust,
            egress: egress.clone(),
        })
    }

    /// A socket, after the TLS handshake if there is one.
    pub(crate) async fn connect(&self) -> Result<TcpSocket, Problem> {
        let dialled = self.egress.dial(&self.host, self.port, CONNECT_TIMEOUT);
        let stream = dialled.await.map_err(|error| error.problem())?;
        self.protected(stream).await
    }

    async fn protected(&self, stream: TcpStream) -> Result<TcpSocket, Problem> {
        // The socket has no useful failure here: without nodelay it is only slower.
        let _ = stream.set_nodelay(true);
        let place = format!("{}:{}", self.host, self.port);
        let Some(trust) = &self.tls else {
            let link = Either::Left(stream);
            return Ok(TcpSocket { link, place });
        };
        let distrusted = |cause: &dyn std::fmt::Display| {
            let detail = format!("{place} could not be believed: {cause}");
            let problem = Problem::new(ErrorCode::ConnectionAuth, detail);
            problem.at("/endpoint/tls").hint(TRUST_HINT)
        };
        let config = trust.config().map_err(|error| distrusted(&error))?;
        let connector = tokio_rustls::TlsConnector::from(config);
        let handshake = connector.connect(trust.name()?, stream);
        match tokio::time::timeout(CONNECT_TIMEOUT, handshake).await {
            Ok(Ok(tls)) => Ok(TcpSocket {
                link: Either::Right(Box::new(tls)),
                place,
            }),
            Ok(Err(error)) if refused_certificate(&error).is_some() => Err(broken(&place, &error)),
            Ok(Err(error)) if tls_error(&error).is_some() => Err(distrusted(&error)),
            Ok(Err(error)) => Err(broken(&place, &error)),
            Err(_) => {
                let detail = format!("{place} did not finish the TLS handshake in time");
                let problem = Problem::new(ErrorCode::ConnectionTimeout, detail);
                Err(problem.hint("check the port: a server without TLS waits here for ever"))
            }
        }
    }

    /// Name, socket, TLS. What is said over it is the connector's to try.
    pub(crate) async fn probe(&self, probe: &mut Probe) {
        let Some(stream) = probe.reach(&self.egress, &self.host, self.port).await else {
            return;
        };
        let Some(trust) = &self.tls else {
            return;
        };
        let greeting = async {
            let mut socket = self.protected(stream).await?;
            if trust.shows_certificate() {
                socket.verdict().await?;
            }
            Ok(((), format!("the certificate of {} is believed", self.host)))
        };
        probe.step("tls", greeting).await;
    }
}

/// An open link. Dropping it closes it.
pub(crate) struct TcpSocket {
    link: Link,
    place: String,
}

impl TcpSocket {
    /// Whether the certificate that was shown is refused. Silence and a greeting mean that it is not.
    async fn verdict(&mut self) -> Result<(), Problem> {
        let mut first = [0];
        match tokio::time::timeout(VERDICT_WAIT, self.link.read(&mut first)).await {
            Ok(Err(error)) => Err(broken(&self.place, &error)),
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }
}

#[async_trait]
impl OtherSocket for TcpSocket {
    async fn read(&mut self, max: usize) -> Result<Bytes, Problem> {
        let mut bytes = vec![0; max];
        let read = self.link.read(&mut bytes).await;
        let length = read.map_err(|error| broken(&self.place, &error))?;
        bytes.truncate(length);
        Ok(Bytes::from(bytes))
    }

    async fn write(&mut self, data: &[u8]) -> Result<(), Problem> {
        let written = async {
            self.link.write_all(data).await?;
            self.link.flush().await
        };
        let written = written.await;
        written.map_err(|error| broken(&self.place, &error))
    }

    async fn finish(&mut self) {
        // Who is gone already needs no goodbye.
        let _ = self.link.shutdown().await;
    }
}

fn broken(place: &str, error: &std::io::Error) -> Problem {
    if let Some(alert) = refused_certificate(error) {
        let detail = format!("{place} refused our client certificate ({alert:?})");
        return Problem::new(ErrorCode::ConnectionAuth, detail).hint(CERTIFICATE_HINT);
    }
    let detail = format!("the connection to {place} broke: {error}");
    Problem::new(ErrorCode::ConnectionUnreachable, detail)
}
