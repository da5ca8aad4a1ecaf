//! The parts of a run that could not be read: what is told of them, and which cursors move all the same.
//!
//! Invariant: a cursor moves past what is accounted for, and never past a part that was not read. A
//! part that has a cursor of its own does not wait for its neighbours; a cursor that several parts share
//! waits for all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tributary_engine::reconcile::Sides;
use tributary_model::problem::Problem;
use tributary_store::{Batch, BatchState, CursorMove, MOST_FAILED_PARTS, Partition};

use crate::progress::{Progress, partition_key};

/// A part that could not be read to its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FailedPartLine {
    /// of the partition
    pub no: u32,
    /// a file's path, or what else the connector calls it
    pub part: String,
    pub problem: Problem,
}

/// Those of `partitions`, as many as a report names.
pub(crate) fn lines(partitions: &[Partition]) -> Vec<FailedPartLine> {
    let failed = partitions.iter().filter_map(|part| {
        Some(FailedPartLine {
            no: part.no,
            part: part.label(),
            problem: part.problem.clone()?,
        })
    });
    failed.take(MOST_FAILED_PARTS).collect()
}

/// Why a run with such parts failed: what the first of them met, and how many there are.
pub(crate) fn problem(partitions: &[Partition]) -> Option<Problem> {
    let failed = || partitions.iter().filter(|part| part.problem.is_some());
    let first = failed().next()?;
    let mut problem = first.problem.clone()?;
    if partitions.len() > 1 {
        let count = failed().count();
        problem.detail = format!(
            "{}: {} ({count} of the run's {} parts could not be read; the others went on)",
            first.label(),
            problem.detail,
            partitions.len()
        );
    }
    Some(problem)
}

/// What a run's parts add up to, without those that failed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rest {
    pub(crate) sides: Sides,
    /// a batch of theirs failed for good
    pub(crate) failed: bool,
}

impl Rest {
    /// Counts a batch of a part that did not fail.
    pub(crate) fn add(&mut self, batch: &Batch) {
        let sides = &mut self.sides;
        sides.counters = sides.counters.plus(&batch.counters);
        sides.rows_in_batches += batch.counters.rows;
        self.failed |= batch.state != BatchState::Done;
    }
}

/// The cursors that move. With `whole` all was read and is accounted for; without, only parts that are
/// done and have a key of their own count.
pub(crate) fn moves(
    stream: &str,
    partitions: &[Partition],
    whole: bool,
) -> Result<Vec<CursorMove>, Problem> {
    let mut by_key: BTreeMap<String, Vec<&Partition>> = BTreeMap::new();
    for part in partitions {
        let descriptor = serde_json::from_str(&part.descriptor).unwrap_or(Value::Null);
        let parts = by_key.entry(partition_key(&descriptor)).or_default();
        parts.push(part);
    }
    let mut moves = Vec::new();
    for (key, parts) in by_key {
        let read = |part: &&Partition| part.done && part.problem.is_none();
        if !whole && (key.is_empty() || !parts.iter().all(read)) {
            continue;
        }
        // of several under one key the last one's counts, as it always did
        for part in parts {
            let Some(checkpoint) = Progress::parse(part.state.as_deref())?.checkpoint else {
                continue;
            };
            moves.push(CursorMove {
                stream: stream.to_owned(),
                partition_key: key.clone(),
                generation: 0,
                cursor: checkpoint.to_string(),
            });
        }
    }
    Ok(moves)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tributary_model::error_code::ErrorCode;

    use super::*;

    fn part(no: u32, descriptor: &Value, failed: bool) -> Partition {
        let progress = json!({ "checkpoint": { "no": no }, "read_done": !failed });
        let damaged = || Problem::new(ErrorCode::ArchiveInvalid, "damaged");
        Partition {
            no,
            descriptor: descriptor.to_string(),
            state: Some(progress.to_string()),
            done: !failed,
            problem: failed.then(damaged),
        }
    }

    fn moved(partitions: &[Partition], whole: bool) -> Vec<(String, String)> {
        let moves = moves("orders", partitions, whole).unwrap();
        let told = |one: CursorMove| (one.partition_key, one.cursor);
        moves.into_iter().map(told).collect()
    }

    fn at(key: &str, no: u32) -> (String, String) {
        (key.to_owned(), json!({ "no": no }).to_string())
    }

    #[test]
    fn a_part_with_a_cursor_of_its_own_does_not_wait_for_a_failed_one() {
        let parts = [
            part(0, &json!({ "key": "a" }), false),
            part(1, &json!({ "key": "b" }), true),
            part(2, &json!({ "key": "c" }), false),
        ];
        assert_eq!(moved(&parts, false), [at("a", 0), at("c", 2)]);
        let shared = [
            part(0, &json!({ "key": "a" }), false),
            part(1, &json!({ "key": "a" }), true),
        ];
        assert_eq!(moved(&shared, false), []);
        let nameless = [
            part(0, &json!({}), false),
            part(1, &json!({ "key": "b" }), true),
        ];
        assert_eq!(moved(&nameless, false), []);
        let unread = Partition {
            done: false,
            ..part(0, &json!({ "key": "a" }), false)
        };
        assert_eq!(moved(&[unread], false), []);
        assert_eq!(moved(&nameless[..1], true), [at("", 0)]);
    }

    #[test]
    fn the_reason_is_the_first_one_and_says_how_many_there_are() {
        let good = part(0, &json!({ "key": "a" }), false);
        assert!(problem(std::slice::from_ref(&good)).is_none());
        assert!(lines(std::slice::from_ref(&good)).is_empty());
        let parts = [
            good,
            part(1, &json!({ "key": "b" }), true),
            part(2, &json!({ "key": "c" }), true),
        ];
        let told = problem(&parts).unwrap();
        assert_eq!(told.code, ErrorCode::ArchiveInvalid);
        assert_eq!(
            told.detail,
            "b: damaged (2 of the run's 3 parts could not be read; the others went on)"
        );
        let named: Vec<String> = lines(&parts).into_iter().map(|line| line.part).collect();
        assert_eq!(named, ["b", "c"]);
        // there is nothing to tell it from
        assert_eq!(problem(&parts[2..]).unwrap().detail, "damaged");
    }
}
