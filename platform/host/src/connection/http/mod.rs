//! HTTP below one base address. Credentials are set last, on the finished request, and only for
//! this host. Plain `http:` is for addresses that the operator granted by name; everything else
//! must be `https:`.
//!
//! Invariants: a request is sent once, or a second time if the first was answered 401 and its
//! credential could be renewed; no redirect is followed, so none carries a credential; what the
//! other side echoes of our secrets is taken out of its answer.

pub(crate) mod address;
pub(crate) mod transport;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tributary_model::document::{HttpAuth, Tls};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::credential::{ClientTls, Credential, Redactor, Secrets, Surroundings, TokenSource};
use super::{ConnectionPorts, HttpRequest, HttpResponse, OtherSide, Probe, SendError};
use crate::EgressPolicy;
use address::Base;
use transport::{Answer, Transport};

const DEFAULT_TIMEOUT_MS: u64 = 60_000;
const MAX_TIMEOUT_MS: u64 = 600_000;

/// Headers that the host alone sets, or that tell proxies who asks (lower case).
pub(crate) const RESERVED_HEADERS: [&str; 18] = [
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
    base: Base,
    transport: Arc<Transport>,
    credential: Credential,
    redactor: Arc<Redactor>,
    /// in place of the network
    other_side: Option<Arc<dyn OtherSide>>,
}

impl HttpEndpoint {
    pub(crate) fn new(
        base_url: &str,
        auth: &HttpAuth,
        tls: &Tls,
        secrets: &Secrets,
        ports: &ConnectionPorts,
    ) -> Result<Self, Problem> {
        let at = "/endpoint/base_url";
        let base = Base::parse(base_url, at)?;
        let tls = ClientTls::new(tls, secrets)?;
        let transport = Arc::new(Transport::new(&base, at, &tls, &ports.egress)?);
        let redactor = Arc::new(Redactor::new(secrets));
        let surroundings = Surroundings {
            base: &base,
            transport: &transport,
            tls: &tls,
            ports,
            redactor: &redactor,
        };
        let auth = auth.described(ports.recipe.as_ref())?;
        let credential = Credential::new(&auth, secrets, &surroundings)?;
        Ok(Self {
            base,
            transport,
            credential,
            redactor,
            other_side: None,
        })
    }

    /// An endpoint that asks `other` instead of the network.
    pub(crate) fn across(
        base_url: &str,
        secrets: &Secrets,
        other: Arc<dyn OtherSide>,
    ) -> Result<Self, Problem> {
        let base = Base::parse(base_url, "/endpoint/base_url")?;
        let ports = ConnectionPorts::new(&EgressPolicy {
            allow: vec![format!("{}:{}", base.host, base.port)],
        });
        let (auth, tls) = (HttpAuth::default(), Tls::default());
        let mut endpoint = Self::new(base_url, &auth, &tls, secrets, &ports)?;
        endpoint.other_side = Some(other);
        Ok(endpoint)
    }

