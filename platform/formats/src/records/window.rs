//! The part of a stream that is held in memory: from a mark to the end of what was read.
//!
//! Invariant: nothing before [`Window::start`] is kept when more is read, so memory is what lies
//! between the mark and the reading place, plus one chunk.

use std::io::{self, Read};

use crate::transcode::read_some;

const CHUNK_BYTES: usize = 64 << 10;

pub(super) struct Window<'a> {
    input: Box<dyn Read + Send + 'a>,
    buffer: Vec<u8>,
    /// the front of what is needed
    start: usize,
    filled: usize,
    pub(super) ended: bool,
    /// where `start` stands in the source
    pub(super) offset: u64,
}

impl<'a> Window<'a> {
    pub(super) fn new(input: Box<dyn Read + Send + 'a>, offset: u64) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: 0,
            filled: 0,
            ended: false,
            offset,
        }
    }

    /// What is held, from the mark on.
    pub(super) fn held(&self) -> &[u8] {
        self.buffer.get(self.start..self.filled).unwrap_or_default()
    }

    /// The `length` bytes before the mark; they are there until the next [`Self::fill`].
    pub(super) fn before(&self, length: usize) -> &[u8] {
        let from = self.start.saturating_sub(length);
        self.buffer.get(from..self.start).unwrap_or_default()
    }

    /// Moves the mark.
    pub(super) fn consume(&mut self, length: usize) {
        self.start = (self.start + length).min(self.filled);
        self.offset += length as u64;
    }

    /// Reads more behind what is held; sets [`Self::ended`] when there is no more.
    pub(super) fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.filled + CHUNK_BYTES {
            // By half, so that a long row is not copied again for every chunk.
            let wanted = self.filled + (self.filled / 2).max(CHUNK_BYTES);
            self.buffer.resize(wanted, 0);
        }
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let count = read_some(&mut self.input, room)?;
        self.filled += count;
        self.ended = count == 0;
        Ok(())
    }
}
