//! The host as a guest in a runner sees it: every function of the contract asks the platform over the
//! pipe. Nothing is decided here; a handle is the number under which the platform keeps the thing.

use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use wasmtime::component::Resource;

use super::link::Link;
use super::wire::{
    ChangesAsked, Emitted, FromRunner, HostAnswer, HostCall, HttpAnswer, HttpRequest, METHODS,
    Said, ToRunner,
};
use crate::bindings::contract;
use crate::bindings::contract::connections::Connection;
use crate::bindings::contract::files::{Entry, Listing};
use crate::bindings::contract::http::{Request, Response};
use crate::bindings::contract::io::{Reader, Rows};
use crate::bindings::contract::log::Level;
use crate::bindings::contract::metrics::Kind;
use crate::bindings::contract::output::Piped;
use crate::bindings::contract::sql::Dialect;
use crate::bindings::contract::tcp::Socket;
use crate::bindings::contract::types::{Batch, Error};
use crate::limits::Limiter;
use crate::meter::Meter;

/// What a store in a runner knows.
pub(super) struct Away {
    pub(super) link: Arc<Mutex<Link>>,
    pub(super) limiter: Limiter,
    pub(super) meter: Arc<Meter>,
}

type Answered<T> = wasmtime::Result<Result<T, Error>>;

impl Away {
    /// What it used so far, with what it says.
    pub(super) fn says(&self, said: Said) -> FromRunner {
        FromRunner {
            cpu_ns: self.meter.now_ns(),
            memory_bytes: self.limiter.used_bytes as u64,
            said,
        }
    }

    /// Makes a call that nobody answers.
    fn tell(&self, call: HostCall) -> wasmtime::Result<()> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(link.send(&self.says(Said::Call(call)))?)
    }

    /// Makes a call and waits for its answer.
    fn ask<T: DeserializeOwned>(&self, call: HostCall) -> wasmtime::Result<T> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        link.send(&self.says(Said::Call(call)))?;
        let frame = link
            .receive()?
            .ok_or_else(|| wasmtime::Error::msg("the platform is gone"))?;
        let ToRunner::Answer(HostAnswer { budget_ns, body }) = postcard::from_bytes(&frame)? else {
            return Err(wasmtime::Error::msg("the platform answered something else"));
        };
        self.meter.set_budget(budget_ns);
        Ok(postcard::from_bytes(body)?)
    }

    /// The same for a call that answers a handle.
    fn obtain<T: 'static>(&self, call: HostCall) -> Answered<Resource<T>> {
        let handle: Result<u32, Error> = self.ask(call)?;
        Ok(handle.map(Resource::new_own))
    }
}

impl crate::capabilities::Serves for Away {}

impl contract::types::Host for Away {}

impl contract::log::Host for Away {
    async fn log(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.tell(HostCall::Log(level, message, fields))
    }
}

impl contract::metrics::Host for Away {
    async fn observe(
        &mut self,
        name: String,
        kind: Kind,
        value: f64,
        labels: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.tell(HostCall::Observe(name, kind, value, labels))
    }
}

impl contract::control::Host for Away {
    async fn stopping(&mut self) -> wasmtime::Result<bool> {
        self.ask(HostCall::Stopping)
    }

    async fn now_ms(&mut self) -> wasmtime::Result<u64> {
        self.ask(HostCall::NowMs)
    }

    async fn sleep_ms(&mut self, ms: u32) -> wasmtime::Result<()> {
        self.ask(HostCall::SleepMs(ms))
    }
}

impl contract::connections::Host for Away {
    async fn get(&mut self, label: String) -> Answered<Resource<Connection>> {
        self.obtain(HostCall::ConnectionGet(label))
    }
}

impl contract::connections::HostConnection for Away {
    async fn label(&mut self, handle: Resource<Connection>) -> wasmtime::Result<String> {
        self.ask(HostCall::ConnectionLabel(handle.rep()))
    }

