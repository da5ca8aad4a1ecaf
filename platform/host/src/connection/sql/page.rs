//! Rows of a query on their way to pages: one JSON object per line, cut at a row's end.
//!
//! Invariants: a page has at most [`PAGE_BYTES`] unless one row is longer, and no row is longer than
//! [`MAX_ROW_BYTES`]; at most two pages wait, so a slow reader holds the database back.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::json;
use crate::connection::credential::Redactor;
use crate::rows::{MAX_ROW_BYTES, PAGE_BYTES};

/// A page of narrow rows is cut here, so that checkpoints are not far apart.
const PAGE_ROWS: u32 = 10_000;
/// Pages that wait for their reader.
const WAITING: usize = 1;

/// Whole rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct SqlPage {
    pub(crate) rows: u32,
    /// NDJSON
    pub(crate) bytes: Bytes,
    /// what stands for the last row in a page without rows: a read of changes has come that far
    pub(crate) mark: Option<Bytes>,
}

pub(crate) type PageSender = mpsc::Sender<Result<SqlPage, Problem>>;

/// A session for a read; none if nobody waits any more, or if its failure was told.
pub(super) async fn opened<S>(
    sender: &PageSender,
    open: impl Future<Output = Result<S, Problem>>,
) -> Option<S> {
    let session = tokio::select! {
        () = sender.closed() => return None,
        session = open => session,
    };
    match session {
        Ok(session) => Some(session),
        Err(problem) => {
            let _ = sender.send(Err(problem)).await;
            None
        }
    }
}

/// Reads as long as somebody waits for it, else does `stop`; a failure is told behind the pages.
pub(super) async fn awaited(
    sender: &PageSender,
    reading: impl Future<Output = Result<(), Problem>>,
    stop: impl Future<Output = ()>,
) {
    tokio::select! {
        biased;
        () = sender.closed() => stop.await,
        result = reading => if let Err(problem) = result {
            let _ = sender.send(Err(problem)).await;
        }
    }
}

/// The rows of a query that runs beside its reader. Dropping it ends the query at the server.
pub(crate) struct SqlRows {
    first: Option<SqlPage>,
    pages: mpsc::Receiver<Result<SqlPage, Problem>>,
    redactor: Option<Arc<Redactor>>,
}

impl SqlRows {
    /// `work` sends pages, and ends when nobody wants them any more. Returns when there is a first
    /// page, or none: so a statement that fails does so here.
    pub(crate) async fn start<F>(work: impl FnOnce(PageSender) -> F) -> Result<Self, Problem>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, mut pages) = mpsc::channel(WAITING);
        let witness = sender.clone();
        let working = tokio::spawn(work(sender));
        tokio::spawn(async move {
            // work that broke down must not look like work that came to its end
            if working.await.is_err() {
                let detail = "reading what the database sent broke down";
                let _ = witness
                    .send(Err(Problem::new(ErrorCode::SourceProtocol, detail)))
                    .await;
            }
        });
        let first = pages.recv().await.transpose()?;
        Ok(Self {
            first,
            pages,
            redactor: None,
        })
    }

    /// The same rows without our secrets.
    pub(crate) fn covered(mut self, redactor: &Arc<Redactor>) -> Self {
        self.redactor = Some(Arc::clone(redactor));
        self
    }

    /// Rows that are all here already.
    pub(crate) async fn of(pages: Vec<SqlPage>, broken: Option<Problem>) -> Result<Self, Problem> {
        Self::start(|sender| async move {
            for page in pages {
                if sender.send(Ok(page)).await.is_err() {
                    return;
                }
            }
            if let Some(problem) = broken {
                let _ = sender.send(Err(problem)).await;
            }
        })
        .await
    }

    pub(crate) async fn next(&mut self) -> Result<Option<SqlPage>, Problem> {
        let next = match self.first.take() {
            Some(page) => Some(Ok(page)),
            None => self.pages.recv().await,
        };
        match (next, &self.redactor) {
            (Some(Ok(mut page)), Some(redactor)) => {
                page.bytes = redactor.body(page.bytes, true);
                Ok(Some(page))
            }
            (Some(Err(mut problem)), Some(redactor)) => {
                problem.detail = redactor.text(&problem.detail);
                Err(problem)
            }
            (next, _) => next.transpose(),
        }
    }
}

/// Makes pages of rows, value by value.
pub(crate) struct PageWriter {
    /// `"name":` of each column
    names: Vec<Vec<u8>>,
    buffer: Vec<u8>,
    rows: u32,
    row_start: usize,
    column: usize,
}

