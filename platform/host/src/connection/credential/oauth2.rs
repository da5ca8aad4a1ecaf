//! The token endpoint of OAuth 2.0 (RFC 6749): one request, one answer.
//!
//! It may be on another host than the API, so it has a client of its own, under the same egress
//! rules and with the same TLS settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::BASE64;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tributary_model::error_code::ErrorCode;
use tributary_model::http_auth::ClientAuth;
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;

use super::token::Fetched;
use super::{Redactor, Surroundings, sensitive};
use crate::connection::config_problem;
use crate::connection::http::address::{Base, encoded_query};
use crate::connection::http::transport::{Answer, Transport};

const AT: &str = "/endpoint/auth/token_url";

/// What both grants have in common.
pub(super) struct TokenEndpoint {
    address: Url,
    transport: Transport,
    client_id: String,
    client_secret: Option<SecretString>,
    client_auth: ClientAuth,
    /// scope and further parameters
    params: Vec<(String, String)>,
    redactor: Arc<Redactor>,
}

/// The settings of a token endpoint.
pub(super) struct Settings<'a> {
    pub(super) token_url: &'a str,
    pub(super) client_id: &'a str,
    pub(super) client_secret: Option<SecretString>,
    pub(super) client_auth: ClientAuth,
    pub(super) scope: &'a str,
    pub(super) params: &'a BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
    token_type: Option<String>,
    /// a number, from some servers as text
    expires_in: Option<Value>,
    refresh_token: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl TokenEndpoint {
    pub(super) fn new(
        settings: Settings<'_>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Problem> {
        let base = Base::parse(settings.token_url, AT)?;
        let address = Url::parse(settings.token_url)
            .map_err(|error| config_problem(AT, format!("the address is no URL: {error}")))?;
        let tls = surroundings.tls;
        let mut params = Vec::new();
        if !settings.scope.is_empty() {
            params.push(("scope".to_owned(), settings.scope.to_owned()));
        }
        for (name, value) in settings.params {
            params.push((name.clone(), value.clone()));
        }
        Ok(Self {
            address,
            transport: Transport::new(&base, AT, tls, &surroundings.ports.egress)?,
            client_id: settings.client_id.to_owned(),
            client_secret: settings.client_secret,
            client_auth: settings.client_auth,
            params,
            redactor: Arc::clone(surroundings.redactor),
        })
    }

    /// Asks for a token with the parameters of a grant.
    pub(super) async fn ask(&self, grant: &[(&str, &str)]) -> Result<Fetched, Problem> {
        let request = self.request(grant)?;
        let answer = self.transport.exchange(request).await;
        let answer = answer.map_err(|error| error.problem)?;
        if answer.status != 200 && answer.status != 201 {
            return Err(self.refusal(&answer));
        }
        let place = self.transport.place();
        let parsed: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| {
            // The answer itself may hold a token.
            let detail = format!("the token endpoint at {place} answered something else than JSON");
            Problem::new(ErrorCode::SourceProtocol, detail).at(AT)
        })?;
        let token = parsed
            .access_token
            .clone()
            .filter(|token| !token.is_empty());
        let Some(token) = token else {
            return Err(self.refusal(&answer));
        };
        if let Some(kind) = &parsed.token_type
            && !kind.eq_ignore_ascii_case("bearer")
        {
            let kind = shorten(&self.redactor.text(kind), 40);
            let detail = format!(
                "the token endpoint at {place} gave a token of type {kind:?}; bearer is what can be used"
            );
            return Err(Problem::new(ErrorCode::SourceProtocol, detail).at(AT));
        }
        let lifetime_s = match &parsed.expires_in {
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        let refresh_token = parsed.refresh_token.filter(|token| !token.is_empty());
        Ok(Fetched {
            value: SecretString::from(format!("Bearer {token}")),
            lifetime_s,
            refresh_token: refresh_token.map(SecretString::from),
        })
    }

    fn request(&self, grant: &[(&str, &str)]) -> Result<reqwest::Request, Problem> {
        let mut pairs: Vec<(String, String)> = grant
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        pairs.extend(self.params.iter().cloned());
        let mut request = reqwest::Request::new(Method::POST, self.address.clone());
        let secret = self.client_secret.as_ref();
        match (secret, self.client_auth) {
            (Some(secret), ClientAuth::Basic) => {
                // RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
                let both =
                    encoded_query(&[(self.client_id.clone(), secret.expose_secret().to_owned())]);
                let both = both.replacen('=', ":", 1);
                let value = format!("Basic {}", BASE64.encode(both.as_bytes()));
                let value = sensitive(&value, "client_secret")?;
                request.headers_mut().insert(AUTHORIZATION, value);
            }
            (Some(secret), ClientAuth::Body) => {
                pairs.push(("client_id".to_owned(), self.client_id.clone()));
                let secret = secret.expose_secret().to_owned();
                pairs.push(("client_secret".to_owned(), secret));
            }
            (None, _) => pairs.push(("client_id".to_owned(), self.client_id.clone())),
        }
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        *request.body_mut() = Some(encoded_query(&pairs).into());
        Ok(request)
    }

    /// What an answer without a token means.
    fn refusal(&self, answer: &Answer) -> Problem {
        let place = self.transport.place();
        let said: TokenAnswer = serde_json::from_slice(&answer.body).unwrap_or_default();
        // Shortened afterwards: of a secret that was cut nothing would be found.
        let clean = |text: &str| shorten(&self.redactor.text(text), 200);
        let word = said.error.as_deref().map(clean).unwrap_or_default();
        let more = said.error_description.as_deref().map(clean);
        let more = more.map(|text| format!(" ({text})")).unwrap_or_default();
        let status = answer.status;
        let reason = match word.is_empty() {
            true => format!("status {status}"),
            false => format!("{word}{more}"),
        };
        match status {
            429 => {
                let retry_after = answer.headers.get("retry-after");
                let seconds =
                    retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
                let detail = format!("the token endpoint at {place} asks to slow down");
                let mut problem = Problem::new(ErrorCode::RateLimited, detail);
                problem.retry_after_ms = seconds.map(|seconds: u64| seconds.saturating_mul(1000));
                problem
            }
            500..=599 => Problem::new(
                ErrorCode::ConnectionUnreachable,
                format!("the token endpoint at {place} failed: {reason}"),
            ),
            404 | 405 => config_problem(
                AT,
                format!("there is no token endpoint at this address ({reason})"),
            ),
            _ => {
                let detail =
                    format!("the token endpoint at {place} refused the credentials: {reason}");
                let hint = match word.as_str() {
                    "invalid_client" => {
                        "enter the client id and the client secret as the other side shows them"
                    }
                    "invalid_grant" => {
                        "the consent was withdrawn, has expired or was used up; give consent again (`tributary connection consent`), or put a new refresh token into secrets"
                    }
                    "invalid_scope" => "ask only for scopes that the other side gave this client",
                    "unauthorized_client" => {
                        "let the other side's administrator allow this kind of grant for the client"
                    }
                    _ => "compare client id, secret and scope with what the other side shows",
                };
                Problem::new(ErrorCode::ConnectionAuth, detail).hint(hint)
            }
        }
    }
}
