//! The end of a Parquet file: its schema and where its row groups lie.
//!
//! Invariants: of the footer only its bytes and a number for each row group are held; a row group's
//! columns are read when its turn comes. Every place that the footer names lies in the file, before the
//! footer, or the file is refused. Deliberately absent: statistics, indexes, bloom filters, encryption.
//! Source: `parquet.thrift` of apache/parquet-format.

use std::io::SeekFrom;

use tributary_model::error_code::ErrorCode;

use super::page::Codec;
use super::schema::{Annotation, Element, Physical, Unit};
use super::thrift::{Kind, Thrift};
use super::{invalid, read_exact};
use crate::fault::ReadFault;
use crate::records::ReadSeek;

const MAGIC: &[u8; 4] = b"PAR1";

/// The largest footer that is held, bytes. It grows with row groups times columns.
const MAX_FOOTER_BYTES: u64 = 32 << 20;

/// Elements of a schema, groups and columns.
const MAX_ELEMENTS: usize = 65_536;

/// What is known of a file before its pages are read.
#[derive(Debug)]
pub(super) struct Footer {
    bytes: Vec<u8>,
    /// as they stand in the file: each group before its children
    pub(super) schema: Vec<Element>,
    /// where each row group's structure starts in `bytes`
    groups: Vec<usize>,
    /// of the file as announced
    pub(super) rows: i64,
    /// where the footer starts in the file
    pub(super) start: u64,
}

/// A row group.
#[derive(Debug, Default)]
pub(super) struct RowGroup {
    /// as announced
    pub(super) rows: i64,
    pub(super) chunks: Vec<Chunk>,
}

/// The pages of one column in a row group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) codec: Codec,
    /// values, nulls included, as announced
    pub(super) values: i64,
    /// bytes of the file
    pub(super) start: u64,
    pub(super) end: u64,
    physical: Option<Physical>,
}

/// Reads the footer of `file`.
pub(super) fn read(file: &mut dyn ReadSeek) -> Result<Footer, ReadFault> {
    let failed = |error: std::io::Error| ReadFault::of(&error);
    let size = file.seek(SeekFrom::End(0)).map_err(failed)?;
    let mut head = [0; 4];
    if size >= 4 {
        read_exact(file, 0, &mut head)?;
    }
    if &head == b"PARE" {
        return Err(invalid("the file is encrypted, which is not read"));
    }
    if &head != MAGIC {
        return Err(invalid(
            "this is no Parquet file: it does not begin with PAR1",
        ));
    }
    let mut tail = [0; 8];
    if size >= 12 {
        read_exact(file, size - 8, &mut tail)?;
    }
    let [a, b, c, d, magic @ ..] = tail;
    if &magic != MAGIC {
        return Err(ReadFault {
            code: ErrorCode::FileTruncated,
            message: "the Parquet file ends without its footer".to_owned(),
        });
    }
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if length > size - 12 {
        return Err(invalid(format!(
            "the footer announces {length} bytes, the file has {size}"
        )));
    }
    if length > MAX_FOOTER_BYTES {
        return Err(ReadFault {
            code: ErrorCode::InputTooLarge,
            message: format!("the footer has {length} bytes, at most {MAX_FOOTER_BYTES} are read"),
        });
    }
    let start = size - 8 - length;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    read_exact(file, start, &mut bytes)?;
    parse(bytes, start)
}

fn parse(bytes: Vec<u8>, start: u64) -> Result<Footer, ReadFault> {
    let mut footer = Footer {
        bytes: Vec::new(),
        schema: Vec::new(),
        groups: Vec::new(),
        rows: 0,
        start,
    };
    let mut thrift = Thrift::new(&bytes, 0);
    let mut last = 0;
    while let Some(field) = thrift.field(&mut last)? {
        match field {
            (2, Kind::List) => {
                let (count, kind) = thrift.list()?;
                for _ in 0..count {
                    if footer.schema.len() == MAX_ELEMENTS {
                        let message = format!("the schema has more than {MAX_ELEMENTS} elements");
                        return Err(invalid(message));
                    }
                    expect(kind, Kind::Struct)?;
                    footer.schema.push(element(&mut thrift)?);
                }
            }
            (3, Kind::Int) => footer.rows = thrift.int()?,
            (4, Kind::List) => {
                let (count, kind) = thrift.list()?;
                for _ in 0..count {
                    expect(kind, Kind::Struct)?;
                    footer.groups.push(thrift.at());
                    thrift.skip(kind)?;
                }
            }
            (8, _) => {
                return Err(invalid(
                    "the file has encrypted columns, which are not read",
                ));
            }
            (_, kind) => thrift.skip(kind)?,
        }
    }
    footer.bytes = bytes;
    Ok(footer)
}

