//! The order in which members came so far. Programs write the members of their objects in the same
//! order every time, so that the next member mostly is the one that followed last time: comparing its
//! bytes with what is known is cheaper than reading a name and looking it up.
//!
//! Invariants: knowledge only; what is read does not depend on it. Bounded, and learned from the first
//! records, so that later ones allocate nothing.

use super::trie::NodeId;

/// Most members that are remembered of one object.
const MAX_KNOWN: usize = 128;
/// Longest name that is remembered, with quotes and colon.
const MAX_NAME: usize = 64;
/// How many members ahead are tried: members that this object leaves out.
const LOOK_AHEAD: usize = 4;

/// Where a member leads: its number among the wanted ones, and its node.
pub(crate) type Target = Option<(usize, NodeId)>;

/// The members of the objects at one place of the document.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    /// the name as written, with its quotes and colon
    name: Box<[u8]>,
    target: Target,
}

impl Shape {
    /// The member that `rest` starts with, if it is one of those that followed here: how long its name
    /// is with quotes and colon, its place, and where it leads.
    #[inline]
    pub(crate) fn find(&self, rest: &[u8], expected: usize) -> Option<(usize, usize, Target)> {
        let ahead = self.known.get(expected..)?;
        for (skipped, known) in ahead.iter().take(LOOK_AHEAD).enumerate() {
            if starts_with(rest, &known.name) {
                return Some((known.name.len(), expected + skipped, known.target));
            }
        }
        None
    }

    /// Remembers a member that was read the slow way; gives its place, or `expected` if it is not
    /// remembered.
    #[cold]
    pub(crate) fn learn(&mut self, name: &[u8], target: Target, expected: usize) -> usize {
        if let Some(place) = self.known.iter().position(|known| *known.name == *name) {
            return place + 1;
        }
        if self.known.len() >= MAX_KNOWN || name.len() > MAX_NAME {
            return expected;
        }
        let place = expected.min(self.known.len());
        let known = Known {
            name: name.into(),
            target,
        };
        self.known.insert(place, known);
        place + 1
    }
}

/// Names are short: two words that overlap tell most of them, without a loop and without a call.
#[inline(always)]
fn starts_with(rest: &[u8], name: &[u8]) -> bool {
    let Some(start) = rest.get(..name.len()) else {
        return false;
    };
    match (first_and_last::<8>(start), first_and_last::<8>(name)) {
        (Some(left), Some(right)) => left == right && (name.len() <= 16 || start == name),
        _ => match (first_and_last::<4>(start), first_and_last::<4>(name)) {
            (Some(left), Some(right)) => left == right,
            _ => start == name,
        },
    }
}

#[inline(always)]
fn first_and_last<const N: usize>(bytes: &[u8]) -> Option<([u8; N], [u8; N])> {
    Some((*bytes.first_chunk()?, *bytes.last_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_the_order_that_was_learned() {
        let mut shape = Shape::default();
        assert_eq!(shape.find(b"\"a\":1", 0), None);
        assert_eq!(shape.learn(b"\"a\":", Some((0, 1)), 0), 1);
        assert_eq!(shape.learn(b"\"a_long_member\":", None, 1), 2);
        assert_eq!(shape.learn(b"\"a\":", Some((0, 1)), 2), 1);
        assert_eq!(shape.find(b"\"a\":1", 0), Some((4, 0, Some((0, 1)))));
        assert_eq!(shape.find(b"\"a_long_member\":1", 0), Some((16, 1, None)));
        assert_eq!(shape.find(b"\"a_long_membeR\":1", 0), None);
        assert_eq!(shape.find(b"\"a\"", 0), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut shape = Shape::default();
        let mut expected = 0;
        for number in 0..1000 {
            expected = shape.learn(format!("\"{number}\":").as_bytes(), None, expected);
        }
        assert_eq!(shape.known.len(), MAX_KNOWN);
    }
}
