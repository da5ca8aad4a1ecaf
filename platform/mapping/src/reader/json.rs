//! One JSON value into the tables: walks the bytes once along the trie; what is not wanted is
//! checked and skipped.

use bumpalo::Bump;
use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};
use tributary_model::error_code::ErrorCode;

use super::scan::{MAX_DEPTH, ScanError, Scanner, Token, hex};
use super::trie::{MAX_MEMBERS, Node, NodeId, ROOT, Trie};
use super::{ReadError, Slot, Table};

/// Reads the value `text` as a new row of table 0.
///
/// # Errors
/// `json_invalid` with the byte.
pub(crate) fn read_json<'a>(
    text: &'a str,
    tries: &[Trie],
    tables: &mut ArenaVec<'a, Table<'a>>,
    arena: &'a Bump,
) -> Result<(), ReadError> {
    let Some(base) = tables.get_mut(0).map(Table::push_row) else {
        return Ok(());
    };
    let scanner = Scanner {
        bytes: text.as_bytes(),
        at: 0,
    };
    let mut reader = Reader {
        text,
        scanner,
        tries,
        tables,
        arena,
    };
    reader.document(base).map_err(|error| {
        let place = error.offset;
        ReadError::new(
            ErrorCode::JsonInvalid,
            place,
            format!("{} (byte {place} of the row)", error.reason),
        )
    })
}

struct Reader<'a, 't> {
    text: &'a str,
    scanner: Scanner<'a>,
    tries: &'t [Trie],
    tables: &'t mut ArenaVec<'a, Table<'a>>,
    arena: &'a Bump,
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self, base: usize) -> Result<(), ScanError> {
        self.value(0, ROOT, base, 0)?;
        match self.scanner.peek_token() {
            None => Ok(()),
            Some(_) => self.scanner.fail("something follows the value"),
        }
    }

    /// Reads one value that is wanted or leads to wanted ones.
    fn value(
        &mut self,
        table: usize,
        id: NodeId,
        base: usize,
        depth: u32,
    ) -> Result<(), ScanError> {
        let tries = self.tries;
        let Some(node) = tries.get(table).and_then(|trie| trie.node(id)) else {
            return self.scanner.skip(depth).map(|_| ());
        };
        let first = self.scanner.peek_token();
        let start = self.scanner.at;
        if let Some((token, from, to)) = self.scanner.scalar(first)? {
            let value = self.slot(token, from, to);
            if let Some(slot) = node.slot {
                self.store(table, base, slot, value);
            }
            if let Some((_, slot)) = node.items {
                // null has no elements; any other scalar is told by the `each`
                self.store(table, base, slot, value);
            }
            return Ok(());
        }
        if depth >= MAX_DEPTH {
            return self.scanner.fail("nested more than 64 deep");
        }
        if !node.leads_on() {
            self.scanner.skip(depth)?;
        } else if first == Some(b'{') {
            self.object(table, node, base, depth)?;
        } else {
            self.array(table, node, base, depth)?;
        }
        let nested = Slot::Json(self.text.get(start..self.scanner.at).unwrap_or_default());
        if let Some(slot) = node.slot {
            self.store(table, base, slot, nested);
        }
        if let Some((_, slot)) = node.items.filter(|_| first == Some(b'{')) {
            self.store(table, base, slot, nested);
        }
        Ok(())
    }

    fn object(
        &mut self,
        table: usize,
        node: &Node,
        base: usize,
        depth: u32,
    ) -> Result<(), ScanError> {
        self.scanner.at += 1;
        if self.scanner.peek_token() == Some(b'}') {
            self.scanner.at += 1;
            return Ok(());
        }
        let mut seen = [0_u64; MAX_MEMBERS / 64];
        let mut expected = 0;
        loop {
            if self.scanner.peek_token() != Some(b'"') {
                return self.scanner.fail("a member's name in quotes is needed");
            }
            let name_at = self.scanner.at;
            let (from, to, escaped) = self.scanner.text()?;
            let name = if escaped {
                self.unescape(from, to).as_bytes()
            } else {
                self.text.as_bytes().get(from..to).unwrap_or_default()
            };
            self.scanner
                .expect(b':', "a ':' is needed after a member's name")?;
            match find(&node.members, name, expected) {
                Some((place, id)) => {
                    if let Some(word) = seen.get_mut(place / 64) {
                        if *word & (1 << (place % 64)) != 0 {
                            return Err(ScanError {
                                offset: name_at,
                                reason: "the member stands twice in its object",
                            });
                        }
                        *word |= 1 << (place % 64);
                    }
                    expected = place + 1;
                    self.value(table, id, base, depth + 1)?;
                }
                None => {
                    self.scanner.skip(depth + 1)?;
                }
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

    fn array(
        &mut self,
        table: usize,
        node: &Node,
        base: usize,
        depth: u32,
    ) -> Result<(), ScanError> {
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
                let index = u64::from(count);
                let start = self.scanner.at;
                if let Some((inner, _)) = items {
                    let row = self.tables.get_mut(inner).map_or(0, Table::push_row);
                    self.value(inner, ROOT, row, depth + 1)?;
                }
                let wanted = node.elements.iter().find(|(place, _)| *place == index);
                if let Some((_, id)) = wanted {
                    self.scanner.at = start;
                    self.value(table, *id, base, depth + 1)?;
                } else if items.is_none() {
                    self.scanner.skip(depth + 1)?;
                }
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
            self.store(table, base, slot, Slot::Items { first, count });
        }
        Ok(())
    }

    fn store(&mut self, table: usize, base: usize, slot: u16, value: Slot<'a>) {
        if let Some(table) = self.tables.get_mut(table) {
            table.set(base, slot, value);
        }
    }

    fn slot(&self, token: Token, from: usize, to: usize) -> Slot<'a> {
        let raw = self.text.get(from..to).unwrap_or_default();
        match token {
            Token::Null => Slot::Null,
            Token::True => Slot::Bool(true),
            Token::False => Slot::Bool(false),
            Token::Number => Slot::Number(raw),
            Token::Text { escaped: false } => Slot::Text(raw),
            Token::Text { escaped: true } => Slot::Text(self.unescape(from, to)),
            Token::Nested => Slot::Json(raw),
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

/// The wanted member `name`, looked for from where the last one was found: members mostly come in the
/// same order.
#[inline]
fn find(members: &[(Box<[u8]>, NodeId)], name: &[u8], expected: usize) -> Option<(usize, NodeId)> {
    let (before, after) = members.split_at(expected.min(members.len()));
    let hit = |(_, (key, _)): &(usize, &(Box<[u8]>, NodeId))| **key == *name;
    after
        .iter()
        .enumerate()
        .find(hit)
        .map(|(place, (_, id))| (place + before.len(), *id))
        .or_else(|| {
            before
                .iter()
                .enumerate()
                .find(hit)
                .map(|(place, (_, id))| (place, *id))
        })
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
