//! Places of the target document whose values are not to be seen.

use std::collections::BTreeSet;

/// Takes the place of a value that is not to be seen.
pub const MASK: &str = "•••";

/// Target pointers with `*` for elements. What lies below one of them is masked with it.
#[derive(Debug, Clone, Default)]
pub struct MaskedTargets(BTreeSet<String>);

impl MaskedTargets {
    pub(super) fn new(patterns: BTreeSet<String>) -> Self {
        Self(patterns)
    }

    /// Whether the value at a pointer, which may have `*` for elements too, must be masked.
    #[must_use]
    pub fn covers(&self, pointer: &str) -> bool {
        self.0.iter().any(|pattern| stands_above(pattern, pointer))
    }

    /// With those of another plan.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().cloned());
        self
    }
}

fn stands_above(pattern: &str, pointer: &str) -> bool {
    let mut segments = pointer.split('/');
    pattern.split('/').all(|wanted| {
        segments
            .next()
            .is_some_and(|found| wanted == "*" || wanted == found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_is_masked_and_what_only_begins_alike_is_not() {
        let masked = MaskedTargets::new(BTreeSet::from(["/lines/*/party".to_owned()]));
        for pointer in ["/lines/0/party", "/lines/12/party/vat", "/lines/*/party"] {
            assert!(masked.covers(pointer), "{pointer}");
        }
        for pointer in ["", "/lines", "/lines/0", "/lines/0/party2", "/lines/party"] {
            assert!(!masked.covers(pointer), "{pointer}");
        }
        assert!(!MaskedTargets::default().covers("/lines"));
    }
}
