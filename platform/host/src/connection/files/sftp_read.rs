//! Reading a remote file with many requests in flight: over a long line one request at a time
//! would wait a round trip per block.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};
use tributary_model::problem::Problem;

use super::truncated;
use crate::connection::sftp::{SftpErrors, SftpLease};

/// Bytes asked for at a time; OpenSSH answers up to 255 KiB.
const BLOCK_BYTES: u32 = 255 * 1024;
const MAX_IN_FLIGHT: usize = 32;

type Answer = Result<Vec<u8>, SftpError>;

/// A remote file from some offset on.
pub(crate) struct SftpReader {
    raw: Arc<RawSftpSession>,
    handle: String,
    path: String,
    errors: SftpErrors,
    size: Option<u64>,
    /// where the next answer belongs
    at: u64,
    /// where the next request starts
    ask: u64,
    block: u32,
    in_flight: VecDeque<(u32, BoxFuture<'static, Answer>)>,
    ended: bool,
}

impl SftpReader {
    pub(crate) async fn open(
        lease: &mut SftpLease,
        path: &str,
        offset: u64,
    ) -> Result<Self, Problem> {
        let raw = lease.raw()?;
        let opened = raw
            .open(path, OpenFlags::READ, FileAttributes::empty())
            .await;
        let handle = match opened {
            Ok(handle) => handle.handle,
            Err(error) => return Err(lease.errors().problem(path, &error)),
        };
        let size = match raw.fstat(handle.as_str()).await {
            Ok(attrs) => attrs.attrs.size,
            Err(_) => None,
        };
        Ok(Self {
            raw,
            handle,
            path: path.to_owned(),
            errors: lease.errors(),
            size,
            at: offset,
            ask: offset,
            block: BLOCK_BYTES,
            in_flight: VecDeque::new(),
            ended: false,
        })
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next bytes in order; `None` at the end of the file.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
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
        // One request behind the announced end notices a file that grew.
        let limit = self.size.map_or(u64::MAX, |size| size + 1);
        while self.in_flight.len() < MAX_IN_FLIGHT
            && (self.ask < limit || self.in_flight.is_empty())
        {
            let (raw, handle) = (Arc::clone(&self.raw), self.handle.clone());
            let (offset, block) = (self.ask, self.block);
            let request =
                async move { raw.read(handle, offset, block).await.map(|data| data.data) };
            let mut request = request.boxed();
            match (&mut request).now_or_never() {
                Some(answer) => {
                    let done = std::future::ready(answer).boxed();
                    self.in_flight.push_back((block, done));
                }
                None => self.in_flight.push_back((block, request)),
            }
            self.ask += u64::from(block);
        }
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
