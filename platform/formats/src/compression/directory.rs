//! The directory of a zip file (APPNOTE.TXT 4.3.12 to 4.3.16), zip64 included.
//!
//! Read here and not by a library, because memory must follow from the bytes that are there and
//! never from the numbers that the file claims: with the `zip` crate (9.4) a zip64 record that
//! claims 2^30 members ends the process.
//!
//! Deliberately absent: files in several volumes, and names in code pages (what is not UTF-8 is
//! shown with U+FFFD).

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};

use tributary_model::error_code::ErrorCode;

use crate::fault::ReadFault;

/// The longest directory, in bytes.
const MAX_DIRECTORY_BYTES: u64 = 8 << 20;

/// Members that a file may have.
const MAX_ENTRIES: u64 = 50_000;

/// The end record with the longest comment.
const MAX_END_BYTES: u64 = 22 + 0xFFFF;

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// path inside the archive, with `/`
    pub name: String,
    /// unpacked bytes
    pub size: u64,
    /// packed bytes
    pub packed: u64,
    pub(super) crc: u32,
    /// where its local header is
    pub(super) header_start: u64,
    pub(super) method: Method,
}

impl Entry {
    /// Whether somebody put it there on purpose: not hidden, and not what macOS adds of itself.
    #[must_use]
    pub fn is_data(&self) -> bool {
        let mut parts = self.name.split(['/', '\\']);
        let beside = |part: &str| part.starts_with('.') || part == "__MACOSX";
        !parts.any(beside)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflate,
    Encrypted,
    Other,
}

/// Where the directory is.
struct Directory {
    start: u64,
    size: u64,
    entries: u64,
    /// bytes before the zip file, as in a program that unpacks itself
    shift: u64,
}

fn invalid<T>(message: impl Into<String>) -> Result<T, ReadFault> {
    Err(ReadFault {
        code: ErrorCode::ArchiveInvalid,
        message: message.into(),
    })
}

/// Reads the members of a zip file of `length` bytes, folders left out.
pub(super) fn read_directory<R: Read + Seek>(
    reader: &mut R,
    length: u64,
) -> Result<Vec<Entry>, ReadFault> {
    let directory = locate(reader, length)?;
    if directory.size > MAX_DIRECTORY_BYTES || directory.entries > MAX_ENTRIES {
        return Err(ReadFault {
            code: ErrorCode::InputTooLarge,
            message: format!(
                "the zip file's directory is larger than {MAX_DIRECTORY_BYTES} bytes or {MAX_ENTRIES} members"
            ),
        });
    }
    let bytes = read_at(reader, directory.start, directory.size)?;
    let mut rest = Bytes(&bytes);
    let mut entries = Vec::new();
    let mut names = HashSet::new();
    for number in 1..=directory.entries {
        let Some(entry) = read_entry(&mut rest, directory.shift) else {
            return invalid(format!(
                "the zip file's directory is damaged at member {number} of {}",
                directory.entries
            ));
        };
        if entry.name.ends_with('/') {
            continue;
        }
        if !names.insert(entry.name.clone()) {
            return invalid(format!("{:?} is in the zip file twice", entry.name));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn read_at<R: Read + Seek>(reader: &mut R, at: u64, length: u64) -> Result<Vec<u8>, ReadFault> {
    let found = reader.seek(SeekFrom::Start(at));
    found.map_err(|error| ReadFault::of(&error))?;
    let mut bytes = Vec::new();
    let read = reader.take(length).read_to_end(&mut bytes);
    read.map_err(|error| ReadFault::of(&error))?;
    if bytes.len() as u64 != length {
        return invalid("the zip file ends inside of its directory");
    }
    Ok(bytes)
}

/// Finds the directory by the record at the end of the file.
fn locate<R: Read + Seek>(reader: &mut R, length: u64) -> Result<Directory, ReadFault> {
    let tail_start = length.saturating_sub(MAX_END_BYTES);
    let tail = read_at(reader, tail_start, length - tail_start)?;
    let Some((at, end)) = find_end(&tail) else {
        return invalid("this is not a zip file, or its end is missing");
    };
    let mut end_start = tail_start + at as u64;
    let mut directory = Directory {
        start: end.start,
        size: end.size,
        entries: end.entries,
        shift: 0,
    };
    if end.extended {
        let Some(locator_start) = end_start.checked_sub(20) else {
            return invalid("the zip file has no zip64 record");
        };
        let locator = read_at(reader, locator_start, 20)?;
        let mut locator = Bytes(&locator);
        let (signature, _disk) = (locator.u32(), locator.u32());
        let Some(record_start) = locator.u64().filter(|_| signature == Some(0x0706_4B50)) else {
            return invalid("the zip file has no zip64 record");
        };
        if record_start > locator_start {
            return invalid("the zip64 record is not where the zip file says");
        }
        let record = read_at(reader, record_start, 56)?;
        let mut record = Bytes(&record);
        let signature = record.u32();
        record.skip(28);
        let (entries, size, start) = (record.u64(), record.u64(), record.u64());
        let (Some(0x0606_4B50), Some(entries), Some(size), Some(start)) =
            (signature, entries, size, start)
        else {
            return invalid("the zip64 record is not where the zip file says");
        };
        end_start = record_start;
        directory = Directory {
            start,
            size,
            entries,
            shift: 0,
        };
    }
    // The directory stands right before its end record; what is too much was put before the file.
    let real_start = end_start.checked_sub(directory.size);
    let shift = real_start.and_then(|start| start.checked_sub(directory.start));
    let (Some(start), Some(shift)) = (real_start, shift) else {
        return invalid("the zip file's directory is not where its end says");
    };
    Ok(Directory {
        start,
        shift,
        ..directory
    })
}

struct End {
    entries: u64,
    size: u64,
    start: u64,
    /// the real numbers are in a zip64 record
    extended: bool,
}

/// The last end record in `tail` whose comment ends with the file.
fn find_end(tail: &[u8]) -> Option<(usize, End)> {
    for at in memchr::memmem::rfind_iter(tail, b"PK\x05\x06") {
        let mut record = Bytes(tail.get(at + 4..)?);
        record.skip(6);
        let (Some(entries), Some(size), Some(start), Some(comment)) =
            (record.u16(), record.u32(), record.u32(), record.u16())
        else {
            continue;
        };
        if record.0.len() != usize::from(comment) {
            continue;
        }
        let end = End {
            entries: u64::from(entries),
            size: u64::from(size),
            start: u64::from(start),
            extended: entries == u16::MAX || size == u32::MAX || start == u32::MAX,
        };
        return Some((at, end));
    }
    None
}

/// A header of the directory. `None`: it is cut or none.
fn read_entry(rest: &mut Bytes<'_>, shift: u64) -> Option<Entry> {
    if rest.u32()? != 0x0201_4B50 {
        return None;
    }
    rest.skip(4);
    let flags = rest.u16()?;
    let method = rest.u16()?;
    rest.skip(4);
    let crc = rest.u32()?;
    let packed = rest.u32()?;
    let size = rest.u32()?;
    let (name, extra, comment) = (rest.u16()?, rest.u16()?, rest.u16()?);
    rest.skip(8);
    let start = rest.u32()?;
    let name = String::from_utf8_lossy(rest.take(name.into())?).into_owned();
    let mut extra = Bytes(rest.take(extra.into())?);
    rest.take(comment.into())?;
    let mut wide = Bytes(&[]);
    while let (Some(id), Some(length)) = (extra.u16(), extra.u16()) {
        let field = extra.take(length.into())?;
        if id == 1 {
            wide = Bytes(field);
        }
    }
    let mut real = |value: u32| {
        if value == u32::MAX {
            wide.u64()
        } else {
            Some(u64::from(value))
        }
    };
    let (size, packed, start) = (real(size)?, real(packed)?, real(start)?);
    // Bit 0: encrypted; bit 13: the directory itself is.
    let method = match method {
        _ if flags & 0x2001 != 0 => Method::Encrypted,
        0 => Method::Stored,
        8 => Method::Deflate,
        _ => Method::Other,
    };
    Some(Entry {
        name,
        size,
        packed,
        crc,
        header_start: start.checked_add(shift)?,
        method,
    })
}

/// Takes little-endian numbers from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(front)
    }

    fn skip(&mut self, length: usize) {
        self.0 = self.0.get(length..).unwrap_or_default();
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
}
