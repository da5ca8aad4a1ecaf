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
        }
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
        reader.begun = true;
        if reader.rest.is_empty() {
            match timed(limit, "reading", reader.bytes.next()).await {
                Ok(chunk) => reader.rest = chunk.unwrap_or_default(),
                Err(problem) => return Ok(self.answer("io", Err(problem))),
            }
        }
        let wanted = (max as usize).min(MAX_READ_BYTES).min(reader.rest.len());
        let part = reader.rest.split_to(wanted).to_vec();
        Ok(self.answer("io", Ok(part)))
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
