//! One record across runs: what the target holds, and the whole life line.

use sqlx::any::AnyRow;
use tributary_model::clock::UnixMillis;
use tributary_model::id::{RunId, Slug};
use tributary_model::issue::Issue;
use tributary_model::state::RecordState;

use super::encode;
use super::outcome::{BatchObjects, SentAt};
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::Record;
use crate::tenant::TenantStore;

/// What is known about a record from earlier runs.
///
/// If it ever reached the target, `content_hash` and `state` are those of the last time:
/// `delivered` means that the target holds this content, `uncertain` that it may. Otherwise they
/// are those of the last outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub key_hash: [u8; 32],
    pub content_hash: [u8; 32],
    pub state: RecordState,
    /// number of its last key; `None`: it was never sent
    pub resend: Option<u32>,
    /// number of the key with which `content_hash` reached the target, if it did
    pub held_resend: Option<u32>,
    /// when calls with that key left; `None`: before such times were kept
    pub sent: Option<SentAt>,
    /// the last run that read it
    pub run: RunId,
    /// its number
    pub run_no: u64,
}

fn sent_at(record: &Record<'_>) -> Result<Option<SentAt>, StoreError> {
    let last_ms = record.int_opt("last_sent_at")?;
    Ok(record.int_opt("sent_at")?.map(|first_ms| SentAt {
        first_ms,
        last_ms: last_ms.unwrap_or(first_ms),
    }))
}

/// One attempt at one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifeEntry {
    pub run: RunId,
    pub partition: u32,
    pub batch: u32,
    pub epoch: u64,
    pub ordinal: u32,
    pub key: String,
    pub content_hash: [u8; 32],
    pub state: RecordState,
    pub external_id: Option<String>,
    pub at_ms: UnixMillis,
    /// where the attempt's payloads are
    pub objects: BatchObjects,
    /// empty for an attempt that was redriven since: its issues went with it
    pub issues: Vec<Issue>,
}

/// Bytes of a long key that its fingerprint starts with.
const LONG_PREFIX: usize = 16;
/// Last byte of a long key's fingerprint; a short key has its length there, 0 to 31.
const LONG: u8 = u8::MAX;

/// The fingerprint of a record's key that the index uses. A key of at most 31 bytes is there as
/// it is, with its length in the last byte; a longer one by its first 16 bytes and 15 bytes of
/// its BLAKE3.
///
/// It keeps the order of keys on purpose: sources number their records upwards, so a batch lies
/// on few neighbouring pages of the index. With a plain hash each record dirties a page of its
/// own, which measured 3 to 4 times slower.
#[must_use]
pub fn record_key_hash(key: &str) -> [u8; 32] {
    let bytes = key.as_bytes();
    let mut out = [0_u8; 32];
    let long = bytes.len() >= out.len();
    let shown = if long { LONG_PREFIX } else { bytes.len() };
    for (slot, byte) in out.iter_mut().zip(bytes).take(shown) {
        *slot = *byte;
    }
    let mut last = u8::try_from(bytes.len()).unwrap_or(LONG);
    if long {
        last = LONG;
        let hash = blake3::hash(bytes);
        for (slot, byte) in out.iter_mut().skip(LONG_PREFIX).zip(hash.as_bytes()) {
            *slot = *byte;
        }
    }
    if let Some(slot) = out.last_mut() {
        *slot = last;
    }
    out
}

/// A packed position: run no, partition, batch, epoch, ordinal.
struct Place([i64; 5]);

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<i64> = text
            .split('.')
            .map(|part| part.parse().ok())
            .collect::<Option<_>>()?;
        Some(Self(numbers.try_into().ok()?))
    }
}

