//! Groups the rows of a partition (order lines to orders) once all of its pages are stored, and
//! makes batches of whole groups.
//!
//! Invariants: memory is bounded by the grouper's limit and one bucket; pages are immutable, so
//! doing it again after a crash makes the same batches under the same numbers. Rows that stand
//! together in the source have a way of their own, [`adjacent`].

use std::collections::BTreeSet;

use bytes::Bytes;
use tributary_engine::cut::{BatchInput, GroupPacker, PackedBatch};
use tributary_engine::group::{Grouper, SpillDamaged, bucket_groups, buckets_for};
use tributary_engine::map;
use tributary_formats::rows::RowReader;
use tributary_lake::Layer;
use tributary_mapping::document::GroupInput;
use tributary_mapping::{Row, Worker};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::rows::RowFormat;
use tributary_store::{Fenced, Lease, NewBatch, Page};

use crate::adjacent;
use crate::context::RunContext;
use crate::extract::new_batch;
use crate::objects::{self, Place};
use crate::services::{Services, store_problem};
use crate::spill::SpillFile;

/// Bytes of rows held before some are set aside.
const HELD_BYTES: usize = 24 << 20;

/// Batches committed at a time.
const COMMIT_BATCHES: usize = 20;

/// A grouped partition with its pages.
pub(crate) struct Partition<'a> {
    pub(crate) services: &'a Services,
    pub(crate) context: &'a RunContext,
    pub(crate) number: u32,
    pub(crate) pages: Vec<Page>,
    /// of all pages
    pub(crate) format: RowFormat,
}

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
    let (format, source) = (first.format.clone(), named(&pages));
    if let Some(page) = pages.iter().find(|page| page.format != format) {
        return Err(mixed(page));
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
    let partition = Partition {
        services,
        context,
        number,
        pages,
        format,
    };
    match context.plan().grouping().map(|grouping| grouping.input) {
        Some(GroupInput::Adjacent) => adjacent::run(&partition, sink).await,
        Some(GroupInput::Any) | None => any_order(&partition, sink).await,
    }
}

async fn any_order(
    partition: &Partition<'_>,
    mut sink: BatchSink<'_>,
) -> Result<Fenced<()>, Problem> {
    let mut gatherer = Gatherer {
        grouper: Grouper::new(buckets_for(partition.bytes()), HELD_BYTES),
        spill: partition.spill("rows"),
        keys: Keys::new(partition)?,
    };
    for page in &partition.pages {
        let bytes = partition.read(page).await?;
        tokio::task::block_in_place(|| gatherer.take_page(partition, page, &bytes))?;
    }
    let Gatherer { grouper, spill, .. } = gatherer;
    if matches!(
        sink.keep_all(partition, grouper, spill, whole).await?,
        Fenced::Lost
    ) {
        return Ok(Fenced::Lost);
    }
    sink.commit().await
}

/// The input of a batch whose groups are whole.
pub(crate) fn whole(object: String, source: String) -> BatchInput {
    BatchInput::Groups { object, source }
}

/// What the pages are of, for people: rows of one group may come from several places.
fn named(pages: &[Page]) -> String {
    let places: BTreeSet<&str> = pages.iter().map(|page| page.source.as_str()).collect();
    let first = pages.first().map_or("", |page| page.source.as_str());
    match places.len() {
        0 | 1 => first.to_owned(),
        many => format!("{first} and {} more", many - 1),
    }
}

fn mixed(page: &Page) -> Problem {
    let detail = format!(
        "{} changes its columns in the middle; grouped rows must have the same columns",
        page.source
    );
    Problem::new(ErrorCode::CsvHeader, detail)
}

impl<'a> Partition<'a> {
    pub(crate) fn bytes(&self) -> u64 {
        self.pages.iter().map(|page| page.bytes).sum()
    }

    /// A place for what leaves memory for a while; `what` keeps several of them apart.
    pub(crate) fn spill(&self, what: &str) -> SpillFile<'a> {
        let name = format!("{}/{}/{what}", self.context.run.id, self.number);
        SpillFile::new(&self.context.vault, name)
    }

    /// The page's bytes. A worker that is to stop drops the work here, between two pages.
    pub(crate) async fn read(&self, page: &Page) -> Result<Bytes, Problem> {
        objects::get(self.services, self.context, &page.object).await
    }

    pub(crate) fn rows<'b>(&'b self, page: &Page, bytes: &'b [u8]) -> RowReader<'b> {
        RowReader::new(&self.format, page.first, bytes)
    }
}

