//! Records what the real other side answers. It stands between the guest and the connection, so it
//! never sees a credential; what the other side repeats of our secrets, and members of JSON that are
//! named like credentials, are replaced before they are kept.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tributary_host::{
    Connection, FileBytes, FileEntry, HttpRequest, HttpResponse, OtherSide, OtherSocket,
    QueryAnswer, SendError,
};
use tributary_model::problem::Problem;

use super::sockets::Recorded;
use crate::batch::CaseBatch;
use crate::case::{
    Cassette, Exchange, RecordedAnswer, RecordedFile, RecordedQuery, RecordedRequest,
};

/// In place of what is not kept.
pub(super) const MASK: &str = "[redacted]";
/// Names of members and headers whose values are not kept, without case, `_` and `-`. (Not every
/// `…token`: a next page's token is no secret, and without it no second page would be played.)
const SECRET_NAMES: [&str; 11] = [
    "password",
    "passwd",
    "secret",
    "clientsecret",
    "token",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "apikey",
    "xapikey",
    "authorization",
];
/// Headers that say nothing to a connector, change every time, or are not true of what is kept.
const IDLE_HEADERS: [&str; 8] = [
    "date",
    "server",
    "connection",
    "keep-alive",
    "via",
    "x-powered-by",
    "content-length",
    "transfer-encoding",
];

/// See the module.
pub struct Recorder {
    inner: Arc<Connection>,
    /// what must not be kept
    secrets: Arc<Vec<String>>,
    cassette: Arc<Mutex<Cassette>>,
}

impl Recorder {
    /// Records what `inner` answers. `secrets` are the values of the connection's.
    #[must_use]
    pub fn new(inner: Arc<Connection>, secrets: Vec<String>, now_ms: i64) -> Self {
        Self {
            inner,
            secrets: Arc::new(
                secrets
                    .into_iter()
                    .filter(|secret| secret.len() >= 4)
                    .collect(),
            ),
            cassette: Arc::new(Mutex::new(Cassette {
                recorded_at_ms: now_ms,
                ..Cassette::default()
            })),
        }
    }

    /// What was recorded so far.
    #[must_use]
    pub fn cassette(&self) -> Cassette {
        self.lock().clone()
    }

    /// The rows of a batch as they may be kept, by the same rules.
    #[must_use]
    pub fn kept(&self, batch: &CaseBatch) -> CaseBatch {
        let kept = |row: &RawValue| {
            let clean = String::from_utf8(self.clean_bytes(row.get().as_bytes()));
            let kept = clean.ok().and_then(|row| RawValue::from_string(row).ok());
            // A secret that was a number leaves no JSON behind.
            kept.or_else(|| serde_json::value::to_raw_value(&json!({})).ok())
        };
        CaseBatch {
            rows: batch.rows.iter().filter_map(|row| kept(row)).collect(),
            ..batch.clone()
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cassette> {
        self.cassette.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clean(&self, text: &str) -> String {
        cleaned(&self.secrets, text)
    }

    /// Text and JSON are cleaned, other bytes are kept as they are.
    fn clean_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return bytes.to_vec();
        };
        let text = self.clean(text);
        // Only written anew if something is to be hidden: the digits of numbers are data.
        if let Ok(mut json) = serde_json::from_str::<Value>(&text)
            && mask(&mut json)
        {
            return json.to_string().into_bytes();
        }
        text.into_bytes()
    }

    fn keep_exchange(&self, request: RecordedRequest, answer: &HttpResponse) {
        let headers = answer
            .headers
            .iter()
            .filter(|(name, _)| !IDLE_HEADERS.contains(&name.as_str()))
            .filter(|(name, _)| !is_secret(name))
            .map(|(name, value)| (name.clone(), self.clean(value)))
            .collect();
        let response = RecordedAnswer {
            status: answer.status,
            headers,
            ..RecordedAnswer::default()
        };
        let response = response.with_body(&self.clean_bytes(&answer.body));
        let exchange = Exchange { request, response };
        let mut cassette = self.lock();
        if cassette.http.last() != Some(&exchange) {
            cassette.http.push(exchange);
        }
    }

    fn keep_entry(&self, entry: &FileEntry, content: Option<&[u8]>) {
        let mut cassette = self.lock();
        let known = cassette
            .files
            .iter()
            .position(|file| file.path == entry.path);
        let mut file = RecordedFile {
            path: entry.path.clone(),
            modified_ms: entry.modified_ms,
            size: Some(entry.size),
            text: None,
            base64: None,
        };
        if let Some(content) = content {
            file.keep(content);
        }
        match known.and_then(|place| cassette.files.get_mut(place)) {
            Some(known) if content.is_some() => *known = file,
            Some(_) => {}
            None => cassette.files.push(file),
        }
    }
}

/// The text without our secrets.
fn cleaned(secrets: &[String], text: &str) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        text = text.replace(secret.as_str(), MASK);
    }
    text
}

