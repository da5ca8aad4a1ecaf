//! The compiled mapping.
use std::sync::Arc;

use tributary_model::rows::RowFormat;

pub use crate::document::GroupInput;
use crate::{Diagnostic, Worker};

/// How the rows of a stream become records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grouping {
    /// whether the rows of a group stand together in the source
    pub input: GroupInput,
    /// most rows of one group; a larger one is quarantined by [`Worker::map`]
    pub max_members: u32,
}

/// A compiled mapping: immutable, shared between threads.
#[derive(Debug)]
pub struct Plan {
    pub(crate) digest: [u8; 32],
    pub(crate) grouping: Option<Grouping>,
    pub(crate) amount_names: Vec<String>,
}

impl Plan {
    /// BLAKE3 of everything the output depends on: document, parameters, tables, engine version.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// How rows are grouped; `None`: every row is a record.
    #[must_use]
    pub fn grouping(&self) -> Option<Grouping> {
        self.grouping
    }

    /// Target pointers of the amounts to reconcile, in document order.
    #[must_use]
    pub fn amount_names(&self) -> &[String] {
        &self.amount_names
    }

    /// A worker for one stream.
    ///
    /// # Errors
    /// `M1801` another format than the document's source, `M1203` a column that the stream does not have.
    pub fn worker(self: &Arc<Self>, format: &RowFormat) -> Result<Worker, Vec<Diagnostic>> {
        Worker::new(Arc::clone(self), format)
    }
}