impl PageWriter {
    /// # Errors
    /// Two columns of one name: one of them would be lost.
    pub(crate) fn new<'a>(columns: impl Iterator<Item = &'a str>) -> Result<Self, Problem> {
        let mut names: Vec<Vec<u8>> = Vec::new();
        for column in columns {
            let mut name = Vec::new();
            json::text(&mut name, column);
            name.push(b':');
            if names.contains(&name) {
                let detail = format!("the query has two columns of the name {column:?}");
                let problem = Problem::new(ErrorCode::ConfigInvalid, detail);
                return Err(problem.hint("give one of them another name with AS"));
            }
            names.push(name);
        }
        Ok(Self {
            names,
            buffer: Vec::new(),
            rows: 0,
            row_start: 0,
            column: 0,
        })
    }

    /// Where the value of a column is to be written that this row has, and others may not.
    pub(crate) fn field(&mut self, name: &str) -> &mut Vec<u8> {
        self.buffer.push(if self.column == 0 { b'{' } else { b',' });
        json::text(&mut self.buffer, name);
        self.buffer.push(b':');
        self.column += 1;
        &mut self.buffer
    }

    /// Where the next column's value is to be written.
    pub(crate) fn value(&mut self) -> &mut Vec<u8> {
        self.buffer.push(if self.column == 0 { b'{' } else { b',' });
        let name = self.names.get(self.column).map_or(&[][..], Vec::as_slice);
        self.buffer.extend_from_slice(name);
        self.column += 1;
        &mut self.buffer
    }

    /// Ends the row; gives a page if one is full.
    pub(crate) fn end_row(&mut self) -> Result<Option<SqlPage>, Problem> {
        if self.column == 0 {
            self.buffer.push(b'{');
        }
        self.buffer.extend_from_slice(b"}\n");
        self.column = 0;
        if self.buffer.len() - self.row_start > MAX_ROW_BYTES {
            let detail = format!("a row has more than {MAX_ROW_BYTES} bytes");
            let problem = Problem::new(ErrorCode::RowTooLarge, detail);
            return Err(problem.hint("leave large columns out"));
        }
        let mut page = None;
        if self.buffer.len() > PAGE_BYTES && self.rows > 0 {
            let last = self.buffer.split_off(self.row_start);
            page = Some(self.cut());
            self.buffer = last;
        }
        self.rows += 1;
        self.row_start = self.buffer.len();
        if page.is_none() && (self.buffer.len() >= PAGE_BYTES || self.rows >= PAGE_ROWS) {
            page = Some(self.cut());
        }
        Ok(page)
    }

    /// What is left at the end.
    pub(crate) fn finish(mut self) -> Option<SqlPage> {
        self.rest()
    }

    /// The rows that wait for their page to be full.
    pub(crate) fn rest(&mut self) -> Option<SqlPage> {
        (self.rows > 0).then(|| self.cut())
    }

    fn cut(&mut self) -> SqlPage {
        let page = SqlPage {
            rows: self.rows,
            bytes: Bytes::from(std::mem::take(&mut self.buffer)),
            mark: None,
        };
        self.rows = 0;
        self.row_start = 0;
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &[usize]) -> Vec<SqlPage> {
        let mut writer = PageWriter::new(["a", "b\"c"].into_iter()).unwrap();
        let mut pages = Vec::new();
        for length in rows {
            writer.value().extend_from_slice(b"1");
            json::text(writer.value(), &"x".repeat(*length));
            pages.extend(writer.end_row().unwrap());
        }
        pages.extend(writer.finish());
        pages
    }

    #[test]
    fn pages_end_at_rows_and_keep_their_size() {
        let pages = written(&[1, 2]);
        assert_eq!(pages.len(), 1);
        assert_eq!(
            pages[0].bytes.as_ref(),
            b"{\"a\":1,\"b\\\"c\":\"x\"}\n{\"a\":1,\"b\\\"c\":\"xx\"}\n"
        );
        assert!(written(&[]).is_empty());
        let large = PAGE_BYTES * 3 / 4;
        let pages = written(&[large, large, 5, PAGE_BYTES * 2, 7]);
        let rows: Vec<u32> = pages.iter().map(|page| page.rows).collect();
        assert_eq!(rows.iter().sum::<u32>(), 5);
        assert_eq!(rows, [1, 2, 1, 1]);
        for page in &pages {
            assert!(page.bytes.ends_with(b"}\n"));
            let lines = page.bytes.split(|byte| *byte == b'\n').count() - 1;
            assert_eq!(lines, page.rows as usize);
            assert!(page.bytes.len() <= PAGE_BYTES || page.rows == 1);
        }
        let many = written(&vec![0; 25_000]);
        let rows: Vec<u32> = many.iter().map(|page| page.rows).collect();
        assert_eq!(rows, [10_000, 10_000, 5_000]);
    }

    #[test]
    fn a_row_that_is_too_long_and_a_name_twice_are_refused() {
        let mut writer = PageWriter::new(["a"].into_iter()).unwrap();
        json::text(writer.value(), &"x".repeat(MAX_ROW_BYTES));
        assert_eq!(writer.end_row().unwrap_err().code, ErrorCode::RowTooLarge);
        let twice = PageWriter::new(["a", "b", "a"].into_iter());
        assert_eq!(twice.err().unwrap().code, ErrorCode::ConfigInvalid);
    }
}
