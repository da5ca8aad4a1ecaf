//! Reading a remote file with many requests in flight: over a long line one request at a time
//! would wait a round trip per block.
//!
//! A small file of a listing costs four requests and two waits: OPEN, then its READs, a look at the
//! handle and CLOSE at once, since a server answers requests about one file as if it did them in turn
//! (draft-ietf-secsh-filexfer-02, 4.1). Invariants: of a file that must be the one of a listing no byte is
//! given before a look has told that it is, and its end is not told before a look behind the last byte; behind a
//! block that did not come nothing is given any more.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::sftp_folder::entry;
use super::{Entry, changed, truncated};
use crate::connection::sftp::{SftpErrors, SftpLease};

/// Bytes asked for at a time; OpenSSH answers up to 255 KiB.
const BLOCK_BYTES: u32 = 255 * 1024;
const MAX_IN_FLIGHT: usize = 32;

type Answer<T> = BoxFuture<'static, Result<T, SftpError>>;

/// A remote file from some offset on.
pub(crate) struct SftpReader {
    raw: Arc<RawSftpSession>,
    handle: String,
    path: String,
    errors: SftpErrors,
    size: Option<u64>,
    /// what the file must be, before and behind the reading
    listed: Option<Entry>,
    /// a look at the file that was sent and not answered yet
    look: Option<Answer<FileAttributes>>,
    /// no byte was asked for after that look, or after the last one that was answered
    looked_last: bool,
    /// a look has told that the file is the one of the listing
    known: bool,
    /// where the next answer belongs
    at: u64,
    /// where the next request starts
    ask: u64,
    block: u32,
    in_flight: VecDeque<(u32, Answer<Vec<u8>>)>,
    ended: bool,
    /// what ended the reading: the blocks behind it would look like what comes next
    failed: Option<Problem>,
}

impl SftpReader {
    /// Opens a file; with `listed` it must be that one.
    pub(crate) async fn open(
        lease: &mut SftpLease,
        path: &str,
        offset: u64,
        listed: Option<&Entry>,
    ) -> Result<Self, Problem> {
        let raw = lease.raw()?;
        let opened = raw
            .open(path, OpenFlags::READ, FileAttributes::empty())
            .await;
        let handle = match opened {
            Ok(handle) => handle.handle,
            Err(error) => return Err(lease.errors().problem(path, &error)),
        };
        let mut reader = Self {
            raw,
            handle,
            path: path.to_owned(),
            errors: lease.errors(),
            size: listed.map(|entry| entry.size),
            listed: listed.cloned(),
            look: None,
            looked_last: false,
            known: false,
            at: offset,
            ask: offset,
            block: BLOCK_BYTES,
            in_flight: VecDeque::new(),
            ended: false,
            failed: None,
        };
        if listed.is_some() {
            reader.fill();
            reader.take_look().await?;
        } else {
            let attrs = reader.raw.fstat(reader.handle.as_str()).await;
            reader.size = attrs.ok().and_then(|attrs| attrs.attrs.size);
        }
        Ok(reader)
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next bytes in order; `None` at the end of the file. What went wrong once is told again.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if let Some(problem) = &self.failed {
            return Err(problem.clone());
        }
        // Whoever gives up waiting takes the awaited block with it.
        self.failed = Some(broken_off(&self.path));
        let read = self.read().await;
        self.failed = read.as_ref().err().cloned();
        read
    }