    async fn base_url(&mut self, handle: Resource<Connection>) -> wasmtime::Result<String> {
        self.ask(HostCall::ConnectionBaseUrl(handle.rep()))
    }

    async fn drop(&mut self, handle: Resource<Connection>) -> wasmtime::Result<()> {
        self.tell(HostCall::ConnectionDrop(handle.rep()))
    }
}

impl contract::io::Host for Away {}

impl contract::io::HostReader for Away {
    async fn read(&mut self, handle: Resource<Reader>, max: u32) -> Answered<Vec<u8>> {
        let bytes: Result<serde_bytes::ByteBuf, Error> =
            self.ask(HostCall::ReaderRead(handle.rep(), max))?;
        Ok(bytes.map(serde_bytes::ByteBuf::into_vec))
    }

    async fn size(&mut self, handle: Resource<Reader>) -> wasmtime::Result<Option<u64>> {
        self.ask(HostCall::ReaderSize(handle.rep()))
    }

    async fn drop(&mut self, handle: Resource<Reader>) -> wasmtime::Result<()> {
        self.tell(HostCall::ReaderDrop(handle.rep()))
    }
}

impl contract::io::HostRows for Away {
    async fn schema(&mut self, handle: Resource<Rows>) -> Answered<String> {
        self.ask(HostCall::RowsSchema(handle.rep()))
    }

    async fn probe(&mut self, handle: Resource<Rows>, pointer: String) -> Answered<Option<String>> {
        self.ask(HostCall::RowsProbe(handle.rep(), pointer))
    }

    async fn pluck(
        &mut self,
        handle: Resource<Rows>,
        pointer: String,
    ) -> Answered<Vec<Option<String>>> {
        self.ask(HostCall::RowsPluck(handle.rep(), pointer))
    }

    async fn drop(&mut self, handle: Resource<Rows>) -> wasmtime::Result<()> {
        self.tell(HostCall::RowsDrop(handle.rep()))
    }
}

impl contract::http::Host for Away {
    async fn send(
        &mut self,
        connection: Resource<Connection>,
        request: Request,
    ) -> Answered<Response> {
        let method = METHODS.iter().position(|method| *method == request.method);
        let request = HttpRequest {
            method: u8::try_from(method.unwrap_or_default())?,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: request.body,
            idempotency_key: request.idempotency_key,
            timeout_ms: request.timeout_ms,
        };
        let answer: Result<HttpAnswer, Error> =
            self.ask(HostCall::Send(connection.rep(), request))?;
        Ok(answer.map(|answer| Response {
            status: answer.status,
            headers: answer.headers,
            body: Resource::new_own(answer.body),
        }))
    }
}

impl contract::files::Host for Away {
    async fn list(
        &mut self,
        connection: Resource<Connection>,
        folder: String,
        recursive: bool,
        page: Option<String>,
    ) -> Answered<Listing> {
        self.ask(HostCall::List(connection.rep(), folder, recursive, page))
    }

    async fn stat(&mut self, connection: Resource<Connection>, path: String) -> Answered<Entry> {
        self.ask(HostCall::Stat(connection.rep(), path))
    }

    async fn open(
        &mut self,
        connection: Resource<Connection>,
        path: String,
        offset: u64,
        version: Option<String>,
    ) -> Answered<Resource<Reader>> {
        self.obtain(HostCall::Open(connection.rep(), path, offset, version))
    }

    async fn open_entry(
        &mut self,
        connection: Resource<Connection>,
        entry: Entry,
        offset: u64,
    ) -> Answered<Resource<Reader>> {
        self.obtain(HostCall::OpenEntry(connection.rep(), entry, offset))
    }

    async fn digest(&mut self, connection: Resource<Connection>, path: String) -> Answered<String> {
        self.ask(HostCall::Digest(connection.rep(), path))
    }
}

