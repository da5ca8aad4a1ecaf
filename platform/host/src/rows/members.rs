//! The rows of the members of a zip file, one member after the other in the order of the archive, each under a
//! source of its own: `orders.zip/lines-1.csv`. What nobody means as data (`.hidden`, `__MACOSX/`) is left out.
//!
//! A place to go on from names the member: its number stands above the [`MEMBER_BITS`] lowest bits of the offset,
//! which are the place inside of it. Whoever goes on gives the options of the beginning, with that place as
//! `start`: what was found at the front of a member holds for that member alone, so it is looked at again.
//!
//! Invariants: the archive is held whole, at most [`MAX_FILE_BYTES`](super::MAX_FILE_BYTES) of it, and unpacked
//! no further than it is read; members share what a zip file may give in all; a member that is damaged ends the
//! file behind the rows before the damage.

use std::io::Cursor;

use bytes::Bytes;
use tributary_formats::compression::{Archive, UnpackLimits};
use tributary_formats::fault::ReadFault;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;
use tributary_model::rows::RowPosition;

use super::options::Asked;
use super::unpack::{Unpacked, listed};
use super::{ByteReader, Cut, MAX_FILE_BYTES, RowSource, broken_off};

/// Bits of an offset inside of a member; a member has at most 4 GiB.
const MEMBER_BITS: u32 = 44;
const BEGINNING: RowPosition = RowPosition { line: 1, offset: 0 };
/// Longest name of a member in a source.
const MAX_NAME_CHARS: usize = 200;

/// See the module.
pub(crate) struct MemberRows {
    /// stands at the zip file's first byte, and later at its end
    reader: ByteReader,
    asked: Asked,
    pattern: String,
    archive: Option<Archive<Cursor<Bytes>>>,
    /// the members to read
    wanted: Vec<usize>,
    /// which of them is read
    at: usize,
    /// where in it reading begins
    start: RowPosition,
    rows: Option<Box<RowSource>>,
    state: State,
}

enum State {
    Fresh,
    /// or given up while it was opened
    Opening,
    Open,
    Failed(Problem),
}

impl MemberRows {
    /// Of the zip file behind `reader`, the members that match `pattern`, with the options `asked`.
    pub(super) fn new(reader: ByteReader, asked: Asked, pattern: String) -> Self {
        let RowPosition { line, offset } = asked.start();
        Self {
            reader,
            asked,
            pattern,
            archive: None,
            wanted: Vec::new(),
            at: usize::try_from(offset >> MEMBER_BITS).unwrap_or(usize::MAX),
            start: RowPosition {
                line,
                offset: offset & ((1 << MEMBER_BITS) - 1),
            },
            rows: None,
            state: State::Fresh,
        }
    }

    pub(crate) async fn next_page(&mut self) -> Result<Option<Cut>, Problem> {
        while let Some(rows) = self.enter().await? {
            // boxed: a member's rows are rows again
            if let Some(cut) = Box::pin(rows.next_page()).await? {
                return Ok(Some(cut));
            }
            self.rows = None;
            self.at += 1;
            self.start = BEGINNING;
        }
        Ok(None)
    }

    /// Where the next page starts; behind the last row of a member the beginning of the next one.
    pub(crate) fn position(&self) -> RowPosition {
        let (number, inside) = match &self.rows {
            Some(rows) if rows.over() => (self.at + 1, BEGINNING),
            Some(rows) => (self.at, rows.position()),
            None => (self.at, self.start),
        };
        RowPosition {
            line: inside.line,
            offset: ((number as u64) << MEMBER_BITS) | inside.offset,
        }
    }

    pub(crate) async fn digest(&mut self) -> Option<String> {
        self.reader.digest().await
    }

    /// Of the member that is read, at the beginning of the first.
    pub(crate) async fn schema(&mut self) -> Result<serde_json::Value, Problem> {
        match self.enter().await? {
            Some(rows) => Box::pin(rows.schema()).await,
            None => Ok(serde_json::json!({})),
        }
    }

    /// The rows of the member that is to be read; `None` behind the last.
    async fn enter(&mut self) -> Result<Option<&mut RowSource>, Problem> {
        self.open().await?;
        if self.rows.is_none() {
            let Some(index) = self.wanted.get(self.at) else {
                return Ok(None);
            };
            let rows = self.member(*index).await?;
            self.rows = Some(Box::new(rows));
        }
        Ok(self.rows.as_deref_mut())
    }

    /// Reads the archive's directory.
    async fn open(&mut self) -> Result<(), Problem> {
        match &self.state {
            State::Open => return Ok(()),
            State::Failed(problem) => return Err(problem.clone()),
            // the reader does not stand at the first byte any more
            State::Opening => return Err(broken_off(self.asked.source())),
            State::Fresh => self.state = State::Opening,
        }
        self.state = match self.directory().await {
            Ok(()) => State::Open,
            Err(problem) => State::Failed(problem),
        };
        match &self.state {
            State::Failed(problem) => Err(problem.clone()),
            _ => Ok(()),
        }
    }

    async fn directory(&mut self) -> Result<(), Problem> {
        let source = self.asked.source();
        let whole = Box::pin(self.reader.whole(source, MAX_FILE_BYTES)).await?;
        // nothing is behind it, but the digest is that of what was read to its end
        let archive = Archive::open(Cursor::new(whole), UnpackLimits::default());
        let archive = archive.map_err(|fault| problem(source, &fault))?;
        self.wanted = archive.data(&self.pattern)?;
        if self.wanted.is_empty() {
            let detail = format!(
                "{source}: no member of the zip file matches {}; it holds {}",
                self.pattern,
                listed(archive.entries())
            );
            return Err(Problem::new(ErrorCode::ArchiveInvalid, detail).hint(
                "compare `members` with the names in the zip file; hidden ones are not read",
            ));
        }
        self.archive = Some(archive);
        Ok(())
    }

    /// Opens a member at `self.start`.
    async fn member(&mut self, index: usize) -> Result<RowSource, Problem> {
        let archive = self.archive.as_ref();
        let entry = archive.and_then(|archive| archive.entries().get(index));
        let name = entry.map_or("", |entry| entry.name.as_str());
        let name = shorten(name, MAX_NAME_CHARS).replace(char::is_control, " ");
        let source = format!("{}/{name}", self.asked.source());
        let mut asked = self.asked.of_member(&source, self.start);
        let mut skip = 0;
        if asked.goes_on_inside() {
            let front = self.asked.of_member(&source, BEGINNING);
            let mut front = front.open(self.part(index, &source, 0)?)?;
            let found = Box::pin(front.schema()).await?;
            skip = asked.as_found(&found);
        }
        asked.open(self.part(index, &source, skip)?)
    }

    /// A member's content from the `skip`th byte on.
    fn part(&mut self, index: usize, source: &str, skip: u64) -> Result<ByteReader, Problem> {
        let hold = self.reader.hold_beside();
        let Some(archive) = &mut self.archive else {
            return Err(broken_off(source));
        };
        let part = archive.detached(index);
        let part = part.map_err(|fault| problem(source, &fault))?;
        let part = Unpacked::part(source, Box::new(part), hold, skip)?;
        Ok(ByteReader::part(part))
    }
}

fn problem(source: &str, fault: &ReadFault) -> Problem {
    Problem::new(fault.code, format!("{source}: {}", fault.message))
}
