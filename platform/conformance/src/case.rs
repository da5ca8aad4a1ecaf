//! A case: what a connector is tried with. One JSON file, written by hand or by `dev --record`.

use std::path::Path;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tributary_model::document::ConnectionDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::batch::CaseBatch;

/// Version 1 of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// version of this document, 1
    pub case_version: u32,
    /// for people
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// of a source or a target; its secrets are made up when it is played
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionDocument>,
    /// of a source: what is read; the first that is discovered if absent
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// of a target: what is delivered
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<CaseBatch>,
    /// of functions
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<FunctionCall>,
    #[serde(default)]
    pub cassette: Cassette,
}

/// A call of a function and what must come of it: exactly one of `output` and `refused`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionCall {
    pub function: String,
    /// the value, then the further values
    pub input: serde_json::Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<serde_json::Value>,
    /// a part of the message with which the function refuses the value
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// What the other side answers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cassette {
    /// what `control.now-ms` tells while it is played, Unix milliseconds
    pub recorded_at_ms: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<Exchange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<RecordedFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<RecordedQuery>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sockets: Vec<RecordedSocket>,
}

/// A request with its answer. The same request again gets the next answer, the last one for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub request: RecordedRequest,
    pub response: RecordedAnswer,
}

/// What an answer belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRequest {
    pub method: String,
    /// below the connection's base address
    pub path: String,
    /// in any order
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// compared as JSON if it is; absent: any
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// See [`Exchange`]. At most one of `body` and `body_base64`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedAnswer {
    pub status: u16,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
}

/// A query of a database with its rows. The same query again gets the same rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedQuery {
    pub statement: String,
    /// compared as JSON
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<serde_json::Value>,
    /// JSON objects, as written
    pub rows: Vec<Box<RawValue>>,
}

/// What was said over one socket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSocket {
    pub turns: Vec<RecordedTurn>,
}

/// What was sent over a socket and what came then. The same question again, over whichever socket, gets
/// the next answer to it, the last one for ever. Text, or base64 where it is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordedTurn {
    /// nothing: the other side spoke first
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came_base64: Option<String>,
    /// then the other side hung up
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

/// A file on the server. One without content was seen in a listing only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedFile {
    pub path: String,
    pub modified_ms: u64,
    /// bytes; taken from the content if that is there
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// [`ErrorCode::DocumentInvalid`] with what is wrong in which file.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let wrong = |what: String| {
            let detail = format!("{}: {what}", path.display());
            Problem::new(ErrorCode::DocumentInvalid, detail)
        };
        let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let case: Self = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        if case.case_version != 1 {
            let version = case.case_version;
            return Err(wrong(format!("case_version is {version}, 1 is known here")));
        }
        case.cassette.check().map_err(wrong)?;
        if let Some(batch) = &case.batch {
            batch.check().map_err(wrong)?;
        }
        Ok(case)
    }
}

impl Cassette {
    fn check(&self) -> Result<(), String> {
        for exchange in &self.http {
            let request = &exchange.request;
            exchange.response.bytes().ok_or_else(|| {
                format!(
                    "the answer to {} {} has bad base64, or two bodies",
                    request.method, request.path
                )
            })?;
        }
        let turns = self.sockets.iter().flat_map(|socket| &socket.turns);
        for (number, turn) in turns.enumerate() {
            if turn.sent().is_none() || turn.came().is_none() {
                let number = number + 1;
                return Err(format!(
                    "turn {number} of the sockets has bad base64, or two contents"
                ));
            }
        }
        for file in &self.files {
            let both = file.text.is_some() && file.base64.is_some();
            let broken = file.base64.is_some() && file.bytes().is_none();
            if both || broken {
                return Err(format!(
                    "the file {} has bad base64, or two contents",
                    file.path
                ));
            }
        }
        Ok(())
    }
}

impl RecordedAnswer {
    /// The body; `None` if it is not written properly.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        content(self.body.as_deref(), self.body_base64.as_deref())
    }

    /// The answer with this body, as text where it is text.
    #[must_use]
    pub fn with_body(mut self, body: &[u8]) -> Self {
        (self.body, self.body_base64) = written(body);
        self
    }
}

impl RecordedQuery {
    /// The rows as NDJSON.
    #[must_use]
    pub fn ndjson(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for row in &self.rows {
            let blank = |byte: u8| {
                if matches!(byte, b'\n' | b'\r') {
                    b' '
                } else {
                    byte
                }
            };
            bytes.extend(row.get().bytes().map(blank));
            bytes.push(b'\n');
        }
        bytes
    }
}

impl RecordedTurn {
    /// A turn with these bytes, as text where they are text.
    #[must_use]
    pub fn of(sent: &[u8], came: &[u8]) -> Self {
        let kept = |bytes: &[u8]| match bytes.is_empty() {
            true => (None, None),
            false => written(bytes),
        };
        let (sent, sent_base64) = kept(sent);
        let (came, came_base64) = kept(came);
        Self {
            sent,
            sent_base64,
            came,
            came_base64,
            ended: false,
        }
    }

    /// What was sent; `None` if it is not written properly.
    #[must_use]
    pub fn sent(&self) -> Option<Vec<u8>> {
        content(self.sent.as_deref(), self.sent_base64.as_deref())
    }

    /// What came; `None` if it is not written properly.
    #[must_use]
    pub fn came(&self) -> Option<Vec<u8>> {
        content(self.came.as_deref(), self.came_base64.as_deref())
    }
}

impl RecordedFile {
    /// The content, if it was recorded.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.text, &self.base64) {
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, Some(text)) => BASE64.decode(text.as_bytes()).ok(),
            (None, None) => None,
        }
    }

    /// Keeps the content, as text where it is text.
    pub fn keep(&mut self, content: &[u8]) {
        (self.text, self.base64) = written(content);
    }

    /// Bytes of the whole file.
    #[must_use]
    pub fn length(&self) -> u64 {
        let content = self.bytes().map(|bytes| bytes.len() as u64);
        content.or(self.size).unwrap_or(0)
    }
}

fn written(bytes: &[u8]) -> (Option<String>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(BASE64.encode(bytes))),
    }
}

/// The bytes of a text, or of base64; `None` for both at a time and for bad base64.
fn content(text: Option<&str>, base64: Option<&str>) -> Option<Vec<u8>> {
    match (text, base64) {
        (Some(_), Some(_)) => None,
        (Some(text), None) => Some(text.as_bytes().to_vec()),
        (None, Some(text)) => BASE64.decode(text.as_bytes()).ok(),
        (None, None) => Some(Vec::new()),
    }
}
