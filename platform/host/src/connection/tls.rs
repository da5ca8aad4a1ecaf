//! TLS over a socket of ours: whom to believe, what the server's certificate must name, and the
//! certificate that we show. For links that are not HTTP: databases, and protocols that connectors speak.
//!
//! Invariants: TLS, once asked for, is never given up; authorities of the document replace the machine's;
//! neither key nor certificate of ours is in an error.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use tributary_model::problem::Problem;

use super::credential::{ClientPem, Secrets};
use super::{config_problem, granted_in_clear};
use crate::egress::EgressPolicy;

/// Whom to believe, and what the server's certificate must name.
pub(crate) struct Trust {
    roots: Vec<CertificateDer<'static>>,
    server_name: String,
    identity: Option<Identity>,
}

/// A certificate of ours with its chain, and its key.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Trust {
    /// Of a document's `endpoint.tls`.
    pub(crate) fn new(trust: &[String], server_name: &str) -> Result<Self, Problem> {
        Ok(Self {
            roots: roots(trust)?,
            server_name: server_name.to_owned(),
            identity: None,
        })
    }

    /// The same, with the client certificate of the secrets.
    pub(crate) fn showing_certificate(mut self, secrets: &Secrets) -> Result<Self, Problem> {
        let pem = ClientPem::of(secrets)?;
        let wrong = |what: &str| {
            let detail = format!("the client certificate cannot be used: {what}");
            config_problem("/secrets/client_private_key", detail)
        };
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(pem.chain.expose_secret().as_bytes()).collect();
        let chain = chain.map_err(|_| {
            let detail = "the client certificate can't be read; is it PEM?";
            config_problem("/secrets/client_certificate", detail)
        })?;
        let key = PrivateKeyDer::from_pem_slice(pem.key.expose_secret().as_bytes());
        let key = key.map_err(|_| wrong("the private key can't be read; is it PEM (PKCS#8)?"))?;
        self.identity = Some(Identity { chain, key });
        // A key of another certificate is told when the connection is made, not at the first dial.
        self.config().map_err(|error| wrong(&error.to_string()))?;
        Ok(self)
    }

    pub(crate) fn shows_certificate(&self) -> bool {
        self.identity.is_some()
    }

    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(self.roots.iter().cloned());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store);
        let config = match &self.identity {
            Some(identity) => {
                builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())?
            }
            None => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }

    pub(crate) fn name(&self) -> Result<ServerName<'static>, Problem> {
        ServerName::try_from(self.server_name.clone()).map_err(|_| {
            let detail = format!("{:?} is no name of a server", self.server_name);
            config_problem("/endpoint/tls/server_name", detail)
        })
    }

    /// For drivers that make their own configuration.
    pub(crate) fn roots(&self) -> &[CertificateDer<'static>] {
        &self.roots
    }

    pub(crate) fn server_name(&self) -> &str {
        &self.server_name
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

/// The alert with which a server refuses the certificate that it asked for.
pub(crate) fn refused_certificate(
    error: &(dyn std::error::Error + 'static),
) -> Option<AlertDescription> {
    use AlertDescription as Alert;
    match tls_error(error)? {
        rustls::Error::AlertReceived(
            alert @ (Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::DecryptError
            | Alert::UnknownCA
            | Alert::AccessDenied),
        ) => Some(*alert),
        _ => None,
    }
}

/// What TLS says, if it is TLS that failed and not the socket below it.
pub(crate) fn tls_error<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a rustls::Error> {
    let io = error.downcast_ref::<std::io::Error>();
    match io.and_then(std::io::Error::get_ref) {
        Some(inner) => inner.downcast_ref(),
        None => error.downcast_ref(),
    }
}

/// A link without TLS is only for a host and port that the operator named.
pub(crate) fn check_in_clear(egress: &EgressPolicy, host: &str, port: u16) -> Result<(), Problem> {
    if granted_in_clear(egress, host, port) {
        return Ok(());
    }
    let detail =
        format!("{host}:{port} is to be reached without TLS, which the operator has not granted");
    Err(config_problem("/endpoint/tls/mode", detail))
}
