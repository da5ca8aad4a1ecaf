//! The values of a page, one after the other.
//!
//! Invariants: a value is had when it is asked for and not before, so that a page that announces more
//! than it holds costs what it holds; texts are slices of the page or the dictionary, but for those that
//! share a front with the one before. Source: `Encodings.md` of apache/parquet-format.

use super::bits::{Deltas, Runs, bit};
use super::invalid;
use super::schema::{Leaf, Physical};
use crate::fault::ReadFault;

/// A value as stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Raw<'v> {
    Boolean(bool),
    Int32(i32),
    Int64(i64),
    Float(f32),
    Double(f64),
    Bytes(&'v [u8]),
}

/// Values that others name by their number.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    pub(super) bytes: Vec<u8>,
    /// where each text starts behind its length; empty for values of one width
    starts: Vec<u32>,
    count: u32,
}

impl Dictionary {
    /// Takes the values of a page that has `count` of them.
    pub(super) fn new(bytes: Vec<u8>, count: u32, leaf: &Leaf) -> Result<Self, ReadFault> {
        let mut starts = Vec::new();
        if leaf.physical == Physical::Bytes {
            let mut at = 0;
            for _ in 0..count {
                let text = text(&bytes, at)?;
                starts.push(u32::try_from(text.start).map_err(|_| over())?);
                at = text.end;
            }
        } else if width(leaf).saturating_mul(count as usize) > bytes.len() {
            return Err(over());
        }
        Ok(Self {
            bytes,
            starts,
            count,
        })
    }

    /// What it takes of the memory, bytes.
    pub(super) fn held(&self) -> usize {
        self.bytes.len() + self.starts.len() * 4
    }

    fn value(&self, index: u32, leaf: &Leaf) -> Result<Raw<'_>, ReadFault> {
        let missing = || {
            let count = self.count;
            invalid(format!(
                "a page names value {index} of a dictionary of {count}"
            ))
        };
        if index >= self.count {
            return Err(missing());
        }
        if leaf.physical != Physical::Bytes {
            return fixed(&self.bytes, index as usize * width(leaf), leaf);
        }
        let start = self.starts.get(index as usize).ok_or_else(missing)?;
        let text = text(&self.bytes, *start as usize - 4)?;
        Ok(Raw::Bytes(self.bytes.get(text).unwrap_or_default()))
    }
}

/// How the values of a page are written, and the place of the next one.
#[derive(Debug)]
pub(super) enum Values {
    /// byte of the page
    Plain(usize),
    /// bit of the page
    Bits(usize),
    /// booleans
    Runs(Runs),
    Indexes(Runs),
    Deltas(Deltas),
    /// the lengths, and the byte of the next text
    Lengths(Deltas, usize),
    Fronts(Box<Fronts>),
    /// the bytes of each value lie apart: the first byte, how many values there are, the next one
    Split(usize, usize, usize),
}

/// Texts that begin as the one before (`DELTA_BYTE_ARRAY`).
#[derive(Debug)]
pub(super) struct Fronts {
    fronts: Deltas,
    lengths: Deltas,
    at: usize,
    last: Vec<u8>,
}

impl Values {
    /// The values in `page` from byte `at` on.
    pub(super) fn new(
        page: &[u8],
        at: usize,
        encoding: i64,
        leaf: &Leaf,
    ) -> Result<Self, ReadFault> {
        use Physical::{Boolean, Bytes, Double, Fixed, Float, Int32, Int64};
        Ok(match (encoding, leaf.physical) {
            (0, Boolean) => Self::Bits(at * 8),
            (0, _) => Self::Plain(at),
            // a page without values may lack the width, too
            (2 | 8, _) => {
                let bits = page.get(at).copied().map_or(0, u32::from);
                Self::Indexes(Runs::new(at + 1, page.len().max(at + 1), bits)?)
            }
            (3, Boolean) => {
                let length = page.get(at..at.saturating_add(4)).unwrap_or_default();
                let length = length.try_into().map_or(0, u32::from_le_bytes) as usize;
                let end = at.saturating_add(4).saturating_add(length);
                Self::Runs(Runs::new(at + 4, end.min(page.len()), 1)?)
            }
            (5, Int32 | Int64) if at < page.len() => Self::Deltas(Deltas::new(page, at)?),
            (6, Bytes) if at < page.len() => {
                let lengths = Deltas::new(page, at)?;
                let texts = lengths.end(page)?;
                Self::Lengths(lengths, texts)
            }
            (7, Bytes | Fixed) if at < page.len() => {
                let fronts = Deltas::new(page, at)?;
                let lengths = Deltas::new(page, fronts.end(page)?)?;
                let at = lengths.end(page)?;
                Self::Fronts(Box::new(Fronts {
                    fronts,
                    lengths,
                    at,
                    last: Vec::new(),
                }))
            }
            // all values are null
            (5..=7, _) => Self::Plain(at),
            (9, Float | Double | Int32 | Int64 | Fixed) => {
                let count = page.len().saturating_sub(at) / width(leaf).max(1);
                Self::Split(at, count, 0)
            }
            (other, physical) => {
                return Err(invalid(format!(
                    "values of the type {physical:?} are written in the encoding {other}, which is not read"
                )));
            }
        })
    }

