//! The unpacked bytes of a file: gzip, zstd, one member of a zip file (several: [`super::members`]).
//!
//! Invariants: nothing is unpacked ahead of what is read, and no more than
//! [`UnpackLimits`] allow; damage and early ends are errors, never a short success; digest and size are those of
//! the file as received. A zip file is held whole, at most [`MAX_FILE_BYTES`] of it.

use std::io::{Cursor, Read};

use bytes::Bytes;
use serde::Deserialize;
use tributary_formats::compression::{Archive, Compression, Entry, UnpackLimits, unpack};
use tributary_formats::fault::ReadFault;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::feed::{Feed, feed};
use super::{ByteReader, MAX_FILE_BYTES, broken_off};
use crate::limits::Hold;

/// Bytes of one step.
const PIECE_BYTES: usize = 256 << 10;
/// What unpacking may hold: zstd's window.
const WINDOW_BYTES: usize = 64 << 20;
/// What gzip holds, and buffers.
const BUFFER_BYTES: usize = 1 << 20;
/// Names of members that a message lists.
const SHOWN_MEMBERS: usize = 5;

/// How a file is packed; from a guest's options.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Packed {
    compression: Compression,
    /// pattern for the one member of a zip file that is read; without it there must be only one
    #[serde(default)]
    member: Option<String>,
    /// pattern for the members that are read one after the other
    #[serde(default)]
    members: Option<String>,
}

impl Packed {
    /// The pattern, if several members of a zip file are meant.
    ///
    /// # Errors
    /// `config_invalid` if one is meant as well.
    pub(super) fn several(&self) -> Result<Option<&str>, Problem> {
        match (&self.member, &self.members) {
            (Some(_), Some(_)) => {
                let detail = "either `member` or `members` is given, not both";
                Err(Problem::new(ErrorCode::ConfigInvalid, detail))
            }
            (None, Some(members)) if self.compression == Compression::Zip => Ok(Some(members)),
            _ => Ok(None),
        }
    }
}

/// See the module.
pub(crate) struct Unpacked {
    source: String,
    packed: ByteReader,
    /// `None`: it is unpacked elsewhere
    how: Option<Packed>,
    /// bytes to pass over, since they were read before
    skip: u64,
    feed: Feed,
    content: Option<Box<dyn Read + Send>>,
    /// what ended the unpacking
    failed: Option<Problem>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    /// or broken: then there is no content
    Open,
    Over,
}

impl Unpacked {
    /// `packed` stands at the file's first byte; reading begins at the `skip`th unpacked one.
    pub(super) fn new(source: &str, packed: ByteReader, how: Packed, skip: u64) -> Self {
        Self {
            source: source.to_owned(),
            packed,
            how: Some(how),
            skip,
            feed: feed().0,
            content: None,
            failed: None,
            state: State::Fresh,
        }
    }

    /// What `content` has from its `skip`th byte on; `hold` is its account.
    pub(super) fn part(
        source: &str,
        content: Box<dyn Read + Send>,
        hold: Hold,
        skip: u64,
    ) -> Result<Self, Problem> {
        let mut packed = ByteReader::nothing(hold);
        packed.keep(BUFFER_BYTES)?;
        Ok(Self {
            source: source.to_owned(),
            packed,
            how: None,
            skip,
            feed: feed().0,
            content: Some(content),
            failed: None,
            state: State::Open,
        })
    }

    pub(super) fn hold_beside(&self) -> Hold {
        self.packed.hold_beside()
    }

    pub(super) async fn digest(&mut self) -> Option<String> {
        // boxed: a packed file's reader is a reader with another one inside
        Box::pin(self.packed.digest()).await
    }

    pub(super) fn keep(&mut self, bytes: usize) -> Result<(), Problem> {
        self.packed.keep(bytes)
    }

