//! OAuth 2.0 client credentials (RFC 6749 §4.4).

use tributary_model::http_auth::Oauth2Client;
use tributary_model::problem::Problem;

use super::oauth2::{Settings, TokenEndpoint};
use super::token::Fetched;
use super::{Secrets, Surroundings};

pub(crate) struct ClientGrant(TokenEndpoint);

impl ClientGrant {
    pub(super) fn new(
        settings: &Oauth2Client,
        secrets: &Secrets,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Problem> {
        let settings = Settings {
            token_url: &settings.token_url,
            client_id: &settings.client_id,
            client_secret: Some(secrets.required("client_secret")?),
            client_auth: settings.client_auth,
            scope: &settings.scope,
            params: &settings.params,
        };
        Ok(Self(TokenEndpoint::new(settings, surroundings)?))
    }

    pub(super) async fn fetch(&self) -> Result<Fetched, Problem> {
        let mut fetched = self.0.ask(&[("grant_type", "client_credentials")]).await?;
        // RFC 6749 §4.4.3: there should be none, and this grant has no use for it.
        fetched.refresh_token = None;
        Ok(fetched)
    }
}
