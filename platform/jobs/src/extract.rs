//! Work of kind `extract`: reads one partition into raw pages, each committed with the state
//! that covers it, and cuts it into batches.
//!
//! Invariants: a page is in the lake before its row; pages and the checkpoint that covers them
//! are committed in one transaction, so after a crash the source is asked again only for what
//! was in flight. Pages hold the bytes as received.

use async_trait::async_trait;
use serde_json::Value;
use tributary_engine::cut::{self, BatchInput};
use tributary_formats::page::Page;
use tributary_host::call::{PageSink, Selection};
use tributary_lake::Layer;
use tributary_model::document::LoadMode;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_store::{Fenced, Lease, NewBatch, NewPage, Partition};

use crate::context::RunContext;
use crate::gather;
use crate::objects::{self, Place};
use crate::services::{Services, store_problem};

/// Reads the lease's partition.
pub(crate) async fn run(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
) -> Result<Fenced<()>, Problem> {
    let number = lease.partition.unwrap_or(0);
    let partition = context
        .store
        .partition(&context.run.id, number)
        .await
        .map_err(|error| store_problem(&error))?
        .ok_or_else(|| missing(number))?;
    if !partition.read_done {
        let read = read(services, context, lease, &partition).await?;
        if matches!(read, Fenced::Lost) {
            return Ok(Fenced::Lost);
        }
    }
    if context.plan.grouping().is_some() {
        let grouped = gather::run(services, context, lease, number).await?;
        if matches!(grouped, Fenced::Lost) {
            return Ok(Fenced::Lost);
        }
    }
    context
        .store
        .commit_extract_done(lease)
        .await
        .map_err(|error| store_problem(&error))
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
) -> Result<Fenced<()>, Problem> {
    let selection = Selection {
        stream: context.integration.source.stream.clone(),
        incremental: context.run.mode == LoadMode::Incremental,
        partition: serde_json::from_str(&partition.descriptor).ok(),
        state: partition
            .state
            .as_deref()
            .and_then(|state| serde_json::from_str(state).ok()),
    };
    let mut keeper = PageKeeper {
        services,
        context,
        lease,
        next_page: partition.pages,
        next_batch: partition.batches,
        pages: Vec::new(),
        batches: Vec::new(),
        lost: false,
    };
    let source = &context.source;
    let outcome = source
        .connector
        .read(&source.call, &source.config, &selection, &mut keeper)
        .await;
    if keeper.lost {
        return Ok(Fenced::Lost);
    }
    outcome?;
    keeper.commit(None, true).await?;
    Ok(if keeper.lost {
        Fenced::Lost
    } else {
        Fenced::Done(())
    })
}

/// Takes pages from the host and commits them with the next checkpoint.
struct PageKeeper<'a> {
    services: &'a Services,
    context: &'a RunContext,
    lease: &'a Lease,
    next_page: u32,
    next_batch: u32,
    pages: Vec<NewPage>,
    batches: Vec<NewBatch>,
    /// another worker has the partition now
    lost: bool,
}

#[async_trait]
impl PageSink for PageKeeper<'_> {
    async fn page(&mut self, page: Page) -> Result<(), Problem> {
        let parts = if self.context.plan.grouping().is_some() {
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
        self.commit(Some(state.to_string()), false).await
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
        if self.context.plan.grouping().is_none() {
            for (skip, take) in cut::ranges(page.rows) {
                let input = BatchInput::Page {
                    object: object.clone(),
                    source: page.source.clone(),
                    format: page.format.clone(),
                    first: page.first,
                    skip,
                    take,
                };
                self.batches.push(new_batch(self.next_batch, &input, take, take)?);
                self.next_batch += 1;
            }
        }
        self.pages.push(NewPage {
            no: place.number,
            object,
            source: page.source,
            format: page.format,
            first: page.first,
            rows: page.rows,
            bytes,
        });
        Ok(())
    }

    async fn commit(&mut self, state: Option<String>, read_done: bool) -> Result<(), Problem> {
        let pages = std::mem::take(&mut self.pages);
        let batches = std::mem::take(&mut self.batches);
        let fenced = self
            .context
            .store
            .commit_pages(self.lease, pages, state, batches, read_done)
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
        rows,
        records,
    })
}
