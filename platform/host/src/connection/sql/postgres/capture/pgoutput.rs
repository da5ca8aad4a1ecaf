//! Messages of the output plugin `pgoutput`, protocol version 1, read from bytes.
//!
//! Source: PostgreSQL 15 manual, 55.9 "Logical Replication Message Formats".
//!
//! Invariants: any bytes are either a whole message or [`Damaged`], never a panic, and a length that a
//! message announces makes nothing grow before that many bytes are there. Deliberately absent: what the
//! messages mean ([`super::rows`]) and how values are written ([`super::text`]).

use std::fmt;

/// What was being read when the bytes ended or did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged(pub(super) &'static str);

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a message of pgoutput is damaged: {}", self.0)
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message<'a> {
    Begin {
        /// where the transaction's commit is written
        commit: u64,
        /// microseconds since 2000-01-01T00:00:00Z
        committed_micros: i64,
    },
    Commit,
    Relation(Relation),
    Insert {
        relation: u32,
        new: Vec<Cell<'a>>,
    },
    Update {
        relation: u32,
        old: Option<Old<'a>>,
        new: Vec<Cell<'a>>,
    },
    Delete {
        relation: u32,
        old: Old<'a>,
    },
    Truncate {
        relations: Vec<u32>,
    },
    /// origins, types, messages of other programs: nothing that a row is made of
    Other,
}

/// A table as it was when what follows was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) id: u32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) columns: Vec<RelationColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RelationColumn {
    /// part of the replica identity
    pub(super) key: bool,
    pub(super) name: String,
    pub(super) type_oid: u32,
}

/// What a row was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Old<'a> {
    /// all columns (REPLICA IDENTITY FULL); otherwise those of the identity, and null for the others
    pub(super) whole: bool,
    pub(super) cells: Vec<Cell<'a>>,
}

/// A column's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Null,
    /// a large value that the statement did not touch, and so is not in the log
    Unchanged,
    /// as the server prints it
    Text(&'a [u8]),
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], Damaged> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(Damaged(what))?;
        self.0 = tail;
        Ok(head)
    }

    fn fixed<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Damaged> {
        self.take(N, what)?.try_into().map_err(|_| Damaged(what))
    }

    fn byte(&mut self, what: &'static str) -> Result<u8, Damaged> {
        Ok(u8::from_be_bytes(self.fixed(what)?))
    }

    fn short(&mut self, what: &'static str) -> Result<u16, Damaged> {
        Ok(u16::from_be_bytes(self.fixed(what)?))
    }

    fn word(&mut self, what: &'static str) -> Result<u32, Damaged> {
        Ok(u32::from_be_bytes(self.fixed(what)?))
    }

    fn long(&mut self, what: &'static str) -> Result<u64, Damaged> {
        Ok(u64::from_be_bytes(self.fixed(what)?))
    }

    /// Up to a zero byte.
    fn text(&mut self, what: &'static str) -> Result<String, Damaged> {
        let end = self.0.iter().position(|byte| *byte == 0);
        let text = self.take(end.ok_or(Damaged(what))?, what)?;
        self.take(1, what)?;
        let text = std::str::from_utf8(text).map_err(|_| Damaged(what))?;
        Ok(text.to_owned())
    }

    fn cells(&mut self) -> Result<Vec<Cell<'a>>, Damaged> {
        const WHAT: &str = "a row";
        let count = self.short(WHAT)?;
        let mut cells = Vec::new();
        for _ in 0..count {
            cells.push(match self.byte(WHAT)? {
                b'n' => Cell::Null,
                b'u' => Cell::Unchanged,
                b't' => {
                    let length = self.word(WHAT)? as usize;
                    Cell::Text(self.take(length, WHAT)?)
                }
                _ => return Err(Damaged(WHAT)),
            });
        }
        Ok(cells)
    }

    fn old(&mut self, mark: u8) -> Result<Old<'a>, Damaged> {
        Ok(Old {
            whole: mark == b'O',
            cells: self.cells()?,
        })
    }
}

