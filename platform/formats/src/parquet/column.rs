//! One column of a row group: its levels and values in order, page after page.
//!
//! A column always stands at an entry: levels, and a value if the definition level is the highest.
//! Invariant: of a column at most one page and one dictionary are held. Deliberately absent: what the
//! levels mean; see [`super::record`].

use super::bits::Runs;
use super::footer::Chunk;
use super::page::{Budget, Content, Header, body, header};
use super::schema::Leaf;
use super::values::{Dictionary, Raw, Values};
use super::{in_column, invalid};
use crate::fault::ReadFault;
use crate::records::ReadSeek;

/// What all columns share.
pub(super) struct Source<'a> {
    pub(super) file: Box<dyn ReadSeek + 'a>,
    pub(super) budget: Budget,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Column {
    chunk: Chunk,
    /// the next page
    at: u64,
    /// entries in pages that were not opened yet, as announced
    values_left: i64,
    page: Page,
    dictionary: Dictionary,
    /// repetition and definition level of the entry; `None` at the end
    entry: Option<(u16, u16)>,
    room: Vec<u8>,
}

#[derive(Debug)]
struct Page {
    bytes: Vec<u8>,
    /// entries that follow the one at hand
    left: u32,
    repetitions: Option<Runs>,
    definitions: Option<Runs>,
    values: Values,
}

impl Column {
    /// The column at its first entry.
    pub(super) fn open(
        chunk: Chunk,
        leaf: &Leaf,
        source: &mut Source<'_>,
    ) -> Result<Self, ReadFault> {
        let mut column = Self {
            chunk,
            at: chunk.start,
            values_left: chunk.values,
            page: Page {
                bytes: Vec::new(),
                left: 0,
                repetitions: None,
                definitions: None,
                values: Values::Plain(0),
            },
            dictionary: Dictionary::default(),
            entry: None,
            room: Vec::new(),
        };
        column.advance(leaf, source)?;
        Ok(column)
    }

    /// Gives back what is held.
    pub(super) fn close(self, source: &mut Source<'_>) {
        source.budget.give(self.page.bytes.len());
        source.budget.give(self.dictionary.held());
    }

    /// Repetition and definition level of the entry at hand; `None` at the end.
    pub(super) fn entry(&self) -> Option<(u16, u16)> {
        self.entry
    }

    /// The value of the entry at hand. Ask once, and only if its definition level is the highest.
    pub(super) fn value(&mut self, leaf: &Leaf) -> Result<Raw<'_>, ReadFault> {
        let Page { bytes, values, .. } = &mut self.page;
        let value = values.next(bytes, &self.dictionary, leaf, &mut self.room);
        value.map_err(|fault| in_column(leaf, fault))
    }

    /// Goes to the next entry.
    pub(super) fn advance(
        &mut self,
        leaf: &Leaf,
        source: &mut Source<'_>,
    ) -> Result<(), ReadFault> {
        let next = self.next_entry(leaf, source);
        self.entry = next.map_err(|fault| in_column(leaf, fault))?;
        Ok(())
    }

    fn next_entry(
        &mut self,
        leaf: &Leaf,
        source: &mut Source<'_>,
    ) -> Result<Option<(u16, u16)>, ReadFault> {
        while self.page.left == 0 {
            if self.values_left <= 0 {
                return Ok(None);
            }
            self.next_page(leaf, source)?;
        }
        let page = &mut self.page;
        page.left -= 1;
        let level = |runs: &mut Option<Runs>, most: u16| match runs {
            None => Ok(most),
            Some(runs) => match runs.next(&page.bytes)? {
                level if level <= u32::from(most) => Ok(level as u16),
                level => Err(invalid(format!("a page has the level {level} of {most}"))),
            },
        };
        // A column that is never repeated has no levels for it, and they would be 0.
        let repetition = level(&mut page.repetitions, leaf.repetition)?;
        let definition = level(&mut page.definitions, leaf.definition)?;
        Ok(Some((repetition, definition)))
    }

    fn next_page(&mut self, leaf: &Leaf, source: &mut Source<'_>) -> Result<(), ReadFault> {
        let Chunk { end, codec, .. } = self.chunk;
        if self.at >= end {
            return Err(invalid(format!(
                "{} values are announced that no page holds",
                self.values_left
            )));
        }
        let (header, length) = header(source.file.as_mut(), self.at, end)?;
        let start = self.at + length;
        self.at = start + header.packed as u64;
        if self.at > end {
            return Err(invalid("a page reaches beyond its column"));
        }
        if header.content == Content::Other {
            return Ok(());
        }
        if header.content == Content::Dictionary {
            if !matches!(header.encoding, 0 | 2) {
                let encoding = header.encoding;
                return Err(invalid(format!("a dictionary has the encoding {encoding}")));
            }
            source.budget.give(self.dictionary.held());
            self.dictionary = Dictionary::default();
            let bytes = body(
                source.file.as_mut(),
                start,
                &header,
                codec,
                &mut source.budget,
            )?;
            let held = bytes.len();
            self.dictionary = Dictionary::new(bytes, header.values, leaf)?;
            return source.budget.take(self.dictionary.held() - held);
        }
        self.values_left -= i64::from(header.values);
        if self.values_left < 0 {
            return Err(invalid("the pages hold more values than are announced"));
        }
        source.budget.give(self.page.bytes.len());
        self.page.bytes = Vec::new();
        let bytes = body(
            source.file.as_mut(),
            start,
            &header,
            codec,
            &mut source.budget,
        )?;
        self.page = page(bytes, &header, leaf)?;
        Ok(())
    }
}

/// Finds the levels in front of the values.
fn page(bytes: Vec<u8>, header: &Header, leaf: &Leaf) -> Result<Page, ReadFault> {
    let mut at = 0;
    let widths = [leaf.repetition, leaf.definition].map(|most| 16 - most.leading_zeros());
    let mut levels = [None, None];
    for (number, width) in widths.into_iter().enumerate() {
        let length = match header.content {
            Content::DataV2(repetitions, definitions, _) => Some(if number == 0 {
                repetitions
            } else {
                definitions
            }),
            _ if width == 0 => None,
            _ => {
                let [definitions, repetitions] = header.level_encodings;
                let encoding = if number == 0 {
                    repetitions
                } else {
                    definitions
                };
                if encoding != 3 {
                    let message = format!("levels have the encoding {encoding}, which is not read");
                    return Err(invalid(message));
                }
                let front = bytes.get(at..at + 4).unwrap_or_default();
                at += 4;
                let length = front.try_into().map(u32::from_le_bytes);
                Some(length.map_or(usize::MAX, |length| length as usize))
            }
        };
        let Some(length) = length else { continue };
        let end = at.checked_add(length).filter(|end| *end <= bytes.len());
        let end = end.ok_or_else(|| invalid("the levels of a page reach beyond it"))?;
        if width > 0 {
            let runs = Runs::new(at, end, width)?;
            if let Some(place) = levels.get_mut(number) {
                *place = Some(runs);
            }
        }
        at = end;
    }
    let [repetitions, definitions] = levels;
    let values = Values::new(&bytes, at, header.encoding, leaf)?;
    Ok(Page {
        left: header.values,
        repetitions,
        definitions,
        values,
        bytes,
    })
}
