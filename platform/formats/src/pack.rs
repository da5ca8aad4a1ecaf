//! A compact container for rows that were regrouped (order lines to orders): the rows as received
//! with their positions, group by group. It is what the lake keeps of such a batch.
//!
//! ```text
//! "TRPK" version=1 · varint length · RowFormat as JSON
//! group:  varint rows (≥ 1) · per row: zigzag Δline · zigzag Δoffset · varint length · bytes
//! end:    0x00 · varint groups · varint rows
//! ```
//! Invariant: reading never panics and allocates no more than the input is long; a container that
//! was cut off anywhere is an error, because the end is missing. Absent: compression and checksums,
//! which the lake adds around every object.

use tributary_model::rows::{RowFormat, RowPosition};

use crate::varint::{self, VarintFault};

const MAGIC: &[u8] = b"TRPK\x01";

/// Why a container cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    #[error("not a row container of version 1")]
    Magic,
    #[error("the row format in the container cannot be read: {0}")]
    Format(String),
    #[error("the container is cut off at byte {0}")]
    Truncated(usize),
    #[error("the container is damaged at byte {0}")]
    Damaged(usize),
}

/// Writes a container into memory.
#[derive(Debug)]
pub struct PackWriter {
    out: Vec<u8>,
    group: Vec<u8>,
    groups: u64,
    rows: u64,
    last: RowPosition,
}

impl PackWriter {
    /// An empty container for rows of `format`.
    #[must_use]
    pub fn new(format: &RowFormat) -> Self {
        // Plain data with text keys: writing it cannot fail; an empty text would be refused by open.
        let format = serde_json::to_vec(format).unwrap_or_default();
        let mut out = MAGIC.to_vec();
        varint::write(&mut out, format.len() as u64);
        out.extend_from_slice(&format);
        Self {
            out,
            group: Vec::new(),
            groups: 0,
            rows: 0,
            last: RowPosition::default(),
        }
    }

    /// Adds one group. A group without rows leaves no trace.
    pub fn group<'a>(&mut self, rows: impl Iterator<Item = (RowPosition, &'a [u8])>) {
        self.group.clear();
        let mut count = 0_u64;
        for (position, raw) in rows {
            count += 1;
            varint::write(&mut self.group, zigzag(position.line, self.last.line));
            varint::write(&mut self.group, zigzag(position.offset, self.last.offset));
            varint::write(&mut self.group, raw.len() as u64);
            self.group.extend_from_slice(raw);
            self.last = position;
        }
        if count > 0 {
            self.groups += 1;
            self.rows += count;
            varint::write(&mut self.out, count);
            self.out.extend_from_slice(&self.group);
        }
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether no group was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups == 0
    }

    /// The finished container.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.out.push(0);
        varint::write(&mut self.out, self.groups);
        varint::write(&mut self.out, self.rows);
        self.out
    }
}

/// One row of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedRow<'a> {
    pub position: RowPosition,
    /// as received, without line end
    pub raw: &'a [u8],
}

/// The rows that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group<'a> {
    pub rows: Vec<PackedRow<'a>>,
}

/// Reads a container.
#[derive(Debug)]
pub struct PackReader<'a> {
    bytes: &'a [u8],
    at: usize,
    groups: u64,
    rows: u64,
    last: RowPosition,
    over: bool,
}

impl<'a> PackReader<'a> {
    /// Reads the head of a container.
    ///
    /// # Errors
    /// [`PackError`] when the bytes are no container.
    pub fn open(bytes: &'a [u8]) -> Result<(RowFormat, Self), PackError> {
        if !bytes.starts_with(MAGIC) {
            return Err(PackError::Magic);
        }
        let mut reader = Self {
            bytes,
            at: MAGIC.len(),
            groups: 0,
            rows: 0,
            last: RowPosition::default(),
            over: false,
        };
        let format = reader.text()?;
        let format =
            serde_json::from_slice(format).map_err(|error| PackError::Format(error.to_string()))?;
        Ok((format, reader))
    }

