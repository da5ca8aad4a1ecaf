//! Which places of a row a path leads to, so that two ways of writing the same place are known as one:
//! `$.lines[0].sku`, `$.lines[*].sku` and `$.sku` of the elements of `$.lines`.
//!
//! Invariant: what is said to be apart is apart in every row. An overlap may be one that no row has, since
//! what a filter or an index from the end chooses is not known here.

use super::Step;
use super::query::{Query, Segment, Selector};

/// One step to a place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PlaceStep {
    Name(String),
    Index(u64),
    /// any member or element
    Any,
    /// any number of steps
    Deep,
}

/// The places that a path or query leads to, from the top of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places(Vec<PlaceStep>);

impl Places {
    /// Those of a path below these.
    pub(crate) fn at(&self, path: &[Step]) -> Self {
        let steps = path.iter().map(|step| match step {
            Step::Name(name) => PlaceStep::Name(name.clone()),
            Step::Index(index) => PlaceStep::Index(*index),
        });
        self.and(steps)
    }

    /// The elements of these.
    pub(crate) fn elements(&self) -> Self {
        self.and([PlaceStep::Any])
    }

    /// What a query finds below these.
    pub(crate) fn found_by(&self, query: &Query) -> Self {
        self.and(query.segments.iter().flat_map(steps_of))
    }

    fn and(&self, steps: impl IntoIterator<Item = PlaceStep>) -> Self {
        Self(self.0.iter().cloned().chain(steps).collect())
    }

    /// Whether one of these may be one of the others, hold it or be a part of it.
    pub(crate) fn overlap(&self, others: &Self) -> bool {
        for (one, other) in self.0.iter().zip(&others.0) {
            let apart = match (one, other) {
                // any number of steps may go into the other place, or around it
                (PlaceStep::Deep, _) | (_, PlaceStep::Deep) => return true,
                (PlaceStep::Any, _) | (_, PlaceStep::Any) => false,
                (one, other) => one != other,
            };
            if apart {
                return false;
            }
        }
        true
    }
}

fn steps_of(segment: &Segment) -> Vec<PlaceStep> {
    let step = match segment.selectors.as_slice() {
        [Selector::Name(name)] => PlaceStep::Name(name.clone()),
        [Selector::Index(index)] => u64::try_from(*index).map_or(PlaceStep::Any, PlaceStep::Index),
        _ => PlaceStep::Any,
    };
    match segment.descendant {
        true => vec![PlaceStep::Deep, step],
        false => vec![step],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(query: &str) -> Places {
        Places::default().found_by(&Query::parse(query).unwrap())
    }

    #[test]
    fn places_overlap_where_one_may_hold_the_other() {
        for (one, other, expected) in [
            ("$.a", "$.a", true),
            ("$.a", "$.b", false),
            ("$.a", "$.a.b", true),
            ("$.a.b", "$.a.c", false),
            ("$.a[*].b", "$.a[0].b", true),
            ("$.a[*].b", "$.a[0].c", false),
            ("$.a[0].b", "$.a[1].b", false),
            ("$.a[-1].b", "$.a[1].b", true),
            ("$.a[?@.c > 1].b", "$.a[7].b", true),
            ("$.a[1:3].b", "$.a[*].b.c", true),
            ("$['a','b'].c", "$.b.c", true),
            ("$.a[0]", "$.a.b", false),
            ("$.x..b", "$.x.y.z", true),
            ("$.x..b", "$.a.b", false),
            ("$", "$.a", true),
        ] {
            let (one_way, other_way) = (places(one), places(other));
            assert_eq!(one_way.overlap(&other_way), expected, "{one} {other}");
            assert_eq!(other_way.overlap(&one_way), expected, "{other} {one}");
        }
    }

    #[test]
    fn elements_of_an_array_are_its_places() {
        let name = [Step::Name("b".to_owned())];
        let below = places("$.a").elements().at(&name);
        assert!(below.overlap(&places("$.a[0].b")));
        assert!(!below.overlap(&places("$.a[0].c")));
    }
}
