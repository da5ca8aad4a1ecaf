//! `io`: readers and rows, made by `http`, `files` and `codec`.

use std::time::Duration;

use bytes::Bytes;
use tributary_model::problem::Problem;
use wasmtime::component::Resource;

use super::timed;
use crate::bindings::contract::io::{Host, HostReader, HostRows};
use crate::bindings::contract::types::Error;
use crate::rows::{ByteReader, Cut, RowSource};
use crate::session::Guest;

/// Most bytes that one `read` copies into a guest.
const MAX_READ_BYTES: usize = 1 << 20;

/// A reader with what is left of its last chunk.
#[expect(unreachable_pub, reason = "bindgen re-exports the type it is given")]
pub struct Reader {
    pub(crate) bytes: ByteReader,
    rest: Bytes,
    /// the guest has begun to read
    begun: bool,
    /// what ended the reading: it is told again, since behind it there is a gap, or what looks like the end
    failed: Option<Problem>,
}

/// Decoded rows.
#[expect(unreachable_pub, reason = "bindgen re-exports the type it is given")]
pub struct Rows {
    pub(crate) source: RowSource,
    /// what ended the reading: it is told again, since what a broken source gives then may look like its end
    failed: Option<Problem>,
}

impl Rows {
    pub(crate) fn new(source: RowSource) -> Self {
        Self {
            source,
            failed: None,
        }
    }

    /// The next page, within `limit`.
    pub(crate) async fn next_page(&mut self, limit: Duration) -> Result<Option<Cut>, Problem> {
        self.whole()?;
        let page = timed(limit, "reading", self.source.next_page()).await;
        self.noted(page)
    }

    async fn schema(&mut self, limit: Duration) -> Result<String, Problem> {
        self.whole()?;
        let schema = timed(limit, "reading the header", self.source.schema()).await;
        Ok(self.noted(schema)?.to_string())
    }

    fn whole(&self) -> Result<(), Problem> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn noted<T>(&mut self, read: Result<T, Problem>) -> Result<T, Problem> {
        read.inspect_err(|problem| self.failed = Some(problem.clone()))
    }
}

impl Reader {
    pub(crate) fn new(bytes: ByteReader) -> Self {
        Self {
            bytes,
            rest: Bytes::new(),
            begun: false,
            failed: None,
        }
    }

    /// The next bytes, at most `most`, within `limit`; none at the end.
    async fn part(&mut self, most: usize, limit: Duration) -> Result<Vec<u8>, Problem> {
        self.begun = true;
        if let Some(problem) = &self.failed {
            return Err(problem.clone());
        }
        if self.rest.is_empty() {
            let chunk = timed(limit, "reading", self.bytes.next()).await;
            let chunk = chunk.inspect_err(|problem| self.failed = Some(problem.clone()))?;
            self.rest = chunk.unwrap_or_default();
        }
        let wanted = most.min(MAX_READ_BYTES).min(self.rest.len());
        Ok(self.rest.split_to(wanted).to_vec())
    }

    /// All bytes, if the guest did not begin to read: a decoder behind the first of them would take a part of
    /// a file for the whole.
    pub(crate) fn into_unread(self) -> Option<ByteReader> {
        (!self.begun).then_some(self.bytes)
    }
}

impl Host for Guest {}

impl HostReader for Guest {
    async fn read(
        &mut self,
        handle: Resource<Reader>,
        max: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let limit = self.host_call_timeout;
        let reader = self.table.get_mut(&handle)?;
        let part = reader.part(max as usize, limit).await;
        Ok(self.answer("io", part))
    }

    async fn size(&mut self, handle: Resource<Reader>) -> wasmtime::Result<Option<u64>> {
        self.host_calls.count("io");
        Ok(self.table.get(&handle)?.bytes.size())
    }

    async fn drop(&mut self, handle: Resource<Reader>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl HostRows for Guest {
    async fn schema(&mut self, handle: Resource<Rows>) -> wasmtime::Result<Result<String, Error>> {
        let limit = self.host_call_timeout;
        let rows = self.table.get_mut(&handle)?;
        let schema = rows.schema(limit).await;
        Ok(self.answer("io", schema))
    }

    async fn probe(
        &mut self,
        handle: Resource<Rows>,
        pointer: String,
    ) -> wasmtime::Result<Result<Option<String>, Error>> {
        let limit = self.host_call_timeout;
        let rows = self.table.get_mut(&handle)?;
        let value = timed(limit, "reading the document", rows.source.probe(&pointer)).await;
        Ok(self.answer("io", value))
    }

    async fn pluck(
        &mut self,
        handle: Resource<Rows>,
        pointer: String,
    ) -> wasmtime::Result<Result<Vec<Option<String>>, Error>> {
        let limit = self.host_call_timeout;
        let rows = self.table.get_mut(&handle)?;
        let values = timed(limit, "reading the document", rows.source.pluck(&pointer)).await;
        Ok(self.answer("io", values))
    }

    async fn drop(&mut self, handle: Resource<Rows>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tributary_model::error_code::ErrorCode;

    use super::*;
    use crate::rows::made::{Then, pieces};

    const LIMIT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_reader_that_failed_never_looks_as_if_it_were_at_its_end() {
        for (then, code) in [
            (Then::Failure, ErrorCode::ConnectionUnreachable),
            (Then::Silence, ErrorCode::ConnectionTimeout),
        ] {
            let mut reader = Reader::new(pieces(b"abc", 2, then));
            for part in [b"a".as_slice(), b"b", b"c"] {
                assert_eq!(reader.part(1, LIMIT).await.unwrap(), part);
            }
            let problem = reader.part(9, LIMIT).await.unwrap_err();
            assert_eq!(problem.code, code, "{problem}");
            for _ in 0..3 {
                assert_eq!(reader.part(9, LIMIT).await, Err(problem.clone()));
            }
        }
        let mut whole = Reader::new(pieces(b"abc", 2, Then::End));
        for part in [b"ab".as_slice(), b"c", b"", b""] {
            assert_eq!(whole.part(9, LIMIT).await.unwrap(), part);
        }
    }
}
