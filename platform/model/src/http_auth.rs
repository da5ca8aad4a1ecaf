//! How an HTTP endpoint is told who we are: one struct per kind that has settings. Only what is no
//! secret stands here; each kind names the entries of `secrets` that it needs. The form of each
//! kind, with titles and examples, is `connection_forms.json`; a test compares the two.
//!
//! Invariant: unknown fields are errors; nothing here has to be hidden.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Credentials of an HTTP endpoint; the secret's name in `secrets` is given with each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum HttpAuth {
    #[default]
    None,
    /// `Authorization: Bearer`, secret `token`
    Bearer,
    /// `Authorization: Basic`, secret `password`
    Basic { user: String },
    /// a header or a parameter of its own, secret `api_key`
    ApiKey(ApiKey),
    /// a token for the client itself, secret `client_secret`
    Oauth2Client(Oauth2Client),
    /// a token that a person consented to, secrets `client_secret`, if there is one, and `refresh_token`,
    /// unless consent is given at `authorize_url`
    Oauth2Code(Oauth2Code),
    /// a signature by RFC 5849, secrets `consumer_secret` and `token_secret`
    Oauth1(Oauth1),
    /// a signature that the API invented, secret `signing_key`
    Hmac(HmacSigning),
    /// AWS Signature Version 4, secrets `secret_access_key` and `session_token`
    Sigv4(Sigv4),
    /// a call that answers what the other calls carry, secret `password`
    Login(Login),
}

impl HttpAuth {
    /// The word in documents.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bearer => "bearer",
            Self::Basic { .. } => "basic",
            Self::ApiKey(_) => "api_key",
            Self::Oauth2Client(_) => "oauth2_client",
            Self::Oauth2Code(_) => "oauth2_code",
            Self::Oauth1(_) => "oauth1",
            Self::Hmac(_) => "hmac",
            Self::Sigv4(_) => "sigv4",
            Self::Login(_) => "login",
        }
    }
}

/// Exactly one of `header` and `query` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// name of the header that carries the key
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// name of the query parameter that carries the key
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// stands before the key in the header, for example `Token `
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

/// Client credentials (RFC 6749 §4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oauth2Client {
    pub token_url: String,
    pub client_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// further parameters of the token request, for example `audience`
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
}

/// Authorization code: the consent of a person (RFC 6749 §4.1), and then the refresh token (§6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oauth2Code {
    /// where a person gives consent; without it the first refresh token is put into `secrets`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorize_url: Option<String>,
    /// further parameters of that address, for example `access_type`
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authorize_params: BTreeMap<String, String>,
    /// what the other side calls itself; if given, the answer to a consent must name it (RFC 9207)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    pub token_url: String,
    pub client_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// further parameters of the token request
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
}

/// How the token endpoint is told the client's secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// `Authorization: Basic`
    #[default]
    Basic,
    /// parameters `client_id` and `client_secret`
    Body,
}

/// OAuth 1.0a (RFC 5849), tokens made beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oauth1 {
    pub consumer_key: String,
    /// empty: only the consumer signs
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token_id: String,
    /// sent in the header, not signed; for NetSuite the account, for example `1234567_SB1`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub realm: String,
    #[serde(default)]
    pub signature_method: Oauth1Method,
}

/// See [`Oauth1`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Oauth1Method {
    #[default]
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
    #[serde(rename = "HMAC-SHA1")]
    HmacSha1,
}

/// A signature over a text that the API describes. Without `template` and `headers` the connector's
/// manifest has the description ([`crate::auth_recipe`]).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HmacSigning {
    /// the text that is signed, with `{method}`, `{path}`, `{timestamp}`, …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub template: String,
    /// name of each header and its value, with `{signature}`, `{timestamp}`, `{key_id}`, …
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// public name of the key
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_id: String,
    #[serde(default)]
    pub algorithm: HmacAlgorithm,
    /// how signature and body hash are written
    #[serde(default)]
    pub encoding: DigestEncoding,
    /// how the secret is written
    #[serde(default)]
    pub key_encoding: KeyEncoding,
    #[serde(default)]
    pub timestamp: TimestampFormat,
}

/// See [`HmacSigning`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HmacAlgorithm {
    #[default]
    Sha256,
    Sha512,
    Sha1,
}

/// See [`HmacSigning`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestEncoding {
    /// lower case
    #[default]
    Hex,
    Base64,
    /// with `-` and `_`, without `=`
    Base64url,
}

/// See [`HmacSigning`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyEncoding {
    /// the secret's characters are the key
    #[default]
    Text,
    Hex,
    Base64,
}

/// See [`HmacSigning`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampFormat {
    /// 1767225600
    #[default]
    UnixS,
    /// 1767225600000
    UnixMs,
    /// 2026-01-01T00:00:00Z
    Rfc3339,
    /// 20260101T000000Z
    IsoBasic,
    /// Thu, 01 Jan 2026 00:00:00 GMT
    HttpDate,
}

/// AWS Signature Version 4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sigv4 {
    pub access_key_id: String,
    pub region: String,
    /// for example `execute-api`
    pub service: String,
}

/// A login call and what the other calls carry from its answer. Without `body`, `take`, `header` and `value`
/// the connector's manifest has the description ([`crate::auth_recipe`]).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// below the base address; the request is a POST
    #[serde(default)]
    pub path: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// `{user}` and `{password}` are filled into its texts
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub body: Value,
    #[serde(default)]
    pub body_format: BodyFormat,
    /// name → `/pointer/into/the/answer`, `header:name` or `cookie:name`
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub take: BTreeMap<String, String>,
    /// the header that the other calls carry
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub header: String,
    /// stands before the value, for example `Session `
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// what was taken, for example `{user}:{id}:{key}`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    #[serde(default)]
    pub encoding: ValueEncoding,
    /// log in again after this long, even without a 401
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_s: Option<u32>,
}

/// See [`Login`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`; the body is an object of texts
    Form,
}

/// See [`Login`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueEncoding {
    #[default]
    Plain,
    Base64,
}

/// What is special about an endpoint's TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// certificates of authorities, PEM; if given, no others are believed
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trust: Vec<String>,
    /// we show a certificate too: secrets `client_certificate` and `client_private_key`, PEM
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_certificate: bool,
}

impl Tls {
    /// Nothing is special.
    #[must_use]
    pub fn usual(&self) -> bool {
        self.trust.is_empty() && !self.client_certificate
    }
}
