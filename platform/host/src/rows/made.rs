//! Files for tests: in pieces, endless ones that exist only while they are read, ones that break off.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{ByteReader, Cut, RowSource};
use crate::connection::{FileReader, StoredFile};
use crate::limits::Hold;

/// What stands in the middle of a file.
pub(crate) enum Then {
    /// nothing more: the file is complete
    End,
    /// it cannot be read on, and who asks again hears that it is over
    Failure,
    /// the other side says nothing more
    Silence,
}

/// A file out of `chunks`, and what comes then.
pub(crate) fn file(chunks: impl Iterator<Item = Bytes> + Send + 'static, then: Then) -> ByteReader {
    let chunks = stream::iter(chunks.map(Ok));
    let bytes = match then {
        Then::End => chunks.boxed(),
        Then::Failure => {
            let problem = Problem::new(ErrorCode::ConnectionUnreachable, "the line is dead");
            chunks.chain(stream::iter([Err(problem)])).boxed()
        }
        Then::Silence => chunks.chain(stream::pending()).boxed(),
    };
    let file = FileReader::Stored(StoredFile { size: 0, bytes });
    ByteReader::file(file, Hold::default(), 0, Arc::default())
}

/// `bytes` in pieces of `size`.
pub(crate) fn pieces(bytes: &[u8], size: usize, then: Then) -> ByteReader {
    let pieces: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    file(pieces.into_iter(), then)
}

/// `front`, then `pattern` over and over for at least `middle` bytes, then `back`.
pub(crate) fn lazy(front: &[u8], pattern: &[u8], middle: u64, back: &[u8]) -> ByteReader {
    let block = Bytes::from(pattern.repeat((64 << 10) / pattern.len() + 1));
    let count = usize::try_from(middle.div_ceil(block.len() as u64)).unwrap();
    let around = |bytes: &[u8]| std::iter::once(Bytes::copy_from_slice(bytes));
    let blocks = std::iter::repeat_n(block, count);
    let chunks = around(front).chain(blocks).chain(around(back));
    file(chunks.filter(|chunk| !chunk.is_empty()), Then::End)
}

/// The next page; signs of life are passed over.
pub(crate) async fn page(rows: &mut RowSource) -> Result<Option<Cut>, Problem> {
    loop {
        match rows.next_page().await {
            Ok(Some(cut)) if cut.bytes.is_empty() => {}
            other => return other,
        }
    }
}

/// The same, if it comes soon.
pub(crate) async fn soon(rows: &mut RowSource) -> Option<Result<Option<Cut>, Problem>> {
    tokio::time::timeout(Duration::from_millis(100), page(rows))
        .await
        .ok()
}