impl contract::file_changes::Host for Away {
    async fn move_(
        &mut self,
        connection: Resource<Connection>,
        from: String,
        to: String,
        version: Option<String>,
    ) -> Answered<()> {
        self.ask(HostCall::Move(connection.rep(), from, to, version))
    }

    async fn remove(
        &mut self,
        connection: Resource<Connection>,
        path: String,
        version: Option<String>,
    ) -> Answered<()> {
        self.ask(HostCall::Remove(connection.rep(), path, version))
    }
}

impl contract::sql::Host for Away {
    async fn speaks(&mut self, connection: Resource<Connection>) -> Answered<Dialect> {
        self.ask(HostCall::Speaks(connection.rep()))
    }

    async fn query(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        params: String,
    ) -> Answered<Resource<Rows>> {
        self.obtain(HostCall::Query(connection.rep(), statement, params))
    }

    async fn fetch(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        params: String,
    ) -> Answered<String> {
        self.ask(HostCall::Fetch(connection.rep(), statement, params))
    }
}

impl contract::tcp::Host for Away {
    async fn connect(&mut self, connection: Resource<Connection>) -> Answered<Resource<Socket>> {
        self.obtain(HostCall::Connect(connection.rep()))
    }
}

impl contract::tcp::HostSocket for Away {
    async fn read(&mut self, handle: Resource<Socket>, max: u32) -> Answered<Vec<u8>> {
        let bytes: Result<serde_bytes::ByteBuf, Error> =
            self.ask(HostCall::SocketRead(handle.rep(), max))?;
        Ok(bytes.map(serde_bytes::ByteBuf::into_vec))
    }

    async fn write(&mut self, handle: Resource<Socket>, data: Vec<u8>) -> Answered<()> {
        self.ask(HostCall::SocketWrite(handle.rep(), data))
    }

    async fn drop(&mut self, handle: Resource<Socket>) -> wasmtime::Result<()> {
        self.tell(HostCall::SocketDrop(handle.rep()))
    }
}

impl contract::changes::Host for Away {
    async fn end(&mut self, connection: Resource<Connection>, log: String) -> Answered<String> {
        self.ask(HostCall::LogEnd(connection.rep(), log))
    }

    async fn start(&mut self, connection: Resource<Connection>, log: String) -> Answered<String> {
        self.ask(HostCall::LogStart(connection.rep(), log))
    }

    async fn read(
        &mut self,
        connection: Resource<Connection>,
        log: String,
        tables: String,
        from: String,
        until: String,
    ) -> Answered<Resource<Rows>> {
        let asked = ChangesAsked {
            log,
            tables,
            from,
            until,
        };
        self.obtain(HostCall::Changes(connection.rep(), asked))
    }

    async fn release(
        &mut self,
        connection: Resource<Connection>,
        log: String,
        until: String,
    ) -> Answered<()> {
        self.ask(HostCall::LogRelease(connection.rep(), log, until))
    }
}

impl contract::codec::Host for Away {
    async fn decode(
        &mut self,
        reader: Resource<Reader>,
        format: String,
        options: String,
    ) -> Answered<Resource<Rows>> {
        self.obtain(HostCall::Decode(reader.rep(), format, options))
    }
}

impl contract::output::Host for Away {
    async fn emit(&mut self, batch: Batch) -> Answered<()> {
        self.ask(HostCall::Emit(Emitted {
            stream: batch.stream,
            rows: batch.rows,
            data: batch.data,
        }))
    }

    async fn pipe(
        &mut self,
        stream: String,
        rows: Resource<Rows>,
        max_pages: u32,
    ) -> Answered<Piped> {
        self.ask(HostCall::Pipe(stream, rows.rep(), max_pages))
    }

    async fn checkpoint(&mut self, state: String) -> Answered<()> {
        self.ask(HostCall::Checkpoint(state))
    }

    async fn flush(&mut self) -> Answered<()> {
        self.ask(HostCall::Flush)
    }

    async fn forget(&mut self, key: String) -> Answered<()> {
        self.ask(HostCall::Forget(key))
    }
}
