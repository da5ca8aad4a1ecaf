//! `tcp`: sockets to the connection's host and port. Address, TLS and certificate are behind this point.
//!
//! Invariants: a guest has few sockets, and each counts in its account; a socket that failed is closed
//! at once; none outlives the store.

use std::time::Duration;

use bytes::Bytes;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use wasmtime::component::Resource;

use super::connections::ConnectionHandle;
use super::timed;
use crate::bindings::contract::tcp::{Host, HostSocket};
use crate::bindings::contract::types::Error;
use crate::connection::OtherSocket;
use crate::limits::Hold;
use crate::session::Guest;

/// Sockets that a guest may have open at a time.
const MAX_OPEN: u32 = 4;
/// Sockets that a guest may open in one call: closed ones keep a port of ours busy for a while.
const MAX_OPENED: u32 = 256;
/// What a socket may take: a read, and the records of TLS both ways.
const SOCKET_BYTES: usize = 256 << 10;
/// Most bytes that one `read` copies into a guest.
const MAX_READ_BYTES: usize = 64 << 10;
/// How long a socket that is dropped may take to say so.
const GOODBYE: Duration = Duration::from_secs(1);

/// How many sockets a guest has and had.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    open: u32,
    opened: u32,
}

/// What a guest holds of a socket.
#[expect(unreachable_pub, reason = "bindgen re-exports the type it is given")]
pub struct Socket {
    /// `None` after a failure
    link: Option<Box<dyn OtherSocket>>,
    _hold: Hold,
}

impl Socket {
    fn link(&mut self) -> Result<&mut Box<dyn OtherSocket>, Problem> {
        self.link.as_mut().ok_or_else(|| {
            let detail = "the socket failed before and is of no more use";
            Problem::new(ErrorCode::ConnectionUnreachable, detail)
        })
    }

    async fn read(&mut self, limit: Duration, max: usize) -> Result<Bytes, Problem> {
        let link = self.link()?;
        let read = timed(limit, "reading from the socket", link.read(max)).await;
        if read.is_err() {
            self.link = None;
        }
        read
    }

    async fn write(&mut self, limit: Duration, data: &[u8]) -> Result<(), Problem> {
        let link = self.link()?;
        let written = timed(limit, "writing to the socket", link.write(data)).await;
        if written.is_err() {
            self.link = None;
        }
        written
    }
}

impl Guest {
    async fn open_socket(&mut self) -> Result<Socket, Problem> {
        let sockets = &self.sockets;
        if sockets.open >= MAX_OPEN || sockets.opened >= MAX_OPENED {
            let detail = match sockets.open >= MAX_OPEN {
                true => format!("the connector has {MAX_OPEN} sockets open already"),
                false => format!("the connector opened {MAX_OPENED} sockets in one call"),
            };
            let problem = Problem::new(ErrorCode::ConnectorLimit, detail);
            return Err(problem.hint("use a socket again, and drop it before the next is opened"));
        }
        let hold = self.account.hold(SOCKET_BYTES)?;
        self.sockets.opened += 1;
        let limit = self.host_call_timeout;
        let connecting = self.call.connection.connect();
        let link = timed(limit, "opening the socket", connecting).await?;
        self.sockets.open += 1;
        let link = Some(link);
        Ok(Socket { link, _hold: hold })
    }
}

impl Host for Guest {
    async fn connect(
        &mut self,
        connection: Resource<ConnectionHandle>,
    ) -> wasmtime::Result<Result<Resource<Socket>, Error>> {
        self.table.get(&connection)?;
        match self.open_socket().await {
            Ok(socket) => {
                let handle = self.table.push(socket)?;
                Ok(self.answer("tcp", Ok(handle)))
            }
            Err(problem) => Ok(self.answer("tcp", Err(problem))),
        }
    }
}

impl HostSocket for Guest {
    async fn read(
        &mut self,
        handle: Resource<Socket>,
        max: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let limit = self.host_call_timeout;
        let max = (max as usize).clamp(1, MAX_READ_BYTES);
        let socket = self.table.get_mut(&handle)?;
        let read = socket.read(limit, max).await;
        if let Ok(bytes) = &read {
            self.call.connection.usage().came(bytes.len());
        }
        Ok(self.answer("tcp", read.map(Vec::from)))
    }

    async fn write(
        &mut self,
        handle: Resource<Socket>,
        data: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let limit = self.host_call_timeout;
        let socket = self.table.get_mut(&handle)?;
        let written = socket.write(limit, &data).await;
        if written.is_ok() {
            self.call.connection.usage().went(data.len());
        }
        Ok(self.answer("tcp", written))
    }

    async fn drop(&mut self, handle: Resource<Socket>) -> wasmtime::Result<()> {
        let mut socket = self.table.delete(handle)?;
        self.sockets.open = self.sockets.open.saturating_sub(1);
        if let Some(link) = &mut socket.link {
            // Who does not listen any more is left alone.
            let _ = tokio::time::timeout(GOODBYE, link.finish()).await;
        }
        Ok(())
    }
}
