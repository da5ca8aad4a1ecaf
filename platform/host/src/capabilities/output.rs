//! `output`: pages and checkpoints on their way to the sink. The queue is short, so a slow sink
//! holds the guest back; checkpoints keep their place between the pages.

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::oneshot;
use tributary_formats::page::Page;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;
use tributary_model::rows::{RowFormat, RowPosition};
use wasmtime::component::Resource;

use super::io::Rows;
use crate::bindings::contract::output::{Host, Piped};
use crate::bindings::contract::types::{Batch, Error, Position};
use crate::session::Guest;

/// Largest checkpoint, bytes.
const MAX_STATE_BYTES: usize = 1 << 20;
/// Checkpoints that a read may make beyond two for each page: each is written to the ledger.
const SPARE_CHECKPOINTS: u64 = 1_000;
/// Largest batch that a guest makes itself, bytes and rows.
const MAX_BATCH_BYTES: usize = 4 << 20;
const MAX_BATCH_ROWS: u32 = 10_000;
/// Longest name of a source that is kept, characters.
const MAX_SOURCE_CHARS: usize = 1_000;

/// Checkpoints that one plan may drop.
const MAX_FORGOTTEN: usize = 100_000;

/// What goes to the sink, in order.
pub(crate) enum SinkItem {
    Page(Page),
    Checkpoint(Value),
    /// answered when all before it is durable
    Flush(oneshot::Sender<()>),
}

impl Guest {
    /// Waits for room in the queue: that wait is the back-pressure and has no limit of its own
    /// (the call's wall time has).
    async fn hand_over(&mut self, item: SinkItem) -> Result<(), Problem> {
        let Some(sink) = &self.sink else {
            let detail = "rows can only be handed over while reading";
            return Err(Problem::new(ErrorCode::ConnectorFailed, detail));
        };
        if let SinkItem::Page(page) = &item {
            self.stats.pages += 1;
            self.stats.rows += u64::from(page.rows);
            self.stats.bytes += page.bytes.len() as u64;
            self.meter.credit(page.bytes.len());
        } else if matches!(item, SinkItem::Checkpoint(_)) {
            self.stats.checkpoints += 1;
        }
        sink.send(item).await.map_err(|_| gone())
    }

    async fn flush_all(&mut self) -> Result<(), Problem> {
        if self.call.connection.only_looks() {
            return Err(gone());
        }
        let (done, durable) = oneshot::channel();
        self.hand_over(SinkItem::Flush(done)).await?;
        durable.await.map_err(|_| gone())
    }

    /// Notes a key for the plan that is being made.
    fn note_forgotten(&mut self, key: String) -> Result<(), Problem> {
        if self.sink.is_some() {
            let detail =
                "checkpoints are forgotten while partitions are planned, not while one is read";
            return Err(Problem::new(ErrorCode::ConnectorFailed, detail));
        }
        if self.forgotten.len() >= MAX_FORGOTTEN {
            let detail = format!("more than {MAX_FORGOTTEN} checkpoints were forgotten at once");
            return Err(Problem::new(ErrorCode::ConnectorLimit, detail));
        }
        self.forgotten.push(key);
        Ok(())
    }

    /// Rows go where the run asked for rows, and nowhere else.
    fn check_stream(&self, stream: &str) -> Result<(), Problem> {
        match &self.stream {
            Some(asked) if asked != stream => {
                let stream = shorten(stream, MAX_SOURCE_CHARS);
                let detail = format!("rows of the stream {stream:?} came, {asked:?} is read");
                Err(Problem::new(ErrorCode::ConnectorFailed, detail))
            }
            _ => Ok(()),
        }
    }

    async fn pipe_pages(
        &mut self,
        stream: &str,
        handle: &Resource<Rows>,
        max_pages: u32,
    ) -> wasmtime::Result<Result<Piped, Problem>> {
        let limit = self.host_call_timeout;
        let mut piped = Piped {
            rows: 0,
            pages: 0,
            next: Position { line: 1, offset: 0 },
            ended: false,
            digest: None,
        };
        while piped.pages < max_pages.max(1) && !piped.ended {
            let rows = self.table.get_mut(handle)?;
            let cut = match rows.next_page(limit).await {
                Ok(cut) => cut,
                Err(problem) => return Ok(Err(problem)),
            };
            let rows = &mut rows.source;
            let RowPosition { line, offset } = rows.position();
            piped.next = Position { line, offset };
            let Some(cut) = cut else {
                piped.ended = true;
                piped.digest = rows.digest().await;
                break;
            };
            if let Err(problem) = self.check_stream(stream) {
                return Ok(Err(problem));
            }
            piped.pages += 1;
            if cut.bytes.is_empty() {
                continue; // a sign of life from a log that is read
            }
            piped.rows += u64::from(cut.rows);
            let page = Page {
                stream: stream.to_owned(),
                source: shorten(&cut.source, MAX_SOURCE_CHARS),
                format: cut.format,
                first: cut.first,
                rows: cut.rows,
                bytes: cut.bytes,
                columns: cut.columns,
            };
            if let Err(problem) = self.hand_over(SinkItem::Page(page)).await {
                return Ok(Err(problem));
            }
        }
        Ok(Ok(piped))
    }
}

