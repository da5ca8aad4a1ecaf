//! Who listens in: tells a listener of every request, and of what is made of the answers.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use serde_json::Value;
use tributary_host::{
    FileBytes, FileEntry, HttpRequest, HttpResponse, OtherSide, OtherSocket, QueryAnswer,
    SendError, TargetCall,
};
use tributary_model::problem::Problem;

use super::sockets::Overheard;

/// What happened, in order.
#[derive(Debug, Clone)]
pub enum Event {
    /// a target has prepared a call; it is not sent yet, and maybe never
    Prepared {
        /// from 1
        number: usize,
        /// such as `POST orders?dry=1`
        what: String,
        call: TargetCall,
    },
    /// a request of the connector and its answer
    Asked {
        /// such as `GET orders?page=2`
        what: String,
        /// such as `200, 1,204 bytes`, or why there was no answer
        answer: String,
        ok: bool,
        millis: u64,
    },
    /// rows were handed over
    Page {
        source: String,
        rows: u32,
        bytes: usize,
    },
    /// "all rows so far are covered by this"
    Checkpoint(Value),
}

/// Takes events as they come.
pub type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// An other side with a listener.
pub(crate) struct Heard {
    pub(crate) inner: Arc<dyn OtherSide>,
    pub(crate) listener: Listener,
}

impl Heard {
    fn tell<T, E: std::fmt::Display>(
        &self,
        what: String,
        started: Instant,
        result: &Result<T, E>,
        answer: impl FnOnce(&T) -> String,
    ) {
        (self.listener)(&Event::Asked {
            what,
            ok: result.is_ok(),
            answer: match result {
                Ok(good) => answer(good),
                Err(error) => error.to_string(),
            },
            millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}

/// `GET orders?page=2`, as people write it.
pub(crate) fn line(request: &HttpRequest) -> String {
    let query: Vec<String> = request
        .query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!(
        "{} {}{mark}{}",
        request.method,
        request.path,
        query.join("&")
    )
}

#[async_trait]
impl OtherSide for Heard {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let (what, started) = (line(&request), Instant::now());
        let result = self.inner.send(request).await;
        self.tell(what, started, &result, |answer| {
            format!("{}, {} bytes", answer.status, answer.body.len())
        });
        result
    }

    async fn list(&self, folder: &str, recursive: bool) -> Result<Vec<FileEntry>, Problem> {
        let started = Instant::now();
        let result = self.inner.list(folder, recursive).await;
        let files = |entries: &Vec<FileEntry>| format!("{} files", entries.len());
        self.tell(format!("list {folder}"), started, &result, files);
        result
    }

    async fn stat(&self, path: &str) -> Result<FileEntry, Problem> {
        let started = Instant::now();
        let result = self.inner.stat(path).await;
        let size = |entry: &FileEntry| format!("{} bytes", entry.size);
        self.tell(format!("stat {path}"), started, &result, size);
        result
    }

    async fn read(&self, path: &str, offset: u64) -> Result<FileBytes, Problem> {
        let started = Instant::now();
        let result = self.inner.read(path, offset).await;
        let size = |file: &FileBytes| format!("{} bytes from {offset} on", file.bytes.len());
        self.tell(format!("open {path}"), started, &result, size);
        result
    }

    async fn query(&self, statement: &str, params: &str) -> Result<QueryAnswer, Problem> {
        let started = Instant::now();
        let result = self.inner.query(statement, params).await;
        let size = |answer: &QueryAnswer| {
            let rows = answer.rows.iter().filter(|byte| **byte == b'\n').count();
            format!("{rows} rows, {} bytes", answer.rows.len())
        };
        self.tell(format!("{statement} {params}"), started, &result, size);
        result
    }

    async fn connect(&self) -> Result<Box<dyn OtherSocket>, Problem> {
        let started = Instant::now();
        let result = self.inner.connect().await;
        let opened = result.as_ref().map(|_| ());
        self.tell("connect".to_owned(), started, &opened, |()| {
            "a socket".to_owned()
        });
        let inner = result?;
        let listener = Arc::clone(&self.listener);
        Ok(Box::new(Overheard { inner, listener }))
    }
}
