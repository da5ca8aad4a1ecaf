//! What goes out again of a call: the rows that have no end state, together if the target only
//! asked to wait or some of the call's rows came to an end, in halves if it refused the call as a whole.

use super::RowResult;

/// Adds the rows of one call that are still open to `sets`. A refused call ends, after
/// log2(rows) rounds of halving, at the row to blame. What is left of one that was done in part keeps together
/// and in order: a connector lets rows wait so for those before them.
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
    if refused && open.len() > 1 && open.len() == rows.len() {
        let (left, right) = open.split_at(open.len() / 2);
        sets.push(left.to_vec());
        sets.push(right.to_vec());
    } else if !open.is_empty() {
        sets.push(open);
    }
}

#[cfg(test)]
mod tests {
    use tributary_model::state::RecordState;

    use super::*;

    #[test]
    fn a_call_refused_as_a_whole_is_halved_and_one_done_in_part_is_not() {
        let of = |ended: &[usize], refused: bool| {
            let mut results = vec![None; 6];
            for index in ended {
                results[*index] = Some(RowResult {
                    state: RecordState::Delivered,
                    external_id: None,
                    detail: None,
                    issue: None,
                });
            }
            let mut sets = Vec::new();
            open_rows(&mut sets, &[1, 2, 4, 5], &results, refused);
            sets
        };
        assert_eq!(of(&[0], true), [vec![1, 2], vec![4, 5]]);
        assert_eq!(of(&[0], false), [vec![1, 2, 4, 5]]);
        assert_eq!(of(&[1], true), [vec![2, 4, 5]]);
        assert_eq!(of(&[1, 4], true), [vec![2, 5]]);
        assert!(of(&[1, 2, 4, 5], true).is_empty());
    }
}
