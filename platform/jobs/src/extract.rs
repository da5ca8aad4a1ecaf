//! Work of kind `extract`: reads one partition into raw pages, each committed with the state
//! that covers it, and cuts it into batches.
//!
//! Invariants: a page is in the lake before its row; pages and the checkpoint that covers them
//! are committed in one transaction, so after a crash the source is asked again only for what
//! was in flight. Pages hold the bytes as received. A read that ended because its time was nearly over
//! goes on behind its checkpoint under the next lease.

use async_trait::async_trait;
use serde_json::Value;
use tributary_engine::cut::{self, BatchInput};
use tributary_formats::page::Page;
use tributary_host::{PageSink, Selection};
use tributary_lake::Layer;
use tributary_model::document::LoadMode;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_store::{Fenced, Lease, NewBatch, NewPage, Partition};

use crate::batch::Unfinished;
use crate::context::RunContext;
use crate::drift;
use crate::gather;
use crate::objects::{self, Place};
use crate::progress::Progress;
use crate::services::{Services, store_problem};

/// Reads the lease's partition.
pub(crate) async fn run(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
) -> Result<Fenced<()>, Unfinished> {
    let number = lease.partition.unwrap_or(0);
    let partition = context
        .store
        .partition(&context.run.id, number)
        .await
        .map_err(|error| store_problem(&error))?
        .ok_or_else(|| missing(number))?;
    let progress = Progress::parse(partition.state.as_deref())?;
    if !progress.read_done {
        let read = read(services, context, lease, &partition, progress).await?;
        if matches!(read, Fenced::Lost) {
            return Ok(Fenced::Lost);
        }
    }
    if context.plan().grouping().is_some() {
        let grouped = gather::run(services, context, lease, number).await?;
        if matches!(grouped, Fenced::Lost) {
            return Ok(Fenced::Lost);
        }
    }
    context
        .store
        .commit_extract_done(lease, None)
        .await
        .map_err(|error| store_problem(&error).into())
}

fn missing(number: u32) -> Problem {
    Problem::new(
        ErrorCode::StorageFailed,
        format!("partition {number} of the run is not in the ledger"),
    )
}

async fn read(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
    partition: &Partition,
    progress: Progress,
) -> Result<Fenced<()>, Unfinished> {
    let stored = stored_pages(context, partition.no).await?;
    let selection = Selection {
        stream: context.integration.source.stream.clone(),
        incremental: context.run.mode == LoadMode::Incremental,
        partition: serde_json::from_str(&partition.descriptor).ok(),
        state: progress.checkpoint.clone(),
    };
    let mut keeper = PageKeeper {
        services,
        context,
        lease,
        next_page: stored.pages,
        next_batch: stored.batches,
        progress,
        pages: Vec::new(),
        batches: Vec::new(),
        batches_later: context.plan().grouping().is_some() || is_whole(partition),
        lost: false,
        looked_at: false,
    };
    let source = &context.source;
    let outcome = source
        .connector
        .read(&source.call, &source.config, &selection, &mut keeper)
        .await;
    if keeper.lost {
        return Ok(Fenced::Lost);
    }
    if let Err(problem) = outcome {
        return Err(Unfinished {
            goes_on: problem.code == ErrorCode::ConnectorOutOfTime
                && keeper.progress.checkpoint != selection.state,
            ..problem.into()
        });
    }
    keeper.progress.read_done = true;
    if is_whole(partition) && context.plan().grouping().is_none() {
        keeper.batches = all_batches(context, partition.no).await?;
    }
    match keeper.commit().await {
        Err(_) if keeper.lost => Ok(Fenced::Lost),
        outcome => Ok(Fenced::Done(outcome?)),
    }
}

/// Whether the connector asks that nothing of the partition is delivered before all of it was
/// read: a file that turns out to be cut off or replaced then does nothing at all.
fn is_whole(partition: &Partition) -> bool {
    let descriptor = serde_json::from_str(&partition.descriptor).unwrap_or(Value::Null);
    descriptor.get("whole") == Some(&Value::Bool(true))
}