    /// What requests go below; holds no secret.
    pub(crate) fn base_url(&self) -> String {
        self.base.url.to_string()
    }

    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        if let Some(other) = &self.other_side {
            return self.send_across(other.as_ref(), request).await;
        }
        let started = Instant::now();
        let timeout_ms = request
            .timeout_ms
            .unwrap_or(DEFAULT_TIMEOUT_MS)
            .clamp(1, MAX_TIMEOUT_MS);
        let timeout = Duration::from_millis(timeout_ms);
        let left = AtomicBool::new(false);
        let answer = tokio::time::timeout(timeout, self.exchange(&request, &left)).await;
        let answer = answer.unwrap_or_else(|_| {
            let place = self.transport.place();
            let sent = left.load(Ordering::Relaxed);
            let detail = match sent {
                true => format!("{place} gave no answer within {timeout_ms} ms"),
                false => format!("no token for {place} came within {timeout_ms} ms"),
            };
            Err(SendError {
                problem: Problem::new(ErrorCode::ConnectionTimeout, detail),
                sent,
            })
        })?;
        let succeeded = (200..300).contains(&answer.status);
        Ok(HttpResponse {
            status: answer.status,
            headers: self.plain_headers(&answer.headers),
            body: self.redactor.body(answer.body, succeeded),
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// The credential, if it is a token that the platform gets by itself.
    pub(crate) fn tokens(&self) -> Option<&TokenSource> {
        match &self.credential {
            Credential::Token(tokens) => Some(tokens),
            _ => None,
        }
    }

    /// Name, socket, TLS, and a token where the credential is one. Other credentials show when the
    /// connector asks for something.
    pub(crate) async fn probe(&self, probe: &mut Probe) {
        if self.other_side.is_some() || self.transport.reach(probe, &self.base).await.is_none() {
            return;
        }
        if let Some(tokens) = self.tokens() {
            let work = async {
                tokens.value().await?;
                Ok(((), "a token was given".to_owned()))
            };
            probe.step("auth", work).await;
        }
    }

    /// By the same rules, and with the same care for secrets.
    async fn send_across(
        &self,
        other: &dyn OtherSide,
        request: HttpRequest,
    ) -> Result<HttpResponse, SendError> {
        self.build(&request).map_err(SendError::unsent)?;
        let mut answer = other.send(request).await?;
        let succeeded = (200..300).contains(&answer.status);
        for (_, value) in &mut answer.headers {
            *value = self.redactor.text(value);
        }
        answer.body = self.redactor.body(answer.body, succeeded);
        Ok(answer)
    }

    /// `left` tells that a request may have gone out, for who does not wait for the end.
    async fn exchange(
        &self,
        request: &HttpRequest,
        left: &AtomicBool,
    ) -> Result<Answer, SendError> {
        let (ready, body) = self.build(request).map_err(SendError::unsent)?;
        let Some(again) = ready.try_clone() else {
            let detail = "the request could not be kept for a second try";
            return Err(SendError::unsent(Problem::new(ErrorCode::Internal, detail)));
        };
        let mut ready = ready;
        let used = self.credential.apply(&mut ready, &body).await;
        let used = used.map_err(SendError::unsent)?;
        left.store(true, Ordering::Relaxed);
        let answer = self.transport.exchange(ready).await?;
        let Some(used) = used.filter(|_| answer.status == 401) else {
            return Ok(answer);
        };
        // The other side did nothing but refuse; a new token may be all that it wants.
        if !self.credential.refused(used).await {
            return Ok(answer);
        }
        // what was refused was not done, and nothing is under way until there is another token
        left.store(false, Ordering::Relaxed);
        let mut again = again;
        let renewed = self.credential.apply(&mut again, &body).await;
        renewed.map_err(SendError::unsent)?;
        left.store(true, Ordering::Relaxed);
        self.transport.exchange(again).await
    }

    /// The request without its credential, and its body for those who sign it.
    fn build(&self, request: &HttpRequest) -> Result<(reqwest::Request, Bytes), Problem> {
        let method = match request.method.to_ascii_uppercase().as_str() {
            "GET" => Method::GET,
            "HEAD" => Method::HEAD,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            other => return Err(denied(format!("the method {other:?} is not allowed"))),
        };
        let url = self.base.below(&request.path, &request.query)?;
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
        let body = request.body.clone().unwrap_or_default();
        *built.body_mut() = request.body.clone().map(reqwest::Body::from);
        Ok((built, body))
    }

    fn header(&self, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Problem> {
        let lower = name.to_ascii_lowercase();
        if RESERVED_HEADERS.contains(&lower.as_str())
            || RESERVED_PREFIXES
                .iter()
                .any(|start| lower.starts_with(start))
            || self.credential.owns(&lower)
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

    fn plain_headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        headers
            .iter()
            .filter(|(name, _)| name.as_str() != "set-cookie")
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), self.redactor.text(&value))
            })
            .collect()
    }
}

fn denied(detail: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::ConnectorDenied, detail)
}
