//! HTTP below one base address. Credentials are set last, on the finished request, and only for
//! this host. Plain `http:` is for addresses that the operator granted by name; everything else
//! must be `https:`.

use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use data_encoding::BASE64;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use tributary_model::document::HttpAuth;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::climb::climbs;
use super::echo::Echo;
use super::{CONNECT_TIMEOUT, HttpRequest, HttpResponse, SendError, config_problem};
use crate::egress::{EgressError, EgressPolicy, PinnedResolver};

/// Largest body that is read into memory.
pub(crate) const MAX_BODY_BYTES: usize = 64 << 20;
const DEFAULT_TIMEOUT_MS: u64 = 60_000;
const MAX_TIMEOUT_MS: u64 = 600_000;

/// Headers that the host alone sets, or that tell proxies who asks (lower case).
const RESERVED_HEADERS: [&str; 18] = [
    "host",
    "authorization",
    "cookie",
    "set-cookie",
    "accept-encoding",
    "connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "via",
    "forwarded",
    "idempotency-key",
    "x-real-ip",
    "true-client-ip",
];
/// Names that start like this are reserved as well.
const RESERVED_PREFIXES: [&str; 2] = ["proxy-", "x-forwarded-"];

pub(crate) struct HttpEndpoint {
    base: Url,
    host: String,
    port: u16,
    client: reqwest::Client,
    /// the credential header, marked sensitive
    credential: Option<(HeaderName, HeaderValue)>,
    /// covers the credential where the other side repeats it
    echo: Echo,
    policy: Arc<EgressPolicy>,
}

