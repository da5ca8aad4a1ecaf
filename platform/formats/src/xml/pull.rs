//! XML as a stream of events, for documents from anywhere.
//!
//! Invariants: at most [`MAX_DEPTH`] levels, [`MAX_ATTRIBUTES`] attributes of an element and so many
//! bytes of one event; a document type declaration is refused, so no entity is ever expanded but
//! the five of XML and character references; a document that ends early is an error; the names of
//! elements and attributes are names of XML, so none begins with the `@` or `#` that records use.
//!
//! Deliberately absent: validation of the characters in texts.

use std::borrow::Cow;
use std::io::Read;

use encoding_rs::Encoding;
use quick_xml::XmlVersion;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::escape::{EscapeError, resolve_xml_entity};
use quick_xml::events::{BytesRef, BytesStart, Event as Raw};
use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowPosition;

use super::source::{Place, Source};
use crate::fault::{ReadFault, RowFault};
use crate::transcode::Transcoder;

/// Elements inside each other.
pub(crate) const MAX_DEPTH: usize = 64;

/// Attributes of one element.
pub(crate) const MAX_ATTRIBUTES: usize = 256;

/// A part of the document.
#[derive(Debug)]
pub(crate) enum Event<'e> {
    Start(Tag<'e>),
    End,
    /// a piece of text; what is between two tags may come in several
    Text(Cow<'e, str>),
    /// a comment or the like
    Nothing,
    /// the end of the document
    Over,
}

/// Where and why reading ended.
#[derive(Debug)]
pub(crate) struct XmlFault {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    pub(crate) place: Place,
}

impl XmlFault {
    /// As the fault of a file; the message says line and column.
    pub(crate) fn into_row(self) -> RowFault {
        let Place {
            line,
            column,
            offset,
        } = self.place;
        let message = format!("{} (line {line}, column {column})", self.message);
        RowFault::new(self.code, RowPosition { line, offset }, message, b"")
    }
}

/// See the module.
pub(crate) struct Pull<R: Read> {
    reader: quick_xml::Reader<Source<R>>,
    buffer: Vec<u8>,
    depth: usize,
    root_seen: bool,
}

impl<R: Read> Pull<R> {
    /// Parses `inner`, which starts at `offset` of its source, behind a byte order mark.
    pub(crate) fn new(
        inner: R,
        encoding: &'static Encoding,
        offset: u64,
        max_event_bytes: usize,
    ) -> Self {
        let text = Transcoder::new(inner, encoding, offset);
        let source = Source::new(text, offset, max_event_bytes);
        let mut reader = quick_xml::Reader::from_reader(source);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        Self {
            reader,
            buffer: Vec::new(),
            depth: 0,
            root_seen: false,
        }
    }

    /// The bytes read so far.
    pub(crate) fn offset(&self) -> u64 {
        self.reader.get_ref().place().offset
    }

    /// The next event.
    pub(crate) fn next(&mut self) -> Result<Event<'_>, XmlFault> {
        self.buffer.clear();
        self.reader.get_mut().renew();
        let place = self.reader.get_ref().place();
        let invalid = |message: String| XmlFault {
            code: ErrorCode::XmlInvalid,
            message,
            place,
        };
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => return Err(of_parser(&error, place)),
        };
        match event {
            Raw::Start(start) => {
                if self.depth == 0 && self.root_seen {
                    return Err(invalid("a second root element starts".to_owned()));
                }
                if self.depth == MAX_DEPTH {
                    return Err(invalid(format!(
                        "more than {MAX_DEPTH} elements inside each other"
                    )));
                }
                if !is_name(start.name().0) {
                    let name = start.name().0;
                    return Err(invalid(format!("{name:?} is no name of an element")));
                }
                self.depth += 1;
                self.root_seen = true;
                Ok(Event::Start(Tag { start, place }))
            }
            Raw::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(Event::End)
            }
            Raw::Text(text) if self.depth > 0 => Ok(Event::Text(line_ends(text.into_inner()))),
            Raw::Text(text) if text.trim_ascii().is_empty() => Ok(Event::Nothing),
            Raw::CData(text) if self.depth > 0 => Ok(Event::Text(line_ends(text.into_inner()))),
            Raw::GeneralRef(reference) if self.depth > 0 => match referenced(&reference) {
                Ok(text) => Ok(Event::Text(Cow::Owned(text))),
                Err(message) => Err(invalid(message)),
            },
            Raw::Text(_) | Raw::CData(_) | Raw::GeneralRef(_) => Err(invalid(
                "there is text outside of the root element".to_owned(),
            )),
            Raw::DocType(_) => Err(invalid(
                "a document type declaration (<!DOCTYPE …>) is refused; leave it out".to_owned(),
            )),
            Raw::Eof if self.depth > 0 => Err(XmlFault {
                code: ErrorCode::FileTruncated,
                message: format!("the document ends while {} elements are open", self.depth),
                place,
            }),
            Raw::Eof if !self.root_seen => Err(invalid("the document has no element".to_owned())),
            Raw::Eof => Ok(Event::Over),
            Raw::Empty(_) | Raw::Comment(_) | Raw::Decl(_) | Raw::PI(_) => Ok(Event::Nothing),
        }
    }
}

