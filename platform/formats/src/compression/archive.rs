//! A zip file: its directory, and its members as readers.
//!
//! Every member is held to what the directory says of it: size, check sum, and the limits on both.
//! A member can own the file, so that a sheet may be read for hours. See [`super::directory`] for
//! why the directory is read here.

use std::io::{self, Read, Seek, SeekFrom, Take};

use flate2::Crc;
use flate2::read::DeflateDecoder;
use globset::GlobBuilder;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::directory::{Entry, Method, read_directory};
use super::{UnpackLimits, damaged, over_limit};
use crate::fault::ReadFault;

/// An open zip file.
#[derive(Debug)]
pub struct Archive<R> {
    reader: R,
    length: u64,
    entries: Vec<Entry>,
    limits: UnpackLimits,
    /// what is left of [`UnpackLimits::max_total_bytes`]
    left: u64,
    /// the last member of [`Self::detached`]
    detached: Option<usize>,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory of a zip file.
    ///
    /// # Errors
    /// [`ErrorCode::ArchiveInvalid`] when it is no zip file or a damaged one,
    /// [`ErrorCode::InputTooLarge`] when its directory is larger than 8 MiB or 50,000 members.
    pub fn open(mut reader: R, limits: UnpackLimits) -> Result<Self, ReadFault> {
        let length = reader.seek(SeekFrom::End(0));
        let length = length.map_err(|error| ReadFault::of(&error))?;
        let entries = read_directory(&mut reader, length)?;
        Ok(Self {
            reader,
            length,
            entries,
            limits,
            left: limits.max_total_bytes,
            detached: None,
        })
    }

    /// The members, in the order of the directory; folders are left out.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The member with exactly this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name)
    }

    /// The members whose names match `glob` (`*` within a folder, `**` across), in name order.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigInvalid`] when `glob` is not a pattern.
    pub fn matching(&self, glob: &str) -> Result<Vec<usize>, Problem> {
        let glob = GlobBuilder::new(glob)
            .literal_separator(true)
            .build()
            .map_err(|error| Problem::new(ErrorCode::ConfigInvalid, error.to_string()))?
            .compile_matcher();
        let mut found: Vec<(&str, usize)> = (0..)
            .zip(&self.entries)
            .map(|(index, entry)| (entry.name.as_str(), index))
            .filter(|(name, _)| glob.is_match(name))
            .collect();
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, index)| index).collect())
    }

    /// The members that are data and match `glob`, in the order of the directory: what systems put beside them
    /// (`.hidden` files and folders, `__MACOSX`) is left out.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigInvalid`] when `glob` is not a pattern.
    pub fn data(&self, glob: &str) -> Result<Vec<usize>, Problem> {
        let mut found = self.matching(glob)?;
        let is_data = |index: &usize| self.entries.get(*index).is_some_and(Entry::is_data);
        found.retain(is_data);
        found.sort_unstable();
        Ok(found)
    }

    /// The content of a member. Its size counts against the total, read or not.
    ///
    /// # Errors
    /// [`ErrorCode::ArchiveInvalid`] (damaged, encrypted, unknown method) or
    /// [`ErrorCode::InputTooLarge`], which names the limit.
    pub fn part(&mut self, index: usize) -> Result<Part<&mut R>, ReadFault> {
        let entry = self.admit(index)?;
        start(&mut self.reader, entry)
    }

    /// As [`Self::part`], but the part owns the file.
    ///
    /// # Errors
    /// As [`Self::part`].
    pub fn into_part(mut self, index: usize) -> Result<Part<R>, ReadFault> {
        let entry = self.admit(index)?;
        start(self.reader, entry)
    }

    /// As [`Self::part`], but the part reads a file of its own. The same member once more in a row counts once.
    ///
    /// # Errors
    /// As [`Self::part`].
    pub fn detached(&mut self, index: usize) -> Result<Part<R>, ReadFault>
    where
        R: Clone,
    {
        if self.detached == Some(index)
            && let Some(counted) = self.entries.get(index)
        {
            self.left += counted.size;
        }
        let entry = self.admit(index)?;
        self.detached = Some(index);
        start(self.reader.clone(), entry)
    }

    fn admit(&mut self, index: usize) -> Result<Entry, ReadFault> {
        let invalid = |message: String| ReadFault {
            code: ErrorCode::ArchiveInvalid,
            message,
        };
        let Some(entry) = self.entries.get(index) else {
            return Err(invalid(format!("the zip file has no member {index}")));
        };
        let name = &entry.name;
        match entry.method {
            Method::Stored | Method::Deflate => {}
            Method::Encrypted => {
                return Err(invalid(format!("{name:?} in the zip file is encrypted")));
            }
            Method::Other => {
                let message =
                    format!("{name:?} is packed by a method other than stored and deflate");
                return Err(invalid(message));
            }
        }
        if entry.packed > self.length {
            return Err(invalid(format!(
                "{name:?} claims more bytes than the zip file has"
            )));
        }
        over_limit(entry.size, entry.packed, self.limits).map_err(|error| {
            let fault = ReadFault::of(&error);
            ReadFault {
                message: format!("{name:?} in the zip file: {}", fault.message),
                ..fault
            }
        })?;
        let Some(left) = self.left.checked_sub(entry.size) else {
            return Err(ReadFault {
                code: ErrorCode::InputTooLarge,
                message: format!(
                    "the members of the zip file are larger than {} bytes together (limit max_total_bytes)",
                    self.limits.max_total_bytes
                ),
            });
        };
        self.left = left;
        Ok(entry.clone())
    }
}

