//! A limit on the messages of a PostgreSQL server. The driver keeps a message until it is whole, and
//! a server may announce two gigabytes: here such a message is refused when its length is read.
//!
//! (PostgreSQL manual, "Message Formats": a byte that names the kind, then the length with itself.)

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of kind and length.
const HEADER: usize = 5;
/// Largest message: a row as it comes, which is larger or smaller than the row as JSON.
const MAX_MESSAGE: usize = 16 << 20;

/// What a link can be.
pub(super) trait Link: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Link for T {}

/// See the module.
pub(super) struct Limited {
    inner: Box<dyn Link>,
    header: [u8; HEADER],
    /// bytes of the header that are here
    known: usize,
    /// bytes of the message that are still to come
    rest: usize,
}

impl Limited {
    pub(super) fn new(inner: Box<dyn Link>) -> Self {
        Self {
            inner,
            header: [0; HEADER],
            known: 0,
            rest: 0,
        }
    }

    fn look(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while let Some((first, tail)) = bytes.split_first() {
            if self.rest > 0 {
                let (_, tail) = bytes.split_at(self.rest.min(bytes.len()));
                self.rest -= bytes.len() - tail.len();
                bytes = tail;
                continue;
            }
            if let Some(place) = self.header.get_mut(self.known) {
                *place = *first;
            }
            self.known += 1;
            bytes = tail;
            if self.known == HEADER {
                let [_, a, b, c, d] = self.header;
                let length = u32::from_be_bytes([a, b, c, d]) as usize;
                self.known = 0;
                self.rest = length.saturating_sub(HEADER - 1);
                if self.rest > MAX_MESSAGE {
                    let detail = format!(
                        "a row or message of {} bytes came, at most {MAX_MESSAGE} are taken",
                        self.rest
                    );
                    return Err(Error::new(ErrorKind::InvalidData, detail));
                }
            }
        }
        Ok(())
    }
}

impl AsyncRead for Limited {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let came = buffer.filled().get(before..).unwrap_or_default();
        Poll::Ready(self.look(came))
    }
}

impl AsyncWrite for Limited {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: u32) -> Vec<u8> {
        let mut bytes = vec![b'D'];
        bytes.extend((length + 4).to_be_bytes());
        bytes.extend(std::iter::repeat_n(7, length.min(1_000) as usize));
        bytes
    }

    #[test]
    fn messages_pass_in_any_pieces_and_one_too_long_does_not() {
        let stream: Vec<u8> = [0, 1, 999, 5].iter().flat_map(|n| message(*n)).collect();
        for size in [1, 2, 3, 7, 64, stream.len()] {
            let mut limited = Limited::new(Box::new(tokio::io::empty()));
            for piece in stream.chunks(size) {
                limited.look(piece).unwrap();
            }
            assert_eq!((limited.known, limited.rest), (0, 0), "{size}");
            let refused = limited.look(&message(u32::try_from(MAX_MESSAGE).unwrap() + 1));
            assert!(refused.unwrap_err().to_string().contains("at most"));
        }
    }
}
