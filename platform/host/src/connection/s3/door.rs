//! The only way out of the vendor's client: our transport with its egress policy, for one host.
//!
//! Invariants: what is sent is what was signed, byte by byte of the address; an answer that is not
//! the bytes of an object is read into memory and bounded.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::{HttpClient, RuntimeComponents};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use reqwest::Url;
use tributary_model::clock::Clock;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::connection::SendError;
use crate::connection::http::address::Base;
use crate::connection::http::transport::Transport;

/// See the module.
#[derive(Clone)]
pub(super) struct Door(Arc<Inside>);

struct Inside {
    transport: Arc<Transport>,
    host: String,
    port: u16,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Door({}:{})", self.0.host, self.0.port)
    }
}

impl Door {
    pub(super) fn new(transport: Arc<Transport>, to: &Base) -> Self {
        let (host, port) = (to.host.clone(), to.port);
        Self(Arc::new(Inside {
            transport,
            host,
            port,
        }))
    }
}

impl HttpClient for Door {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Door {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let inside = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            inside
                .call(request)
                .await
                .map_err(|error| ConnectorError::other(Box::new(error), None))
        })
    }
}

impl Inside {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let request = self.translated(request).map_err(SendError::unsent)?;
        let mut asked = request.url().query().unwrap_or_default().split('&');
        let reads_object = asked.any(|pair| pair == "x-id=GetObject");
        let response = self.transport.open(request).await?;
        if reads_object && response.status().is_success() {
            let response: http::Response<reqwest::Body> = response.into();
            return answer(response.map(SdkBody::from_body_1_x));
        }
        let answered = self.transport.whole(response).await?;
        let mut response = http::Response::new(SdkBody::from(answered.body));
        *response.status_mut() =
            http::StatusCode::from_u16(answered.status).map_err(|_| not_understood("status"))?;
        *response.headers_mut() = answered.headers;
        answer(response)
    }

    /// The same request for our client, which must not change what was signed.
    fn translated(&self, request: HttpRequest) -> Result<reqwest::Request, Problem> {
        let internal =
            |what: &str| Problem::new(ErrorCode::Internal, format!("the request to S3 {what}"));
        let request = request
            .try_into_http1x()
            .map_err(|_| internal("has no HTTP form"))?;
        let (parts, body) = request.into_parts();
        let body = body
            .bytes()
            .map(Bytes::copy_from_slice)
            .ok_or_else(|| internal("is a stream"))?;
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| internal("has no address"))?;
        let here = url.host_str() == Some(self.host.as_str())
            && url.port_or_known_default() == Some(self.port);
        if !here {
            return Err(internal("was meant for another host"));
        }
        if url.path() != parts.uri.path() || url.query() != parts.uri.query() {
            return Err(internal("would have been changed on its way"));
        }
        let mut sent = reqwest::Request::new(parts.method, url);
        *sent.headers_mut() = parts.headers;
        if !body.is_empty() {
            *sent.body_mut() = Some(body.into());
        }
        Ok(sent)
    }
}

fn answer(response: http::Response<SdkBody>) -> Result<HttpResponse, SendError> {
    HttpResponse::try_from(response).map_err(|_| not_understood("headers"))
}

fn not_understood(what: &str) -> SendError {
    let detail = format!("the S3 answer's {what} could not be understood");
    SendError {
        problem: Problem::new(ErrorCode::SourceProtocol, detail),
        sent: true,
    }
}

/// What signatures are dated by.
#[derive(Clone)]
pub(super) struct Time(pub(super) Arc<dyn Clock>);

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Time")
    }
}

impl TimeSource for Time {
    fn now(&self) -> SystemTime {
        let since = u64::try_from(self.0.now_ms()).unwrap_or(0);
        SystemTime::UNIX_EPOCH + Duration::from_millis(since)
    }
}
