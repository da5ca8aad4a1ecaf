//! The bytes of a text as its pages have them: as received, or decoded on the way.
//!
//! Invariant: what damage there is in the file comes to light behind the rows before it; what went wrong on the
//! way (a lost connection, a file that changed) at once.

use bytes::{Buf as _, Bytes, BytesMut};
use tributary_formats::transcode::ChunkTranscoder;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::super::ByteReader;

/// See the module.
pub(crate) struct Text {
    pub(super) source: String,
    reader: ByteReader,
    /// bytes from the last cut on
    pub(super) buffer: BytesMut,
    /// no more will come
    pub(super) ended: bool,
    /// why not, if this is not the end of the file
    pub(super) failed: Option<Problem>,
    transcoding: Option<Transcoding>,
    /// bytes that the reader gave
    received: u64,
}

struct Transcoding {
    decoder: ChunkTranscoder,
    text: Vec<u8>,
    /// bytes of text that were read before
    pass_over: u64,
}

impl Text {
    pub(crate) fn new(source: String, reader: ByteReader) -> Self {
        Self {
            source,
            reader,
            buffer: BytesMut::new(),
            ended: false,
            failed: None,
            transcoding: None,
            received: 0,
        }
    }

    /// Reads until the buffer has `wanted` bytes or the text ends.
    pub(super) async fn fill(&mut self, wanted: usize) -> Result<(), Problem> {
        while self.buffer.len() < wanted && !self.ended {
            match self.reader.next().await {
                Ok(Some(chunk)) => {
                    self.received += chunk.len() as u64;
                    self.take(&chunk, false);
                }
                Ok(None) => {
                    self.ended = true;
                    self.take(b"", true);
                }
                Err(problem) if self.reader.is_packed() && is_damage(&problem) => {
                    self.fail(problem)
                }
                Err(problem) => {
                    self.fail(problem.clone());
                    return Err(problem);
                }
            }
        }
        Ok(())
    }

    /// From here on the text is decoded: also what is there, behind its first `skip` bytes. Of the decoded text
    /// `pass_over` bytes were read before.
    pub(super) fn transcode(&mut self, decoder: ChunkTranscoder, skip: usize, pass_over: u64) {
        let mut raw = self.buffer.split();
        raw.advance(skip.min(raw.len()));
        self.transcoding = Some(Transcoding {
            decoder,
            text: Vec::new(),
            pass_over,
        });
        self.take(&raw, self.ended);
    }

    fn take(&mut self, chunk: &[u8], last: bool) {
        let Some(transcoding) = &mut self.transcoding else {
            self.buffer.extend_from_slice(chunk);
            return;
        };
        transcoding.text.clear();
        let decoded = transcoding
            .decoder
            .decode(chunk, last, &mut transcoding.text);
        let passed = transcoding.pass_over.min(transcoding.text.len() as u64);
        transcoding.pass_over -= passed;
        let text = transcoding
            .text
            .get(usize::try_from(passed).unwrap_or(usize::MAX)..);
        self.buffer.extend_from_slice(text.unwrap_or_default());
        if let Err(fault) = decoded {
            let detail = format!("{}: {}", self.source, fault.message);
            self.fail(Problem::new(fault.code, detail));
        }
    }

    fn fail(&mut self, problem: Problem) {
        self.ended = true;
        self.failed.get_or_insert(problem);
    }

    /// Takes `length` bytes off the front.
    pub(super) fn cut(&mut self, length: u64) -> Bytes {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let length = length.min(self.buffer.len());
        self.buffer.split_to(length).freeze()
    }

    pub(super) async fn digest(&mut self) -> Option<String> {
        self.reader.digest().await
    }

    /// Bytes of the file, of which those of the pages are another form.
    pub(super) fn file_bytes(&self) -> Option<u64> {
        self.transcoding.is_some().then_some(self.received)
    }
}

/// The file is bad from there on, for everybody who reads it.
fn is_damage(problem: &Problem) -> bool {
    matches!(
        problem.code,
        ErrorCode::ArchiveInvalid
            | ErrorCode::EncodingInvalid
            | ErrorCode::FileTruncated
            | ErrorCode::InputTooLarge
    )
}
