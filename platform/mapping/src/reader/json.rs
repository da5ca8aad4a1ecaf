//! One JSON value into the tables: walks the bytes once along the trie; what is not wanted is
//! checked and skipped.

use bumpalo::Bump;
use bumpalo::collections::String as ArenaString;
use tributary_model::error_code::ErrorCode;

use super::scan::{MAX_DEPTH, ScanError, Scanner, Stopped, Token, hex};
use super::shape::{Shape, Target};
use super::trie::{MAX_MEMBERS, Node, NodeId, ROOT, Trie};
use super::{ReadError, Slot, Table};

/// Reads the value `text` as a new row of table 0.
///
/// # Errors
/// `json_invalid` with the byte.
pub(crate) fn read_json<'a>(
    text: &'a str,
    tries: &[Trie],
    shapes: &mut [Vec<Shape>],
    tables: &mut [Table<'a>],
    arena: &'a Bump,
) -> Result<(), ReadError> {
    let Some(base) = tables.get_mut(0).map(Table::push_row) else {
        return Ok(());
    };
    let scanner = Scanner::new(text.as_bytes());
    let mut reader = Reader {
        text,
        scanner,
        tries,
        shapes,
        tables,
        arena,
    };
    reader.document(base).map_err(|Stopped| {
        let error = reader.scanner.error();
        let place = error.offset;
        ReadError::new(
            ErrorCode::JsonInvalid,
            place,
            format!("{} (byte {place} of the row)", error.reason),
        )
    })
}

/// Reads the value `text` as a new row of `table`; its bytes are part of a row that was read before.
///
/// # Errors
/// The byte at which it is no JSON value.
pub(crate) fn read_element<'a>(
    text: &'a str,
    table: usize,
    tries: &[Trie],
    tables: &mut [Table<'a>],
    arena: &'a Bump,
) -> Result<(), ScanError> {
    let (Some(base), Some(trie)) = (tables.get_mut(table).map(Table::push_row), tries.get(table))
    else {
        return Ok(());
    };
    let scanner = Scanner::new(text.as_bytes());
    let mut reader = Reader {
        text,
        scanner,
        tries,
        shapes: &mut [],
        tables,
        arena,
    };
    let at = At {
        table,
        trie,
        base,
        depth: 0,
    };
    reader
        .value(at, ROOT)
        .map_err(|Stopped| reader.scanner.error())
}

/// For every place of the tries what is known about the order of members.
pub(crate) fn shapes(tries: &[Trie]) -> Vec<Vec<Shape>> {
    let shapes_of = |trie: &Trie| (0..trie.len()).map(|_| Shape::default()).collect();
    tries.iter().map(shapes_of).collect()
}

struct Reader<'a, 't> {
    text: &'a str,
    scanner: Scanner<'a>,
    tries: &'t [Trie],
    shapes: &'t mut [Vec<Shape>],
    tables: &'t mut [Table<'a>],
    arena: &'a Bump,
}

/// Where a value belongs.
#[derive(Clone, Copy)]
struct At<'t> {
    table: usize,
    trie: &'t Trie,
    /// first slot of the element's row
    base: usize,
    depth: u32,
}

impl At<'_> {
    fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }
}

impl<'a, 't> Reader<'a, 't> {
    fn document(&mut self, base: usize) -> Result<(), Stopped> {
        let Some(trie) = self.tries.first() else {
            return self.scanner.pass(0);
        };
        let at = At {
            table: 0,
            trie,
            base,
            depth: 0,
        };
        self.value(at, ROOT)?;
        match self.scanner.peek_token() {
            None => Ok(()),
            Some(_) => self.scanner.fail("something follows the value"),
        }
    }

