//! Groups rows that stand together in the source, with one group open at a time.
//!
//! Two passes over the rows. The first, [`Fragments`], finds the keys whose rows do *not* all stand
//! together: such a key is torn, and none of its rows may go on, because half of an order is not
//! an order. The second collects each group in [`OpenGroup`] and lets go of it when the next key
//! comes.
//!
//! Invariants: memory is one group, and for the first pass what the caller lets [`Fragments`]
//! hold; a key is torn exactly when [`crate::group`] would have put rows of several places into
//! one group. Deliberately absent: what becomes of torn groups (`map`), files and encryption.

use std::collections::HashSet;

use tributary_model::rows::RowPosition;

use crate::group::{GroupedRow, Grouper, Spill, SpillDamaged, bucket_groups};

/// Bytes of a key's digest: enough that two keys of one partition do not share it.
const DIGEST_BYTES: usize = 16;

/// Stands for a key.
pub type KeyDigest = [u8; DIGEST_BYTES];

/// The digest of `key`.
#[must_use]
pub fn digest(key: &[u8]) -> KeyDigest {
    let mut digest = [0; DIGEST_BYTES];
    let hash = blake3::hash(key);
    for (to, from) in digest.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    digest
}

/// The group whose rows are being read.
#[derive(Debug, Default)]
pub struct OpenGroup {
    key: Vec<u8>,
    bytes: Vec<u8>,
    /// position of each row and where it ends in `bytes`
    rows: Vec<(RowPosition, usize)>,
}

impl OpenGroup {
    /// Whether a row with `key` belongs to it; any row does while it is empty.
    #[must_use]
    pub fn takes(&self, key: &[u8]) -> bool {
        self.rows.is_empty() || self.key == key
    }

    /// Adds a row. The caller asked [`OpenGroup::takes`] before.
    pub fn push(&mut self, key: &[u8], position: RowPosition, raw: &[u8]) {
        if self.rows.is_empty() {
            self.key.extend_from_slice(key);
        }
        self.bytes.extend_from_slice(raw);
        self.rows.push((position, self.bytes.len()));
    }

    /// Its rows; none if nothing was added since the last [`OpenGroup::clear`].
    #[must_use]
    pub fn rows(&self) -> Vec<GroupedRow<'_>> {
        let mut start = 0;
        let row = |(position, end): &(RowPosition, usize)| {
            let raw = self.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            GroupedRow {
                position: *position,
                raw,
            }
        };
        self.rows.iter().map(row).collect()
    }

    /// Bytes of its rows.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Makes room for the next group; the memory is kept.
    pub fn clear(&mut self) {
        self.key.clear();
        self.bytes.clear();
        self.rows.clear();
    }
}

/// Notes where runs of equal keys begin. See the module.
#[derive(Debug)]
pub struct Fragments {
    open: Option<Vec<u8>>,
    seen: Grouper,
}

impl Fragments {
    /// As [`Grouper::new`]; a fragment takes about 40 bytes.
    #[must_use]
    pub fn new(buckets: u16, limit: usize) -> Self {
        Self {
            open: None,
            seen: Grouper::new(buckets, limit),
        }
    }

    /// Takes in the key of the next row. With a spill in the answer, the caller must keep it for
    /// the end.
    pub fn row(&mut self, key: &[u8], position: RowPosition) -> Option<Spill> {
        if self.open.as_deref() == Some(key) {
            return None;
        }
        let open = self.open.get_or_insert_default();
        open.clear();
        open.extend_from_slice(key);
        let digest = digest(key);
        self.seen.push(&digest, position, &digest)
    }

    /// What is still held, bucket by bucket, for [`torn`].
    #[must_use]
    pub fn finish(self) -> Vec<Vec<u8>> {
        self.seen.finish()
    }
}

