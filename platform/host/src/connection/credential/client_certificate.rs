//! TLS with authorities of the tenant's own and with a client certificate. Both are PEM; the key is
//! a secret and lies in the vault.

use reqwest::{Certificate, ClientBuilder, Identity};
use secrecy::{ExposeSecret, SecretString};
use tributary_model::document::Tls;
use tributary_model::problem::Problem;

use super::Secrets;
use crate::connection::config_problem;

/// What is set on every client of a connection.
#[derive(Clone, Default)]
pub(crate) struct ClientTls {
    trust: Vec<Certificate>,
    identity: Option<Identity>,
}

impl ClientTls {
    pub(crate) fn new(tls: &Tls, secrets: &Secrets) -> Result<Self, Problem> {
        let mut trust = Vec::new();
        for (index, pem) in tls.trust.iter().enumerate() {
            let wrong = || {
                config_problem(
                    &format!("/endpoint/tls/trust/{index}"),
                    "this is no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)",
                )
            };
            let found = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| wrong())?;
            if found.is_empty() {
                return Err(wrong());
            }
            trust.extend(found);
        }
        let identity = match tls.client_certificate {
            true => Some(identity(secrets)?),
            false => None,
        };
        Ok(Self { trust, identity })
    }

    pub(crate) fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    pub(crate) fn set(&self, mut builder: ClientBuilder) -> ClientBuilder {
        if !self.trust.is_empty() {
            builder = builder.tls_certs_only(self.trust.iter().cloned());
        }
        if let Some(identity) = &self.identity {
            builder = builder.identity(identity.clone());
        }
        builder
    }
}

/// Certificate with its chain, and key, as far as can be judged by looking at the text.
pub(crate) struct ClientPem {
    pub(crate) chain: SecretString,
    pub(crate) key: SecretString,
}

impl ClientPem {
    pub(crate) fn of(secrets: &Secrets) -> Result<Self, Problem> {
        let chain = secrets.required("client_certificate")?;
        let key = secrets.required("client_private_key")?;
        if !chain
            .expose_secret()
            .contains("-----BEGIN CERTIFICATE-----")
        {
            let detail =
                "the client certificate is not in PEM form (`-----BEGIN CERTIFICATE-----`)";
            return Err(config_problem("/secrets/client_certificate", detail));
        }
        if key.expose_secret().contains("ENCRYPTED") {
            let detail = "the private key is locked with a passphrase; put it in unlocked, the vault seals it";
            return Err(config_problem("/secrets/client_private_key", detail));
        }
        Ok(Self { chain, key })
    }
}

fn identity(secrets: &Secrets) -> Result<Identity, Problem> {
    let pem = ClientPem::of(secrets)?;
    let (chain, key) = (pem.chain.expose_secret(), pem.key.expose_secret());
    let both = SecretString::from(format!("{chain}\n{key}"));
    Identity::from_pem(both.expose_secret().as_bytes()).map_err(|_| {
        config_problem(
            "/secrets/client_private_key",
            "the private key can't be read; is it PEM (PKCS#8, `-----BEGIN PRIVATE KEY-----`)?",
        )
    })
}