    /// Reads one value that is wanted or leads to wanted ones.
    #[inline(always)]
    fn value(&mut self, at: At<'t>, id: NodeId) -> Result<(), Stopped> {
        let Some(node) = at.trie.node(id) else {
            return self.scanner.pass(at.depth);
        };
        let first = self.scanner.peek_token();
        let start = self.scanner.at;
        let value = match first {
            Some(b'"') => {
                let escaped = self.scanner.text()?;
                let (from, to) = (start + 1, self.scanner.at - 1);
                if escaped {
                    Slot::Decoded(self.unescape(from, to))
                } else {
                    Slot::Text(self.text.get(from..to).unwrap_or_default())
                }
            }
            Some(b'-' | b'0'..=b'9') => {
                self.scanner.number()?;
                Slot::Number(self.text.get(start..self.scanner.at).unwrap_or_default())
            }
            Some(b'{' | b'[') => return self.nested(at, id, node),
            _ => match self.scanner.word(first)? {
                Token::True => Slot::Bool(true),
                Token::False => Slot::Bool(false),
                _ => Slot::Null,
            },
        };
        if let Some(slot) = node.slot {
            self.store(at, slot, value);
        }
        if let Some((_, slot)) = node.items {
            // null has no elements; any other scalar is told by the `each`
            self.store(at, slot, value);
        }
        Ok(())
    }

    /// Reads an object or array.
    fn nested(&mut self, at: At<'t>, id: NodeId, node: &'t Node) -> Result<(), Stopped> {
        if at.depth >= MAX_DEPTH {
            return self.scanner.fail("nested more than 64 deep");
        }
        let start = self.scanner.at;
        let object = self.scanner.peek() == Some(b'{');
        if !node.leads_on() {
            self.scanner.pass(at.depth)?;
        } else if object {
            // a place is never inside itself, so its knowledge can be taken out meanwhile
            let mut shape = self.shape(at, id).map(std::mem::take).unwrap_or_default();
            let read = self.object(at, node, &mut shape);
            if let Some(kept) = self.shape(at, id) {
                *kept = shape;
            }
            read?;
        } else {
            self.array(at, node)?;
        }
        if let Some(slot) = node.slot {
            self.store(at, slot, self.json_from(start));
        }
        if let Some((_, slot)) = node.items.filter(|_| object) {
            self.store(at, slot, self.json_from(start));
        }
        Ok(())
    }

    fn shape(&mut self, at: At<'t>, id: NodeId) -> Option<&mut Shape> {
        self.shapes
            .get_mut(at.table)
            .and_then(|shapes| shapes.get_mut(id))
    }

