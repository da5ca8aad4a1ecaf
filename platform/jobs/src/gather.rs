//! Groups the rows of a partition (order lines to orders) once all of its pages are stored, and
//! makes batches of whole groups.
//!
//! Invariants: memory is bounded by the grouper's limit and one bucket; pages are immutable, so
//! doing it again after a crash makes the same batches under the same numbers.

use tributary_engine::cut::{BatchInput, GroupPacker, PackedBatch};
use tributary_engine::group::{Grouper, SpillDamaged, bucket_groups, buckets_for};
use tributary_engine::map;
use tributary_formats::rows::RowReader;
use tributary_lake::Layer;
use tributary_mapping::{Row, Worker};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::RowFormat;
use tributary_store::{Fenced, Lease, NewBatch, Page};

use crate::context::RunContext;
use crate::extract::new_batch;
use crate::objects::{self, Place};
use crate::services::{Services, store_problem};
use crate::spill::SpillFile;

/// Bytes of rows held before some are set aside.
const HELD_BYTES: usize = 24 << 20;

/// Batches committed at a time.
const COMMIT_BATCHES: usize = 20;

/// Groups partition `number`.
pub(crate) async fn run(
    services: &Services,
    context: &RunContext,
    lease: &Lease,
    number: u32,
) -> Result<Fenced<()>, Problem> {
    let pages = context
        .store
        .pages(&context.run.id, number)
        .await
        .map_err(|error| store_problem(&error))?;
    let Some(first) = pages.first() else {
        return Ok(Fenced::Done(()));
    };
    let (format, source) = (first.format.clone(), first.source.clone());
    let total: u64 = pages.iter().map(|page| page.bytes).sum();
    let spill_name = format!("{}/{number}", context.run.id);
    let mut gatherer = Gatherer {
        grouper: Grouper::new(buckets_for(total), HELD_BYTES),
        spill: SpillFile::new(&context.vault, spill_name),
        worker: map::worker(&context.plan, &format)?,
        key: Vec::new(),
    };
    for page in &pages {
        if page.format != format {
            return Err(mixed(page));
        }
        let bytes = objects::get(services, context, &page.object).await?;
        tokio::task::block_in_place(|| gatherer.take_page(page, &bytes))?;
        if context.cancel.is_cancelled() {
            return Ok(Fenced::Lost);
        }
    }
    let sink = BatchSink {
        services,
        context,
        lease,
        partition: number,
        source,
        next: 0,
        ready: Vec::new(),
    };
    make_batches(gatherer, format, sink).await
}

fn mixed(page: &Page) -> Problem {
    let detail = format!(
        "{} changes its columns in the middle; grouped rows must have the same columns",
        page.source
    );
    Problem::new(ErrorCode::CsvHeader, detail)
}

struct Gatherer<'a> {
    grouper: Grouper,
    spill: SpillFile<'a>,
    worker: Worker,
    key: Vec<u8>,
}

impl Gatherer<'_> {
    fn take_page(&mut self, page: &Page, bytes: &[u8]) -> Result<(), Problem> {
        let mut reader = RowReader::new(&page.format, page.first, bytes);
        while let Some(item) = reader.next() {
            let row = Row {
                position: item.position,
                bytes: &item.text,
            };
            self.key.clear();
            self.key.push(b'k');
            if self.worker.group_key(&row, &mut self.key).is_err() {
                // A row without a readable key is a record of its own: it waits for a
                // correction by itself and takes no other row with it.
                self.key.clear();
                self.key.extend_from_slice(b"?");
                self.key
                    .extend_from_slice(&item.position.offset.to_le_bytes());
            }
            let spilled = self.grouper.push(&self.key, item.position, item.raw);
            if let Some(spill) = spilled {
                self.spill.keep(spill.bucket, &spill.bytes)?;
            }
        }
        Ok(())
    }
}

/// Puts containers into the lake and their rows into the ledger.
struct BatchSink<'a> {
    services: &'a Services,
    context: &'a RunContext,
    lease: &'a Lease,
    partition: u32,
    source: String,
    next: u32,
    ready: Vec<NewBatch>,
}

async fn make_batches(
    gatherer: Gatherer<'_>,
    format: RowFormat,
    mut sink: BatchSink<'_>,
) -> Result<Fenced<()>, Problem> {
    let mut packer = GroupPacker::new(format);
    let mut spill = gatherer.spill;
    for (rest, bucket) in gatherer.grouper.finish().into_iter().zip(0_u16..) {
        let packed = tokio::task::block_in_place(|| {
            let mut chunks = spill.chunks(bucket)?;
            chunks.push(rest);
            pack_bucket(&chunks, &mut packer)
        })?;
        for batch in packed {
            if matches!(sink.keep(batch).await?, Fenced::Lost) {
                return Ok(Fenced::Lost);
            }
        }
    }
    if let Some(batch) = packer.take()
        && matches!(sink.keep(batch).await?, Fenced::Lost)
    {
        return Ok(Fenced::Lost);
    }
    sink.commit().await
}

fn pack_bucket(chunks: &[Vec<u8>], packer: &mut GroupPacker) -> Result<Vec<PackedBatch>, Problem> {
    let mut packed = Vec::new();
    let outcome: Result<(), SpillDamaged> = bucket_groups(chunks, |group| {
        packed.extend(packer.push(group));
        Ok(())
    });
    outcome.map_err(|error| Problem::new(ErrorCode::StorageFailed, error.to_string()))?;
    Ok(packed)
}

impl BatchSink<'_> {
    async fn keep(&mut self, batch: PackedBatch) -> Result<Fenced<()>, Problem> {
        let place = Place {
            partition: self.partition,
            number: self.next,
            epoch: self.lease.epoch,
        };
        let object = objects::put(
            self.services,
            self.context,
            Layer::Raw,
            place,
            "groups.zst",
            batch.bytes,
        )
        .await?;
        let input = BatchInput::Groups {
            object,
            source: self.source.clone(),
        };
        self.ready
            .push(new_batch(self.next, &input, batch.rows, batch.records)?);
        self.next += 1;
        if self.ready.len() >= COMMIT_BATCHES {
            return self.commit().await;
        }
        Ok(Fenced::Done(()))
    }

    async fn commit(&mut self) -> Result<Fenced<()>, Problem> {
        let batches = std::mem::take(&mut self.ready);
        let store = &self.context.store;
        let fenced = store.commit_grouped(self.lease, &batches).await;
        self.services.wake.notify_waiters();
        fenced.map_err(|error| store_problem(&error))
    }
}
