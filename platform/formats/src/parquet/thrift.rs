//! Thrift's compact protocol, as far as Parquet's headers need it.
//!
//! Invariants: nothing is allocated by a length that the bytes announce; every step takes a byte at
//! least, so the work is bounded by the bytes; structures are at most [`MAX_DEPTH`] deep. Where the
//! bytes end too early the code is [`ErrorCode::FileTruncated`], so that a caller who holds only the
//! front can read more. Deliberately absent: writing.
//! Source: `thrift-compact-protocol.md` of Apache Thrift.

use tributary_model::error_code::ErrorCode;

use super::invalid;
use crate::fault::ReadFault;

/// Structures inside each other; Parquet's own go to five.
const MAX_DEPTH: u32 = 16;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    True,
    False,
    Byte,
    /// 16, 32 or 64 bits, which are written alike
    Int,
    Double,
    Binary,
    /// list or set
    List,
    Map,
    Struct,
}

/// A place in the bytes of a structure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thrift<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Thrift<'b> {
    pub(super) fn new(bytes: &'b [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Where the next byte is read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, ReadFault> {
        let byte = self.bytes.get(self.at).copied().ok_or_else(short)?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, ReadFault> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            if shift < 64 {
                value |= u64::from(byte & 0x7F) << shift;
            }
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(invalid("a number in a header is too long"))
    }

    /// A signed number.
    pub(super) fn int(&mut self) -> Result<i64, ReadFault> {
        let value = self.varint()?;
        Ok(((value >> 1) as i64) ^ -((value & 1) as i64))
    }

    /// One byte as a signed number.
    pub(super) fn small(&mut self) -> Result<i64, ReadFault> {
        Ok(i64::from(self.byte()? as i8))
    }

    pub(super) fn binary(&mut self) -> Result<&'b [u8], ReadFault> {
        let length = usize::try_from(self.varint()?).map_err(|_| short())?;
        let end = self.at.checked_add(length).ok_or_else(short)?;
        let bytes = self.bytes.get(self.at..end).ok_or_else(short)?;
        self.at = end;
        Ok(bytes)
    }

    /// The next field of a structure: its number and kind; `None` at the structure's end. `last` is 0 at
    /// its start.
    pub(super) fn field(&mut self, last: &mut i64) -> Result<Option<(i64, Kind)>, ReadFault> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let step = i64::from(head >> 4);
        *last = if step == 0 {
            self.int()?
        } else {
            last.wrapping_add(step)
        };
        Ok(Some((*last, kind(head & 0x0F)?)))
    }

    /// How many elements a list announces, and their kind.
    pub(super) fn list(&mut self) -> Result<(u64, Kind), ReadFault> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            few => u64::from(few),
        };
        Ok((count, kind(head & 0x0F)?))
    }

    /// Passes a field's value.
    pub(super) fn skip(&mut self, kind: Kind) -> Result<(), ReadFault> {
        // a boolean is in the field's head
        if matches!(kind, Kind::True | Kind::False) {
            return Ok(());
        }
        self.pass(kind, MAX_DEPTH)
    }

    fn pass(&mut self, kind: Kind, depth: u32) -> Result<(), ReadFault> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(invalid("the structures of a header are nested too deep"));
        };
        match kind {
            Kind::True | Kind::False | Kind::Byte => {
                self.byte()?;
            }
            Kind::Int => {
                self.varint()?;
            }
            Kind::Double => {
                for _ in 0..8 {
                    self.byte()?;
                }
            }
            Kind::Binary => {
                self.binary()?;
            }
            Kind::List => {
                let (count, kind) = self.list()?;
                for _ in 0..count {
                    self.pass(kind, depth)?;
                }
            }
            Kind::Map => self.pass_map(depth)?,
            Kind::Struct => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    if !matches!(kind, Kind::True | Kind::False) {
                        self.pass(kind, depth)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn pass_map(&mut self, depth: u32) -> Result<(), ReadFault> {
        let count = self.varint()?;
        if count == 0 {
            return Ok(());
        }
        let kinds = self.byte()?;
        let (key, value) = (kind(kinds >> 4)?, kind(kinds & 0x0F)?);
        for _ in 0..count {
            self.pass(key, depth)?;
            self.pass(value, depth)?;
        }
        Ok(())
    }
}

fn kind(code: u8) -> Result<Kind, ReadFault> {
    Ok(match code {
        1 => Kind::True,
        2 => Kind::False,
        3 => Kind::Byte,
        4..=6 => Kind::Int,
        7 => Kind::Double,
        8 => Kind::Binary,
        9 | 10 => Kind::List,
        11 => Kind::Map,
        12 => Kind::Struct,
        other => {
            return Err(invalid(format!("a header has a field of the kind {other}")));
        }
    })
}

fn short() -> ReadFault {
    ReadFault {
        code: ErrorCode::FileTruncated,
        message: "a header of the Parquet file ends too early".to_owned(),
    }
}