impl Footer {
    /// How many row groups there are.
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Row group `number`, from 0, whose chunks are those of the schema's leaves in order.
    pub(super) fn group(&self, number: usize, leaves: &[Physical]) -> Result<RowGroup, ReadFault> {
        let at = self.groups.get(number).copied().unwrap_or(usize::MAX);
        let mut thrift = Thrift::new(&self.bytes, at);
        let mut group = RowGroup::default();
        let mut last = 0;
        while let Some(field) = thrift.field(&mut last)? {
            match field {
                (1, Kind::List) => {
                    let (count, kind) = thrift.list()?;
                    if count != leaves.len() as u64 {
                        return Err(invalid(format!(
                            "row group {} has {count} columns, the schema has {}",
                            number + 1,
                            leaves.len()
                        )));
                    }
                    expect(kind, Kind::Struct)?;
                    for physical in leaves {
                        let chunk = self.chunk(&mut thrift)?;
                        if chunk.physical != Some(*physical) {
                            return Err(invalid("a column is of another type than in the schema"));
                        }
                        group.chunks.push(chunk);
                    }
                }
                (3, Kind::Int) => group.rows = thrift.int()?,
                (_, kind) => thrift.skip(kind)?,
            }
        }
        if group.rows < 0 || group.chunks.len() != leaves.len() {
            return Err(invalid(format!("row group {} is incomplete", number + 1)));
        }
        Ok(group)
    }

    fn chunk(&self, thrift: &mut Thrift<'_>) -> Result<Chunk, ReadFault> {
        let mut chunk = None;
        let mut last = 0;
        while let Some(field) = thrift.field(&mut last)? {
            match field {
                (1, Kind::Binary) if !thrift.binary()?.is_empty() => {
                    return Err(invalid("the data of a column lie in another file"));
                }
                (1, Kind::Binary) => {}
                (3, Kind::Struct) => chunk = Some(self.column(thrift)?),
                (8 | 9, _) => return Err(invalid("a column is encrypted, which is not read")),
                (_, kind) => thrift.skip(kind)?,
            }
        }
        chunk.ok_or_else(|| invalid("a column of a row group has no description"))
    }

    fn column(&self, thrift: &mut Thrift<'_>) -> Result<Chunk, ReadFault> {
        let mut physical = None;
        let (mut codec, mut values, mut length) = (0, -1, -1);
        let (mut data, mut dictionary) = (-1, None);
        let mut last = 0;
        while let Some(field) = thrift.field(&mut last)? {
            match field {
                (1, Kind::Int) => physical = Physical::of(thrift.int()?),
                (4, Kind::Int) => codec = thrift.int()?,
                (5, Kind::Int) => values = thrift.int()?,
                (7, Kind::Int) => length = thrift.int()?,
                (9, Kind::Int) => data = thrift.int()?,
                (11, Kind::Int) => dictionary = Some(thrift.int()?),
                (_, kind) => thrift.skip(kind)?,
            }
        }
        // Without values there need be no page, and no place that means anything.
        if values == 0 {
            (data, length, dictionary) = (4, 0, None);
        }
        // Some writers put 0 where there is no dictionary.
        let first = match dictionary {
            Some(place) if place > 0 && place < data => place,
            _ => data,
        };
        let end = first.checked_add(length).unwrap_or(-1);
        let inside =
            first >= 4 && length >= 0 && u64::try_from(end).is_ok_and(|end| end <= self.start);
        if !inside || values < 0 {
            return Err(invalid(format!(
                "the footer places a column at byte {first} with {length} bytes and {values} values, which cannot be"
            )));
        }
        Ok(Chunk {
            codec: Codec::of(codec)?,
            values,
            start: first.unsigned_abs(),
            end: end.unsigned_abs(),
            physical,
        })
    }
}

