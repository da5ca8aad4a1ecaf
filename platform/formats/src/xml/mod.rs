//! Records of an XML document, each as one JSON object.
//!
//! The shape, which does not depend on anything outside of the record:
//! - an attribute is `"@name"`; an element with nothing but text is a string, also an empty one;
//! - an element with attributes or children is an object, its own text `"#text"`;
//! - children of one name are an array when there are several, or when the options say so
//!   (`arrays`), so that one line and two lines look alike;
//! - mixed content: the texts between the children are one `"#text"`, without white space around;
//! - the record itself is always an object.
//!
//! Names: see [`names`]. Invariants: memory is bounded by the longest record allowed; a record that
//! is too long or cannot be written is a fault in its place; where the document stops to be
//! well-formed reading ends with one fault that names line and column.
//!
//! Deliberately absent: DTDs and entities of one's own, schemas, XPath.

mod names;
mod pull;
mod source;
mod tree;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};
use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowPosition;

use crate::fault::{ReadFault, RowFault};
use crate::records::{Record, Trouble, config_fault};
use crate::transcode::read_head;
use names::{Names, RecordPath};
pub(crate) use pull::{Event, Pull, Tag, XmlFault};
use source::Place;
pub(crate) use source::encoding_of;
use tree::Tree;

/// Where an XML declaration has its end.
const HEAD_BYTES: usize = 1024;

/// How to read records out of XML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XmlOptions {
    /// which elements are records: `/orders/order` or `//order`
    pub record: String,
    /// names of elements that are arrays even when there is one
    #[serde(default)]
    pub arrays: Vec<String>,
    /// prefix to address; without any, names are compared and written without their prefix
    #[serde(default)]
    pub namespaces: BTreeMap<String, String>,
    /// WHATWG label, against what the document says of itself
    #[serde(default)]
    pub encoding: Option<String>,
}

/// Reads records out of XML. See [`crate::records::open`].
pub(crate) struct XmlRecords<'a> {
    pull: Pull<Box<dyn Read + Send + 'a>>,
    path: RecordPath,
    names: Names,
    /// the open elements
    open: Vec<String>,
    tree: Tree,
    /// how deep the record in progress stands, and where it starts
    record: Option<(usize, Place)>,
    bad: Option<RowFault>,
    max_record_bytes: usize,
    out: Vec<u8>,
}

/// Opens a document.
///
/// # Errors
/// A configuration that cannot be, or an encoding that is not known.
pub(crate) fn open<'a>(
    options: &XmlOptions,
    mut input: Box<dyn Read + Send + 'a>,
    max_record_bytes: usize,
) -> Result<XmlRecords<'a>, RowFault> {
    let path = RecordPath::parse(&options.record, &options.namespaces).map_err(config_fault)?;
    let start = RowPosition { line: 1, offset: 0 };
    let head = read_head(&mut input, HEAD_BYTES);
    let head = head.map_err(|error| ReadFault::of(&error).at(start))?;
    let (encoding, mark) = match &options.encoding {
        Some(label) => match Encoding::for_label_no_replacement(label.as_bytes()) {
            Some(encoding) => (encoding, 0),
            None => return Err(config_fault(format!("{label:?} is not an encoding"))),
        },
        None => encoding_of(&head)
            .map_err(|message| RowFault::new(ErrorCode::EncodingInvalid, start, message, b""))?,
    };
    let body = head.get(mark..).unwrap_or_default().to_vec();
    let whole: Box<dyn Read + Send + 'a> = Box::new(Cursor::new(body).chain(input));
    Ok(XmlRecords {
        pull: Pull::new(whole, encoding, mark as u64, max_record_bytes),
        path,
        names: Names::new(&options.namespaces),
        open: Vec::new(),
        tree: Tree::new(&options.arrays),
        record: None,
        bad: None,
        max_record_bytes,
        out: Vec::new(),
    })
}

impl XmlRecords<'_> {
    pub(crate) fn next_record(&mut self) -> Result<Option<Record<'_>>, Trouble> {
        let Some(place) = self
            .advance()
            .map_err(|fault| Trouble::end(fault.into_row()))?
        else {
            return Ok(None);
        };
        if let Some(fault) = self.bad.take() {
            return Err(Trouble::row(fault));
        }
        Ok(Some(Record {
            position: position(place),
            bytes: Cow::Borrowed(&self.out),
        }))
    }

    /// Goes behind the next record, good or bad, and answers where it starts.
    fn advance(&mut self) -> Result<Option<Place>, XmlFault> {
        loop {
            match self.pull.next()? {
                Event::Start(tag) => {
                    let attributes = tag.attributes()?;
                    let depth = self.open.len() + 1;
                    let place = tag.place();
                    self.names
                        .enter(depth, &attributes)
                        .map_err(|message| XmlFault {
                            code: ErrorCode::XmlInvalid,
                            message,
                            place,
                        })?;
                    let name = self.names.element(tag.name());
                    self.open.push(name.clone().into_owned());
                    if self.record.is_none() && self.path.matches(&self.open) {
                        self.record = Some((depth, place));
                    } else if !self.tree.active() {
                        continue;
                    }
                    let named: Vec<(Cow<'_, str>, &str)> = attributes
                        .iter()
                        .filter_map(|(key, value)| {
                            Some((self.names.attribute(key)?, value.as_ref()))
                        })
                        .collect();
                    let named = named.iter().map(|(key, value)| (key.as_ref(), *value));
                    if let Err(message) = self.tree.start(&name, named) {
                        self.spoil(ErrorCode::XmlInvalid, message);
                    }
                }
                Event::Text(text) => self.tree.text(&text),
                Event::End => {
                    let depth = self.open.len();
                    self.names.leave(depth);
                    self.open.pop();
                    match self.tree.end() {
                        Ok(Some(json)) => self.out = json,
                        Ok(None) => {}
                        Err(message) => self.spoil(ErrorCode::XmlInvalid, message),
                    }
                    match self.record {
                        Some((at, place)) if at == depth => {
                            self.check_length(place);
                            self.record = None;
                            return Ok(Some(place));
                        }
                        _ => {}
                    }
                }
                Event::Nothing => {}
                Event::Over => return Ok(None),
            }
            if let Some((_, place)) = self.record {
                self.check_length(place);
            }
        }
    }

    fn check_length(&mut self, start: Place) {
        let length = self.pull.offset() - start.offset;
        if self.bad.is_none() && length > self.max_record_bytes as u64 {
            let message = format!(
                "the record that starts in line {} is longer than {} bytes",
                start.line, self.max_record_bytes
            );
            self.spoil(ErrorCode::RowTooLarge, message);
        }
    }

    /// The record in progress is bad: nothing of it is kept any more.
    fn spoil(&mut self, code: ErrorCode, message: String) {
        self.tree.clear();
        if let (None, Some((_, place))) = (&self.bad, self.record) {
            self.bad = Some(RowFault::new(code, position(place), message, b""));
        }
    }
}

fn position(place: Place) -> RowPosition {
    RowPosition {
        line: place.line,
        offset: place.offset,
    }
}
