//! A small REST client for tests: JSON in, (status, JSON) out, nothing hidden.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::Method;
use serde_json::{Value, json};

/// A session with a token.
#[derive(Clone)]
pub struct Rest {
    http: reqwest::Client,
    base: String,
    /// sent as bearer token unless empty
    pub token: String,
}

impl Rest {
    /// A session without a token.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn anonymous(url: &str) -> anyhow::Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self {
            http,
            base: format!("{url}/api/v1"),
            token: String::new(),
        })
    }

    /// A session of the operator whose credentials lie in `file`.
    ///
    /// # Errors
    /// When the file or the server does not answer.
    pub async fn operator(url: &str, file: &Path) -> anyhow::Result<Self> {
        let credentials: Value = serde_json::from_slice(&std::fs::read(file)?)?;
        let text = |name: &str| credentials[name].as_str().unwrap_or_default().to_owned();
        Self::client(url, &text("client_id"), &text("client_secret")).await
    }

    /// Any request; every status is an answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(u16, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let value = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Ok((status, value))
    }

    /// Any request with bytes as its body; every status is an answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> anyhow::Result<(u16, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.bearer_auth(&self.token).body(body).send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let value = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Ok((status, value))
    }

    /// A session of a client.
    ///
    /// # Errors
    /// When the server gives no token.
    pub async fn client(url: &str, id: &str, secret: &str) -> anyhow::Result<Self> {
        let body = json!({
            "grant_type": "client_credentials", "client_id": id, "client_secret": secret,
        });
        let mut rest = Self::anonymous(url)?;
        let (status, answer) = rest.call(Method::POST, "/token", Some(&body)).await?;
        if status != 200 {
            bail!("no token: {status} {answer}");
        }
        answer["access_token"]
            .as_str()
            .context("no access_token")?
            .clone_into(&mut rest.token);
        Ok(rest)
    }

    /// GET that must succeed.
    ///
    /// # Errors
    /// With the answer if it did not.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        succeeded(path, self.call(Method::GET, path, None).await?)
    }

    /// POST that must succeed.
    ///
    /// # Errors
    /// With the answer if it did not.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        succeeded(path, self.call(Method::POST, path, Some(body)).await?)
    }

    /// PUT that must succeed.
    ///
    /// # Errors
    /// With the answer if it did not.
    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        succeeded(path, self.call(Method::PUT, path, Some(body)).await?)
    }

    /// GET of an NDJSON download, line by line.
    ///
    /// # Errors
    /// When it does not succeed or a line is not JSON.
    pub async fn lines(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}{path}", self.base);
        let response = self.http.get(url).bearer_auth(&self.token).send().await?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            bail!("GET {path}: {status} {text}");
        }
        text.lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}")))
            .collect()
    }

    /// Starts a run; gives its id.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn start_run(&self, tenant: &str, integration: &str) -> anyhow::Result<String> {
        let body = json!({ "integration": integration });
        let run = self.post(&format!("/tenants/{tenant}/runs"), &body).await?;
        Ok(run["id"].as_str().context("the run has no id")?.to_owned())
    }

    /// Waits for a run's end and gives it.
    ///
    /// # Errors
    /// When it has no end within `seconds`.
    pub async fn finished(&self, tenant: &str, id: &str, seconds: u64) -> anyhow::Result<Value> {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let path = format!("/tenants/{tenant}/runs/{id}");
        loop {
            let run = self.get(&path).await?;
            if ended(&run) {
                return Ok(run);
            }
            if Instant::now() > deadline {
                bail!("the run has no end after {seconds} s: {run}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Whether the run is in an end state.
#[must_use]
pub fn ended(run: &Value) -> bool {
    ["succeeded", "completed_with_errors", "failed", "cancelled"]
        .contains(&run["state"].as_str().unwrap_or_default())
}

fn succeeded(path: &str, (status, answer): (u16, Value)) -> anyhow::Result<Value> {
    if (200..300).contains(&status) {
        return Ok(answer);
    }
    bail!("{path}: {status} {answer}")
}
