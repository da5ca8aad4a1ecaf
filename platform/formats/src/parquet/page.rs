//! Pages: their headers, and their bytes unpacked.
//!
//! Invariants: what a header announces is taken from the [`Budget`] before a byte of it is allocated, and
//! is compared with what comes out; a check sum that is there is checked. Deliberately absent: LZO, LZ4
//! and Brotli.
//! Source: `parquet.thrift` and `Compression.md` of apache/parquet-format.

use std::io::Read as _;

use tributary_model::error_code::ErrorCode;

use super::thrift::{Kind, Thrift};
use super::{invalid, read_exact};
use crate::compression::{UnpackLimits, over_limit};
use crate::fault::ReadFault;
use crate::records::ReadSeek;

/// The longest header, bytes; statistics with long texts stand in it.
const MAX_HEADER_BYTES: usize = 1 << 20;
const HEADER_BYTES: usize = 4 << 10;

/// How the bytes of a column are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Plain,
    Snappy,
    Gzip,
    Zstd,
}

impl Codec {
    pub(super) fn of(code: i64) -> Result<Self, ReadFault> {
        Ok(match code {
            0 => Self::Plain,
            1 => Self::Snappy,
            2 => Self::Gzip,
            6 => Self::Zstd,
            other => {
                let name = match other {
                    3 => "LZO",
                    4 => "Brotli",
                    5 | 7 => "LZ4",
                    _ => "a codec that is not known",
                };
                let message = format!(
                    "the columns are packed with {name}; snappy, gzip, zstd and none are read"
                );
                return Err(invalid(message));
            }
        })
    }
}

/// What may be held at a time, and what was unpacked so far.
#[derive(Debug)]
pub(super) struct Budget {
    held: usize,
    most: usize,
    unpacked: u64,
    packed: u64,
    /// bytes of the file before its footer
    size: u64,
    limits: UnpackLimits,
}

impl Budget {
    /// At most `most` bytes held; pages out of `size` bytes.
    pub(super) fn new(most: usize, size: u64, limits: UnpackLimits) -> Self {
        Self {
            held: 0,
            most,
            unpacked: 0,
            packed: 0,
            size,
            limits,
        }
    }

    /// Reserves bytes before they are allocated.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), ReadFault> {
        let held = self.held.saturating_add(bytes);
        if held > self.most {
            return Err(ReadFault {
                code: ErrorCode::InputTooLarge,
                message: format!(
                    "the pages that must be held at a time have more than {} bytes (limit max_held_bytes)",
                    self.most
                ),
            });
        }
        self.held = held;
        Ok(())
    }

    pub(super) fn give(&mut self, bytes: usize) {
        self.held = self.held.saturating_sub(bytes);
    }

    /// Notes a page before it is read: no byte of the file is in two of them.
    fn read(&mut self, packed: usize) -> Result<(), ReadFault> {
        self.packed = self.packed.saturating_add(packed as u64);
        if self.packed > self.size {
            return Err(invalid("pages of the file lie over each other"));
        }
        Ok(())
    }

    /// Notes what a page announces, before it is unpacked.
    fn unpack(&mut self, unpacked: usize, packed: usize) -> Result<(), ReadFault> {
        let of = |error: std::io::Error| ReadFault::of(&error);
        self.unpacked = self.unpacked.saturating_add(unpacked as u64);
        over_limit(unpacked as u64, packed as u64, self.limits).map_err(of)?;
        over_limit(self.unpacked, self.packed, self.limits).map_err(of)
    }
}

/// What a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Dictionary,
    Data,
    /// with the bytes of the repetition and definition levels, and whether its values are packed
    DataV2(usize, usize, bool),
    /// nothing that is needed
    Other,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) content: Content,
    pub(super) values: u32,
    pub(super) encoding: i64,
    /// of the levels, in the old kind of page
    pub(super) level_encodings: [i64; 2],
    unpacked: usize,
    pub(super) packed: usize,
    crc: Option<u32>,
}

/// The header at `at` and its length. The column ends at `end`.
pub(super) fn header(
    file: &mut dyn ReadSeek,
    at: u64,
    end: u64,
) -> Result<(Header, u64), ReadFault> {
    let left = usize::try_from(end - at).unwrap_or(usize::MAX);
    let mut length = HEADER_BYTES.min(left);
    loop {
        let mut bytes = vec![0; length];
        read_exact(file, at, &mut bytes)?;
        match parse(&bytes) {
            Err(fault) if fault.code == ErrorCode::FileTruncated => {
                let more = (length * 8).min(left).min(MAX_HEADER_BYTES);
                if more <= length {
                    return Err(fault);
                }
                length = more;
            }
            other => return other,
        }
    }
}

