//! The runner's end of its pipes. It waits in place: a runner does one thing at a time.

use std::io::{BufReader, Read, Write};

use serde::Serialize;

use super::wire::{LENGTH_BYTES, frame};

/// Frames that are read at once, bytes; longer ones are read as they are.
const BUFFER_BYTES: usize = 64 << 10;

pub(super) struct Link {
    input: BufReader<Box<dyn Read + Send>>,
    output: Box<dyn Write + Send>,
}

impl Link {
    pub(super) fn new(input: Box<dyn Read + Send>, output: Box<dyn Write + Send>) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER_BYTES, input),
            output,
        }
    }

    /// The next frame; `None` if the platform closed the pipe.
    pub(super) fn receive(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut length = [0; LENGTH_BYTES];
        match self.input.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut frame = vec![0; u32::from_le_bytes(length) as usize];
        self.input.read_exact(&mut frame)?;
        Ok(Some(frame))
    }

    pub(super) fn send(&mut self, value: &impl Serialize) -> std::io::Result<()> {
        let frame = frame(value).map_err(std::io::Error::other)?;
        self.output.write_all(&frame)?;
        self.output.flush()
    }
}