/// Reads one message, which is all of `bytes`.
///
/// # Errors
/// Bytes that end too early, go on behind the message, or hold a mark that the protocol does not have.
pub(super) fn parse(bytes: &[u8]) -> Result<Message<'_>, Damaged> {
    let mut reader = Reader(bytes);
    let message = match reader.byte("its kind")? {
        b'B' => begin(&mut reader)?,
        // the place is known by the begin already
        b'C' => {
            reader.take(25, "a commit")?;
            Message::Commit
        }
        b'R' => Message::Relation(relation(&mut reader)?),
        b'I' => insert(&mut reader)?,
        b'U' => update(&mut reader)?,
        b'D' => delete(&mut reader)?,
        b'T' => truncate(&mut reader)?,
        b'O' | b'Y' | b'M' => return Ok(Message::Other),
        _ => return Err(Damaged("its kind")),
    };
    match reader.0.is_empty() {
        true => Ok(message),
        false => Err(Damaged("bytes behind its end")),
    }
}

fn begin<'a>(reader: &mut Reader<'a>) -> Result<Message<'a>, Damaged> {
    const WHAT: &str = "a begin";
    let commit = reader.long(WHAT)?;
    let committed_micros = reader.long(WHAT)?.cast_signed();
    reader.word(WHAT)?;
    Ok(Message::Begin {
        commit,
        committed_micros,
    })
}

fn relation(reader: &mut Reader<'_>) -> Result<Relation, Damaged> {
    const WHAT: &str = "a table";
    let id = reader.word(WHAT)?;
    let schema = match reader.text(WHAT)? {
        // how the catalogue's own schema is written
        empty if empty.is_empty() => "pg_catalog".to_owned(),
        schema => schema,
    };
    let name = reader.text(WHAT)?;
    reader.byte(WHAT)?;
    let count = reader.short(WHAT)?;
    let mut columns = Vec::new();
    for _ in 0..count {
        let key = reader.byte(WHAT)? & 1 == 1;
        let name = reader.text(WHAT)?;
        let type_oid = reader.word(WHAT)?;
        reader.word(WHAT)?;
        columns.push(RelationColumn {
            key,
            name,
            type_oid,
        });
    }
    Ok(Relation {
        id,
        schema,
        name,
        columns,
    })
}

fn insert<'a>(reader: &mut Reader<'a>) -> Result<Message<'a>, Damaged> {
    let relation = reader.word("an insert")?;
    match reader.byte("an insert")? {
        b'N' => Ok(Message::Insert {
            relation,
            new: reader.cells()?,
        }),
        _ => Err(Damaged("an insert")),
    }
}

fn update<'a>(reader: &mut Reader<'a>) -> Result<Message<'a>, Damaged> {
    const WHAT: &str = "an update";
    let relation = reader.word(WHAT)?;
    let mut mark = reader.byte(WHAT)?;
    let mut old = None;
    if matches!(mark, b'K' | b'O') {
        old = Some(reader.old(mark)?);
        mark = reader.byte(WHAT)?;
    }
    match mark {
        b'N' => Ok(Message::Update {
            relation,
            old,
            new: reader.cells()?,
        }),
        _ => Err(Damaged(WHAT)),
    }
}

fn delete<'a>(reader: &mut Reader<'a>) -> Result<Message<'a>, Damaged> {
    let relation = reader.word("a delete")?;
    match reader.byte("a delete")? {
        mark @ (b'K' | b'O') => Ok(Message::Delete {
            relation,
            old: reader.old(mark)?,
        }),
        _ => Err(Damaged("a delete")),
    }
}

