//! Brings rows together that have the same key, wherever they stand, in bounded memory.
//!
//! Up to the limit all rows are held in memory and groups come in the order of their first rows. Beyond it
//! rows are spread over [`BUCKETS`] buckets by a hash of their key, and the fullest bucket moves to a
//! store that the caller opens; at the end one bucket after the other comes back, and groups come in
//! the order of their first rows within a bucket.
//!
//! Invariants: the same rows give the same groups, each with its rows in the order in which they
//! came, whatever was spilled when; of a group at most one row more than `max_members` is kept, which
//! is enough for the worker to refuse it. Deliberately absent: the meaning of keys; encryption (the
//! store is a file without a name on the user's own machine).

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Read, Seek, SeekFrom, Write};

use tributary_model::rows::RowPosition;

/// Parts of a source that is larger than memory: one at a time must fit.
const BUCKETS: usize = 256;

/// Bytes that can be written, and read again.
pub trait Store: Read + Write + Seek {}

impl<T: Read + Write + Seek> Store for T {}

/// Opens the store when memory does not suffice.
pub type OpenStore = Box<dyn FnMut() -> io::Result<Box<dyn Store>>>;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// the text of a row
    Row,
    /// a fault of a row that shows its key, as JSON of an issue
    Fault,
}

/// A row of a group, or the fault of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) kind: FrameKind,
    /// which of several inputs it is from
    pub(super) input: u32,
    pub(super) position: RowPosition,
    pub(super) bytes: &'a [u8],
}

/// See the module.
pub(super) struct Gatherer {
    /// everything, as long as it fits
    held: Vec<u8>,
    spilled: Option<Spilled>,
    open: OpenStore,
    limit: usize,
    max_members: u32,
}

/// What is there once the limit was reached.
struct Spilled {
    store: Box<dyn Store>,
    written: u64,
    /// start and length of what was written
    chunks: Vec<Vec<(u64, usize)>>,
    buckets: Vec<Vec<u8>>,
    held: usize,
}

impl Gatherer {
    /// `limit`: bytes held in memory.
    pub(super) fn new(limit: usize, max_members: u32, open: OpenStore) -> Self {
        Self {
            held: Vec::new(),
            spilled: None,
            open,
            limit,
            max_members,
        }
    }

    /// Bytes that went to the store.
    pub(super) fn spilled_bytes(&self) -> u64 {
        self.spilled.as_ref().map_or(0, |spilled| spilled.written)
    }

    /// Takes in a row.
    pub(super) fn push(&mut self, key: &[u8], frame: Frame<'_>) -> io::Result<()> {
        if let Some(spilled) = &mut self.spilled {
            return spilled.push(key, frame, self.limit);
        }
        write_frame(&mut self.held, key, frame);
        if self.held.len() > self.limit {
            let mut spilled = Spilled {
                store: (self.open)()?,
                written: 0,
                chunks: vec![Vec::new(); BUCKETS],
                buckets: vec![Vec::new(); BUCKETS],
                held: 0,
            };
            let held = std::mem::take(&mut self.held);
            let mut frames = Frames { rest: &held };
            while let Some((key, frame)) = frames.next()? {
                spilled.push(key, frame, self.limit)?;
            }
            self.spilled = Some(spilled);
        }
        Ok(())
    }

