//! The REST client that the commands share: finds the server and its credentials, gets a token,
//! turns problem+json into an error that reads well.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where the server is and who asks. The file is written by `tributary serve` at its start.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// Options of every command that talks to a server.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServerOptions {
    /// file with url, client_id and client_secret of the server
    #[arg(
        long,
        global = true,
        env = "TRIBUTARY_CREDENTIALS",
        default_value = "tributary-data-keys/operator.json"
    )]
    pub(crate) credentials: PathBuf,
    /// address of the server, if it is not the one in the credentials file
    #[arg(long, global = true, env = "TRIBUTARY_URL")]
    pub(crate) url: Option<String>,
}

/// A session with the server. Its token lives 15 minutes; a command may last longer, so a token that is
/// refused is replaced once.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    credentials: Credentials,
    token: Mutex<String>,
}

/// The server was not reached, or the answer broke off: asking again may help.
#[derive(Debug)]
pub(crate) struct Unreachable(String);

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreachable {}

/// Longest time to a connection, and longest silence within an answer.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(120);
/// Longest time for a file, as the server has it.
const LONGEST_UPLOAD: Duration = Duration::from_secs(6 * 3600);

/// A file to send.
pub(crate) struct FileBody {
    pub(crate) size: u64,
    pub(crate) body: reqwest::Body,
}

fn http_client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
}

impl Client {
    /// Reads the credentials file and gets a token.
    pub(crate) async fn connect(options: &ServerOptions) -> anyhow::Result<Self> {
        let mut credentials = read_credentials(&options.credentials)?;
        if let Some(url) = &options.url {
            credentials.url.clone_from(url);
        }
        Self::sign_in(&credentials).await
    }

    /// Gets a token for `credentials`.
    pub(crate) async fn sign_in(credentials: &Credentials) -> anyhow::Result<Self> {
        let http = http_client().read_timeout(SILENCE).build()?;
        let base = format!("{}/api/v1", credentials.url.trim_end_matches('/'));
        let client = Self {
            http,
            base,
            credentials: credentials.clone(),
            token: Mutex::default(),
        };
        client.renew().await?;
        Ok(client)
    }

    /// Gets a fresh token.
    async fn renew(&self) -> anyhow::Result<()> {
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
        });
        let request = self.http.post(format!("{}/token", self.base)).json(&body);
        let response = request.send().await;
        let answer = into_json(response.map_err(|error| self.unreachable(&error))?).await?;
        let token = required(&answer, "access_token")?.to_owned();
        *self.token() = token;
        Ok(())
    }

    fn token(&self) -> MutexGuard<'_, String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// GET, as JSON.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, None).await
    }

    /// POST JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// POST without a body.
    pub(crate) async fn post_nothing(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::POST, path, None).await
    }

    /// DELETE.
    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::DELETE, path, None).await
    }

    /// PUT JSON.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// GET, with the version that the server gave it.
    pub(crate) async fn get_versioned(&self, path: &str) -> anyhow::Result<(Value, String)> {
        let response = self.answer(|| self.request(Method::GET, path)).await?;
        let version = response.headers().get("etag");
        let version = version.and_then(|etag| etag.to_str().ok());
        let version = version.unwrap_or_default().to_owned();
        Ok((into_json(response).await?, version))
    }

    /// PUT JSON over that version and no other.
    pub(crate) async fn put_over(
        &self,
        path: &str,
        version: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let request = || self.request(Method::PUT, path).header("if-match", version);
        into_json(self.answer(|| request().json(body)).await?).await
    }

    /// PUT bytes.
    pub(crate) async fn put_bytes(&self, path: &str, bytes: Vec<u8>) -> anyhow::Result<Value> {
        let bytes = bytes::Bytes::from(bytes);
        let request = || {
            self.request(Method::PUT, path)
                .header("content-type", "application/wasm")
                .body(bytes.clone())
        };
        into_json(self.answer(request).await?).await
    }

    /// PUT a file as a stream. It is sent once: a token that is refused is one that has just been made.
    pub(crate) async fn put_file(&self, path: &str, file: FileBody) -> anyhow::Result<Value> {
        self.renew().await?;
        // while a long body goes out nothing comes in, so silence means nothing here
        let http = http_client().timeout(LONGEST_UPLOAD).build()?;
        let token = self.token().clone();
        let request = http
            .put(format!("{}{path}", self.base))
            .bearer_auth(token)
            .header("content-type", "application/octet-stream")
            .header("content-length", file.size)
            .body(file.body);
        let response = request.send().await;
        into_json(response.map_err(|error| self.unreachable(&error))?).await
    }

    /// GET, as a stream of bytes for the caller to write out.
    pub(crate) async fn download(&self, path: &str) -> anyhow::Result<reqwest::Response> {
        let response = self.answer(|| self.request(Method::GET, path)).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(problem(response).await)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let request = || {
            let request = self.request(method.clone(), path);
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        into_json(self.answer(request).await?).await
    }

    /// Sends the request; once more with a fresh token if the one it carried is refused. A request that
    /// is refused for its token has had no effect.
    async fn answer(
        &self,
        request: impl Fn() -> RequestBuilder,
    ) -> anyhow::Result<reqwest::Response> {
        let send = async || {
            let response = request().send().await;
            response.map_err(|error| self.unreachable(&error))
        };
        let response = send().await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.renew().await?;
        send().await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&*self.token())
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let why = if error.is_connect() {
            "nothing answers there"
        } else if error.is_timeout() {
            "no answer in time"
        } else {
            "the connection broke"
        };
        anyhow::Error::new(Unreachable(format!(
            "could not reach {}: {why}\n  hint: start the server with `tributary serve`, or give its address with --url",
            self.base
        )))
    }
}

