//! SHA-256 of a file while it is read, on another thread than the one that looks for rows: hashing
//! takes about as long as finding them.
//!
//! Invariants: at most two batches of [`BATCH_BYTES`] (and a chunk each) are held; a small file is
//! hashed where it is read. Deliberately absent: a thread that waits for a slow server; each batch is
//! a task of its own.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use tokio::task::JoinHandle;

/// Bytes that are worth a task.
const BATCH_BYTES: usize = 512 << 10;

/// See the module.
pub(crate) struct Digest {
    state: State,
    batch: Vec<Bytes>,
    batch_bytes: usize,
}

enum State {
    Idle(Box<Context>),
    Busy(JoinHandle<Box<Context>>),
    /// a task was lost with the runtime: there is no digest
    Lost,
}

impl Digest {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Idle(Box::new(Context::new(&SHA256))),
            batch: Vec::new(),
            batch_bytes: 0,
        }
    }

    /// Takes the next bytes; waits only while the batch before is still being hashed.
    pub(crate) async fn update(&mut self, chunk: Bytes) {
        self.batch_bytes += chunk.len();
        self.batch.push(chunk);
        if self.batch_bytes < BATCH_BYTES {
            return;
        }
        self.settle().await;
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        self.state = match std::mem::replace(&mut self.state, State::Lost) {
            State::Idle(context) => {
                State::Busy(tokio::task::spawn_blocking(move || hashed(context, &batch)))
            }
            other => other,
        };
    }

    /// Hexadecimal.
    pub(crate) async fn finish(mut self) -> Option<String> {
        self.settle().await;
        let State::Idle(context) = self.state else {
            return None;
        };
        let context = hashed(context, &self.batch);
        Some(HEXLOWER.encode(context.finish().as_ref()))
    }

    /// Waits for the batch before. May be dropped and called again.
    async fn settle(&mut self) {
        if let State::Busy(task) = &mut self.state {
            self.state = task.await.map_or(State::Lost, State::Idle);
        }
    }
}

fn hashed(mut context: Box<Context>, batch: &[Bytes]) -> Box<Context> {
    for chunk in batch {
        context.update(chunk);
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_of_any_size_give_the_digest_of_the_whole() {
        let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = aws_lc_rs::digest::digest(&SHA256, &bytes);
        let whole = HEXLOWER.encode(whole.as_ref());
        for size in [1 << 10, (255 << 10) + 1, 1 << 20, bytes.len()] {
            let mut digest = Digest::new();
            for piece in bytes.chunks(size) {
                digest.update(Bytes::copy_from_slice(piece)).await;
            }
            assert_eq!(digest.finish().await.as_ref(), Some(&whole), "{size}");
        }
        let empty = Digest::new().finish().await.unwrap();
        assert!(empty.starts_with("e3b0c44298fc1c14"), "{empty}");
    }
}