impl HttpEndpoint {
    pub(crate) fn new(
        base_url: &str,
        auth: &HttpAuth,
        secret: &dyn Fn(&str) -> Result<SecretString, Problem>,
        egress: &EgressPolicy,
    ) -> Result<Self, Problem> {
        let (base, host, port) = parse_base(base_url)?;
        if base.scheme() == "http" && !granted_in_clear(egress, &host, port) {
            return Err(config_problem(
                "/endpoint/base_url",
                format!("{host}:{port} is to be reached without TLS; use https"),
            ));
        }
        let (credential, echo) = credential(auth, secret)?;
        let policy = Arc::new(egress.clone());
        let resolver = PinnedResolver {
            policy: Arc::clone(&policy),
            host: host.clone(),
            port,
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
        if base.scheme() == "http" {
            // No certificate store is needed, so a machine without one works.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| {
            Problem::new(
                ErrorCode::Internal,
                format!("no HTTP client could be made: {error}"),
            )
        })?;
        Ok(Self {
            base,
            host,
            port,
            client,
            credential,
            echo,
            policy,
        })
    }

    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let started = Instant::now();
        let timeout_ms = request
            .timeout_ms
            .unwrap_or(DEFAULT_TIMEOUT_MS)
            .clamp(1, MAX_TIMEOUT_MS);
        let built = self.build(request).map_err(SendError::unsent)?;
        let timeout = Duration::from_millis(timeout_ms);
        match tokio::time::timeout(timeout, self.exchange(built, started)).await {
            Ok(result) => result,
            Err(_) => Err(SendError {
                problem: Problem::new(
                    ErrorCode::ConnectionTimeout,
                    format!(
                        "{}:{} gave no answer within {timeout_ms} ms",
                        self.host, self.port
                    ),
                ),
                sent: true,
            }),
        }
    }

    async fn exchange(
        &self,
        request: reqwest::Request,
        started: Instant,
    ) -> Result<HttpResponse, SendError> {
        let response = self
            .client
            .execute(request)
            .await
            .map_err(|error| self.failure(&error))?;
        let status = response.status().as_u16();
        let headers = self.plain_headers(response.headers());
        let body = self.read_body(response).await?;
        Ok(HttpResponse {
            status,
            headers,
            body,
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
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
                Ok(None) => {
                    self.echo.cover(&mut body);
                    return Ok(body.freeze());
                }
                Err(error) => return Err(self.failure(&error)),
            }
        }
    }

    fn build(&self, request: HttpRequest) -> Result<reqwest::Request, Problem> {
        let method = match request.method.to_ascii_uppercase().as_str() {
            "GET" => Method::GET,
            "HEAD" => Method::HEAD,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            other => return Err(denied(format!("the method {other:?} is not allowed"))),
        };
        let url = self.url(&request.path, &request.query)?;
        let mut built = reqwest::Request::new(method, url);
        let headers = built.headers_mut();
        for (name, value) in &request.headers {
            let (name, value) = self.header(name, value)?;
            headers.append(name, value);
        }
        if let Some(key) = &request.idempotency_key {
            let value = HeaderValue::from_str(key)
                .map_err(|_| denied("the idempotency key is no header value"))?;
            headers.insert(HeaderName::from_static("idempotency-key"), value);
        }
        if let Some((name, value)) = &self.credential {
            headers.insert(name.clone(), value.clone());
        }
        *built.body_mut() = request.body.map(reqwest::Body::from);
        Ok(built)
    }

    fn header(&self, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Problem> {
        let lower = name.to_ascii_lowercase();
        let credential = self.credential.as_ref().map(|(name, _)| name.as_str());
        if RESERVED_HEADERS.contains(&lower.as_str())
            || RESERVED_PREFIXES
                .iter()
                .any(|start| lower.starts_with(start))
            || credential == Some(lower.as_str())
        {
            return Err(denied(format!(
                "the header {name:?} is set by the platform only"
            )));
        }
        let name = HeaderName::from_bytes(lower.as_bytes())
            .map_err(|_| denied(format!("{name:?} is no header name")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| denied(format!("the value of the header {name:?} is not allowed")))?;
        Ok((name, value))
    }

    /// The address of `path`, which can't leave the base address.
    fn url(&self, path: &str, query: &[(String, String)]) -> Result<Url, Problem> {
        let escapes =
            path.contains(['?', '#', '\\']) || path.chars().any(char::is_control) || climbs(path);
        let joined = format!(
            "{}/{}",
            self.base.path().trim_end_matches('/'),
            path.trim_start_matches('/')
        );
        let mut url = self.base.clone();
        url.set_path(&joined);
        if escapes
            || !url
                .path()
                .starts_with(self.base.path().trim_end_matches('/'))
        {
            return Err(denied(format!("the path {path:?} leaves the base address")));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.check_literal(&url)?;
        Ok(url)
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

    fn plain_headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        headers
            .iter()
            .filter(|(name, _)| name.as_str() != "set-cookie")
            .map(|(name, value)| {
                let value = self.echo.cover_value(value.as_bytes());
                let value = String::from_utf8_lossy(&value).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect()
    }

    /// reqwest's error with its address and details left out.
    fn failure(&self, error: &reqwest::Error) -> SendError {
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(egress) = inner.downcast_ref::<EgressError>() {
                return SendError::unsent(egress.problem());
            }
            cause = inner.source();
        }
        let place = format!("{}:{}", self.host, self.port);
        let problem = if error.is_timeout() {
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

fn parse_base(base_url: &str) -> Result<(Url, String, u16), Problem> {
    let at = "/endpoint/base_url";
    // The text itself is not repeated: it might hold a password by mistake.
    let mut base = Url::parse(base_url)
        .map_err(|error| config_problem(at, format!("the base address is no URL: {error}")))?;
    if !matches!(base.scheme(), "http" | "https") {
        return Err(config_problem(
            at,
            "the base address must start with https://",
        ));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(config_problem(
            at,
            "the base address must not contain credentials; put them into auth and secrets",
        ));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(config_problem(
            at,
            "the base address must have no query and no fragment",
        ));
    }
    let host = base
        .host_str()
        .ok_or_else(|| config_problem(at, "the base address has no host"))?
        .to_owned();
    let port = base.port_or_known_default().unwrap_or(443);
    let path = base.path().trim_end_matches('/').to_owned();
    base.set_path(&format!("{path}/"));
    Ok((base, host, port))
}

fn granted_in_clear(egress: &EgressPolicy, host: &str, port: u16) -> bool {
    let wanted = format!("{host}:{port}").to_ascii_lowercase();
    egress
        .allow
        .iter()
        .any(|entry| entry.to_ascii_lowercase() == wanted)
}

fn credential(
    auth: &HttpAuth,
    secret: &dyn Fn(&str) -> Result<SecretString, Problem>,
) -> Result<(Option<(HeaderName, HeaderValue)>, Echo), Problem> {
    let (name, text, echo, which) = match auth {
        HttpAuth::None => return Ok((None, Echo::default())),
        HttpAuth::Bearer => {
            let token = secret("token")?;
            (
                AUTHORIZATION,
                format!("Bearer {}", token.expose_secret()),
                Echo::of(&[token.expose_secret()]),
                "token",
            )
        }
        HttpAuth::Basic { user } => {
            let password = secret("password")?;
            let pair = format!("{user}:{}", password.expose_secret());
            let encoded = BASE64.encode(pair.as_bytes());
            (
                AUTHORIZATION,
                format!("Basic {encoded}"),
                Echo::of(&[password.expose_secret(), &encoded]),
                "password",
            )
        }
        HttpAuth::ApiKey { header } => {
            let name =
                HeaderName::from_bytes(header.to_ascii_lowercase().as_bytes()).map_err(|_| {
                    config_problem(
                        "/endpoint/auth/header",
                        format!("{header:?} is no header name"),
                    )
                })?;
            let key = secret("api_key")?;
            let echo = Echo::of(&[key.expose_secret()]);
            (name, key.expose_secret().to_owned(), echo, "api_key")
        }
    };
    let mut value = HeaderValue::from_str(text.trim()).map_err(|_| {
        config_problem(
            &format!("/secrets/{which}"),
            format!("the secret {which:?} has characters that a header can't carry"),
        )
    })?;
    value.set_sensitive(true);
    Ok((Some((name, value)), echo))
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

fn denied(detail: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::ConnectorDenied, detail)
}