fn expect(kind: Kind, wanted: Kind) -> Result<(), ReadFault> {
    if kind == wanted {
        return Ok(());
    }
    Err(invalid(
        "a list in the footer holds something else than it should",
    ))
}

fn element(thrift: &mut Thrift<'_>) -> Result<Element, ReadFault> {
    let mut element = Element::default();
    let mut last = 0;
    while let Some(field) = thrift.field(&mut last)? {
        match field {
            (1, Kind::Int) => {
                let code = thrift.int()?;
                let unknown = || invalid(format!("the schema has the unknown type {code}"));
                element.physical = Some(Physical::of(code).ok_or_else(unknown)?);
            }
            (2, Kind::Int) => element.length = thrift.int()?,
            (3, Kind::Int) => element.repetition = thrift.int()?,
            (4, Kind::Binary) => {
                let name = String::from_utf8(thrift.binary()?.to_vec());
                element.name = name.map_err(|_| invalid("the name of a column is not UTF-8"))?;
            }
            (5, Kind::Int) => element.children = Some(thrift.int()?),
            (6, Kind::Int) => element.converted = Some(thrift.int()?),
            (7, Kind::Int) => element.scale = thrift.int()?,
            (10, Kind::Struct) => element.annotation = annotation(thrift)?,
            (_, kind) => thrift.skip(kind)?,
        }
    }
    Ok(element)
}

/// The union `LogicalType`.
fn annotation(thrift: &mut Thrift<'_>) -> Result<Option<Annotation>, ReadFault> {
    let mut found = None;
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        found = Some(match (id, kind) {
            (5, Kind::Struct) => {
                let [scale, _] = numbers(thrift)?;
                Annotation::Decimal(scale)
            }
            (7, Kind::Struct) => {
                let (unit, _) = time(thrift)?;
                Annotation::Time(unit)
            }
            (8, Kind::Struct) => {
                let (unit, utc) = time(thrift)?;
                Annotation::Timestamp(unit, utc)
            }
            (10, Kind::Struct) => {
                let [bits, signed] = numbers(thrift)?;
                Annotation::Integer(bits, signed != 0)
            }
            (other, kind) => {
                thrift.skip(kind)?;
                match other {
                    1 | 4 | 12 => Annotation::Text,
                    2 => Annotation::Map,
                    3 => Annotation::List,
                    6 => Annotation::Date,
                    14 => Annotation::Uuid,
                    15 => Annotation::Float16,
                    _ => Annotation::Other,
                }
            }
        });
    }
    Ok(found)
}

/// Fields 1 and 2 of a structure as numbers; a boolean is 0 or 1.
fn numbers(thrift: &mut Thrift<'_>) -> Result<[i64; 2], ReadFault> {
    let mut found = [0, 0];
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        let value = match kind {
            Kind::True => 1,
            Kind::False => 0,
            Kind::Byte => thrift.small()?,
            Kind::Int => thrift.int()?,
            other => {
                thrift.skip(other)?;
                continue;
            }
        };
        match id {
            1 => found[0] = value,
            2 => found[1] = value,
            _ => {}
        }
    }
    Ok(found)
}

/// Unit, and whether the value is adjusted to UTC, of a time or timestamp.
fn time(thrift: &mut Thrift<'_>) -> Result<(Unit, bool), ReadFault> {
    let (mut unit, mut utc) = (None, false);
    let mut last = 0;
    while let Some(field) = thrift.field(&mut last)? {
        match field {
            (1, kind @ (Kind::True | Kind::False)) => utc = kind == Kind::True,
            (2, Kind::Struct) => {
                let mut inner = 0;
                while let Some((id, kind)) = thrift.field(&mut inner)? {
                    thrift.skip(kind)?;
                    unit = Unit::of(id);
                }
            }
            (_, kind) => thrift.skip(kind)?,
        }
    }
    let unit = unit.ok_or_else(|| invalid("a time in the schema has no known unit"))?;
    Ok((unit, utc))
}