    fn json_from(&self, start: usize) -> Slot<'a> {
        Slot::Json(self.text.get(start..self.scanner.at).unwrap_or_default())
    }

    fn object(&mut self, at: At<'t>, node: &'t Node, shape: &mut Shape) -> Result<(), Stopped> {
        self.scanner.at += 1;
        if self.scanner.peek_token() == Some(b'}') {
            self.scanner.at += 1;
            return Ok(());
        }
        let mut seen = [0_u64; MAX_MEMBERS / 64];
        let mut expected = 0;
        let inside = at.deeper();
        loop {
            self.scanner.peek_token();
            let name_at = self.scanner.at;
            let rest = self.scanner.bytes.get(name_at..).unwrap_or_default();
            let target = match shape.find(rest, expected) {
                Some((length, place, target)) => {
                    self.scanner.at += length;
                    expected = place + 1;
                    target
                }
                None => self.member(node, shape, &mut expected)?,
            };
            match target {
                Some((place, inner)) => {
                    if let Some(word) = seen.get_mut(place / 64) {
                        if *word & (1 << (place % 64)) != 0 {
                            self.scanner.at = name_at;
                            return self.scanner.fail("the member stands twice in its object");
                        }
                        *word |= 1 << (place % 64);
                    }
                    self.value(inside, inner)?;
                }
                None => self.scanner.pass(inside.depth)?,
            }
            match self.scanner.peek_token() {
                Some(b',') => self.scanner.at += 1,
                Some(b'}') => {
                    self.scanner.at += 1;
                    return Ok(());
                }
                _ => return self.scanner.fail("a ',' or '}' is needed"),
            }
        }
    }

    /// Takes a member's name and its colon the slow way, and remembers it.
    #[cold]
    fn member(
        &mut self,
        node: &Node,
        shape: &mut Shape,
        expected: &mut usize,
    ) -> Result<Target, Stopped> {
        if self.scanner.peek_token() != Some(b'"') {
            return self.scanner.fail("a member's name in quotes is needed");
        }
        let start = self.scanner.at;
        let escaped = self.scanner.text()?;
        let (from, to) = (start + 1, self.scanner.at - 1);
        let name = if escaped {
            self.unescape(from, to).as_bytes()
        } else {
            self.text.as_bytes().get(from..to).unwrap_or_default()
        };
        self.scanner
            .expect(b':', "a ':' is needed after a member's name")?;
        let target = node
            .members
            .iter()
            .enumerate()
            .find(|(_, (key, _))| **key == *name)
            .map(|(place, (_, inner))| (place, *inner));
        if let Some(written) = self.scanner.bytes.get(start..self.scanner.at) {
            *expected = shape.learn(written, target, *expected);
        }
        Ok(target)
    }

    fn array(&mut self, at: At<'t>, node: &'t Node) -> Result<(), Stopped> {
        let items = node.items;
        let first = items
            .and_then(|(inner, _)| self.tables.get(inner))
            .map_or(0, Table::rows);
        let mut count = 0_u32;
        self.scanner.at += 1;
        if self.scanner.peek_token() == Some(b']') {
            self.scanner.at += 1;
        } else {
            loop {
                self.element(at.deeper(), node, count)?;
                count += 1;
                match self.scanner.peek_token() {
                    Some(b',') => self.scanner.at += 1,
                    Some(b']') => {
                        self.scanner.at += 1;
                        break;
                    }
                    _ => return self.scanner.fail("a ',' or ']' is needed"),
                }
            }
        }
        if let Some((_, slot)) = items {
            self.store(at, slot, Slot::Items { first, count });
        }
        Ok(())
    }

    fn element(&mut self, at: At<'t>, node: &'t Node, number: u32) -> Result<(), Stopped> {
        let start = self.scanner.at;
        if let Some((inner, _)) = node.items {
            let base = self.tables.get_mut(inner).map_or(0, Table::push_row);
            let row = At {
                table: inner,
                trie: self.tries.get(inner).unwrap_or(at.trie),
                base,
                depth: at.depth,
            };
            self.value(row, ROOT)?;
        }
        let index = u64::from(number);
        match node.elements.iter().find(|(place, _)| *place == index) {
            Some((_, id)) => {
                self.scanner.at = start;
                self.value(at, *id)
            }
            None if node.items.is_none() => self.scanner.pass(at.depth),
            None => Ok(()),
        }
    }

    #[inline]
    fn store(&mut self, at: At<'t>, slot: u16, value: Slot<'a>) {
        if let Some(table) = self.tables.get_mut(at.table) {
            table.set(at.base, slot, value);
        }
    }

    fn unescape(&self, from: usize, to: usize) -> &'a str {
        unescape(self.text.get(from..to).unwrap_or_default(), self.arena)
    }
}

/// The text with its escapes decoded; they are known to be valid.
#[cold]
pub(super) fn unescape<'a>(raw: &'a str, arena: &'a Bump) -> &'a str {
    let mut text = ArenaString::with_capacity_in(raw.len(), arena);
    let mut rest = raw;
    while let Some(place) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(rest.get(..place).unwrap_or_default());
        let (sign, length) = decode_escape(rest.as_bytes().get(place + 1..).unwrap_or_default());
        text.push(sign);
        rest = rest.get(place + 1 + length..).unwrap_or_default();
    }
    text.push_str(rest);
    text.into_bump_str()
}

/// The sign that a checked escape stands for and how many bytes it has after the backslash.
fn decode_escape(rest: &[u8]) -> (char, usize) {
    match rest.first() {
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{c}', 1),
        Some(b'n') => ('\n', 1),
        Some(b'r') => ('\r', 1),
        Some(b't') => ('\t', 1),
        Some(b'u') => {
            let first = hex(rest.get(1..5)).unwrap_or(0xfffd);
            if !(0xd800..=0xdbff).contains(&first) {
                return (char::from_u32(first).unwrap_or('\u{fffd}'), 5);
            }
            let second = hex(rest.get(7..11)).unwrap_or(0xdc00);
            let point = 0x10000 + ((first - 0xd800) << 10) + second.wrapping_sub(0xdc00);
            (char::from_u32(point).unwrap_or('\u{fffd}'), 11)
        }
        Some(other) => (char::from(*other), 1),
        None => ('\u{fffd}', 0),
    }
}