    /// The next unpacked bytes, never empty; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.state == State::Fresh {
            self.state = State::Open;
            let content = self.open().await?;
            self.content = Some(content);
        }
        let Some(content) = self.content.take() else {
            return match (self.state, &self.failed) {
                (State::Over, _) => Ok(None),
                (_, Some(problem)) => Err(problem.clone()),
                (_, None) => Err(broken_off(&self.source)),
            };
        };
        let skip = std::mem::take(&mut self.skip);
        let step = self
            .feed
            .run(&mut self.packed, move || piece(content, skip));
        let (content, read) = Box::pin(step).await?;
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(fault) => {
                let problem = self.problem(fault);
                self.failed = Some(problem.clone());
                return Err(problem);
            }
        };
        if bytes.is_empty() {
            drop(content);
            Box::pin(self.feed.drain(&mut self.packed)).await?;
            self.state = State::Over;
            return Ok(None);
        }
        self.content = Some(content);
        Ok(Some(Bytes::from(bytes)))
    }

    async fn open(&mut self) -> Result<Box<dyn Read + Send>, Problem> {
        let limits = UnpackLimits::default();
        let Some(how) = self.how.take() else {
            return Err(broken_off(&self.source));
        };
        let compression = how.compression;
        if compression == Compression::Zip {
            return self.member(how.member.as_deref(), limits).await;
        }
        self.packed.keep(match compression {
            Compression::Zstd => WINDOW_BYTES,
            _ => BUFFER_BYTES,
        })?;
        let (feed, chunks) = feed();
        self.feed = feed;
        // the front of the file is read here
        let open = move || unpack(compression, Box::new(chunks), limits);
        let content = Box::pin(self.feed.run(&mut self.packed, open)).await?;
        content.map_err(|fault| self.problem(fault))
    }

    async fn member(
        &mut self,
        pattern: Option<&str>,
        limits: UnpackLimits,
    ) -> Result<Box<dyn Read + Send>, Problem> {
        let whole = Box::pin(self.packed.whole(&self.source, MAX_FILE_BYTES)).await?;
        let archive =
            Archive::open(Cursor::new(whole), limits).map_err(|fault| self.problem(fault))?;
        let found = match pattern {
            Some(pattern) => archive.matching(pattern)?,
            None => (0..archive.entries().len()).collect(),
        };
        let [member] = found.as_slice() else {
            let detail = format!(
                "{}: {} members of the zip file match {}, and one is read; it holds {}",
                self.source,
                found.len(),
                pattern.unwrap_or("**"),
                listed(archive.entries())
            );
            return Err(Problem::new(ErrorCode::ArchiveInvalid, detail)
                .hint("set `member` to a pattern that only the wanted file matches"));
        };
        let part = archive.into_part(*member);
        Ok(Box::new(part.map_err(|fault| self.problem(fault))?))
    }

    fn problem(&self, fault: ReadFault) -> Problem {
        Problem::new(fault.code, format!("{}: {}", self.source, fault.message))
    }
}

/// The first names of a zip file, for a message.
pub(super) fn listed(entries: &[Entry]) -> String {
    let mut names: Vec<&str> = entries
        .iter()
        .take(SHOWN_MEMBERS)
        .map(|entry| entry.name.as_str())
        .collect();
    if entries.len() > SHOWN_MEMBERS {
        names.push("…");
    }
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

/// The next bytes behind `skip` more; none at the end.
fn piece(
    mut content: Box<dyn Read + Send>,
    skip: u64,
) -> (Box<dyn Read + Send>, Result<Vec<u8>, ReadFault>) {
    let passed = std::io::copy(&mut (&mut content).take(skip), &mut std::io::sink());
    let mut bytes = Vec::with_capacity(PIECE_BYTES);
    let read = passed.and_then(|_| {
        let mut piece = (&mut content).take(PIECE_BYTES as u64);
        piece.read_to_end(&mut bytes)
    });
    let read = read.map(|_| bytes).map_err(|error| ReadFault::of(&error));
    (content, read)
}
