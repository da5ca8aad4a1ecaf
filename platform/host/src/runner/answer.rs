//! The platform's side of a runner's host calls: each is made on the [`Guest`] of the session, by the
//! very code that serves guests in this process.
//!
//! Invariant: a runner is not believed. It may call what its connector was granted, with the numbers of
//! things that are in this session's table; all else ends the call.

use serde::Serialize;
use serde_bytes::ByteBuf;
use wasmtime::component::Resource;

use super::wire::{Emitted, HostCall, HttpAnswer, HttpRequest, METHODS};
use crate::bindings::contract::http::Request;
use crate::bindings::contract::io::{HostReader as _, HostRows as _};
use crate::bindings::contract::types::{Batch, Encoding, Error};
use crate::bindings::contract::{
    changes, codec, connections, control, file_changes, files, http, log, metrics, output, sql, tcp,
};
use crate::capabilities::connections::ConnectionHandle;
use crate::capabilities::io::{Reader, Rows};
use crate::session::Guest;

/// A value as it is sent.
type Body = wasmtime::Result<Vec<u8>>;

fn body(value: &impl Serialize) -> Body {
    Ok(postcard::to_stdvec(value)?)
}

/// The number of a new thing.
fn number<T: 'static>(handle: Result<Resource<T>, Error>) -> Body {
    body(&handle.map(|handle| handle.rep()))
}

fn connection(number: u32) -> Resource<ConnectionHandle> {
    Resource::new_borrow(number)
}

fn reader(number: u32) -> Resource<Reader> {
    Resource::new_borrow(number)
}

fn rows(number: u32) -> Resource<Rows> {
    Resource::new_borrow(number)
}

/// Makes the call. An error ends the session, as a trap would.
pub(super) async fn answer(guest: &mut Guest, capabilities: &[String], call: HostCall) -> Body {
    let capability = granted(capabilities, &call)?;
    match capability {
        "io" => io(guest, call).await,
        "connections" | "http" => web(guest, call).await,
        "files" | "file-changes" => folder(guest, call).await,
        "sql" => database(guest, call).await,
        "tcp" => socket(guest, call).await,
        "changes" => changed(guest, call).await,
        "output" | "codec" => rows_out(guest, call).await,
        _ => plain(guest, call).await,
    }
}

/// The interface of the call. `io` comes with whatever hands out its handles.
fn granted(capabilities: &[String], call: &HostCall) -> wasmtime::Result<&'static str> {
    let capability = call.capability();
    if capability == "io" || capabilities.iter().any(|granted| granted == capability) {
        return Ok(capability);
    }
    let what = format!("it called {capability}, which it was not granted");
    Err(wasmtime::Error::msg(what))
}

async fn plain(guest: &mut Guest, call: HostCall) -> Body {
    match call {
        HostCall::Log(level, message, fields) => {
            body(&log::Host::log(guest, level, message, fields).await?)
        }
        HostCall::Observe(name, kind, value, labels) => {
            body(&metrics::Host::observe(guest, name, kind, value, labels).await?)
        }
        HostCall::Stopping => body(&control::Host::stopping(guest).await?),
        HostCall::NowMs => body(&control::Host::now_ms(guest).await?),
        HostCall::SleepMs(ms) => body(&control::Host::sleep_ms(guest, ms).await?),
        _ => Err(misplaced()),
    }
}

async fn io(guest: &mut Guest, call: HostCall) -> Body {
    match call {
        HostCall::ReaderRead(number, max) => {
            let bytes =
                crate::bindings::contract::io::HostReader::read(guest, reader(number), max).await?;
            body(&bytes.map(ByteBuf::from))
        }
        HostCall::ReaderSize(number) => body(&guest.size(reader(number)).await?),
        HostCall::ReaderDrop(number) => {
            let owned = Resource::<Reader>::new_own(number);
            body(&crate::bindings::contract::io::HostReader::drop(guest, owned).await?)
        }
        HostCall::RowsSchema(number) => body(&guest.schema(rows(number)).await?),
        HostCall::RowsProbe(number, pointer) => body(&guest.probe(rows(number), pointer).await?),
        HostCall::RowsPluck(number, pointer) => body(&guest.pluck(rows(number), pointer).await?),
        HostCall::RowsDrop(number) => {
            let owned = Resource::<Rows>::new_own(number);
            body(&crate::bindings::contract::io::HostRows::drop(guest, owned).await?)
        }
        _ => Err(misplaced()),
    }
}

async fn web(guest: &mut Guest, call: HostCall) -> Body {
    use connections::HostConnection as Handle;
    match call {
        HostCall::ConnectionGet(label) => number(connections::Host::get(guest, label).await?),
        HostCall::ConnectionLabel(number) => body(&Handle::label(guest, connection(number)).await?),
        HostCall::ConnectionBaseUrl(number) => {
            body(&Handle::base_url(guest, connection(number)).await?)
        }
        HostCall::ConnectionDrop(number) => {
            body(&Handle::drop(guest, Resource::new_own(number)).await?)
        }
        HostCall::Send(number, request) => {
            let request = to_contract(request)?;
            let answer = http::Host::send(guest, connection(number), request).await?;
            body(&answer.map(|answer| HttpAnswer {
                status: answer.status,
                headers: answer.headers,
                body: answer.body.rep(),
            }))
        }
        _ => Err(misplaced()),
    }
}

