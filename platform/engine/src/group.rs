//! Groups rows that belong together (an order's lines) although they are not adjacent, in
//! bounded memory.
//!
//! Rows are spread over buckets by a hash of their key; when more than the limit is held, the
//! fullest bucket leaves as a [`Spill`] that the caller stores (encrypted) and hands back to
//! [`bucket_groups`] at the end. All rows of one key are in one bucket, so a bucket can be
//! grouped by itself. With one bucket nothing is spread and groups come in order of their first
//! row.
//!
//! Invariants: same rows in, same groups out, in the same order, whatever was spilled when. A
//! bucket is expected to fit in memory: [`buckets_for`] chooses their number from the input's
//! size.
//!
//! Deliberately absent: files, encryption and the meaning of keys.

use std::collections::HashMap;

use tributary_formats::varint;
use tributary_model::rows::RowPosition;

/// What one bucket should hold at most, in bytes, when all of its rows are back in memory.
const BUCKET_BYTES: u64 = 8 << 20;

/// Number of buckets for an input of `bytes`.
#[must_use]
pub fn buckets_for(bytes: u64) -> u16 {
    if bytes <= 2 * BUCKET_BYTES {
        return 1;
    }
    u16::try_from(bytes / BUCKET_BYTES + 1).unwrap_or(u16::MAX)
}

/// Rows that left memory for a while.
#[derive(Debug)]
pub struct Spill {
    pub bucket: u16,
    pub bytes: Vec<u8>,
}

/// Spreads rows over buckets. See the module for what it promises.
#[derive(Debug)]
pub struct Grouper {
    buckets: Vec<Vec<u8>>,
    held: usize,
    limit: usize,
}

impl Grouper {
    /// `limit`: bytes held at most before something spills.
    #[must_use]
    pub fn new(buckets: u16, limit: usize) -> Self {
        Self {
            buckets: vec![Vec::new(); usize::from(buckets.max(1))],
            held: 0,
            limit,
        }
    }

    /// Takes in one row. With a spill in the answer, the caller must keep it for the end.
    pub fn push(&mut self, key: &[u8], position: RowPosition, raw: &[u8]) -> Option<Spill> {
        let index = self.bucket_of(key);
        let bucket = self.buckets.get_mut(index)?;
        let before = bucket.len();
        write_frame(bucket, key, position, raw);
        self.held += bucket.len() - before;
        if self.held > self.limit && self.buckets.len() > 1 {
            return self.spill_fullest();
        }
        None
    }

    /// What is still held, bucket by bucket, in bucket order; empty ones too.
    #[must_use]
    pub fn finish(self) -> Vec<Vec<u8>> {
        self.buckets
    }

    fn bucket_of(&self, key: &[u8]) -> usize {
        let hash = blake3::hash(key);
        let mut first = [0_u8; 8];
        for (to, from) in first.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        let count = self.buckets.len() as u64;
        usize::try_from(u64::from_le_bytes(first) % count).unwrap_or(0)
    }

    fn spill_fullest(&mut self) -> Option<Spill> {
        let (index, bucket) = self
            .buckets
            .iter_mut()
            .enumerate()
            .max_by_key(|(_, bucket)| bucket.len())?;
        // The next rows of the bucket will need as much.
        let empty = Vec::with_capacity(bucket.len());
        let bytes = std::mem::replace(bucket, empty);
        self.held -= bytes.len();
        Some(Spill {
            bucket: u16::try_from(index).ok()?,
            bytes,
        })
    }
}

/// One row of a group; the bytes are those of the chunk it came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupedRow<'a> {
    pub position: RowPosition,
    pub raw: &'a [u8],
}

/// A damaged spill.
#[derive(Debug, thiserror::Error)]
#[error("a spilled chunk of grouped rows is damaged at byte {at}")]
pub struct SpillDamaged {
    /// offset in the chunk
    pub at: usize,
}

