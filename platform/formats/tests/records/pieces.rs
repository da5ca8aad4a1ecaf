//! Readers for tests: bytes in small pieces, and endless ones that exist only while they are read.

use std::io::{self, Read};

/// Gives its bytes in pieces of one size.
pub(crate) struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(bytes: &'a [u8], size: usize) -> Self {
        Self { bytes, size }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.size.min(room.len()).min(self.bytes.len());
        let (piece, rest) = self.bytes.split_at(count);
        room[..count].copy_from_slice(piece);
        self.bytes = rest;
        Ok(count)
    }
}

/// `front`, then `pattern` over and over until `middle` bytes of it are given, then `back`.
pub(crate) fn lazy<'a>(
    front: &'a [u8],
    pattern: &[u8],
    middle: u64,
    back: &'a [u8],
) -> impl Read + Send + 'a {
    let block = pattern.repeat((64 << 10) / pattern.len() + 1);
    let period = pattern.len();
    let repeated = Repeated {
        block,
        period,
        at: 0,
    };
    front.chain(repeated.take(middle)).chain(back)
}

struct Repeated {
    block: Vec<u8>,
    period: usize,
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let ready = &self.block[self.at..];
        let count = ready.len().min(room.len());
        room[..count].copy_from_slice(&ready[..count]);
        self.at = (self.at + count) % self.period;
        Ok(count)
    }
}