async fn folder(guest: &mut Guest, call: HostCall) -> Body {
    use file_changes::Host as Changes;
    use files::Host as Files;
    match call {
        HostCall::List(handle, folder, recursive, page) => {
            body(&Files::list(guest, connection(handle), folder, recursive, page).await?)
        }
        HostCall::Stat(handle, path) => body(&Files::stat(guest, connection(handle), path).await?),
        HostCall::Open(handle, path, offset, version) => {
            number(Files::open(guest, connection(handle), path, offset, version).await?)
        }
        HostCall::OpenEntry(handle, entry, offset) => {
            number(Files::open_entry(guest, connection(handle), entry, offset).await?)
        }
        HostCall::Digest(handle, path) => {
            body(&Files::digest(guest, connection(handle), path).await?)
        }
        HostCall::Move(handle, from, to, version) => {
            body(&Changes::move_(guest, connection(handle), from, to, version).await?)
        }
        HostCall::Remove(handle, path, version) => {
            body(&Changes::remove(guest, connection(handle), path, version).await?)
        }
        _ => Err(misplaced()),
    }
}

async fn database(guest: &mut Guest, call: HostCall) -> Body {
    match call {
        HostCall::Speaks(handle) => body(&sql::Host::speaks(guest, connection(handle)).await?),
        HostCall::Query(handle, statement, params) => {
            number(sql::Host::query(guest, connection(handle), statement, params).await?)
        }
        HostCall::Fetch(handle, statement, params) => {
            body(&sql::Host::fetch(guest, connection(handle), statement, params).await?)
        }
        _ => Err(misplaced()),
    }
}

async fn socket(guest: &mut Guest, call: HostCall) -> Body {
    use tcp::HostSocket as Handle;
    match call {
        HostCall::Connect(handle) => number(tcp::Host::connect(guest, connection(handle)).await?),
        HostCall::SocketRead(handle, max) => {
            let bytes = Handle::read(guest, Resource::new_borrow(handle), max).await?;
            body(&bytes.map(ByteBuf::from))
        }
        HostCall::SocketWrite(handle, data) => {
            body(&Handle::write(guest, Resource::new_borrow(handle), data).await?)
        }
        HostCall::SocketDrop(handle) => {
            body(&Handle::drop(guest, Resource::new_own(handle)).await?)
        }
        _ => Err(misplaced()),
    }
}

async fn changed(guest: &mut Guest, call: HostCall) -> Body {
    use changes::Host as Changes;
    match call {
        HostCall::LogEnd(handle, log) => body(&Changes::end(guest, connection(handle), log).await?),
        HostCall::LogStart(handle, log) => {
            body(&Changes::start(guest, connection(handle), log).await?)
        }
        HostCall::Changes(handle, asked) => {
            let (tables, until) = (asked.tables, asked.until);
            let handle = connection(handle);
            number(Changes::read(guest, handle, asked.log, tables, asked.from, until).await?)
        }
        HostCall::LogRelease(handle, log, until) => {
            body(&Changes::release(guest, connection(handle), log, until).await?)
        }
        _ => Err(misplaced()),
    }
}

async fn rows_out(guest: &mut Guest, call: HostCall) -> Body {
    match call {
        HostCall::Decode(handle, format, options) => {
            let owned = Resource::new_own(handle);
            number(codec::Host::decode(guest, owned, format, options).await?)
        }
        HostCall::Emit(emitted) => body(&output::Host::emit(guest, batch(emitted)).await?),
        HostCall::Pipe(stream, handle, max_pages) => {
            body(&output::Host::pipe(guest, stream, rows(handle), max_pages).await?)
        }
        HostCall::Checkpoint(state) => body(&output::Host::checkpoint(guest, state).await?),
        HostCall::Flush => body(&output::Host::flush(guest).await?),
        HostCall::Forget(key) => body(&output::Host::forget(guest, key).await?),
        _ => Err(misplaced()),
    }
}

fn batch(emitted: Emitted) -> Batch {
    Batch {
        stream: emitted.stream,
        encoding: Encoding::Ndjson,
        rows: emitted.rows,
        data: emitted.data,
    }
}

fn to_contract(request: HttpRequest) -> wasmtime::Result<Request> {
    let method = METHODS.get(usize::from(request.method));
    Ok(Request {
        method: *method
            .ok_or_else(|| wasmtime::Error::msg("it sent a method that does not exist"))?,
        path: request.path,
        query: request.query,
        headers: request.headers,
        body: request.body,
        idempotency_key: request.idempotency_key,
        timeout_ms: request.timeout_ms,
    })
}

/// `capability` and the arms above disagree: our own mistake.
fn misplaced() -> wasmtime::Error {
    wasmtime::Error::msg("the host call has no place")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_gets_what_its_connector_was_granted() {
        let granted_ones = ["log".to_owned(), "files".to_owned()];
        let calls = [
            (HostCall::Flush, false),
            (HostCall::NowMs, false),
            (HostCall::Query(1, String::new(), String::new()), false),
            (HostCall::Remove(1, "a".to_owned(), None), false),
            (HostCall::Digest(1, "a".to_owned()), true),
            (HostCall::ReaderSize(1), true),
        ];
        for (call, fine) in calls {
            let told = format!("{call:?}");
            assert_eq!(granted(&granted_ones, &call).is_ok(), fine, "{told}");
        }
    }

    #[test]
    fn a_method_is_its_number() {
        let request = |method| HttpRequest {
            method,
            path: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Some(vec![1, 2]),
            idempotency_key: None,
            timeout_ms: None,
        };
        for (number, method) in METHODS.iter().enumerate() {
            let number = u8::try_from(number).unwrap();
            assert!(to_contract(request(number)).unwrap().method == *method);
        }
        assert!(to_contract(request(200)).is_err());
    }
}
