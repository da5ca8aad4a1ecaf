//! Who we are to an HTTP API: one file per kind. A credential is set on the finished request, after
//! everything else was checked; the guest never sees it.
//!
//! Invariants: secrets are held as `SecretString` and never in Debug, errors or logs; what an
//! answer repeats of them is replaced ([`Redactor`]); nothing here follows a redirect.
//!
//! How to add a kind: its settings in `model::http_auth`, its form in `connection_forms.json`, a
//! file here, a line in each `match` of this file, a test in `tests/host/credentials`.

mod api_key;
mod basic;
mod bearer;
mod client_certificate;
mod digest;
mod hmac;
mod keeper;
mod login;
mod moment;
mod oauth1;
mod oauth2;
mod oauth2_client;
mod oauth2_code;
mod recipe;
mod redactor;
mod secrets;
mod sigv4;
mod template;
mod token;

use std::sync::Arc;

use reqwest::header::{HeaderName, HeaderValue};
use tributary_model::document::HttpAuth;
use tributary_model::problem::Problem;

use super::ConnectionPorts;
use super::config_problem;
use super::http::address::Base;
use super::http::transport::Transport;

pub(crate) use client_certificate::{ClientPem, ClientTls};
pub use keeper::{KeptTokens, TokenKeeper};
pub use oauth2_code::{ConsentAsked, ConsentGiven, Consented};
pub(crate) use recipe::check_recipe;
pub(crate) use redactor::Redactor;
pub(crate) use secrets::Secrets;
use token::Grant;
pub(crate) use token::{TokenSource, no_consent};

/// What a credential is made with besides its settings.
pub(crate) struct Surroundings<'a> {
    pub(crate) base: &'a Base,
    pub(crate) transport: &'a Arc<Transport>,
    pub(crate) tls: &'a ClientTls,
    pub(crate) ports: &'a ConnectionPorts,
    pub(crate) redactor: &'a Arc<Redactor>,
}

pub(crate) enum Credential {
    None,
    /// the same with each request, marked sensitive
    Header(HeaderName, HeaderValue),
    Query(api_key::QueryKey),
    Token(TokenSource),
    Oauth1(oauth1::Signer),
    Hmac(hmac::Signer),
    Sigv4(sigv4::Signer),
}

/// Which token a request was sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used(u64);

impl Credential {
    pub(crate) fn new(
        auth: &HttpAuth,
        secrets: &Secrets,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Problem> {
        let clock = || Arc::clone(&surroundings.ports.clock);
        Ok(match auth {
            HttpAuth::None => Self::None,
            HttpAuth::Bearer => bearer::credential(secrets)?,
            HttpAuth::Basic { user } => basic::credential(user, secrets, surroundings.redactor)?,
            HttpAuth::ApiKey(settings) => api_key::credential(settings, secrets)?,
            HttpAuth::Oauth2Client(settings) => {
                let grant = oauth2_client::ClientGrant::new(settings, secrets, surroundings)?;
                Self::Token(TokenSource::new(Grant::Client(grant), auth, surroundings))
            }
            HttpAuth::Oauth2Code(settings) => {
                let grant = oauth2_code::CodeGrant::new(settings, secrets, surroundings)?;
                Self::Token(TokenSource::new(Grant::Code(grant), auth, surroundings))
            }
            HttpAuth::Login(settings) => {
                let grant = login::LoginGrant::new(settings, secrets, surroundings)?;
                Self::Token(TokenSource::new(Grant::Login(grant), auth, surroundings))
            }
            HttpAuth::Oauth1(settings) => {
                Self::Oauth1(oauth1::Signer::new(settings, secrets, clock())?)
            }
            HttpAuth::Hmac(settings) => Self::Hmac(hmac::Signer::new(settings, secrets, clock())?),
            HttpAuth::Sigv4(settings) => {
                Self::Sigv4(sigv4::Signer::new(settings, secrets, clock())?)
            }
        })
    }

    /// Whether a header (lower case) is this credential's, so that nobody else may set it.
    pub(crate) fn owns(&self, header: &str) -> bool {
        match self {
            Self::Header(name, _) => name.as_str() == header,
            Self::Token(tokens) => tokens.header().as_str() == header,
            Self::Hmac(signer) => signer.owns(header),
            Self::Sigv4(_) => header.starts_with("x-amz-"),
            Self::None | Self::Query(_) | Self::Oauth1(_) => false,
        }
    }

    /// Sets the credential. The answer is there if another one could be had after a 401.
    pub(crate) async fn apply(
        &self,
        request: &mut reqwest::Request,
        body: &[u8],
    ) -> Result<Option<Used>, Problem> {
        match self {
            Self::None => {}
            Self::Header(name, value) => {
                request.headers_mut().insert(name.clone(), value.clone());
            }
            Self::Query(key) => key.apply(request),
            Self::Token(tokens) => {
                let (value, used) = tokens.value().await?;
                request.headers_mut().insert(tokens.header().clone(), value);
                return Ok(Some(used));
            }
            Self::Oauth1(signer) => signer.apply(request, body)?,
            Self::Hmac(signer) => signer.apply(request, body)?,
            Self::Sigv4(signer) => signer.apply(request, body)?,
        }
        Ok(None)
    }

    /// The other side refused what [`Self::apply`] set. True: the next request gets another one.
    pub(crate) async fn refused(&self, used: Used) -> bool {
        match self {
            Self::Token(tokens) => tokens.refused(used).await,
            _ => false,
        }
    }
}

/// A header value that is not shown; `secret` is the secret to blame.
fn sensitive(text: &str, secret: &str) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::from_str(text.trim()).map_err(|_| {
        config_problem(
            &format!("/secrets/{secret}"),
            format!("the secret {secret:?} has characters that a header can't carry"),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A header's name out of the settings.
fn header_name(text: &str, at: &str) -> Result<HeaderName, Problem> {
    HeaderName::from_bytes(text.to_ascii_lowercase().as_bytes())
        .map_err(|_| config_problem(at, format!("{text:?} is no header name")))
}

/// 32 hexadecimal digits that were never used before.
pub(crate) fn nonce() -> Result<String, Problem> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| {
        let code = tributary_model::error_code::ErrorCode::Internal;
        Problem::new(code, "the system gave no random numbers")
    })?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
