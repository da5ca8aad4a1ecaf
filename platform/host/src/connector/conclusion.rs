//! The word that a target leaves at the end of a run.

use bytes::Bytes;
use serde_json::Value;
use tributary_model::problem::Problem;

use super::Connector;
use crate::bindings::conclusion::exports::tributary::connector::conclusion as contract;
use crate::call::{CallContext, Document, Written};
use crate::convert::to_problem;
use crate::session::{Purpose, Session};

/// Most documents at the end of a run.
const MAX_DOCUMENTS: usize = 100;

impl Connector {
    /// Whether it has one to leave.
    #[must_use]
    pub fn concludes(&self) -> bool {
        self.conclusion.is_some()
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
        let pre = self.conclusion.as_ref();
        let pre = pre.ok_or_else(|| self.lacks("conclusion"))?;
        let written: Vec<contract::Written> = written.iter().map(to_guest).collect();
        let mut session = Session::open(self, call, Purpose::Call).await?;
        let result = session
            .guard()
            .run(async {
                let instance = pre.instantiate_async(&mut session.store).await?;
                let conclusion = instance.tributary_connector_conclusion();
                conclusion
                    .call_conclude(&mut session.store, &config, run, &written)
                    .await
            })
            .await;
        let last = session.store.data().last_problem.as_ref();
        let documents = result
            .map_err(|failure| session.problem(failure))?
            .map_err(|error| to_problem(&error, last))?;
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
