//! An answer's rows: in the host, or in here where a connector has to look into them.

use tributary_sdk::serde_json::json;
use tributary_sdk::{Result, Rows, io};

use crate::document::Document;

/// See the module.
pub enum Content {
    Host(Rows),
    Here(Document),
}

impl Content {
    /// Rows at `records` (JSON Pointer) of an answer that stays in the host. `label` is how people
    /// call the request.
    ///
    /// # Errors
    /// Options that do not fit.
    pub fn in_host(body: io::Reader, records: &str, label: &str) -> Result<Self> {
        let options = json!({ "source": label, "records": records });
        Ok(Self::Host(Rows::decode(body, "json", &options)?))
    }

    /// The scalar at a JSON Pointer of the answer.
    ///
    /// # Errors
    /// An answer that is not JSON.
    pub fn probe(&self, pointer: &str) -> Result<Option<String>> {
        match self {
            Self::Host(rows) => rows.probe(pointer),
            Self::Here(document) => Ok(document.probe(pointer)),
        }
    }

    /// One scalar field of all rows.
    ///
    /// # Errors
    /// An answer that is not JSON or has no array of rows.
    pub fn pluck(&self, pointer: &str) -> Result<Vec<Option<String>>> {
        match self {
            Self::Host(rows) => rows.pluck(pointer),
            Self::Here(document) => Ok(document.pluck(pointer)),
        }
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// As [`Self::pluck`].
    pub fn count(&self) -> Result<usize> {
        Ok(self.pluck("/-")?.len())
    }
}
