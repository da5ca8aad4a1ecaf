//! Brings the chunks of a reader to a decoder, which reads in the blocking way on a thread of its own.
//!
//! Invariants: a decoder has a thread only while someone waits for what it makes, so that an open file costs
//! none; two chunks wait for it at the most; a reader that was given up is an error to the decoder and never
//! the end of the file.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use tokio::sync::mpsc;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::ByteReader;

const WAITING_CHUNKS: usize = 2;

/// The end on which bytes come.
pub(super) struct Feed {
    /// gone when there is no more to bring
    chunks: Option<mpsc::Sender<io::Result<Bytes>>>,
    received: u64,
}

/// The decoder's end: all bytes in order. An empty chunk stands for the end of the file.
pub(super) struct Chunks {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
    over: bool,
}

/// Both ends.
pub(super) fn feed() -> (Feed, Chunks) {
    let (sender, receiver) = mpsc::channel(WAITING_CHUNKS);
    let feed = Feed {
        chunks: Some(sender),
        received: 0,
    };
    let chunks = Chunks {
        chunks: receiver,
        rest: Bytes::new(),
        over: false,
    };
    (feed, chunks)
}

impl Feed {
    /// Bytes that the reader gave so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Does `work` on a thread and brings it what `reader` has until it is done.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        reader: &mut ByteReader,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let mut work = tokio::task::spawn_blocking(work);
        let mut failed = None;
        let done = loop {
            let Some(chunks) = self.chunks.clone() else {
                break (&mut work).await;
            };
            let place = tokio::select! {
                biased;
                done = &mut work => break done,
                place = chunks.reserve() => place,
            };
            // a decoder that wants no more has given up its end
            let Ok(place) = place else {
                self.chunks = None;
                continue;
            };
            match reader.next().await {
                Ok(Some(chunk)) => {
                    self.received += chunk.len() as u64;
                    place.send(Ok(chunk));
                }
                Ok(None) => {
                    place.send(Ok(Bytes::new()));
                    self.chunks = None;
                }
                Err(problem) => {
                    place.send(Err(io::Error::other("the file cannot be read on")));
                    self.chunks = None;
                    failed = Some(problem);
                }
            }
        };
        match failed {
            Some(problem) => Err(problem),
            None => done.map_err(|_| lost()),
        }
    }

    /// Reads what no decoder wanted, so that the file's size and digest are those of the whole.
    pub(super) async fn drain(&mut self, reader: &mut ByteReader) -> Result<(), Problem> {
        self.chunks = None;
        while let Some(chunk) = reader.next().await? {
            self.received += chunk.len() as u64;
        }
        Ok(())
    }
}

impl Read for Chunks {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !self.over {
            match self.chunks.blocking_recv() {
                Some(Ok(chunk)) => {
                    self.over = chunk.is_empty();
                    self.rest = chunk;
                }
                Some(Err(error)) => return Err(error),
                None => return Err(io::Error::other("the file was given up")),
            }
        }
        let length = room.len().min(self.rest.len());
        if let Some(room) = room.get_mut(..length) {
            self.rest.copy_to_slice(room);
        }
        Ok(length)
    }
}

/// Does work that needs no more bytes on a thread.
pub(super) async fn on_its_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|_| lost())
}

fn lost() -> Problem {
    Problem::new(ErrorCode::Internal, "the decoder's thread was lost")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::limits::Account;

    fn memory(bytes: &'static [u8]) -> ByteReader {
        let account = Arc::new(Account::default());
        ByteReader::memory(Bytes::from_static(bytes), account.hold(0).unwrap())
    }

    #[tokio::test]
    async fn a_decoder_gets_all_bytes_and_then_the_end() {
        let (mut feed, mut chunks) = feed();
        let mut reader = memory(b"abcdef");
        let read = move || {
            let mut part = [0; 4];
            chunks.read_exact(&mut part).unwrap();
            (chunks, part)
        };
        let (mut chunks, part) = feed.run(&mut reader, read).await.unwrap();
        assert_eq!(&part, b"abcd");
        let rest = feed.run(&mut reader, move || {
            let mut rest = Vec::new();
            chunks.read_to_end(&mut rest).map(|_| rest)
        });
        assert_eq!(rest.await.unwrap().unwrap(), b"ef");
        assert_eq!(feed.received(), 6);
    }

    #[tokio::test]
    async fn a_file_that_was_given_up_does_not_look_complete() {
        let (feed, mut chunks) = feed();
        drop(feed);
        let read = on_its_thread(move || chunks.read(&mut [0; 4])).await;
        assert!(read.unwrap().is_err());
    }

    #[tokio::test]
    async fn what_a_decoder_leaves_is_counted() {
        let (mut feed, chunks) = feed();
        drop(chunks);
        let mut reader = memory(b"abcdef");
        feed.run(&mut reader, || ()).await.unwrap();
        feed.drain(&mut reader).await.unwrap();
        assert_eq!(feed.received(), 6);
    }
}