    /// Gives every group to `each`.
    pub(super) fn finish(
        self,
        each: &mut dyn FnMut(&[Frame<'_>]) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(mut spilled) = self.spilled else {
            return groups(&self.held, self.max_members, each);
        };
        for bucket in 0..BUCKETS {
            let bytes = spilled.bucket(bucket, self.max_members)?;
            groups(&bytes, self.max_members, each)?;
        }
        Ok(())
    }
}

impl Spilled {
    fn push(&mut self, key: &[u8], frame: Frame<'_>, limit: usize) -> io::Result<()> {
        let mut hasher = DefaultHasher::new();
        hasher.write(key);
        // below the number of buckets, which is small
        let place = (hasher.finish() % BUCKETS as u64) as usize;
        let Some(bucket) = self.buckets.get_mut(place) else {
            return Ok(());
        };
        let before = bucket.len();
        write_frame(bucket, key, frame);
        self.held += bucket.len() - before;
        if self.held <= limit {
            return Ok(());
        }
        let fullest = self
            .buckets
            .iter_mut()
            .zip(&mut self.chunks)
            .max_by_key(|(bucket, _)| bucket.len());
        if let Some((bucket, chunks)) = fullest {
            let bytes = std::mem::take(bucket);
            self.store.write_all(&bytes)?;
            chunks.push((self.written, bytes.len()));
            self.written += bytes.len() as u64;
            self.held -= bytes.len();
        }
        Ok(())
    }