/// Goes to the content of `entry`, behind its local header (APPNOTE.TXT 4.3.7).
fn start<R: Read + Seek>(mut reader: R, entry: Entry) -> Result<Part<R>, ReadFault> {
    let mut header = [0; 30];
    let found = reader
        .seek(SeekFrom::Start(entry.header_start))
        .and_then(|_| reader.read_exact(&mut header));
    found.map_err(|error| ReadFault::of(&error))?;
    let Some((b"PK\x03\x04", _)) = header.split_first_chunk::<4>() else {
        return Err(ReadFault {
            code: ErrorCode::ArchiveInvalid,
            message: format!(
                "{:?} is not where the zip file's directory says",
                entry.name
            ),
        });
    };
    let [.., name_low, name_high, extra_low, extra_high] = header;
    let name = u16::from_le_bytes([name_low, name_high]);
    let extra = u16::from_le_bytes([extra_low, extra_high]);
    let skip = i64::from(name) + i64::from(extra);
    let found = reader.seek(SeekFrom::Current(skip));
    found.map_err(|error| ReadFault::of(&error))?;
    let packed = reader.take(entry.packed);
    Ok(Part {
        content: match entry.method {
            Method::Deflate => Content::Deflate(DeflateDecoder::new(packed)),
            _ => Content::Stored(packed),
        },
        entry,
        given: 0,
        crc: Crc::new(),
    })
}

/// The content of a member, checked against the directory while it is read.
#[derive(Debug)]
pub struct Part<R> {
    content: Content<R>,
    entry: Entry,
    given: u64,
    crc: Crc,
}

#[derive(Debug)]
enum Content<R> {
    Stored(Take<R>),
    Deflate(DeflateDecoder<Take<R>>),
}

impl<R: Read> Read for Part<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        let result = match &mut self.content {
            Content::Stored(inner) => inner.read(room),
            Content::Deflate(inner) => inner.read(room),
        };
        let count = result.map_err(|error| damaged(error, "zip"))?;
        self.given += count as u64;
        let name = &self.entry.name;
        let size = self.entry.size;
        let damage = if self.given > size {
            format!("{name:?} unpacks to more than the {size} bytes that the zip file announces")
        } else if count == 0 && self.given < size {
            return Err(ReadFault::error(
                ErrorCode::FileTruncated,
                format!(
                    "{name:?} in the zip file ends after {} of {size} bytes",
                    self.given
                ),
            ));
        } else {
            self.crc.update(room.get(..count).unwrap_or_default());
            if self.given < size || self.crc.sum() == self.entry.crc {
                return Ok(count);
            }
            format!("{name:?} in the zip file is damaged: its check sum does not fit")
        };
        Err(ReadFault::error(ErrorCode::ArchiveInvalid, damage))
    }
}