/// The same of bytes that may be no text. Nothing else is touched: they are counted.
fn cleaned_bytes(secrets: &[String], bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => cleaned(secrets, text).into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['_', '-'], "");
    SECRET_NAMES.contains(&name.as_str())
}

/// Hides the values of members that are named like credentials; `true` if there was one.
fn mask(json: &mut Value) -> bool {
    match json {
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= mask(item);
            }
            found
        }
        Value::Object(members) => {
            let mut found = false;
            for (name, value) in members.iter_mut() {
                if value.is_string() && is_secret(name) {
                    *value = Value::String(MASK.to_owned());
                    found = true;
                } else {
                    found |= mask(value);
                }
            }
            found
        }
        _ => false,
    }
}

#[async_trait]
impl OtherSide for Recorder {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let body = request.body.as_deref().map(|body| self.clean_bytes(body));
        let recorded = RecordedRequest {
            method: request.method.clone(),
            path: self.clean(&request.path),
            query: request
                .query
                .iter()
                .map(|(name, value)| (name.clone(), self.clean(value)))
                .collect(),
            body: body.and_then(|body| String::from_utf8(body).ok()),
        };
        let answer = self.inner.send(request).await?;
        self.keep_exchange(recorded, &answer);
        Ok(answer)
    }

    async fn list(&self, folder: &str, recursive: bool) -> Result<Vec<FileEntry>, Problem> {
        let entries = self.inner.list(folder, recursive).await?;
        for entry in &entries {
            self.keep_entry(entry, None);
        }
        Ok(entries)
    }

    async fn stat(&self, path: &str) -> Result<FileEntry, Problem> {
        let entry = self.inner.stat(path).await?;
        self.keep_entry(&entry, None);
        Ok(entry)
    }

    async fn read(&self, path: &str, offset: u64) -> Result<FileBytes, Problem> {
        let mut file = self.inner.read(path, 0).await?;
        if file.broken.is_none() {
            let entry = self.inner.stat(path).await?;
            self.keep_entry(&entry, Some(&cleaned_bytes(&self.secrets, &file.bytes)));
        }
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        file.bytes = file.bytes.slice(from.min(file.bytes.len())..);
        Ok(file)
    }

    async fn query(&self, statement: &str, params: &str) -> Result<QueryAnswer, Problem> {
        let answer = self.inner.as_ref();
        let answer = OtherSide::query(answer, statement, params).await?;
        let row = |line: &[u8]| {
            let clean = String::from_utf8(self.clean_bytes(line)).ok()?;
            RawValue::from_string(clean).ok()
        };
        let lines = answer.rows.split(|byte| *byte == b'\n');
        let query = RecordedQuery {
            statement: self.clean(statement),
            params: serde_json::from_str(&self.clean(params)).unwrap_or_default(),
            rows: lines
                .filter(|line| !line.is_empty())
                .filter_map(row)
                .collect(),
        };
        let mut cassette = self.lock();
        let same = |known: &RecordedQuery| {
            known.statement == query.statement && known.params == query.params
        };
        if !cassette.queries.iter().any(same) {
            cassette.queries.push(query);
        }
        Ok(answer)
    }

    async fn connect(&self) -> Result<Box<dyn OtherSocket>, Problem> {
        let inner = OtherSide::connect(self.inner.as_ref()).await?;
        let secrets = Arc::clone(&self.secrets);
        let clean = Arc::new(move |bytes: &[u8]| cleaned_bytes(&secrets, bytes));
        let cassette = Arc::clone(&self.cassette);
        Ok(Box::new(Recorded::new(inner, cassette, clean)))
    }
}
