//! OAuth 2.0 authorization code: the consent of a person in their browser (RFC 6749 §4.1, with PKCE
//! by RFC 7636 and the issuer by RFC 9207), and access tokens by refresh token ever after (§6). A server
//! may hand out a new refresh token with each answer and take back the old one, so the new one is
//! kept before anybody else may renew.
//!
//! Invariants: a code is sent with the verifier that only this platform knows, to the token endpoint of
//! the connection that asked; it is in no error and no log.
//!
//! Deliberately absent: whose browser it is, and how often it may come back. That is judged before,
//! by whoever shows the pages.

use data_encoding::BASE64URL_NOPAD;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tributary_model::error_code::ErrorCode;
use tributary_model::http_auth::Oauth2Code;
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;

use super::oauth2::{Settings, TokenEndpoint};
use super::token::Fetched;
use super::{Secrets, Surroundings};
use crate::connection::config_problem;
use crate::connection::http::transport::granted_in_clear;

const AT: &str = "/endpoint/auth/authorize_url";

/// Servers refuse a parameter that comes twice (RFC 6749 §3.1).
const OWN_PARAMS: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "scope",
];

pub(crate) struct CodeGrant {
    endpoint: TokenEndpoint,
    first: Option<SecretString>,
    consent: Option<ConsentPlace>,
}

/// Where a person agrees.
struct ConsentPlace {
    address: Url,
    client_id: String,
    scope: String,
    params: Vec<(String, String)>,
    issuer: Option<String>,
}

/// What a browser is sent to the other side with.
#[derive(Debug, Clone)]
pub struct ConsentAsked {
    /// where it shall come back to; the other side must know this address
    pub redirect_uri: String,
    /// what it shall bring back
    pub state: String,
    /// secret of this consent (RFC 7636 §4.1); its hash goes along, it itself with the code
    pub verifier: SecretString,
}

/// What a browser brought back.
#[derive(Debug, Clone)]
pub struct ConsentGiven {
    pub code: SecretString,
    pub verifier: SecretString,
    /// the same that it was sent with
    pub redirect_uri: String,
    /// who says so (RFC 9207)
    pub issuer: Option<String>,
}

/// How long a consent lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consented {
    /// the platform can get further tokens by itself
    pub renewable: bool,
    /// life of the first access token, seconds; `None`: the other side did not say
    pub lifetime_s: Option<u64>,
}

impl CodeGrant {
    pub(super) fn new(
        settings: &Oauth2Code,
        secrets: &Secrets,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Problem> {
        let consent = ConsentPlace::new(settings, surroundings)?;
        let first = match consent {
            Some(_) => secrets.optional("refresh_token"),
            None => Some(secrets.required("refresh_token")?),
        };
        let settings = Settings {
            token_url: &settings.token_url,
            client_id: &settings.client_id,
            client_secret: secrets.optional("client_secret"),
            client_auth: settings.client_auth,
            scope: &settings.scope,
            params: &settings.params,
        };
        Ok(Self {
            endpoint: TokenEndpoint::new(settings, surroundings)?,
            first,
            consent,
        })
    }

    /// With the refresh token that was kept last, else with the first one.
    pub(super) async fn fetch(&self, kept: Option<&SecretString>) -> Result<Fetched, Problem> {
        let Some(token) = kept.or(self.first.as_ref()) else {
            let detail =
                "nobody has given consent for this connection, or what came of it has ended";
            return Err(Problem::new(ErrorCode::ConnectionAuth, detail).hint(
                "give consent: `tributary connection consent TENANT NAME` shows the address to open in a browser",
            ));
        };
        let token = token.expose_secret();
        let grant = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.endpoint.ask(&grant).await
    }

    /// The address that a browser is sent to.
    pub(super) fn address(&self, asked: &ConsentAsked) -> Result<String, Problem> {
        Ok(self.place()?.address(asked))
    }

    /// Tokens for what a browser brought back.
    pub(super) async fn exchange(&self, given: &ConsentGiven) -> Result<Fetched, Problem> {
        self.place()?.check_issuer(given.issuer.as_deref())?;
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", given.code.expose_secret()),
            ("redirect_uri", &given.redirect_uri),
            ("code_verifier", given.verifier.expose_secret()),
        ];
        self.endpoint.ask(&grant).await
    }

    fn place(&self) -> Result<&ConsentPlace, Problem> {
        self.consent.as_ref().ok_or_else(|| {
            let detail = "the connection does not say where consent is given";
            config_problem(AT, detail).hint("put the API's address for consent into authorize_url")
        })
    }
}

impl ConsentPlace {
    /// `None` without an address. Only a person's browser goes there, so it needs no grant, but what it
    /// shows must come over TLS.
    fn new(
        settings: &Oauth2Code,
        surroundings: &Surroundings<'_>,
    ) -> Result<Option<Self>, Problem> {
        let Some(text) = &settings.authorize_url else {
            return Ok(None);
        };
        let address = Url::parse(text)
            .map_err(|error| config_problem(AT, format!("the address is no URL: {error}")))?;
        let host = address.host_str().unwrap_or_default();
        let port = address.port_or_known_default().unwrap_or_default();
        let in_clear =
            address.scheme() == "http" && granted_in_clear(&surroundings.ports.egress, host, port);
        if !in_clear && address.scheme() != "https" {
            return Err(config_problem(AT, "the address must begin with https://"));
        }
        if !address.username().is_empty() || address.password().is_some() {
            return Err(config_problem(AT, "the address must not hold an account"));
        }
        if address.fragment().is_some() {
            return Err(config_problem(
                AT,
                "the address must not have a part after #",
            ));
        }
        let params = &settings.authorize_params;
        if let Some(name) = OWN_PARAMS.iter().find(|name| params.contains_key(**name)) {
            let at = format!("/endpoint/auth/authorize_params/{name}");
            return Err(config_problem(
                &at,
                format!("the platform sets {name} itself"),
            ));
        }
        Ok(Some(Self {
            address,
            client_id: settings.client_id.clone(),
            scope: settings.scope.clone(),
            params: params
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            issuer: settings.issuer.clone(),
        }))
    }

    fn address(&self, asked: &ConsentAsked) -> String {
        let verifier = asked.verifier.expose_secret().as_bytes();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier);
        let challenge = BASE64URL_NOPAD.encode(hash.as_ref());
        let mut address = self.address.clone();
        let mut query = address.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &asked.redirect_uri)
            .append_pair("state", &asked.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if !self.scope.is_empty() {
            query.append_pair("scope", &self.scope);
        }
        for (name, value) in &self.params {
            query.append_pair(name, value);
        }
        drop(query);
        address.into()
    }

    /// An answer that names somebody else was meant for somebody else (RFC 9207 §2.4).
    fn check_issuer(&self, brought: Option<&str>) -> Result<(), Problem> {
        let Some(wanted) = &self.issuer else {
            return Ok(());
        };
        if brought == Some(wanted.as_str()) {
            return Ok(());
        }
        let who = brought.map_or_else(
            || "nobody".to_owned(),
            |text| format!("{:?}", shorten(text, 200)),
        );
        let detail = format!("the answer to the consent names {who} as its issuer, not {wanted:?}");
        Err(Problem::new(ErrorCode::ConnectionAuth, detail)
            .at("/endpoint/auth/issuer")
            .hint("compare the issuer with what the other side publishes; if they agree, somebody mixed up two consents: begin again"))
    }
}
