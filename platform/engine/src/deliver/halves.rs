//! What goes out again of a call: the rows that have no end state, together if the target only
//! asked to wait, in halves if it refused the call as a whole.

use super::RowResult;

/// Adds the rows of one call that are still open to `sets`. A refused call ends, after
/// log2(rows) rounds of halving, at the row to blame.
pub(crate) fn open_rows(
    sets: &mut Vec<Vec<u32>>,
    rows: &[u32],
    results: &[Option<RowResult>],
    refused: bool,
) {
    let open: Vec<u32> = rows
        .iter()
        .copied()
        .filter(|row| results.get(*row as usize).is_some_and(Option::is_none))
        .collect();
    if refused && open.len() > 1 {
        let (left, right) = open.split_at(open.len() / 2);
        sets.push(left.to_vec());
        sets.push(right.to_vec());
    } else if !open.is_empty() {
        sets.push(open);
    }
}