fn parse(bytes: &[u8]) -> Result<(Header, u64), ReadFault> {
    let mut thrift = Thrift::new(bytes, 0);
    let (mut kind, mut unpacked, mut packed) = (-1, -1, -1);
    let mut crc = None;
    let (mut data, mut dictionary, mut second) = (None, None, None);
    let mut last = 0;
    while let Some(field) = thrift.field(&mut last)? {
        match field {
            (1, Kind::Int) => kind = thrift.int()?,
            (2, Kind::Int) => unpacked = thrift.int()?,
            (3, Kind::Int) => packed = thrift.int()?,
            (4, Kind::Int) => crc = Some(thrift.int()? as u32),
            (5, Kind::Struct) => data = Some(fields(&mut thrift)?),
            (7, Kind::Struct) => dictionary = Some(fields(&mut thrift)?),
            (8, Kind::Struct) => second = Some(fields(&mut thrift)?),
            (_, kind) => thrift.skip(kind)?,
        }
    }
    let size = |size: i64| {
        let size = i32::try_from(size)
            .ok()
            .and_then(|size| usize::try_from(size).ok());
        size.ok_or_else(|| invalid("the header of a page has no size that can be"))
    };
    let (content, [values, encoding, a, b]) = match (kind, data, dictionary, second) {
        (0, Some([_, values, encoding, a, b, ..]), _, _) => {
            (Content::Data, [values, encoding, a, b])
        }
        (2, _, Some([_, values, encoding, ..]), _) => {
            (Content::Dictionary, [values, encoding, 3, 3])
        }
        (3, _, _, Some([_, values, _, _, encoding, definitions, repetitions, packed])) => {
            let levels = (size(repetitions)?, size(definitions)?);
            // absent means packed
            let content = Content::DataV2(levels.0, levels.1, packed != 0);
            (content, [values, encoding, 3, 3])
        }
        (0 | 2 | 3, ..) => return Err(invalid("the header of a page is incomplete")),
        _ => (Content::Other, [0, 0, 3, 3]),
    };
    let header = Header {
        content,
        values: u32::try_from(values)
            .map_err(|_| invalid("a page announces no number of values"))?,
        encoding,
        level_encodings: [a, b],
        unpacked: size(unpacked)?,
        packed: size(packed)?,
        crc,
    };
    Ok((header, thrift.at() as u64))
}

/// The first numbers of a structure by their field; -1 where one is absent.
fn fields(thrift: &mut Thrift<'_>) -> Result<[i64; 8], ReadFault> {
    let mut found = [-1; 8];
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        let value = match kind {
            Kind::True => 1,
            Kind::False => 0,
            Kind::Int => thrift.int()?,
            other => {
                thrift.skip(other)?;
                continue;
            }
        };
        if let Some(place) = usize::try_from(id).ok().and_then(|id| found.get_mut(id)) {
            *place = value;
        }
    }
    Ok(found)
}

/// The bytes of the page at `at`, unpacked: levels first, then values. They are taken from the budget and
/// the caller gives them back.
pub(super) fn body(
    file: &mut dyn ReadSeek,
    at: u64,
    header: &Header,
    codec: Codec,
    budget: &mut Budget,
) -> Result<Vec<u8>, ReadFault> {
    budget.read(header.packed)?;
    budget.take(header.packed)?;
    let mut packed = vec![0; header.packed];
    read_exact(file, at, &mut packed)?;
    if let Some(expected) = header.crc {
        let mut crc = flate2::Crc::new();
        crc.update(&packed);
        if crc.sum() != expected {
            return Err(invalid("the check sum of a page does not fit"));
        }
    }
    let levels = match header.content {
        Content::DataV2(repetitions, definitions, _) => repetitions.saturating_add(definitions),
        _ => 0,
    };
    let codec = match header.content {
        Content::DataV2(.., false) => Codec::Plain,
        _ => codec,
    };
    if codec == Codec::Plain {
        if header.unpacked != header.packed || levels > packed.len() {
            return Err(invalid("a page has another size than its header says"));
        }
        return Ok(packed);
    }
    let (Some(front), Some(rest), Some(size)) = (
        packed.get(..levels),
        packed.get(levels..),
        header.unpacked.checked_sub(levels),
    ) else {
        return Err(invalid("a page is shorter than its levels"));
    };
    budget.take(header.unpacked)?;
    budget.unpack(header.unpacked, header.packed)?;
    let mut bytes = Vec::with_capacity(header.unpacked);
    bytes.extend_from_slice(front);
    unpack(codec, rest, size, &mut bytes)?;
    budget.give(header.packed);
    Ok(bytes)
}

/// Appends the `size` bytes that `packed` unpacks to.
fn unpack(codec: Codec, packed: &[u8], size: usize, bytes: &mut Vec<u8>) -> Result<(), ReadFault> {
    let front = bytes.len();
    let damaged = |what: &str| invalid(format!("a page cannot be unpacked: {what}"));
    if size == 0 && packed.is_empty() {
        return Ok(());
    }
    match codec {
        Codec::Plain => bytes.extend_from_slice(packed),
        Codec::Snappy => {
            let announced = snap::raw::decompress_len(packed);
            if announced.map_err(|error| damaged(&error.to_string()))? != size {
                return Err(damaged("its size is not the one of the header"));
            }
            bytes.resize(front + size, 0);
            let room = bytes.get_mut(front..).unwrap_or_default();
            let unpacked = snap::raw::Decoder::new().decompress(packed, room);
            unpacked.map_err(|error| damaged(&error.to_string()))?;
        }
        Codec::Gzip => {
            let mut reader = flate2::read::MultiGzDecoder::new(packed).take(size as u64 + 1);
            let read = reader.read_to_end(bytes);
            read.map_err(|error| damaged(&error.to_string()))?;
        }
        Codec::Zstd => {
            let reader = zstd::stream::read::Decoder::with_buffer(packed);
            let mut reader = reader.map_err(|error| damaged(&error.to_string()))?;
            let set = reader.window_log_max(crate::compression::ZSTD_WINDOW_LOG);
            set.map_err(|error| damaged(&error.to_string()))?;
            let read = reader.take(size as u64 + 1).read_to_end(bytes);
            read.map_err(|error| damaged(&error.to_string()))?;
        }
    }
    if bytes.len() != front + size {
        return Err(damaged("its size is not the one of the header"));
    }
    Ok(())
}