fn truncate<'a>(reader: &mut Reader<'a>) -> Result<Message<'a>, Damaged> {
    const WHAT: &str = "a truncate";
    let count = reader.word(WHAT)?;
    reader.byte(WHAT)?;
    let mut relations = Vec::new();
    for _ in 0..count {
        relations.push(reader.word(WHAT)?);
    }
    Ok(Message::Truncate { relations })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let plain = text.replace(' ', "");
        data_encoding::HEXLOWER.decode(plain.as_bytes()).unwrap()
    }

    /// Messages as a server of version 15 wrote them, by their kinds.
    fn samples() -> Vec<(Vec<u8>, Message<'static>)> {
        let column = |key: bool, name: &str, type_oid: u32| RelationColumn {
            key,
            name: name.to_owned(),
            type_oid,
        };
        let orders = Relation {
            id: 16_385,
            schema: "public".to_owned(),
            name: "orders".to_owned(),
            columns: vec![column(true, "id", 23), column(false, "note", 25)],
        };
        vec![
            (
                hex("42 00000000016b3748 0002d2b3f6a8e000 000002e1"),
                Message::Begin {
                    commit: 0x16b_3748,
                    committed_micros: 0x0002_d2b3_f6a8_e000,
                },
            ),
            (
                hex("52 00004001 7075626c696300 6f726465727300 64 0002 \
                     01 696400 00000017 ffffffff 00 6e6f746500 00000019 ffffffff"),
                Message::Relation(orders),
            ),
            (
                hex("49 00004001 4e 0002 74 00000001 37 6e"),
                Message::Insert {
                    relation: 16_385,
                    new: vec![Cell::Text(b"7"), Cell::Null],
                },
            ),
            (
                hex("55 00004001 4b 0002 74 00000001 37 6e 4e 0002 74 00000001 38 75"),
                Message::Update {
                    relation: 16_385,
                    old: Some(Old {
                        whole: false,
                        cells: vec![Cell::Text(b"7"), Cell::Null],
                    }),
                    new: vec![Cell::Text(b"8"), Cell::Unchanged],
                },
            ),
            (
                hex("55 00004001 4e 0000"),
                Message::Update {
                    relation: 16_385,
                    old: None,
                    new: Vec::new(),
                },
            ),
            (
                hex("44 00004001 4f 0001 74 00000000"),
                Message::Delete {
                    relation: 16_385,
                    old: Old {
                        whole: true,
                        cells: vec![Cell::Text(b"")],
                    },
                },
            ),
            (
                hex("54 00000002 01 00004001 00004002"),
                Message::Truncate {
                    relations: vec![16_385, 16_386],
                },
            ),
            (
                hex("43 00 00000000016b3748 00000000016b3778 0002d2b3f6a8e000"),
                Message::Commit,
            ),
            (hex("4f 00000000016b3748 6100"), Message::Other),
            (hex("59 00004001 00 6100"), Message::Other),
        ]
    }

    #[test]
    fn every_kind_is_read_and_no_part_of_it_is_one() {
        for (bytes, wanted) in samples() {
            assert_eq!(parse(&bytes), Ok(wanted.clone()));
            if wanted == Message::Other {
                continue;
            }
            for length in 0..bytes.len() {
                let part = bytes.get(..length).unwrap();
                assert!(parse(part).is_err(), "{length} of {wanted:?}");
            }
            let longer = [bytes.as_slice(), &[0]].concat();
            assert_eq!(parse(&longer), Err(Damaged("bytes behind its end")));
        }
    }

    #[test]
    fn what_the_protocol_does_not_have_is_damaged() {
        for text in [
            "",
            "7a",
            // a binary value, which was not asked for
            "49 00004001 4e 0001 62 00000000",
            "49 00004001 4b 0000",
            "44 00004001 4e 0000",
            "55 00004001 44 0000",
            // a name that is no text
            "52 00004001 ff00 6100 64 0000",
            // lengths beyond the message
            "49 00004001 4e ffff",
            "49 00004001 4e 0001 74 ffffffff 00",
            "54 ffffffff 00",
        ] {
            assert!(parse(&hex(text)).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_damaged(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }

        /// Bytes that begin like a message, with a few changed.
        #[test]
        fn neighbours_of_messages_too(
            which in 0..10_usize,
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        ) {
            let (mut bytes, _) = samples().swap_remove(which);
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            let _ = parse(&bytes);
        }
    }
}
