//! The texts that cells share: one part of the workbook that must be in memory, so it is bounded.

use std::borrow::Cow;
use std::io::{Read, Seek};

use tributary_model::error_code::ErrorCode;

use super::workbook::{in_part, invalid, open_part, parse};
use crate::compression::Archive;
use crate::fault::RowFault;
use crate::xml::Event;

/// The longest tag or text, in bytes; a cell has at most 32,767 characters.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// All shared texts, one behind the other.
#[derive(Debug, Default)]
pub(super) struct SharedTexts {
    text: String,
    ends: Vec<u32>,
}

impl SharedTexts {
    /// The text with this number.
    pub(super) fn get(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)? as usize;
        let start = match number.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// Reads the part called `name`. `limit`: bytes of memory.
    pub(super) fn read<R: Read + Seek>(
        archive: &mut Archive<R>,
        name: &str,
        limit: usize,
    ) -> Result<Self, RowFault> {
        let limit = limit.min(u32::MAX as usize);
        let place = in_part(name);
        let mut pull = parse(open_part(archive, name)?, MAX_EVENT_BYTES)?;
        let mut texts = Self::default();
        let mut run = TextRun::default();
        let mut item = String::new();
        loop {
            match pull.next().map_err(&place)? {
                Event::Start(tag) => run.start(tag.local_name()),
                Event::Text(text) if run.wanted() => item.push_str(&text),
                Event::End if run.end() => {
                    texts.text.push_str(&unescape(&item));
                    item.clear();
                    let Ok(end) = u32::try_from(texts.text.len()) else {
                        return Err(too_large(limit));
                    };
                    texts.ends.push(end);
                }
                Event::Over => return Ok(texts),
                _ => {}
            }
            let held = texts.text.len() + texts.ends.len() * size_of::<u32>() + item.len();
            if held > limit {
                return Err(too_large(limit));
            }
        }
    }
}

fn too_large(limit: usize) -> RowFault {
    let fault = invalid(format!(
        "the shared texts of the workbook need more than {limit} bytes (limit max_shared_text_bytes)"
    ));
    RowFault {
        code: ErrorCode::InputTooLarge,
        ..fault
    }
}

/// Follows the elements of a shared (`si`) or inline (`is`) text: `t` counts, also in runs (`r`),
/// but not the reading aids in `rPh` (ECMA-376 18.4).
#[derive(Debug, Default)]
pub(super) struct TextRun {
    depth: usize,
    text: bool,
    /// depth of the phonetic run in progress
    aside: Option<usize>,
    /// depth of the text in progress
    item: Option<usize>,
}

impl TextRun {
    pub(super) fn start(&mut self, name: &str) {
        self.depth += 1;
        match name {
            "si" | "is" if self.item.is_none() => self.item = Some(self.depth),
            "rPh" if self.aside.is_none() => self.aside = Some(self.depth),
            "t" => self.text = self.item.is_some() && self.aside.is_none(),
            _ => {}
        }
    }

    /// Text here belongs to the item.
    pub(super) fn wanted(&self) -> bool {
        self.text
    }

    /// An element ends; `true` when it was the item.
    pub(super) fn end(&mut self) -> bool {
        self.text = false;
        let ended = self.item == Some(self.depth);
        if ended {
            self.item = None;
        }
        if self.aside == Some(self.depth) {
            self.aside = None;
        }
        self.depth = self.depth.saturating_sub(1);
        ended
    }
}

/// Characters that XML cannot hold are written `_x000D_` (ECMA-376 22.9.2.19).
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let code = found.get(2..6).filter(|_| found.get(6..7) == Some("_"));
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let character = code
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32);
        if let Some(character) = character {
            out.push(character);
            rest = found.get(7..).unwrap_or_default();
        } else {
            out.push_str("_x");
            rest = found.get(2..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_characters_come_back() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_x00", "_x00"),
            ("_xD800_", "_xD800_"),
            ("_x_x0041_", "_xA"),
            ("_xäöü_", "_xäöü_"),
            ("a_b_x", "a_b_x"),
        ] {
            assert_eq!(unescape(text), expected, "{text}");
        }
    }
}
