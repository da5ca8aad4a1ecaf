//! Fields of one address stand together on both sides: a pair is likelier where the pairs around its
//! target lead to the same part of the source.

/// Mapped target siblings on either side that are asked.
const SIBLINGS: usize = 2;

/// Target leaves on either side among which they are looked for.
const REACH: usize = 8;

/// Columns of a flat source that still count as standing together.
const NEAR: usize = 5;

/// Place of a leaf among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// number of its parent
    pub(super) parent: usize,
    /// number among all leaves
    pub(super) order: usize,
}

/// The share of the target's nearest mapped siblings whose source stands near `source`; `None`
/// without such siblings. `mapped` gives the source's position for a target leaf.
pub(super) fn neighbour_score(
    source: Position,
    target: Position,
    targets: &[Position],
    mapped: impl Fn(usize) -> Option<Position>,
) -> Option<f64> {
    let sibling = |order: usize| {
        let same = targets.get(order)?.parent == target.parent;
        mapped(order).filter(|_| same)
    };
    let before = (0..target.order).rev().take(REACH).filter_map(sibling);
    let after = (target.order + 1..targets.len())
        .take(REACH)
        .filter_map(sibling);
    let (mut near, mut asked) = (0_u32, 0_u32);
    for other in before.take(SIBLINGS).chain(after.take(SIBLINGS)) {
        asked += 1;
        let together = other.order.abs_diff(source.order) <= NEAR;
        near += u32::from(other.parent == source.parent && together);
    }
    (asked > 0).then(|| f64::from(near) / f64::from(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_that_lead_elsewhere_count_against_a_pair() {
        let at = |parent, order| Position { parent, order };
        let targets = [at(0, 0), at(0, 1), at(0, 2), at(1, 3)];
        let mapped =
            |order: usize| [Some(at(5, 10)), None, Some(at(6, 40)), Some(at(5, 11))][order];
        let score = |source| neighbour_score(source, targets[1], &targets, mapped);
        assert_eq!(score(at(5, 12)), Some(0.5));
        assert_eq!(score(at(5, 20)), Some(0.0));
        assert_eq!(
            neighbour_score(at(5, 12), targets[3], &targets, mapped),
            None
        );
    }
}
