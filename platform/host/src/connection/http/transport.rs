//! One HTTP client for one host: dials what egress allows, follows no redirect, bounds what it
//! reads, and says what went wrong without address or particulars that could hold a secret.

use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Url;
use reqwest::header::HeaderMap;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::address::Base;
use crate::connection::credential::ClientTls;
use crate::connection::tls::refused_certificate;
use crate::connection::{CONNECT_TIMEOUT, Probe, SendError, config_problem};
use crate::egress::{EgressError, EgressPolicy, PinnedResolver};

/// Largest body that is read into memory.
pub(crate) const MAX_BODY_BYTES: usize = 64 << 20;

/// What to do about a certificate that is not believed.
const TLS_HINT: &str = "a certificate of the company's own authority is believed if that authority is put into tls.trust; one that ended or is for another name must be renewed on the server";

pub(crate) struct Transport {
    host: String,
    port: u16,
    client: reqwest::Client,
    policy: Arc<EgressPolicy>,
}

/// An answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Transport {
    /// A client for the host of `base`; `at` is the address' place in the connection document.
    pub(crate) fn new(
        base: &Base,
        at: &str,
        tls: &ClientTls,
        egress: &EgressPolicy,
    ) -> Result<Self, Problem> {
        let in_clear = base.url.scheme() == "http";
        if in_clear && !granted_in_clear(egress, &base.host, base.port) {
            let (host, port) = (&base.host, base.port);
            let detail = format!("{host}:{port} is to be reached without TLS; use https");
            return Err(config_problem(at, detail));
        }
        let policy = Arc::new(egress.clone());
        let resolver = PinnedResolver {
            policy: Arc::clone(&policy),
            host: base.host.clone(),
            port: base.port,
        };
        // A provider may be installed already; either is aws-lc-rs.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("tributary/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(resolver))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_nodelay(true);
        if in_clear {
            // No certificate store is needed, so a machine without one works.
            builder = builder.tls_certs_only([]);
        } else {
            builder = tls.set(builder);
        }
        let client = builder.build().map_err(|error| {
            let detail = format!("no HTTP client could be made: {}", root_cause(&error));
            match tls.has_identity() {
                // The cause is rustls' own word about key and certificate, never their bytes.
                true => config_problem(
                    "/secrets/client_private_key",
                    format!(
                        "the client certificate cannot be used: {}",
                        root_cause(&error)
                    ),
                ),
                false => Problem::new(ErrorCode::Internal, detail),
            }
        })?;
        Ok(Self {
            host: base.host.clone(),
            port: base.port,
            client,
            policy,
        })
    }

    /// `host:port`, as messages call it.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Tries name, socket and, where there is any, TLS: by a request without credentials whose answer
    /// does not matter. None: a step failed.
    pub(crate) async fn reach(&self, probe: &mut Probe, base: &Base) -> Option<()> {
        let reached = probe.reach(&self.policy, &self.host, self.port).await;
        drop(reached?);
        if base.url.scheme() == "http" {
            return Some(());
        }
        let greeting = async {
            let request = reqwest::Request::new(reqwest::Method::HEAD, base.url.clone());
            match tokio::time::timeout(CONNECT_TIMEOUT, self.open(request)).await {
                Ok(Err(error))
                    if !error.sent || error.problem.code == ErrorCode::ConnectionAuth =>
                {
                    Err(match error.problem.code {
                        ErrorCode::ConnectionUnreachable => error.problem.hint(TLS_HINT),
                        _ => error.problem,
                    })
                }
                // who does not answer to HEAD has shown its certificate all the same
                _ => Ok(((), format!("the certificate of {} is believed", self.host))),
            }
        };
        probe.step("tls", greeting).await
    }

    /// Sends and reads the whole answer.
    pub(crate) async fn exchange(&self, request: reqwest::Request) -> Result<Answer, SendError> {
        self.whole(self.open(request).await?).await
    }

    /// Sends; the answer's body is still to be read, and bounded by whoever reads it.
    pub(crate) async fn open(
        &self,
        request: reqwest::Request,
    ) -> Result<reqwest::Response, SendError> {
        self.check_literal(request.url())
            .map_err(SendError::unsent)?;
        self.client
            .execute(request)
            .await
            .map_err(|error| self.failure(&error))
    }

    /// Reads the whole answer.
    pub(crate) async fn whole(&self, response: reqwest::Response) -> Result<Answer, SendError> {
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: self.read_body(response).await?,
        })
    }

    async fn read_body(&self, mut response: reqwest::Response) -> Result<Bytes, SendError> {
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > MAX_BODY_BYTES => {
                    return Err(SendError {
                        problem: Problem::new(
                            ErrorCode::SourceProtocol,
                            format!("the answer is larger than {MAX_BODY_BYTES} bytes"),
                        )
                        .hint("ask for smaller pages"),
                        sent: true,
                    });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body.freeze()),
                Err(error) => return Err(self.failure(&error)),
            }
        }
    }

    /// An IP literal is dialled without asking the resolver, so it is checked here.
    fn check_literal(&self, url: &Url) -> Result<(), Problem> {
        let host = url.host_str().unwrap_or_default();
        let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() else {
            return Ok(());
        };
        if self.policy.permits(host, SocketAddr::new(ip, self.port)) {
            return Ok(());
        }
        let denied = EgressError::Denied {
            host: self.host.clone(),
            port: self.port,
        };
        Err(denied.problem())
    }

    /// reqwest's error with its address and details left out.
    fn failure(&self, error: &reqwest::Error) -> SendError {
        let mut cause = error.source();
        let mut certificate = None;
        while let Some(inner) = cause {
            if let Some(egress) = inner.downcast_ref::<EgressError>() {
                return SendError::unsent(egress.problem());
            }
            certificate = certificate.or_else(|| refused_certificate(inner));
            cause = inner.source();
        }
        let place = self.place();
        let problem = if let Some(alert) = certificate {
            let detail = format!("{place} refused our client certificate ({alert:?})");
            Problem::new(ErrorCode::ConnectionAuth, detail).hint(
                "set tls.client_certificate and put the certificate that the other side knows, with its key, into secrets",
            )
        } else if error.is_timeout() {
            let detail = format!("{place} did not answer in time");
            Problem::new(ErrorCode::ConnectionTimeout, detail)
        } else if error.is_connect() {
            let detail = format!("{place} could not be reached: {}", root_cause(error));
            Problem::new(ErrorCode::ConnectionUnreachable, detail)
        } else {
            let detail = format!("the connection to {place} broke: {}", root_cause(error));
            Problem::new(ErrorCode::ConnectionUnreachable, detail)
        };
        SendError {
            problem,
            sent: !error.is_connect() && !error.is_builder(),
        }
    }
}

/// Whether the operator named this very host and port.
pub(crate) fn granted_in_clear(egress: &EgressPolicy, host: &str, port: u16) -> bool {
    let wanted = format!("{host}:{port}").to_ascii_lowercase();
    egress
        .allow
        .iter()
        .any(|entry| entry.to_ascii_lowercase() == wanted)
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if std::ptr::eq(cause, error) {
        return "the answer was not understood".to_owned();
    }
    cause.to_string()
}
