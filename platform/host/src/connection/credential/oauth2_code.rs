//! OAuth 2.0 authorization code, the part after the consent: access tokens by refresh token
//! (RFC 6749 §6). A server may hand out a new refresh token with each answer and take back the old
//! one, so the new one is kept before anybody else may renew.
//!
//! Deliberately absent: the consent page. The first refresh token is put with the connection.

use secrecy::{ExposeSecret, SecretString};
use tributary_model::http_auth::Oauth2Code;
use tributary_model::problem::Problem;

use super::oauth2::{Settings, TokenEndpoint};
use super::token::Fetched;
use super::{Secrets, Surroundings};

pub(crate) struct CodeGrant {
    endpoint: TokenEndpoint,
    first: SecretString,
}

impl CodeGrant {
    pub(super) fn new(
        settings: &Oauth2Code,
        secrets: &Secrets,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Problem> {
        let first = secrets.required("refresh_token")?;
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
        })
    }

    /// With the refresh token that was kept last, else with the first one.
    pub(super) async fn fetch(&self, kept: Option<&SecretString>) -> Result<Fetched, Problem> {
        let token = kept.unwrap_or(&self.first).expose_secret();
        let grant = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.endpoint.ask(&grant).await
    }
}
