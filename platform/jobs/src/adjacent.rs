//! Groups the rows of a partition whose mapping says that the rows of a group stand together.
//!
//! The pages are read twice: first for keys whose rows do not stand together, then for the
//! groups. Rows of such torn keys are set aside and become records that are quarantined as
//! `group_conflict`: half of an order is not sent.
//!
//! Invariants: as in [`crate::gather`]; memory is one open group, some keys and one page,
//! whatever the size of the source.

use std::collections::HashSet;

use tributary_engine::adjacent::{Fragments, KeyDigest, OpenGroup, digest, torn};
use tributary_engine::cut::{BatchInput, GroupPacker, PackedBatch};
use tributary_engine::group::{GroupedRow, Grouper, buckets_for};
use tributary_mapping::Row;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_store::{Fenced, Page};

use crate::gather::{BatchSink, Keys, Partition, whole};
use crate::spill::{SpillFile, fits};

/// Bytes of keys, and of torn rows, held before some are set aside.
const HELD_BYTES: usize = 4 << 20;

/// Torn groups of one partition; with more of them the mapping's word about the source is wrong.
const MOST_TORN: usize = 10_000;

/// Groups `partition`.
pub(crate) async fn run(
    partition: &Partition<'_>,
    mut sink: BatchSink<'_>,
) -> Result<Fenced<()>, Problem> {
    let mut stream = Stream {
        keys: Keys::new(partition)?,
        open: OpenGroup::default(),
        packer: GroupPacker::new(partition.format.clone()),
        torn: torn_keys(partition).await?,
        aside: Grouper::new(buckets_for(partition.bytes()), HELD_BYTES),
        spill: partition.spill("torn"),
    };
    for page in &partition.pages {
        let bytes = partition.read(page).await?;
        let packed = tokio::task::block_in_place(|| stream.take_page(partition, page, &bytes))?;
        if matches!(sink.keep(packed, whole).await?, Fenced::Lost) {
            return Ok(Fenced::Lost);
        }
    }
    let last = stream.close().into_iter().chain(stream.packer.take());
    if matches!(sink.keep(last, whole).await?, Fenced::Lost) {
        return Ok(Fenced::Lost);
    }
    let aside = sink
        .keep_all(partition, stream.aside, stream.spill, torn_input)
        .await?;
    if matches!(aside, Fenced::Lost) {
        return Ok(Fenced::Lost);
    }
    sink.commit().await
}

fn torn_input(object: String, source: String) -> BatchInput {
    BatchInput::TornGroups { object, source }
}

/// The keys whose rows do not stand together.
async fn torn_keys(partition: &Partition<'_>) -> Result<HashSet<KeyDigest>, Problem> {
    // A fragment may take twice the bytes of a short row.
    let buckets = buckets_for(partition.bytes().saturating_mul(2));
    let mut fragments = Fragments::new(buckets, HELD_BYTES);
    let mut spill = partition.spill("keys");
    let mut keys = Keys::new(partition)?;
    for page in &partition.pages {
        let bytes = partition.read(page).await?;
        tokio::task::block_in_place(|| {
            let mut reader = partition.rows(page, &bytes);
            while let Some(item) = reader.next() {
                let row = Row {
                    position: item.position,
                    bytes: &item.text,
                };
                let Some(key) = keys.of(&row) else { continue };
                if let Some(left) = fragments.row(key, item.position) {
                    spill.keep(left.bucket, &left.bytes)?;
                }
            }
            Ok::<(), Problem>(())
        })?;
    }
    tokio::task::block_in_place(|| {
        let mut found = HashSet::new();
        for (rest, bucket) in fragments.finish().into_iter().zip(0_u16..) {
            let mut chunks = spill.chunks(bucket)?;
            chunks.push(rest);
            torn(&chunks, &mut found, MOST_TORN + 1)
                .map_err(|error| Problem::new(ErrorCode::StorageFailed, error.to_string()))?;
        }
        if found.len() > MOST_TORN {
            return Err(not_adjacent(partition));
        }
        Ok(found)
    })
}

fn not_adjacent(partition: &Partition<'_>) -> Problem {
    let source = partition.pages.first().map_or("", |page| &page.source);
    let detail = format!(
        "the rows of more than {MOST_TORN} groups of {source} do not stand together, although the \
         mapping says so"
    );
    Problem::new(ErrorCode::GroupConflict, detail).hint(
        "say \"input\": \"any\" in the mapping's group, or sort the source by the group's key",
    )
}

struct Stream<'a> {
    keys: Keys,
    open: OpenGroup,
    packer: GroupPacker,
    torn: HashSet<KeyDigest>,
    /// rows of torn groups
    aside: Grouper,
    spill: SpillFile<'a>,
}

impl Stream<'_> {
    /// Takes the rows of a page; gives the batches that are full.
    fn take_page(
        &mut self,
        partition: &Partition<'_>,
        page: &Page,
        bytes: &[u8],
    ) -> Result<Vec<PackedBatch>, Problem> {
        let mut packed = Vec::new();
        let mut reader = partition.rows(page, bytes);
        while let Some(item) = reader.next() {
            let row = Row {
                position: item.position,
                bytes: &item.text,
            };
            let Some(key) = self.keys.of(&row) else {
                // A row without a readable key is a record of its own and ends no group.
                let alone = GroupedRow {
                    position: item.position,
                    raw: item.raw,
                };
                packed.extend(self.packer.push(&[alone]));
                continue;
            };
            if !self.torn.is_empty() && self.torn.contains(&digest(key)) {
                if let Some(left) = self.aside.push(key, item.position, item.raw) {
                    self.spill.keep(left.bucket, &left.bytes)?;
                }
                continue;
            }
            if !self.open.takes(key) {
                packed.extend(self.packer.push(&self.open.rows()));
                self.open.clear();
            }
            self.open.push(key, item.position, item.raw);
            fits(self.open.bytes())?;
        }
        Ok(packed)
    }

    /// Ends the open group.
    fn close(&mut self) -> Option<PackedBatch> {
        let rows = self.open.rows();
        if rows.is_empty() {
            return None;
        }
        let full = self.packer.push(&rows);
        self.open.clear();
        full
    }
}
