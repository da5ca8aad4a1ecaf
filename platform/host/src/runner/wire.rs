//! What the platform and a runner say to each other: frames of a length (4 bytes, little endian) and one
//! value in postcard. The platform asks (`ToRunner`), the runner answers or calls the host (`FromRunner`).
//!
//! Invariant: data only. A handle is the number under which the platform keeps the thing; no frame to
//! a runner holds a secret, an address of the platform or a path.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::bindings::contract::files::Entry;
use crate::bindings::contract::http::Method;
use crate::bindings::contract::log::Level;
use crate::bindings::contract::metrics::Kind;
use crate::exports::{Answered, Export};

/// Bytes of a frame's length.
pub(super) const LENGTH_BYTES: usize = 4;

/// From the platform.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToRunner<'a> {
    /// once, first of all
    #[serde(borrow)]
    Load(Load<'a>),
    Enter(Box<Enter<'a>>),
    /// to a host call
    #[serde(borrow)]
    Answer(HostAnswer<'a>),
}

/// The one connector of a runner.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Load<'a> {
    pub(super) capabilities: Vec<String>,
    pub(super) memory_mib: u32,
    pub(super) host_call_bytes: u64,
    /// native code that the platform's compiler gave
    #[serde(borrow, with = "serde_bytes")]
    pub(super) code: &'a [u8],
}

/// A call into the connector.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Enter<'a> {
    /// in a store of its own: the first of a session
    pub(super) fresh: bool,
    /// CPU time of the whole session so far and this call, as the runner counts it, ns
    pub(super) budget_ns: u64,
    pub(super) config: Cow<'a, str>,
    pub(super) export: Export<'a>,
}

/// What a host call answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HostAnswer<'a> {
    /// as in [`Enter`]; moved bytes raise it, work in the host lowers it
    pub(super) budget_ns: u64,
    /// a value whose type follows from the call
    #[serde(borrow, with = "serde_bytes")]
    pub(super) body: &'a [u8],
}

/// From the runner.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FromRunner {
    /// CPU time of this session so far, ns
    pub(super) cpu_ns: u64,
    /// memory of the guest, bytes
    pub(super) memory_bytes: u64,
    pub(super) said: Said,
}

/// See [`FromRunner`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Said {
    /// the connector is loaded
    Ready(Cut),
    Call(HostCall),
    Done(Answered),
    Broken(Broken),
}

/// What was taken from a runner before it got foreign code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cut {
    /// it can gain no privileges
    pub(crate) privileges: bool,
    /// it has no network
    pub(crate) network: bool,
    /// it sees no files
    pub(crate) files: bool,
}

/// Why a call gave no answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Broken {
    pub(super) kind: BrokenKind,
    pub(super) what: String,
}

/// See [`Broken`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum BrokenKind {
    /// CPU time; the platform knows the whole budget
    Cpu,
    /// memory; the platform knows whose limit it is
    Memory,
    Limit,
    Failed,
}

/// A call of the guest into the host. Names as in the contract; handles are numbers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum HostCall {
    Log(Level, String, Vec<(String, String)>),
    Observe(String, Kind, f64, Vec<(String, String)>),
    Stopping,
    NowMs,
    SleepMs(u32),
    ConnectionGet(String),
    ConnectionLabel(u32),
    ConnectionBaseUrl(u32),
    ConnectionDrop(u32),
    ReaderRead(u32, u32),
    ReaderSize(u32),
    ReaderDrop(u32),
    RowsSchema(u32),
    RowsProbe(u32, String),
    RowsPluck(u32, String),
    RowsDrop(u32),
    Send(u32, HttpRequest),
    List(u32, String, bool, Option<String>),
    Stat(u32, String),
    Open(u32, String, u64, Option<String>),
    OpenEntry(u32, Entry, u64),
    Digest(u32, String),
    Move(u32, String, String, Option<String>),
    Remove(u32, String, Option<String>),
    Speaks(u32),
    Query(u32, String, String),
    Fetch(u32, String, String),
    Connect(u32),
    SocketRead(u32, u32),
    SocketWrite(u32, #[serde(with = "serde_bytes")] Vec<u8>),
    SocketDrop(u32),
    LogEnd(u32, String),
    LogStart(u32, String),
    Changes(u32, ChangesAsked),
    LogRelease(u32, String, String),
    Decode(u32, String, String),
    Emit(Emitted),
    Pipe(String, u32, u32),
    Checkpoint(String),
    Flush,
    Forget(String),
}