/// Reads a credentials file.
pub(crate) fn read_credentials(path: &Path) -> anyhow::Result<Credentials> {
    let text = std::fs::read(path).with_context(|| {
        format!(
            "could not read the credentials file {}\n  hint: `tributary serve` writes it at its first start; name it with --credentials",
            path.display()
        )
    })?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is not a credentials file", path.display()))
}

async fn into_json(response: reqwest::Response) -> anyhow::Result<Value> {
    if !response.status().is_success() {
        return Err(problem(response).await);
    }
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    let bytes = response.bytes().await;
    let bytes = bytes.map_err(|_| Unreachable("the answer broke off".to_owned()))?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).context("the answer is not JSON; is this a Tributary server?")
}

async fn problem(response: reqwest::Response) -> anyhow::Error {
    let status = response.status();
    let body = response.bytes().await.unwrap_or_default();
    match serde_json::from_slice::<Value>(&body) {
        Ok(problem) => anyhow!(problem_text(&problem, status)),
        Err(_) => anyhow!("the server answered {status} without a problem document"),
    }
}

/// `code: detail`, the places, and what to do.
fn problem_text(problem: &Value, status: StatusCode) -> String {
    let text = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut lines = format!("{}: {}", text("code"), text("detail"));
    if text("code").is_empty() {
        lines = format!("the server answered {status}");
    }
    let places = problem.get("errors").and_then(Value::as_array);
    for place in places.into_iter().flatten() {
        let part = |key: &str| place.get(key).and_then(Value::as_str).unwrap_or_default();
        lines.push_str(&format!("\n  at {}: {}", part("pointer"), part("detail")));
    }
    if !text("hint").is_empty() {
        lines.push_str(&format!("\n  hint: {}", text("hint")));
    }
    lines
}

/// Writes `credentials` to `path`, readable by the owner only.
pub(crate) fn write_credentials(path: &Path, credentials: &Credentials) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let fresh = path.with_extension("new");
    if fresh.exists() {
        std::fs::remove_file(&fresh)?;
    }
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .with_context(|| format!("could not write {}", fresh.display()))?;
    serde_json::to_writer_pretty(file, credentials)?;
    std::fs::rename(&fresh, path)?;
    Ok(())
}

/// One path segment, percent-encoded (RFC 3986 unreserved stay).
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Fails when a required text is empty.
pub(crate) fn required<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    match value.get(key).and_then(Value::as_str) {
        Some(text) => Ok(text),
        None => bail!("the server's answer holds no {key}"),
    }
}
