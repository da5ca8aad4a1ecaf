//! What an API target implements: two pure functions. The host sends, retries, keeps receipts.

use serde::de::DeserializeOwned;

use crate::bindings::target::exports::tributary::connector::target as contract;
use crate::{Batch, CheckStep, Result};

pub use crate::bindings::conclusion::exports::tributary::connector::conclusion::{
    Document, Written,
};
pub use crate::bindings::lookup::exports::tributary::connector::lookup::{
    Answer, Finding, Inquiry, Later, RowFinding, There,
};
pub use contract::{Call, Outcome, Response as TargetResponse, RetryKind, RowOutcome};

/// An API target.
pub trait Target {
    type Config: DeserializeOwned;

    /// Tries the connection; changes nothing on the other side.
    ///
    /// # Errors
    /// Only if the check itself could not be made; a step that failed is an answer.
    fn check(config: &Self::Config) -> Result<Vec<CheckStep>>;

    /// Turns a batch into calls; each row in exactly one. `keys` has one idempotency key per row.
    ///
    /// # Errors
    /// A batch that can't be sent at all.
    fn prepare(config: &Self::Config, batch: &Batch, keys: &[String]) -> Result<Vec<Call>>;

    /// One outcome for each row of the call. `call.body` is empty here.
    ///
    /// # Errors
    /// An answer that can't be understood (`target_answer`), or that concerns every call (auth).
    fn settle(
        config: &Self::Config,
        call: &Call,
        response: &TargetResponse,
    ) -> Result<Vec<RowOutcome>>;
}

/// A target that leaves a word at the end of a run.
pub trait Conclude: Target {
    /// What is to be put at the target once all records of the run have an end state. A run that was
    /// stopped by a rule, or has pending records, is not told of. The same run must get the same paths: it
    /// may be asked again.
    ///
    /// # Errors
    /// Only what makes a word impossible.
    fn conclude(config: &Self::Config, run: &str, written: &[Written]) -> Result<Vec<Document>>;
}

/// A target that can be asked whether a record is there, so that one whose answer was lost need not stay
/// uncertain (delivery capability `lookup`, or `lookup_after_window`).
pub trait Ask: Target {
    /// The requests that ask for the rows; each row in exactly one. `keys` are those that they were sent
    /// under.
    ///
    /// # Errors
    /// Rows that cannot be asked for at all.
    fn inquire(config: &Self::Config, batch: &Batch, keys: &[String]) -> Result<Vec<Inquiry>>;

    /// One finding for each row of the inquiry.
    ///
    /// # Errors
    /// An answer that can't be understood (`target_answer`), or that concerns every call (auth).
    fn judge(config: &Self::Config, inquiry: &Inquiry, answer: &Answer) -> Result<Vec<RowFinding>>;
}

/// The same outcome for all rows of a call.
#[must_use]
pub fn all_rows(call: &Call, outcome: &Outcome) -> Vec<RowOutcome> {
    let one = |row: &u32| RowOutcome {
        row: *row,
        outcome: outcome.clone(),
    };
    call.rows.iter().map(one).collect()
}

impl TargetResponse {
    /// The first header of that name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What `Retry-After` says, if it is in seconds.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u32> {
        crate::status::retry_after_ms(&self.headers)
    }
}