impl HostCall {
    /// The interface that it belongs to.
    pub(super) fn capability(&self) -> &'static str {
        match self {
            Self::Log(..) => "log",
            Self::Observe(..) => "metrics",
            Self::Stopping | Self::NowMs | Self::SleepMs(_) => "control",
            Self::ConnectionGet(_)
            | Self::ConnectionLabel(_)
            | Self::ConnectionBaseUrl(_)
            | Self::ConnectionDrop(_) => "connections",
            Self::ReaderRead(..)
            | Self::ReaderSize(_)
            | Self::ReaderDrop(_)
            | Self::RowsSchema(_)
            | Self::RowsProbe(..)
            | Self::RowsPluck(..)
            | Self::RowsDrop(_) => "io",
            Self::Send(..) => "http",
            Self::List(..)
            | Self::Stat(..)
            | Self::Open(..)
            | Self::OpenEntry(..)
            | Self::Digest(..) => "files",
            Self::Move(..) | Self::Remove(..) => "file-changes",
            Self::Speaks(_) | Self::Query(..) | Self::Fetch(..) => "sql",
            Self::Connect(_)
            | Self::SocketRead(..)
            | Self::SocketWrite(..)
            | Self::SocketDrop(_) => "tcp",
            Self::LogEnd(..) | Self::LogStart(..) | Self::Changes(..) | Self::LogRelease(..) => {
                "changes"
            }
            Self::Decode(..) => "codec",
            Self::Emit(_)
            | Self::Pipe(..)
            | Self::Checkpoint(_)
            | Self::Flush
            | Self::Forget(_) => "output",
        }
    }

    /// Nobody waits for an answer: the runner goes on at once.
    pub(super) fn one_way(&self) -> bool {
        matches!(
            self,
            Self::Log(..)
                | Self::Observe(..)
                | Self::ConnectionDrop(_)
                | Self::ReaderDrop(_)
                | Self::RowsDrop(_)
                | Self::SocketDrop(_)
        )
    }
}

/// As in the contract, where it cannot be sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HttpRequest {
    /// as in [`METHODS`]
    pub(super) method: u8,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    #[serde(with = "serde_bytes")]
    pub(super) body: Option<Vec<u8>>,
    pub(super) idempotency_key: Option<String>,
    pub(super) timeout_ms: Option<u32>,
}

/// A read of changes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ChangesAsked {
    pub(super) log: String,
    pub(super) tables: String,
    pub(super) from: String,
    pub(super) until: String,
}

/// Methods by their number.
pub(super) const METHODS: [Method; 6] = [
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
];

/// The answer to [`HostCall::Send`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HttpAnswer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    /// handle of a reader
    pub(super) body: u32,
}

/// A batch; there is one encoding.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Emitted {
    pub(super) stream: String,
    pub(super) rows: u32,
    #[serde(with = "serde_bytes")]
    pub(super) data: Vec<u8>,
}

/// A value as a frame.
pub(super) fn frame(value: &impl Serialize) -> Result<Vec<u8>, postcard::Error> {
    let mut frame = postcard::to_extend(value, vec![0; LENGTH_BYTES])?;
    let length = u32::try_from(frame.len() - LENGTH_BYTES)
        .map_err(|_| postcard::Error::SerializeBufferFull)?;
    if let Some(place) = frame.first_chunk_mut::<LENGTH_BYTES>() {
        *place = length.to_le_bytes();
    }
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_went_and_rubbish_does_not() {
        let call = HostCall::Emit(Emitted {
            stream: "orders".to_owned(),
            rows: 2,
            data: b"{}\n{}\n".to_vec(),
        });
        let sent = FromRunner {
            cpu_ns: 5,
            memory_bytes: 7,
            said: Said::Call(call),
        };
        let bytes = frame(&sent).unwrap();
        let (length, body) = bytes.split_first_chunk::<LENGTH_BYTES>().unwrap();
        assert_eq!(u32::from_le_bytes(*length) as usize, body.len());
        let back: FromRunner = postcard::from_bytes(body).unwrap();
        assert_eq!(format!("{sent:?}"), format!("{back:?}"));
        for end in 0..body.len() {
            let cut = body.get(..end).unwrap();
            assert!(postcard::from_bytes::<FromRunner>(cut).is_err(), "{end}");
        }
        let mut other = body.to_vec();
        // which of the things it says, then which call
        for place in [2, 3] {
            other[place] = 0xee;
            assert!(postcard::from_bytes::<FromRunner>(&other).is_err());
        }
    }
}
