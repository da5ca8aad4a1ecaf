//! Which source belongs to which target: suggestions with a confidence and with reasons, from names,
//! paths, types, values, neighbours and what the tenant decided before.
//!
//! Deterministic and without a network. Per target leaf the [`CANDIDATES`] sources that share most
//! words are scored: `S = 0.35 name + 0.15 path + 0.15 type + 0.20 values + 0.15 neighbours`, where a
//! part about which nothing is known is left out of the mean, and a name alone caps the score
//! ([`cap`]), since values that fit say little by themselves. One source per target and one target
//! per source, the best pair first. Where another source or another target is as good, the suggestion
//! stays below [`PRE_TICKED`]: a person must choose.
//!
//! `tests/golden.rs` measures it. Deliberately absent: reading documents and writing them
//! ([`crate::new_document`]), and one source for several targets.

mod accept;
mod dictionary;
mod memory;
mod names;
mod neighbours;
mod score;
pub(crate) mod steps;
mod values;
mod words;

use serde::Serialize;
use serde_json::Value;
use tributary_mapping::document::Step;
use tributary_mapping::schema::Schema;

pub use accept::accept;
pub use memory::{Memory, Uses};
use score::Matcher;
pub(crate) use words::folded;

/// From here on a suggestion is ticked already.
pub const PRE_TICKED: f64 = 0.85;

/// From here on a suggestion is shown.
pub const SHOWN: f64 = 0.60;

/// Sources per target that are looked at closely.
pub const CANDIDATES: usize = 20;

/// A source for a target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    /// absolute path, elements of arrays as `[*]`: `$.lines[*].sku`
    pub source: String,
    /// pointer, `*` for elements
    pub target: String,
    /// [`SHOWN`] to 1
    pub confidence: f64,
    pub reasons: Vec<Reason>,
    /// the functions that make the value fit
    #[serde(rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// what the steps assume, for the note of the field
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<String>,
}

impl Suggestion {
    /// Whether it is sure enough to be ticked from the start.
    #[must_use]
    pub fn pre_ticked(&self) -> bool {
        self.confidence >= PRE_TICKED
    }
}

/// One part of a score, for the person who decides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    pub kind: ReasonKind,
    /// 0 to 1
    pub score: f64,
    pub text: String,
}

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    Name,
    Path,
    Type,
    Values,
    Neighbours,
    /// accepted or rejected before
    PastUse,
    /// another source is as good
    Ambiguous,
}

/// Suggestions for the leaves of `target`, in its order. `samples` are rows of the source; what they
/// show is added to what `source` already knows.
#[must_use]
pub fn suggest(
    source: &Schema,
    target: &Schema,
    samples: &[Value],
    memory: &Memory,
) -> Vec<Suggestion> {
    let mut observed;
    let source = if samples.is_empty() {
        source
    } else {
        observed = source.clone();
        observed.observe(samples);
        &observed
    };
    Matcher::new(source, target, memory).suggestions()
}

/// The most that a name of this likeness can reach, whatever else fits.
pub(crate) fn cap(name: f64) -> f64 {
    0.30 + 0.70 * name
}