/// The batches of all pages of a partition. The pages are in the ledger, so a worker that takes
/// over makes the same ones.
async fn all_batches(context: &RunContext, partition: u32) -> Result<Vec<NewBatch>, Problem> {
    let pages = context
        .store
        .pages(&context.run.id, partition)
        .await
        .map_err(|error| store_problem(&error))?;
    let mut batches = Vec::new();
    for page in pages {
        for (skip, take) in cut::ranges(u32::try_from(page.rows).unwrap_or(u32::MAX)) {
            let input = BatchInput::Page {
                object: page.object.clone(),
                source: page.source.clone(),
                format: page.format.clone(),
                first: page.first,
                skip,
                take,
            };
            let no = u32::try_from(batches.len()).unwrap_or(u32::MAX);
            batches.push(new_batch(no, &input, take, take)?);
        }
    }
    Ok(batches)
}

/// How many pages and batches of a partition are in the ledger; numbering goes on behind them.
struct Stored {
    pages: u32,
    batches: u32,
}

async fn stored_pages(context: &RunContext, partition: u32) -> Result<Stored, Problem> {
    let pages = context
        .store
        .pages(&context.run.id, partition)
        .await
        .map_err(|error| store_problem(&error))?;
    let batches = pages
        .iter()
        .map(|page| cut::ranges(u32::try_from(page.rows).unwrap_or(u32::MAX)).len())
        .sum::<usize>();
    Ok(Stored {
        pages: u32::try_from(pages.len()).unwrap_or(u32::MAX),
        batches: u32::try_from(batches).unwrap_or(u32::MAX),
    })
}

/// Takes pages from the host and commits them with the next checkpoint.
struct PageKeeper<'a> {
    services: &'a Services,
    context: &'a RunContext,
    lease: &'a Lease,
    next_page: u32,
    next_batch: u32,
    progress: Progress,
    pages: Vec<NewPage>,
    batches: Vec<NewBatch>,
    /// they are made when the partition was read to its end
    batches_later: bool,
    /// another worker has the partition now
    lost: bool,
    /// whether its first page has the names that it should have
    looked_at: bool,
}

#[async_trait]
impl PageSink for PageKeeper<'_> {
    async fn page(&mut self, page: Page) -> Result<(), Problem> {
        if !self.looked_at {
            drift::check(self.context, &page).await?;
            self.looked_at = true;
        }
        let parts = if self.context.plan().grouping().is_some() {
            vec![page]
        } else {
            cut::pages(page)
        };
        for part in parts {
            self.keep(part).await?;
        }
        Ok(())
    }

    async fn checkpoint(&mut self, state: Value) -> Result<(), Problem> {
        self.progress.checkpoint = Some(state);
        self.commit().await
    }
}

impl PageKeeper<'_> {
    async fn keep(&mut self, page: Page) -> Result<(), Problem> {
        let place = Place {
            partition: self.lease.partition.unwrap_or(0),
            number: self.next_page,
            epoch: self.lease.epoch,
        };
        self.next_page += 1;
        let bytes = page.bytes.len() as u64;
        let object = objects::put(
            self.services,
            self.context,
            Layer::Raw,
            place,
            "raw.zst",
            page.bytes,
        )
        .await?;
        if !self.batches_later {
            for (skip, take) in cut::ranges(page.rows) {
                let input = BatchInput::Page {
                    object: object.clone(),
                    source: page.source.clone(),
                    format: page.format.clone(),
                    first: page.first,
                    skip,
                    take,
                };
                self.batches
                    .push(new_batch(self.next_batch, &input, take, take)?);
                self.next_batch += 1;
            }
        }
        self.pages.push(NewPage {
            no: place.number,
            object,
            source: page.source,
            format: page.format,
            first: page.first,
            rows: u64::from(page.rows),
            bytes,
        });
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Problem> {
        let state = self.progress.text();
        let pages = std::mem::take(&mut self.pages);
        let batches = std::mem::take(&mut self.batches);
        let fenced = self
            .context
            .store
            .commit_pages(self.lease, &pages, Some(&state), &batches)
            .await
            .map_err(|error| store_problem(&error))?;
        self.services.wake.notify_waiters();
        if matches!(fenced, Fenced::Lost) {
            self.lost = true;
            return Err(Problem::new(
                ErrorCode::StorageFailed,
                "another worker took over this partition",
            ));
        }
        Ok(())
    }
}

/// A ledger row for a batch.
pub(crate) fn new_batch(
    no: u32,
    input: &BatchInput,
    rows: u32,
    records: u32,
) -> Result<NewBatch, Problem> {
    let input = serde_json::to_string(input)
        .map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    Ok(NewBatch {
        no,
        input,
        rows: u64::from(rows),
        records: u64::from(records),
    })
}