impl TenantStore {
    /// Which of these records were seen before, in any order. Ask for a batch at a time.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn records_seen(
        &self,
        integration: &Slug,
        key_hashes: &[[u8; 32]],
    ) -> Result<Vec<Seen>, StoreError> {
        if key_hashes.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.read().await?;
        let rows = sqlx::query(tx.dialect.records_seen())
            .bind(self.tenant().as_str())
            .bind(integration.as_str())
            .bind(key_hashes.concat())
            .bind(encode::counting(key_hashes.len()))
            .fetch_all(tx.conn())
            .await?;
        rows.iter()
            .map(|row| {
                let record = Record::new("record_index", row);
                Ok(Seen {
                    key_hash: record.hash("key_hash")?,
                    content_hash: record.hash("content_hash")?,
                    state: record.word("state", RecordState::parse)?,
                    resend: record.u32_opt("resend")?,
                    held_resend: record.u32_opt("held_resend")?,
                    sent: sent_at(&record)?,
                    run: record.run_id("run")?,
                    run_no: record.u64("run_no")?,
                })
            })
            .collect()
    }

    /// Every attempt at the record, the last first, at most `limit`; empty if it was never
    /// seen. `key_hash` is [`record_key_hash`] of the customer's key.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn record_life(
        &self,
        integration: &Slug,
        key_hash: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<LifeEntry>, StoreError> {
        let mut tx = self.read().await?;
        let head = sqlx::query(
            "select nullif(place, '') as place from record_index
             where tenant = $1 and integration = $2 and key_hash = $3",
        )
        .bind(self.tenant().as_str())
        .bind(integration.as_str())
        .bind(key_hash.to_vec())
        .fetch_optional(tx.conn())
        .await?;
        let mut next = head
            .map(|row| Record::new("record_index", &row).text_opt("place"))
            .transpose()?
            .flatten();
        let mut life = Vec::new();
        while let Some(text) = next
            && life.len() < limit as usize
        {
            let (entry, prev) = self.life_entry(&mut tx, &text).await?;
            life.push(entry);
            next = prev;
        }
        Ok(life)
    }

    async fn life_entry(
        &self,
        tx: &mut Tx,
        text: &str,
    ) -> Result<(LifeEntry, Option<String>), StoreError> {
        let Place([run_no, partition, batch, epoch, ordinal]) =
            Place::parse(text).ok_or_else(|| StoreError::Inconsistent {
                table: "run_record",
                column: "prev",
                value: text.to_owned(),
                expected: "five numbers",
            })?;
        let row = sqlx::query(
            "select o.*, r.id as run, a.processed, a.results, a.receipts, a.finished_at
             from run_record o
             join run r on r.tenant = o.tenant and r.no = o.run_no
             join batch_attempt a on a.tenant = o.tenant and a.run = r.id
                and a.partition = o.partition and a.batch = o.batch and a.epoch = o.epoch
             where o.tenant = $1 and o.run_no = $2 and o.partition = $3 and o.batch = $4
                and o.epoch = $5 and o.ordinal = $6",
        )
        .bind(self.tenant().as_str())
        .bind(run_no)
        .bind(partition)
        .bind(batch)
        .bind(epoch)
        .bind(ordinal)
        .fetch_optional(tx.conn())
        .await?
        .ok_or_else(|| StoreError::Dangling {
            table: "run_record",
            row: text.to_owned(),
        })?;
        let (mut entry, prev) = life_entry(&row)?;
        entry.issues = self.issues_of(tx, &entry).await?;
        Ok((entry, prev))
    }

    async fn issues_of(&self, tx: &mut Tx, entry: &LifeEntry) -> Result<Vec<Issue>, StoreError> {
        let rows = sqlx::query(
            "select issue from record_issue where tenant = $1 and run = $2 and partition = $3
                and batch = $4 and epoch = $5 and ordinal = $6 order by no",
        )
        .bind(self.tenant().as_str())
        .bind(entry.run.as_str())
        .bind(i64::from(entry.partition))
        .bind(i64::from(entry.batch))
        .bind(crate::row::to_i64("epoch", entry.epoch)?)
        .bind(i64::from(entry.ordinal))
        .fetch_all(tx.conn())
        .await?;
        rows.iter()
            .map(|row| Record::new("record_issue", row).json("issue"))
            .collect()
    }
}

fn life_entry(row: &AnyRow) -> Result<(LifeEntry, Option<String>), StoreError> {
    let record = Record::new("run_record", row);
    let entry = LifeEntry {
        run: record.run_id("run")?,
        partition: record.u32("partition")?,
        batch: record.u32("batch")?,
        epoch: record.u64("epoch")?,
        ordinal: record.u32("ordinal")?,
        key: record.text("key")?,
        content_hash: record.hash("content_hash")?,
        state: record.word("state", RecordState::parse)?,
        external_id: record.text_opt("external_id")?,
        at_ms: record.int("finished_at")?,
        objects: BatchObjects {
            processed: record.text_opt("processed")?,
            results: record.text_opt("results")?,
            receipts: record.text_opt("receipts")?,
        },
        issues: Vec::new(),
    };
    Ok((entry, record.text_opt("prev")?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn fingerprints_keep_order_and_never_meet() {
        let x31 = "x".repeat(31);
        let keys = [
            "",
            "\0",
            "\0\0",
            "1",
            "10",
            "1\0",
            "2",
            "a",
            "order-0001",
            "order-0002",
            &x31,
        ];
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        let mut by_print = keys.to_vec();
        by_print.sort_by_key(|key| record_key_hash(key));
        assert_eq!(by_print, sorted);

        let mut seen = BTreeSet::new();
        for len in 0..200 {
            let key = "y".repeat(len);
            assert!(seen.insert(record_key_hash(&key)), "{len}");
        }
        let (one, two) = (format!("{x31}{x31}a"), format!("{x31}{x31}b"));
        assert_ne!(record_key_hash(&one), record_key_hash(&two));
        // a short key cannot pretend to be a long one: its last byte is its length
        let long = record_key_hash(&one);
        assert_eq!(long[31], LONG);
        assert_eq!(record_key_hash("4711")[..5], *b"4711\0");
    }
}