/// A start tag.
#[derive(Debug)]
pub(crate) struct Tag<'e> {
    start: BytesStart<'e>,
    place: Place,
}

impl<'e> Tag<'e> {
    /// Where it starts.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// The name with its prefix.
    pub(crate) fn name(&self) -> &str {
        self.start.name().0
    }

    /// The name without its prefix.
    pub(crate) fn local_name(&self) -> &str {
        local(self.name())
    }

    /// The attributes in order, with prefixes, values decoded.
    pub(crate) fn attributes(&self) -> Result<Vec<(&str, Cow<'_, str>)>, XmlFault> {
        let invalid = |message: String| XmlFault {
            code: ErrorCode::XmlInvalid,
            message,
            place: self.place,
        };
        let mut found = Vec::new();
        for attribute in self.start.attributes() {
            let attribute = attribute.map_err(|error| {
                invalid(format!("the attributes of <{}>: {error}", self.name()))
            })?;
            if found.len() == MAX_ATTRIBUTES {
                let message = format!(
                    "<{}> has more than {MAX_ATTRIBUTES} attributes",
                    self.name()
                );
                return Err(invalid(message));
            }
            let name = attribute.key.0;
            if !is_name(name) {
                return Err(invalid(format!("{name:?} is no name of an attribute")));
            }
            let value = match attribute.normalized_value(XmlVersion::Explicit1_0) {
                Ok(value) => value,
                Err(error) => {
                    let message = format!("the attribute {name}: {}", text_of(&error));
                    return Err(invalid(message));
                }
            };
            found.push((name, value));
        }
        Ok(found)
    }

    /// The attribute with this local name, if there is one; for formats whose attributes are known.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<String>, XmlFault> {
        let found = self.attributes()?;
        let found = found.into_iter().find(|(key, _)| local(key) == name);
        Ok(found.map(|(_, value)| value.into_owned()))
    }
}

/// `name` without its prefix.
pub(crate) fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// XML 1.0 2.3, `Name`.
fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(starts_name) && characters.all(goes_on_in_name)
}

fn starts_name(character: char) -> bool {
    matches!(character, 'a'..='z' | 'A'..='Z' | '_' | ':' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}' | '\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn goes_on_in_name(character: char) -> bool {
    starts_name(character)
        || matches!(character, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}' | '\u{2040}')
}

/// XML 1.0 2.11: every line end is one `\n`.
fn line_ends(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    }
}

/// The text of `&…;`.
fn referenced(reference: &BytesRef<'_>) -> Result<String, String> {
    let name: &str = reference;
    if let Some(text) = resolve_xml_entity(name) {
        return Ok(text.to_owned());
    }
    match reference.resolve_char_ref() {
        Ok(Some(character)) if allowed(character) => Ok(character.to_string()),
        Ok(None) => Err(unknown_entity(name)),
        _ => Err(format!("&{name}; does not stand for a character of XML")),
    }
}

/// XML 1.0 2.2.
fn allowed(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

fn unknown_entity(name: &str) -> String {
    format!("the entity &{name}; is not one of the five of XML; write the character itself")
}

fn text_of(error: &Error) -> String {
    match error {
        Error::Escape(EscapeError::UnrecognizedEntity(_, name)) => unknown_entity(name),
        Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
            format!("the end tag </{found}> does not belong to <{expected}>, which is open")
        }
        Error::IllFormed(IllFormedError::UnmatchedEndTag(found)) => {
            format!("the end tag </{found}> has no start tag")
        }
        other => other.to_string(),
    }
}

fn of_parser(error: &Error, place: Place) -> XmlFault {
    let (code, message) = match error {
        Error::Io(error) => {
            let fault = ReadFault::of(error);
            (fault.code, fault.message)
        }
        Error::Syntax(SyntaxError::InvalidBangMarkup) => (ErrorCode::XmlInvalid, text_of(error)),
        // All the others are about an end that did not come before the end of the document.
        Error::Syntax(_) => (ErrorCode::FileTruncated, text_of(error)),
        _ => (ErrorCode::XmlInvalid, text_of(error)),
    };
    XmlFault {
        code,
        message,
        place,
    }
}
