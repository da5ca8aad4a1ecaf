//! The other side of a connection as plain data. A test host puts one in place of the network: a
//! cassette that plays what was recorded, or a recorder that stands between a guest and the real one.
//!
//! Invariants: what comes from here has the shape of what the network gives, and goes to guests the
//! same way (paths and headers checked, secrets taken out). It never sees a credential: those are
//! set behind this point.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::http::transport::MAX_BODY_BYTES;
use super::{Connection, Entry, HttpRequest, HttpResponse, SendError};

/// What a guest's requests reach.
#[async_trait]
pub trait OtherSide: Send + Sync {
    /// Answers one request below the base address.
    ///
    /// # Errors
    /// No answer came.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError>;

    /// The regular files of one folder, by path; `recursive`: and of those below it.
    ///
    /// # Errors
    /// What the server says.
    async fn list(&self, folder: &str, recursive: bool) -> Result<Vec<Entry>, Problem>;

    /// One file's size and time.
    ///
    /// # Errors
    /// What the server says.
    async fn stat(&self, path: &str) -> Result<Entry, Problem>;

    /// A file from `offset` to its end.
    ///
    /// # Errors
    /// What the server says when the file is opened.
    async fn read(&self, path: &str, offset: u64) -> Result<FileBytes, Problem>;

    /// What a database answers to a query; `params` is a JSON array. What is asked of its log comes this
    /// way, too (`CHANGES END`, `START`, `RELEASE` and `READ`).
    ///
    /// # Errors
    /// What the database says to the statement.
    async fn query(&self, statement: &str, params: &str) -> Result<QueryAnswer, Problem>;

    /// Opens a socket to a server with a protocol of its own.
    ///
    /// # Errors
    /// Nobody answers, or may be asked.
    async fn connect(&self) -> Result<Box<dyn OtherSocket>, Problem>;
}

/// An open socket. After an error it is of no more use; dropping it closes it.
#[async_trait]
pub trait OtherSocket: Send {
    /// At least one byte and at most `max`; empty at the end.
    ///
    /// # Errors
    /// The line broke.
    async fn read(&mut self, max: usize) -> Result<Bytes, Problem>;

    /// Sends all of it.
    ///
    /// # Errors
    /// The line broke; an unknown part may have left.
    async fn write(&mut self, data: &[u8]) -> Result<(), Problem>;

    /// Tells the other side that this was all.
    async fn finish(&mut self);
}

/// The rows of a query, as far as they came.
#[derive(Debug, Clone)]
pub struct QueryAnswer {
    /// NDJSON
    pub rows: Bytes,
    /// why no more came; `None`: this was the end
    pub broken: Option<Problem>,
}

/// A file's bytes, as far as they came.
#[derive(Debug, Clone)]
pub struct FileBytes {
    /// of the whole file, as the server tells it
    pub size: u64,
    pub bytes: Bytes,
    /// why no more came; `None`: this was the end
    pub broken: Option<Problem>,
}

/// The network itself, for who listens in between.
#[async_trait]
impl OtherSide for Connection {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        Connection::send(self, request).await
    }

    async fn list(&self, folder: &str, recursive: bool) -> Result<Vec<Entry>, Problem> {
        let mut session = self.files().await?;
        let (mut entries, mut next) = session.list(folder, recursive, None).await?;
        while let Some(page) = next {
            let (more, after) = session.list(folder, recursive, Some(&page)).await?;
            entries.extend(more);
            next = after;
        }
        Ok(entries)
    }

    async fn stat(&self, path: &str) -> Result<Entry, Problem> {
        self.files().await?.stat(path).await
    }

    async fn read(&self, path: &str, offset: u64) -> Result<FileBytes, Problem> {
        let mut file = self.files().await?.open(path, offset, None).await?;
        let mut bytes = BytesMut::new();
        let mut broken = None;
        loop {
            match file.next().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(problem) => {
                    broken = Some(problem);
                    break;
                }
            }
            if bytes.len() > MAX_BODY_BYTES {
                let detail = format!("{path} is larger than {MAX_BODY_BYTES} bytes");
                let problem = Problem::new(ErrorCode::SourceProtocol, detail);
                return Err(problem.hint("record with a smaller file"));
            }
        }
        let read = offset + bytes.len() as u64;
        Ok(FileBytes {
            size: file.size().unwrap_or(read),
            bytes: bytes.freeze(),
            broken,
        })
    }

    async fn query(&self, statement: &str, params: &str) -> Result<QueryAnswer, Problem> {
        let mut rows = match self.recorded(statement, params).await {
            Some(changes) => changes?,
            None => Connection::query(self, statement, params).await?,
        };
        let mut bytes = BytesMut::new();
        let mut broken = None;
        loop {
            match rows.next().await {
                Ok(Some(page)) => bytes.extend_from_slice(&page.bytes),
                Ok(None) => break,
                Err(problem) => {
                    broken = Some(problem);
                    break;
                }
            }
            if bytes.len() > MAX_BODY_BYTES {
                let detail = format!("the query has more than {MAX_BODY_BYTES} bytes");
                let problem = Problem::new(ErrorCode::SourceProtocol, detail);
                return Err(problem.hint("record with fewer rows"));
            }
        }
        Ok(QueryAnswer {
            rows: bytes.freeze(),
            broken,
        })
    }

    async fn connect(&self) -> Result<Box<dyn OtherSocket>, Problem> {
        Connection::connect(self).await
    }
}