/// Adds the keys of one bucket that begin more than once to `found`, until it holds `limit`.
///
/// # Errors
/// [`SpillDamaged`] if a chunk is not what [`Fragments`] let go of.
pub fn torn(
    chunks: &[Vec<u8>],
    found: &mut HashSet<KeyDigest>,
    limit: usize,
) -> Result<(), SpillDamaged> {
    bucket_groups(chunks, |fragments| {
        if let [first, _, ..] = fragments
            && found.len() < limit
            && let Ok(key) = KeyDigest::try_from(first.raw)
        {
            found.insert(key);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::group::buckets_for;

    type Lines = Vec<u64>;

    fn at(line: u64) -> RowPosition {
        RowPosition {
            line,
            offset: line * 10,
        }
    }

    /// The torn keys, found with little memory, so that it spills.
    fn torn_keys(rows: &[String], limit: usize) -> HashSet<KeyDigest> {
        let mut fragments = Fragments::new(3, limit);
        let mut spilled: Vec<Vec<Vec<u8>>> = vec![Vec::new(); 3];
        for (key, line) in rows.iter().zip(1..) {
            if let Some(spill) = fragments.row(key.as_bytes(), at(line)) {
                spilled[usize::from(spill.bucket)].push(spill.bytes);
            }
        }
        let mut found = HashSet::new();
        for (mut chunks, rest) in spilled.into_iter().zip(fragments.finish()) {
            chunks.push(rest);
            torn(&chunks, &mut found, usize::MAX).unwrap();
        }
        found
    }

    /// The groups that stand together, as lines.
    fn streamed(rows: &[String], torn: &HashSet<KeyDigest>) -> Vec<Lines> {
        let mut groups = Vec::new();
        let mut open = OpenGroup::default();
        let close = |open: &mut OpenGroup, groups: &mut Vec<Lines>| {
            if !open.rows().is_empty() {
                groups.push(open.rows().iter().map(|row| row.position.line).collect());
            }
            open.clear();
        };
        for (key, line) in rows.iter().zip(1..) {
            if torn.contains(&digest(key.as_bytes())) {
                continue;
            }
            if !open.takes(key.as_bytes()) {
                close(&mut open, &mut groups);
            }
            open.push(key.as_bytes(), at(line), key.as_bytes());
            assert!(open.rows().iter().all(|row| row.raw == key.as_bytes()));
        }
        close(&mut open, &mut groups);
        groups
    }

    /// The groups as the grouper for any order makes them.
    fn gathered(rows: &[String]) -> Vec<Lines> {
        let mut grouper = Grouper::new(1, usize::MAX);
        for (key, line) in rows.iter().zip(1..) {
            assert!(grouper.push(key.as_bytes(), at(line), b"").is_none());
        }
        let mut groups = Vec::new();
        bucket_groups::<SpillDamaged>(&grouper.finish(), |rows| {
            groups.push(rows.iter().map(|row| row.position.line).collect());
            Ok(())
        })
        .unwrap();
        groups
    }

    proptest! {
        #[test]
        fn sorted_rows_give_the_groups_of_any_order(mut rows in prop::collection::vec("[a-e]{1,2}", 0..60)) {
            rows.sort();
            let torn = torn_keys(&rows, 100);
            prop_assert!(torn.is_empty());
            prop_assert_eq!(streamed(&rows, &torn), gathered(&rows));
        }

        #[test]
        fn a_group_goes_on_exactly_when_its_rows_stand_together(rows in prop::collection::vec("[a-e]", 0..30)) {
            let torn = torn_keys(&rows, 100);
            let whole: Vec<Lines> = gathered(&rows)
                .into_iter()
                .filter(|lines| lines.windows(2).all(|pair| pair[0] + 1 == pair[1]))
                .collect();
            let keys: HashSet<&String> = rows.iter().collect();
            prop_assert_eq!(torn.len(), keys.len() - whole.len());
            prop_assert_eq!(streamed(&rows, &torn), whole);
        }
    }

    #[test]
    fn a_million_rows_need_the_memory_of_one_group() {
        let mut fragments = Fragments::new(buckets_for(100 << 20), 64 << 10);
        let mut open = OpenGroup::default();
        let (mut most_open, mut most_spilled) = (0, 0);
        for line in 0..1_000_000_u64 {
            let key = (line / 4).to_le_bytes();
            if let Some(spill) = fragments.row(&key, at(line)) {
                most_spilled = most_spilled.max(spill.bytes.len());
            }
            if !open.takes(&key) {
                open.clear();
            }
            open.push(&key, at(line), &[b'x'; 100]);
            most_open = most_open.max(open.bytes.capacity());
        }
        let held: usize = fragments.finish().iter().map(Vec::len).sum();
        assert!(held <= 65 << 10, "{held} bytes of fragments are held");
        assert!(
            most_spilled <= 65 << 10,
            "{most_spilled} bytes in one spill"
        );
        assert!(most_open <= 1 << 10, "{most_open} bytes of the open group");
    }
}