/// Reads group keys.
pub(crate) struct Keys {
    worker: Worker,
    key: Vec<u8>,
}

impl Keys {
    pub(crate) fn new(partition: &Partition<'_>) -> Result<Self, Problem> {
        Ok(Self {
            worker: map::worker(&partition.context.mapping.pinned, &partition.format)?,
            key: Vec::new(),
        })
    }

    /// The row's key; `None` if it cannot be read.
    pub(crate) fn of(&mut self, row: &Row<'_>) -> Option<&[u8]> {
        self.key.clear();
        self.worker.group_key(row, &mut self.key).ok()?;
        Some(&self.key)
    }
}

struct Gatherer<'a> {
    grouper: Grouper,
    spill: SpillFile<'a>,
    keys: Keys,
}

impl Gatherer<'_> {
    fn take_page(
        &mut self,
        partition: &Partition<'_>,
        page: &Page,
        bytes: &[u8],
    ) -> Result<(), Problem> {
        let mut reader = partition.rows(page, bytes);
        let mut tagged = Vec::new();
        while let Some(item) = reader.next() {
            let row = Row {
                position: item.position,
                bytes: &item.text,
            };
            tagged.clear();
            match self.keys.of(&row) {
                Some(key) => {
                    tagged.push(b'k');
                    tagged.extend_from_slice(key);
                }
                // A row without a readable key is a record of its own: it waits for a
                // correction by itself and takes no other row with it.
                None => {
                    tagged.push(b'?');
                    tagged.extend_from_slice(&item.position.offset.to_le_bytes());
                }
            }
            let spilled = self.grouper.push(&tagged, item.position, item.raw);
            if let Some(spill) = spilled {
                self.spill.keep(spill.bucket, &spill.bytes)?;
            }
        }
        Ok(())
    }
}

/// Puts containers into the lake and their rows into the ledger.
pub(crate) struct BatchSink<'a> {
    services: &'a Services,
    context: &'a RunContext,
    lease: &'a Lease,
    partition: u32,
    source: String,
    next: u32,
    ready: Vec<NewBatch>,
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
    /// Groups what `grouper` and `spill` hold and keeps it; `input` says what the batches are.
    pub(crate) async fn keep_all(
        &mut self,
        partition: &Partition<'_>,
        grouper: Grouper,
        mut spill: SpillFile<'_>,
        input: fn(String, String) -> BatchInput,
    ) -> Result<Fenced<()>, Problem> {
        let mut packer = GroupPacker::new(partition.format.clone());
        for (rest, bucket) in grouper.finish().into_iter().zip(0_u16..) {
            let packed = tokio::task::block_in_place(|| {
                let mut chunks = spill.chunks(bucket)?;
                chunks.push(rest);
                pack_bucket(&chunks, &mut packer)
            })?;
            if matches!(self.keep(packed, input).await?, Fenced::Lost) {
                return Ok(Fenced::Lost);
            }
        }
        self.keep(packer.take(), input).await
    }

    /// Keeps packed batches and commits them now and then.
    pub(crate) async fn keep(
        &mut self,
        packed: impl IntoIterator<Item = PackedBatch>,
        input: fn(String, String) -> BatchInput,
    ) -> Result<Fenced<()>, Problem> {
        for batch in packed {
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
            let input = input(object, self.source.clone());
            self.ready
                .push(new_batch(self.next, &input, batch.rows, batch.records)?);
            self.next += 1;
            if self.ready.len() >= COMMIT_BATCHES && matches!(self.commit().await?, Fenced::Lost) {
                return Ok(Fenced::Lost);
            }
        }
        Ok(Fenced::Done(()))
    }

    /// Writes what is not in the ledger yet.
    pub(crate) async fn commit(&mut self) -> Result<Fenced<()>, Problem> {
        let batches = std::mem::take(&mut self.ready);
        let store = &self.context.store;
        let fenced = store.commit_grouped(self.lease, &batches).await;
        self.services.wake.notify_waiters();
        fenced.map_err(|error| store_problem(&error))
    }
}