fn gone() -> Problem {
    Problem::new(ErrorCode::RunCancelled, "the rows are not wanted any more")
}

/// A batch is as large as announced and no larger than allowed.
fn check_batch(batch: &Batch) -> Result<(), Problem> {
    let bytes = batch.data.len();
    if bytes > MAX_BATCH_BYTES || batch.rows > MAX_BATCH_ROWS {
        let detail = format!(
            "a batch of {} rows and {bytes} bytes; at most {MAX_BATCH_ROWS} and {MAX_BATCH_BYTES} are taken",
            batch.rows
        );
        return Err(Problem::new(ErrorCode::ConnectorLimit, detail));
    }
    let lines = batch
        .data
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    if batch.rows == 0 || lines.count() != batch.rows as usize {
        let detail = format!(
            "the batch announces {} rows and has another number of lines, or none",
            batch.rows
        );
        return Err(Problem::new(ErrorCode::ConnectorFailed, detail));
    }
    Ok(())
}

impl Host for Guest {
    async fn emit(&mut self, batch: Batch) -> wasmtime::Result<Result<(), Error>> {
        let checked = self
            .check_stream(&batch.stream)
            .and_then(|()| check_batch(&batch));
        if let Err(problem) = checked {
            return Ok(self.answer("output", Err(problem)));
        }
        let first = RowPosition {
            line: self.emitted_rows + 1,
            offset: self.emitted_bytes,
        };
        self.emitted_rows += u64::from(batch.rows);
        self.emitted_bytes += batch.data.len() as u64;
        let page = Page {
            source: batch.stream.clone(),
            stream: batch.stream,
            format: RowFormat::Ndjson,
            first,
            rows: batch.rows,
            bytes: Bytes::from(batch.data),
            columns: Vec::new(),
        };
        let result = self.hand_over(SinkItem::Page(page)).await;
        Ok(self.answer("output", result))
    }

    async fn pipe(
        &mut self,
        stream: String,
        rows: Resource<Rows>,
        max_pages: u32,
    ) -> wasmtime::Result<Result<Piped, Error>> {
        let piped = self.pipe_pages(&stream, &rows, max_pages).await?;
        Ok(self.answer("output", piped))
    }

    async fn checkpoint(&mut self, state: String) -> wasmtime::Result<Result<(), Error>> {
        if state.len() > MAX_STATE_BYTES {
            let detail = format!(
                "the checkpoint has {} bytes, at most {MAX_STATE_BYTES} are kept",
                state.len()
            );
            let problem = Problem::new(ErrorCode::ConnectorLimit, detail);
            return Ok(self.answer("output", Err(problem)));
        }
        let most = SPARE_CHECKPOINTS + 2 * self.stats.pages;
        if self.stats.checkpoints >= most {
            let detail = format!(
                "more than {most} checkpoints for {} pages",
                self.stats.pages
            );
            let problem = Problem::new(ErrorCode::ConnectorLimit, detail);
            return Ok(self.answer("output", Err(problem)));
        }
        let result = match serde_json::from_str(&state) {
            Ok(state) => self.hand_over(SinkItem::Checkpoint(state)).await,
            Err(error) => Err(Problem::new(
                ErrorCode::ConnectorFailed,
                format!("the checkpoint is not JSON: {error}"),
            )),
        };
        Ok(self.answer("output", result))
    }

    async fn flush(&mut self) -> wasmtime::Result<Result<(), Error>> {
        let result = self.flush_all().await;
        Ok(self.answer("output", result))
    }

    async fn forget(&mut self, key: String) -> wasmtime::Result<Result<(), Error>> {
        let result = self.note_forgotten(key);
        Ok(self.answer("output", result))
    }
}