    /// All of a bucket, without the rows that its groups have too many.
    fn bucket(&mut self, place: usize, max_members: u32) -> io::Result<Vec<u8>> {
        let mut kept = Vec::new();
        let mut members: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut chunk = Vec::new();
        let chunks = self
            .chunks
            .get_mut(place)
            .map(std::mem::take)
            .unwrap_or_default();
        for (start, length) in chunks {
            chunk.resize(length, 0);
            self.store.seek(SeekFrom::Start(start))?;
            self.store.read_exact(&mut chunk)?;
            keep_frames(&chunk, &mut members, max_members, &mut kept)?;
        }
        let rest = self
            .buckets
            .get_mut(place)
            .map(std::mem::take)
            .unwrap_or_default();
        keep_frames(&rest, &mut members, max_members, &mut kept)?;
        Ok(kept)
    }
}

fn keep_frames(
    chunk: &[u8],
    members: &mut HashMap<Vec<u8>, u32>,
    max_members: u32,
    kept: &mut Vec<u8>,
) -> io::Result<()> {
    let mut frames = Frames { rest: chunk };
    while let Some((key, frame)) = frames.next()? {
        let count = match members.get_mut(key) {
            Some(count) => count,
            None => members.entry(key.to_owned()).or_insert(0),
        };
        if *count <= max_members {
            *count += 1;
            write_frame(kept, key, frame);
        }
    }
    Ok(())
}

/// The groups of rows that lie one after the other in `bytes`.
fn groups(
    bytes: &[u8],
    max_members: u32,
    each: &mut dyn FnMut(&[Frame<'_>]) -> io::Result<()>,
) -> io::Result<()> {
    let mut group_of: HashMap<&[u8], u32> = HashMap::new();
    let mut found: Vec<(u32, Frame<'_>)> = Vec::new();
    let mut frames = Frames { rest: bytes };
    while let Some((key, frame)) = frames.next()? {
        let fresh = u32::try_from(group_of.len()).unwrap_or(u32::MAX);
        found.push((*group_of.entry(key).or_insert(fresh), frame));
    }
    // Stable: rows keep their order inside a group, groups the order of their first row.
    found.sort_by_key(|(group, _)| *group);
    let mut rows: Vec<Frame<'_>> = Vec::new();
    let mut open = None;
    for (group, frame) in found {
        if open != Some(group) && !rows.is_empty() {
            each(&rows)?;
            rows.clear();
        }
        open = Some(group);
        if rows.len() <= max_members as usize {
            rows.push(frame);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    each(&rows)
}

fn write_frame(out: &mut Vec<u8>, key: &[u8], frame: Frame<'_>) {
    out.push(match frame.kind {
        FrameKind::Row => 0,
        FrameKind::Fault => 1,
    });
    for length in [key.len(), frame.bytes.len()] {
        out.extend_from_slice(&(length as u64).to_le_bytes());
    }
    out.extend_from_slice(&u64::from(frame.input).to_le_bytes());
    out.extend_from_slice(&frame.position.line.to_le_bytes());
    out.extend_from_slice(&frame.position.offset.to_le_bytes());
    out.extend_from_slice(key);
    out.extend_from_slice(frame.bytes);
}

/// Reads what [`write_frame`] wrote.
struct Frames<'a> {
    rest: &'a [u8],
}

impl<'a> Frames<'a> {
    fn next(&mut self) -> io::Result<Option<(&'a [u8], Frame<'a>)>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let kind = match self.take(1)? {
            [0] => FrameKind::Row,
            _ => FrameKind::Fault,
        };
        let key_length = self.number()?;
        let length = self.number()?;
        let input = u32::try_from(self.number()?).map_err(|_| damaged())?;
        let position = RowPosition {
            line: self.number()?,
            offset: self.number()?,
        };
        let key = self.take(usize::try_from(key_length).map_err(|_| damaged())?)?;
        let bytes = self.take(usize::try_from(length).map_err(|_| damaged())?)?;
        let frame = Frame {
            kind,
            input,
            position,
            bytes,
        };
        Ok(Some((key, frame)))
    }

    fn number(&mut self) -> io::Result<u64> {
        let bytes = self.take(8)?.try_into().map_err(|_| damaged())?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the temporary file of grouped rows was changed or cut while it was in use; run again",
    )
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn no_store() -> OpenStore {
        Box::new(|| Err(io::Error::other("nothing should be spilled")))
    }

    fn memory_store() -> OpenStore {
        Box::new(|| Ok(Box::new(Cursor::new(Vec::new()))))
    }

    fn grouped(limit: usize, max_members: u32, open: OpenStore, keys: &[String]) -> Groups {
        let mut gatherer = Gatherer::new(limit, max_members, open);
        for (key, line) in keys.iter().zip(1..) {
            let frame = Frame {
                kind: FrameKind::Row,
                input: 0,
                position: RowPosition { line, offset: 0 },
                bytes: key.as_bytes(),
            };
            gatherer.push(key.as_bytes(), frame).unwrap();
        }
        let spilled = gatherer.spilled_bytes();
        let mut groups = Vec::new();
        gatherer
            .finish(&mut |rows| {
                assert!(rows.iter().all(|row| row.bytes == rows[0].bytes));
                groups.push(rows.iter().map(|row| row.position.line).collect());
                Ok(())
            })
            .unwrap();
        (groups, spilled)
    }

    type Groups = (Vec<Vec<u64>>, u64);

    #[test]
    fn held_groups_come_in_the_order_of_their_first_rows() {
        let keys = ["b", "a", "b", "c", "a"].map(str::to_owned);
        let (groups, spilled) = grouped(1 << 20, 10, no_store(), &keys);
        assert_eq!(groups, [vec![1, 3], vec![2, 5], vec![4]]);
        assert_eq!(spilled, 0);
    }

    #[test]
    fn spilling_changes_no_group() {
        let keys: Vec<String> = (0..5000)
            .map(|n| format!("order-{}", n * 7 % 997))
            .collect();
        let (mut held, none) = grouped(1 << 30, 10, no_store(), &keys);
        let (mut spilled, some) = grouped(10_000, 10, memory_store(), &keys);
        assert_eq!(none, 0);
        assert!(some > 100_000, "{some} bytes were spilled");
        held.sort();
        spilled.sort();
        assert_eq!(held.len(), 997);
        assert_eq!(held, spilled);
    }

    #[test]
    fn of_a_group_that_is_too_large_one_row_too_many_is_kept() {
        let keys: Vec<String> = (0..1000).map(|_| "all the same".to_owned()).collect();
        for limit in [100, 1 << 20] {
            let (groups, _) = grouped(limit, 5, memory_store(), &keys);
            assert_eq!(groups, [vec![1, 2, 3, 4, 5, 6]], "limit {limit}");
        }
    }

    #[test]
    fn a_store_that_fails_is_an_error() {
        let mut gatherer = Gatherer::new(10, 5, no_store());
        let frame = Frame {
            kind: FrameKind::Row,
            input: 0,
            position: RowPosition::default(),
            bytes: b"a row",
        };
        let error = gatherer.push(b"key", frame).unwrap_err();
        assert_eq!(error.to_string(), "nothing should be spilled");
    }
}
