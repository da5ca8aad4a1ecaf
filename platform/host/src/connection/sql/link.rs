//! The link to a database server: a socket that egress dialled, and TLS over it.
//!
//! Invariants: the address that was checked is the one that is dialled; TLS, once asked for, is never
//! given up; in clear only where the operator granted this very host and port.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use secrecy::SecretString;
use tokio::net::TcpStream;
use tributary_model::document::{SqlAuth, SqlTls, TlsMode};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::connection::credential::Secrets;
use crate::connection::{CONNECT_TIMEOUT, config_problem, granted_in_clear};
use crate::egress::EgressPolicy;

/// A server and who we are to it.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) user: String,
    pub(crate) password: SecretString,
    /// `None`: in clear
    pub(crate) tls: Option<Trust>,
    pub(crate) egress: EgressPolicy,
}

/// Whom to believe, and what the server's certificate must name.
pub(crate) struct Trust {
    pub(crate) roots: Vec<CertificateDer<'static>>,
    pub(crate) server_name: String,
}

impl Server {
    pub(crate) fn new(
        (host, port, database): (&str, u16, &str),
        tls: &SqlTls,
        auth: &SqlAuth,
        secrets: &Secrets,
        egress: &EgressPolicy,
    ) -> Result<Self, Problem> {
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            let detail = format!("{host:?} is no host name");
            return Err(config_problem("/endpoint/host", detail));
        }
        let SqlAuth::Password { user } = auth else {
            let detail = "a server needs an account: auth of kind \"password\"";
            return Err(config_problem("/endpoint/auth", detail));
        };
        let tls = match tls.mode {
            TlsMode::VerifyFull => Some(Trust {
                roots: roots(&tls.trust)?,
                server_name: tls.server_name.clone().unwrap_or_else(|| host.to_owned()),
            }),
            TlsMode::Off if granted_in_clear(egress, host, port) => None,
            TlsMode::Off => {
                let detail = format!(
                    "{host}:{port} is to be reached without TLS, which the operator has not granted"
                );
                return Err(config_problem("/endpoint/tls/mode", detail));
            }
        };
        Ok(Self {
            host: host.to_owned(),
            port,
            database: database.to_owned(),
            user: user.clone(),
            password: secrets.required("password")?,
            tls,
            egress: egress.clone(),
        })
    }

    /// `host:port`, as messages call it.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(crate) async fn dial(&self) -> Result<TcpStream, Problem> {
        let dialled = self.egress.dial(&self.host, self.port, CONNECT_TIMEOUT);
        let stream = dialled.await.map_err(|error| error.problem())?;
        // The socket has no useful failure here: without nodelay it is only slower.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    pub(crate) fn broken(&self, cause: &dyn std::fmt::Display) -> Problem {
        let detail = format!("the connection to {} broke: {cause}", self.place());
        Problem::new(ErrorCode::ConnectionUnreachable, detail)
    }

    pub(crate) fn late(&self, what: &str) -> Problem {
        let detail = format!("{} {what} in time", self.place());
        Problem::new(ErrorCode::ConnectionTimeout, detail)
    }

    /// A certificate that was not believed, or a server without TLS: for a person to mend.
    pub(crate) fn distrusted(&self, cause: &dyn std::fmt::Display) -> Problem {
        let detail = format!("{} could not be believed: {cause}", self.place());
        Problem::new(ErrorCode::ConnectionAuth, detail)
            .at("/endpoint/tls")
            .hint("put the certificate of the server's authority into tls.trust, and the name in its certificate into tls.server_name if that is not the host")
    }
}

impl Trust {
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(self.roots.iter().cloned());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }

    pub(crate) fn name(&self) -> Result<ServerName<'static>, Problem> {
        ServerName::try_from(self.server_name.clone()).map_err(|_| {
            let detail = format!("{:?} is no name of a server", self.server_name);
            config_problem("/endpoint/tls/server_name", detail)
        })
    }
}

/// The authorities of the document, or the machine's.
fn roots(trust: &[String]) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let mut roots = Vec::new();
    for (index, text) in trust.iter().enumerate() {
        let wrong = || {
            let at = format!("/endpoint/tls/trust/{index}");
            config_problem(&at, "this is no certificate in PEM form")
        };
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
            roots.push(certificate.map_err(|_| wrong())?);
        }
        if roots.len() == before {
            return Err(wrong());
        }
    }
    if trust.is_empty() {
        // A machine without a store believes nobody, and the handshake says so.
        let usable =
            |root: &CertificateDer<'static>| RootCertStore::empty().add(root.clone()).is_ok();
        roots = rustls_native_certs::load_native_certs().certs;
        roots.retain(usable);
    }
    Ok(roots)
}
