//! What people of one tenant did with earlier suggestions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dictionary::dictionary;
use super::words::tokens;

/// Accepted and rejected suggestions, by the pair of names. Names are kept as tokens, so that
/// `KUNDEN_NR` and `Kundennummer` are one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memory {
    /// normalised source and target, joined by ` > `
    pairs: BTreeMap<String, Uses>,
}

/// How often a pair was accepted and rejected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uses {
    pub accepted: u32,
    pub rejected: u32,
}

impl Memory {
    /// Notes that a suggestion was taken or refused. `source` is a path, `target` a pointer.
    pub fn note(&mut self, source: &str, target: &str, accepted: bool) {
        let uses = self.pairs.entry(pair(source, target)).or_default();
        let count = if accepted {
            &mut uses.accepted
        } else {
            &mut uses.rejected
        };
        *count = count.saturating_add(1);
    }

    /// What became of a pair before.
    #[must_use]
    pub fn uses(&self, source: &str, target: &str) -> Uses {
        if self.pairs.is_empty() {
            return Uses::default();
        }
        self.pairs
            .get(&pair(source, target))
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether the pair was accepted before.
    pub(super) fn knows(&self, source: &str, target: &str) -> bool {
        self.uses(source, target).accepted > 0
    }
}

impl Uses {
    /// The score of a pair in the light of earlier decisions: `1 - (1 - S)(1 - H)` with
    /// `H = accepts / (accepts + rejects + 2)`; where more was refused than taken, it sinks to
    /// `S (accepts + 1) / (accepts + rejects + 2)`, so that what was refused is not shown again.
    pub(super) fn apply(self, score: f64) -> f64 {
        let (accepted, rejected) = (f64::from(self.accepted), f64::from(self.rejected));
        let all = accepted + rejected + 2.0;
        if rejected > accepted {
            score * (accepted + 1.0) / all
        } else {
            1.0 - (1.0 - score) * (1.0 - accepted / all)
        }
    }
}

fn pair(source: &str, target: &str) -> String {
    format!("{} > {}", normal(source), normal(target))
}

fn normal(place: &str) -> String {
    tokens(place, dictionary()).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_rises_and_what_was_refused_sinks() {
        let mut memory = Memory::default();
        memory.note("$.KUNDEN_NR", "/customer/code", true);
        memory.note("$.Kundennummer", "/customer/code", true);
        let uses = memory.uses("$.kundennr", "/customer/code");
        assert_eq!((uses.accepted, uses.rejected), (2, 0));
        assert!((uses.apply(0.6) - 0.8).abs() < 1e-9);
        memory.note("$.a", "/b", false);
        assert!(memory.uses("$.a", "/b").apply(0.95) < 0.6);
        assert!((memory.uses("$.x", "/b").apply(0.7) - 0.7).abs() < 1e-9);
    }
}