    async fn read(&mut self) -> Result<Option<Bytes>, Problem> {
        while !self.ended {
            self.fill();
            let Some((asked, answer)) = self.in_flight.pop_front() else {
                break;
            };
            match answer.await {
                Ok(data) if data.is_empty() => self.end(),
                Ok(data) => {
                    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
                    self.at += u64::from(length);
                    if length < asked {
                        // A short answer leaves a gap before the requests behind it: ask again
                        // from here, in blocks as large as this server gives.
                        self.in_flight.clear();
                        self.ask = self.at;
                        if self.size.is_some_and(|size| self.at < size) {
                            self.block = length.max(4096);
                        }
                    }
                    return Ok(Some(Bytes::from(data)));
                }
                Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => {
                    self.end();
                }
                Err(error) => return Err(self.errors.problem(&self.path, &error)),
            }
        }
        if self.listed.is_some() {
            self.last_look().await?;
        }
        match self.size {
            // half a row would pass for a whole one
            Some(size) if self.at < size => Err(truncated(&self.path, size, self.at)),
            _ => Ok(None),
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.in_flight.clear();
    }

    /// Requests are sent when they are first polled, so each is polled once here.
    fn fill(&mut self) {
        // One request behind the announced end notices a file that grew; a look at a file that is
        // known does so, too.
        let limit = match (self.size, &self.listed) {
            (Some(size), Some(_)) => size,
            (Some(size), None) => size + 1,
            (None, _) => u64::MAX,
        };
        let probe = self.listed.is_none();
        while self.in_flight.len() < MAX_IN_FLIGHT
            && (self.ask < limit || (probe && self.in_flight.is_empty()))
        {
            let (raw, handle) = (Arc::clone(&self.raw), self.handle.clone());
            let (offset, block) = (self.ask, self.block);
            let request =
                async move { raw.read(handle, offset, block).await.map(|data| data.data) };
            self.in_flight.push_back((block, sent(request.boxed())));
            self.ask += u64::from(block);
            self.looked_last = false;
        }
        // The first look goes with the first requests, the last one behind the last of them.
        let wanted = !self.known || self.ask >= limit;
        if self.listed.is_some() && self.look.is_none() && !self.looked_last && wanted {
            self.send_look();
        }
    }

    fn send_look(&mut self) {
        let (raw, handle) = (Arc::clone(&self.raw), self.handle.clone());
        let path = self.path.clone();
        let request = async move {
            match raw.fstat(handle).await {
                Ok(attrs) if attrs.attrs.size.is_some() && attrs.attrs.mtime.is_some() => {
                    Ok(attrs.attrs)
                }
                // a server that tells nothing of a handle
                Ok(_) | Err(SftpError::Status(_)) => Ok(raw.stat(path).await?.attrs),
                Err(error) => Err(error),
            }
        };
        self.look = Some(sent(request.boxed()));
        self.looked_last = true;
    }

    /// Waits for the look that was sent and compares.
    async fn take_look(&mut self) -> Result<(), Problem> {
        let (Some(look), Some(listed)) = (self.look.take(), &self.listed) else {
            return Ok(());
        };
        let attrs = look
            .await
            .map_err(|error| self.errors.problem(&self.path, &error))?;
        let now = entry(self.path.clone(), &attrs);
        if now.size != listed.size || now.modified_ms != listed.modified_ms {
            return Err(changed(&self.path, &now, listed));
        }
        self.known = true;
        Ok(())
    }

    /// A look behind the last byte, unless the one before was that.
    async fn last_look(&mut self) -> Result<(), Problem> {
        self.take_look().await?;
        if !self.looked_last {
            self.send_look();
            self.take_look().await?;
        }
        Ok(())
    }
}

/// The answer of a request was not waited for.
fn broken_off(path: &str) -> Problem {
    let detail = format!("{path}: reading was broken off before and cannot go on from there");
    Problem::new(ErrorCode::ConnectionTimeout, detail)
}

/// A request that is on its way.
fn sent<T: Send + 'static>(mut request: Answer<T>) -> Answer<T> {
    match (&mut request).now_or_never() {
        Some(answer) => std::future::ready(answer).boxed(),
        None => request,
    }
}

impl Drop for SftpReader {
    fn drop(&mut self) {
        let (raw, handle) = (Arc::clone(&self.raw), std::mem::take(&mut self.handle));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // The server frees its handle; nobody waits for the answer.
            runtime.spawn(async move { raw.close(handle).await });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use russh_sftp::protocol::Data;
    use russh_sftp::server::Handler;

    use super::super::sftp_made::session;
    use super::*;

    /// Four blocks; the second does not come, or only after a while.
    struct Gap {
        late: bool,
    }

    impl Handler for Gap {
        type Error = StatusCode;

        fn unimplemented(&self) -> StatusCode {
            StatusCode::OpUnsupported
        }

        async fn read(
            &mut self,
            id: u32,
            _handle: String,
            offset: u64,
            _len: u32,
        ) -> Result<Data, StatusCode> {
            match offset {
                8 if self.late => tokio::time::sleep(Duration::from_millis(300)).await,
                8 => return Err(StatusCode::Failure),
                32.. => return Err(StatusCode::Eof),
                _ => {}
            }
            let data = vec![b'x'; 8];
            Ok(Data { id, data })
        }
    }

    async fn reader(handler: Gap) -> SftpReader {
        SftpReader {
            raw: session(handler).await,
            handle: "h".to_owned(),
            path: "/in/a.csv".to_owned(),
            errors: SftpErrors::default(),
            size: None,
            listed: None,
            look: None,
            looked_last: false,
            known: false,
            at: 0,
            ask: 0,
            block: 8,
            in_flight: VecDeque::new(),
            ended: false,
            failed: None,
        }
    }

    #[tokio::test]
    async fn behind_a_block_that_did_not_come_nothing_is_given() {
        let mut reader = reader(Gap { late: false }).await;
        assert_eq!(reader.next().await.unwrap().unwrap().len(), 8);
        let problem = reader.next().await.unwrap_err();
        assert_eq!(problem.code, ErrorCode::SourceProtocol, "{problem}");
        for _ in 0..5 {
            assert_eq!(reader.next().await, Err(problem.clone()));
        }
    }

    #[tokio::test]
    async fn a_wait_that_is_given_up_is_no_gap_either() {
        let mut reader = reader(Gap { late: true }).await;
        assert_eq!(reader.next().await.unwrap().unwrap().len(), 8);
        let soon = Duration::from_millis(50);
        let waited = tokio::time::timeout(soon, reader.next()).await;
        assert!(waited.is_err(), "it came at once");
        tokio::time::sleep(Duration::from_millis(400)).await;
        for _ in 0..5 {
            let problem = reader.next().await.unwrap_err();
            assert!(problem.detail.contains("broken off"), "{problem}");
        }
    }
}