/// Groups all rows of one bucket, given its chunks in the order in which they left. Calls
/// `each` per group, in order of the groups' first rows.
///
/// # Errors
/// [`SpillDamaged`] if a chunk is not what [`Grouper`] wrote.
pub fn bucket_groups<'a, E: From<SpillDamaged>>(
    chunks: &'a [Vec<u8>],
    mut each: impl FnMut(&[GroupedRow<'a>]) -> Result<(), E>,
) -> Result<(), E> {
    let mut frames: Vec<(usize, GroupedRow<'a>)> = Vec::new();
    let mut group_of: HashMap<&'a [u8], usize> = HashMap::new();
    let mut sizes: Vec<usize> = Vec::new();
    for chunk in chunks {
        let mut reader = FrameReader {
            bytes: chunk,
            at: 0,
        };
        while let Some((key, row)) = reader.next()? {
            let group = *group_of.entry(key).or_insert(sizes.len());
            match sizes.get_mut(group) {
                Some(size) => *size += 1,
                None => sizes.push(1),
            }
            frames.push((group, row));
        }
    }
    let rows = together(&frames, &sizes);
    let mut rest = rows.as_slice();
    for size in sizes {
        let (group, others) = rest.split_at(size);
        rest = others;
        each(group)?;
    }
    Ok(())
}

/// The rows group by group, in their order inside of each: every row goes straight to its place, since how
/// many come before it is known.
fn together<'a>(frames: &[(usize, GroupedRow<'a>)], sizes: &[usize]) -> Vec<GroupedRow<'a>> {
    let mut next: Vec<usize> = Vec::with_capacity(sizes.len());
    let mut start = 0;
    for size in sizes {
        next.push(start);
        start += size;
    }
    let mut rows = vec![GroupedRow::default(); frames.len()];
    for (group, row) in frames {
        if let Some(next) = next.get_mut(*group)
            && let Some(place) = rows.get_mut(*next)
        {
            *place = *row;
            *next += 1;
        }
    }
    rows
}

fn write_frame(out: &mut Vec<u8>, key: &[u8], position: RowPosition, raw: &[u8]) {
    varint::write(out, key.len() as u64);
    out.extend_from_slice(key);
    varint::write(out, position.line);
    varint::write(out, position.offset);
    varint::write(out, raw.len() as u64);
    out.extend_from_slice(raw);
}

struct FrameReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> FrameReader<'a> {
    fn next(&mut self) -> Result<Option<(&'a [u8], GroupedRow<'a>)>, SpillDamaged> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let key = self.slice()?;
        let line = self.varint()?;
        let offset = self.varint()?;
        let raw = self.slice()?;
        let position = RowPosition { line, offset };
        Ok(Some((key, GroupedRow { position, raw })))
    }

    fn slice(&mut self) -> Result<&'a [u8], SpillDamaged> {
        let damaged = SpillDamaged { at: self.at };
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let end = self.at.saturating_add(length);
        let slice = self.bytes.get(self.at..end).ok_or(damaged)?;
        self.at = end;
        Ok(slice)
    }

    fn varint(&mut self) -> Result<u64, SpillDamaged> {
        varint::read(self.bytes, &mut self.at).map_err(|_| SpillDamaged { at: self.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouped(buckets: u16, limit: usize, rows: &[(&str, u64)]) -> Vec<Vec<u64>> {
        let mut grouper = Grouper::new(buckets, limit);
        let mut spilled: Vec<Vec<Vec<u8>>> = vec![Vec::new(); usize::from(buckets)];
        for (key, line) in rows {
            let position = RowPosition {
                line: *line,
                offset: line * 10,
            };
            if let Some(spill) = grouper.push(key.as_bytes(), position, key.as_bytes()) {
                spilled[usize::from(spill.bucket)].push(spill.bytes);
            }
        }
        for (chunks, rest) in spilled.iter_mut().zip(grouper.finish()) {
            chunks.push(rest);
        }
        let mut groups = Vec::new();
        for chunks in &spilled {
            bucket_groups::<SpillDamaged>(chunks, |rows| {
                assert!(rows.iter().all(|row| row.raw == rows[0].raw));
                groups.push(rows.iter().map(|row| row.position.line).collect());
                Ok(())
            })
            .unwrap();
        }
        groups
    }

    #[test]
    fn rows_that_are_not_adjacent_come_together_in_order_of_first_sight() {
        let rows = [("b", 1), ("a", 2), ("b", 3), ("c", 4), ("a", 5)];
        assert_eq!(
            grouped(1, 1 << 20, &rows),
            vec![vec![1, 3], vec![2, 5], vec![4]]
        );
    }

    #[test]
    fn spilling_changes_nothing() {
        let keys: Vec<String> = (0..300).map(|n| format!("order-{}", n * 7 % 97)).collect();
        let rows: Vec<(&str, u64)> = keys.iter().map(String::as_str).zip(1..).collect();
        let held = grouped(5, 1 << 20, &rows);
        let spilled = grouped(5, 200, &rows);
        assert_eq!(held, spilled);
        assert_eq!(held.len(), 97);
        assert_eq!(held.iter().map(Vec::len).sum::<usize>(), 300);
    }

    #[test]
    fn a_damaged_spill_is_an_error_not_a_panic() {
        let mut grouper = Grouper::new(1, 1 << 20);
        grouper.push(b"key", RowPosition::default(), b"row");
        let mut chunks = grouper.finish();
        chunks[0].truncate(4);
        let outcome = bucket_groups::<SpillDamaged>(&chunks, |_| Ok(()));
        assert!(outcome.is_err());
    }
}
