//! The word that a target leaves at the end of a run.

use bytes::Bytes;
use serde_json::Value;
use tributary_model::problem::Problem;

use super::Connector;
use crate::bindings::conclusion::exports::tributary::connector::conclusion as contract;
use crate::call::{CallContext, Document, Written};
use crate::exports::{Answer, Export};

/// Most documents at the end of a run.
const MAX_DOCUMENTS: usize = 100;

impl Connector {
    /// Whether it has one to leave.
    #[must_use]
    pub fn concludes(&self) -> bool {
        self.exports.conclusion.is_some()
    }

    /// What it wants to be put at the target, given what came to be there.
    ///
    /// # Errors
    /// What the connector says, or a limit that was hit.
    pub async fn conclude(
        &self,
        call: &CallContext,
        config: &Value,
        run: &str,
        written: &[Written],
    ) -> Result<Vec<Document>, Problem> {
        let config = self.enter(call, config)?;
        if !self.concludes() {
            return Err(self.lacks("conclusion"));
        }
        let written = written.iter().map(to_guest).collect();
        let export = Export::Conclude(run.into(), written);
        let Answer::Documents(documents) = self.once(call, &config, export).await? else {
            return Err(self.mixed_up());
        };
        if documents.len() > MAX_DOCUMENTS {
            let what = format!(
                "concluded with {} documents; at most {MAX_DOCUMENTS} are taken",
                documents.len()
            );
            return Err(self.broke_contract(&what));
        }
        let documents = documents.into_iter().map(|document| Document {
            path: document.path,
            content: Bytes::from(document.content),
        });
        Ok(documents.collect())
    }
}

fn to_guest(written: &Written) -> contract::Written {
    contract::Written {
        external_id: written.external_id.clone(),
        rows: written.rows,
        detail: written
            .detail
            .as_ref()
            .map(|detail| detail.get().to_owned()),
    }
}