    /// The next group; `None` behind the last one. After an error the reader is over.
    pub fn next_group(&mut self) -> Option<Result<Group<'a>, PackError>> {
        if self.over {
            return None;
        }
        let group = self.group();
        self.over = !matches!(group, Ok(Some(_)));
        group.transpose()
    }

    fn group(&mut self) -> Result<Option<Group<'a>>, PackError> {
        let start = self.at;
        let count = self.varint()?;
        if count == 0 {
            return self.end(start).map(|()| None);
        }
        // Each row takes three bytes at least, which bounds what a damaged count can ask for.
        if count > (self.bytes.len() - self.at) as u64 / 3 {
            return Err(PackError::Damaged(start));
        }
        let mut group = Group {
            rows: Vec::with_capacity(usize::try_from(count).unwrap_or(0)),
        };
        for _ in 0..count {
            let line = unzigzag(self.varint()?, self.last.line);
            let offset = unzigzag(self.varint()?, self.last.offset);
            let raw = self.text()?;
            self.last = RowPosition { line, offset };
            group.rows.push(PackedRow {
                position: self.last,
                raw,
            });
        }
        self.groups += 1;
        self.rows += count;
        Ok(Some(group))
    }

    fn end(&mut self, start: usize) -> Result<(), PackError> {
        let groups = self.varint()?;
        let rows = self.varint()?;
        if groups != self.groups || rows != self.rows || self.at != self.bytes.len() {
            return Err(PackError::Damaged(start));
        }
        Ok(())
    }

    fn text(&mut self) -> Result<&'a [u8], PackError> {
        let length = self.varint()?;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = usize::try_from(length).map_err(|_| PackError::Damaged(self.at))?;
        let text = rest
            .get(..length)
            .ok_or(PackError::Truncated(self.bytes.len()))?;
        self.at += length;
        Ok(text)
    }

    fn varint(&mut self) -> Result<u64, PackError> {
        varint::read(self.bytes, &mut self.at).map_err(|fault| match fault {
            VarintFault::Truncated => PackError::Truncated(self.bytes.len()),
            VarintFault::TooLarge => PackError::Damaged(self.at),
        })
    }
}

/// The difference as an unsigned number that is small for small differences in either direction.
/// Wraps, so that every pair of numbers has one.
fn zigzag(value: u64, last: u64) -> u64 {
    let difference = value.wrapping_sub(last).cast_signed();
    (difference << 1 ^ difference >> 63).cast_unsigned()
}

fn unzigzag(value: u64, last: u64) -> u64 {
    let difference = (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
    last.wrapping_add(difference.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Rows = Vec<(u64, u64, Vec<u8>)>;

    fn position((line, offset, _): &(u64, u64, Vec<u8>)) -> RowPosition {
        RowPosition {
            line: *line,
            offset: *offset,
        }
    }

    fn packed(groups: &[Rows]) -> Vec<u8> {
        let mut writer = PackWriter::new(&RowFormat::Ndjson);
        for group in groups {
            writer.group(group.iter().map(|row| (position(row), row.2.as_slice())));
        }
        writer.finish()
    }

    fn unpacked(bytes: &[u8]) -> Result<Vec<Rows>, PackError> {
        let (_, mut reader) = PackReader::open(bytes)?;
        let mut groups = Vec::new();
        while let Some(group) = reader.next_group() {
            let rows = group?.rows.into_iter();
            groups.push(
                rows.map(|row| (row.position.line, row.position.offset, row.raw.to_vec()))
                    .collect(),
            );
        }
        Ok(groups)
    }

    fn groups() -> impl Strategy<Value = Vec<Rows>> {
        let row = (
            any::<u64>(),
            any::<u64>(),
            prop::collection::vec(any::<u8>(), 0..20),
        );
        prop::collection::vec(prop::collection::vec(row, 1..6), 0..6)
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_out(groups in groups()) {
            prop_assert_eq!(unpacked(&packed(&groups)).unwrap(), groups);
        }

        #[test]
        fn a_cut_anywhere_is_noticed(groups in groups(), cut in any::<prop::sample::Index>()) {
            let bytes = packed(&groups);
            let cut = cut.index(bytes.len());
            prop_assert!(unpacked(&bytes[..cut]).is_err());
        }

        #[test]
        fn damage_never_panics(groups in groups(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = packed(&groups);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = unpacked(&bytes);
        }

        #[test]
        fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = packed(&[]);
            bytes.pop();
            bytes.extend(noise);
            let _ = unpacked(&bytes);
        }
    }

    #[test]
    fn the_format_is_kept_and_a_foreign_file_refused() {
        let format = RowFormat::Json {
            records: "/orders".to_owned(),
        };
        let bytes = PackWriter::new(&format).finish();
        assert_eq!(PackReader::open(&bytes).unwrap().0, format);
        assert_eq!(
            PackReader::open(b"PK\x03\x04").unwrap_err(),
            PackError::Magic
        );
        let mut huge = MAGIC.to_vec();
        varint::write(&mut huge, u64::MAX);
        assert!(matches!(
            PackReader::open(&huge),
            Err(PackError::Truncated(_))
        ));
    }
}