    /// The next value. `room` is memory for a value that lies in pieces.
    pub(super) fn next<'v>(
        &'v mut self,
        page: &'v [u8],
        dictionary: &'v Dictionary,
        leaf: &Leaf,
        room: &'v mut Vec<u8>,
    ) -> Result<Raw<'v>, ReadFault> {
        match self {
            Self::Plain(at) if leaf.physical == Physical::Bytes => {
                let text = text(page, *at)?;
                *at = text.end;
                Ok(Raw::Bytes(page.get(text).unwrap_or_default()))
            }
            Self::Plain(at) => {
                let value = fixed(page, *at, leaf)?;
                *at += width(leaf);
                Ok(value)
            }
            Self::Bits(at) => {
                *at += 1;
                Ok(Raw::Boolean(bit(page, *at - 1)?))
            }
            Self::Runs(runs) => Ok(Raw::Boolean(runs.next(page)? != 0)),
            Self::Indexes(runs) => dictionary.value(runs.next(page)?, leaf),
            Self::Deltas(deltas) => {
                let value = deltas.next(page)?;
                Ok(match leaf.physical {
                    Physical::Int32 => Raw::Int32(value as i32),
                    _ => Raw::Int64(value),
                })
            }
            Self::Lengths(lengths, at) => {
                let text = part(lengths.next(page)?, *at, page)?;
                *at = text.end;
                Ok(Raw::Bytes(page.get(text).unwrap_or_default()))
            }
            Self::Fronts(fronts) => fronts.next(page, leaf).map(Raw::Bytes),
            Self::Split(start, count, index) => {
                if index >= count {
                    return Err(over());
                }
                room.clear();
                for byte in 0..width(leaf) {
                    let byte = page.get(*start + byte * *count + *index);
                    room.push(*byte.ok_or_else(over)?);
                }
                *index += 1;
                fixed(room, 0, leaf)
            }
        }
    }
}

impl Fronts {
    fn next(&mut self, page: &[u8], leaf: &Leaf) -> Result<&[u8], ReadFault> {
        let front = usize::try_from(self.fronts.next(page)?).unwrap_or(usize::MAX);
        if front > self.last.len() {
            return Err(invalid(
                "a text shares more with the one before than that has",
            ));
        }
        let rest = part(self.lengths.next(page)?, self.at, page)?;
        self.at = rest.end;
        self.last.truncate(front);
        self.last
            .extend_from_slice(page.get(rest).unwrap_or_default());
        if leaf.physical == Physical::Fixed && self.last.len() != leaf.length {
            return Err(invalid("a value is of another length than its column"));
        }
        Ok(&self.last)
    }
}

/// The bytes of a value, for those of one width.
fn width(leaf: &Leaf) -> usize {
    match leaf.physical {
        Physical::Boolean => 1,
        Physical::Int32 | Physical::Float => 4,
        Physical::Int64 | Physical::Double => 8,
        Physical::Int96 => 12,
        Physical::Bytes => 0,
        Physical::Fixed => leaf.length,
    }
}

fn fixed<'v>(bytes: &'v [u8], at: usize, leaf: &Leaf) -> Result<Raw<'v>, ReadFault> {
    let end = at.checked_add(width(leaf)).ok_or_else(over)?;
    let part = bytes.get(at..end).ok_or_else(over)?;
    Ok(match leaf.physical {
        Physical::Boolean => Raw::Boolean(part != [0]),
        Physical::Int32 => Raw::Int32(i32::from_le_bytes(array(part)?)),
        Physical::Int64 => Raw::Int64(i64::from_le_bytes(array(part)?)),
        Physical::Float => Raw::Float(f32::from_le_bytes(array(part)?)),
        Physical::Double => Raw::Double(f64::from_le_bytes(array(part)?)),
        Physical::Int96 | Physical::Bytes | Physical::Fixed => Raw::Bytes(part),
    })
}

fn array<const N: usize>(part: &[u8]) -> Result<[u8; N], ReadFault> {
    part.try_into().map_err(|_| over())
}

/// Where the text at `at` lies, whose length stands before it.
fn text(bytes: &[u8], at: usize) -> Result<std::ops::Range<usize>, ReadFault> {
    let start = at.checked_add(4).ok_or_else(over)?;
    let length = array(bytes.get(at..start).ok_or_else(over)?)?;
    part(i64::from(u32::from_le_bytes(length)), start, bytes)
}

fn part(length: i64, at: usize, bytes: &[u8]) -> Result<std::ops::Range<usize>, ReadFault> {
    let end = usize::try_from(length)
        .ok()
        .and_then(|length| at.checked_add(length))
        .filter(|end| *end <= bytes.len());
    Ok(at..end.ok_or_else(over)?)
}

fn over() -> ReadFault {
    invalid("a page ends before its values do")
}
