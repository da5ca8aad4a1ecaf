//! Which bytes of a connector a run loads for one side of its integration: those that the run noted when it
//! was made, else those that the connection pins; and never others than the integration pins, whoever
//! changed the ledger in between.

use tributary_model::error_code::ErrorCode;
use tributary_model::id::Slug;
use tributary_model::problem::Problem;

/// One side, and what the integration pins it to.
pub(crate) struct Pin<'a> {
    pub(crate) integration: &'a Slug,
    pub(crate) side: &'static str,
    /// the connector that the connection names
    pub(crate) connector: &'a Slug,
    pub(crate) digest: Option<&'a str>,
}

impl<'a> Pin<'a> {
    /// The digest of the bytes to load; `None`: those installed last.
    ///
    /// # Errors
    /// `connector_changed` for others than the pinned ones.
    pub(crate) fn digest(
        &self,
        run: Option<&'a str>,
        connection: Option<&'a str>,
    ) -> Result<Option<&'a str>, Problem> {
        let chosen = run.or(connection).or(self.digest);
        match (self.digest, chosen) {
            (Some(pinned), Some(chosen)) if pinned != chosen => {
                Err(self.changed(&format!("{pinned}, this run would load {chosen}")))
            }
            _ => Ok(chosen),
        }
    }

    /// What was loaded is the connector that the connection names: pinned bytes are of one connector, and
    /// the connection may name another one since.
    ///
    /// # Errors
    /// `connector_changed`.
    pub(crate) fn check_name(&self, loaded: &Slug) -> Result<(), Problem> {
        match self.digest {
            Some(pinned) if loaded != self.connector => {
                Err(self.changed(&format!("{pinned}, which is {loaded}")))
            }
            _ => Ok(()),
        }
    }

    fn changed(&self, to: &str) -> Problem {
        let detail = format!(
            "the integration {} pins the connector {} of its {} to {to}",
            self.integration, self.connector, self.side
        );
        let problem = Problem::new(ErrorCode::ConnectorChanged, detail);
        problem.at(format!("/{}/connector_digest", self.side))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_loaded_but_what_is_pinned() {
        let slug = |text: &str| Slug::parse(text).unwrap();
        let (integration, connector) = (slug("orders"), slug("erp"));
        let pin = |digest| Pin {
            integration: &integration,
            side: "source",
            connector: &connector,
            digest,
        };
        for (pinned, run, connection, loads) in [
            (None, None, None, None),
            (None, Some("a"), Some("b"), Some("a")),
            (None, None, Some("b"), Some("b")),
            (Some("a"), None, None, Some("a")),
            (Some("a"), Some("a"), Some("b"), Some("a")),
            (Some("a"), None, Some("a"), Some("a")),
        ] {
            assert_eq!(pin(pinned).digest(run, connection).unwrap(), loads);
        }
        // the run's row was altered after it was made; the connection pins others by now
        for (run, connection) in [(Some("b"), None), (Some("b"), Some("a")), (None, Some("b"))] {
            let problem = pin(Some("a")).digest(run, connection).unwrap_err();
            assert_eq!(problem.code, ErrorCode::ConnectorChanged);
            assert_eq!(problem.pointer.as_deref(), Some("/source/connector_digest"));
            assert!(problem.detail.contains("would load b"), "{problem}");
        }
        pin(Some("a")).check_name(&connector).unwrap();
        pin(None).check_name(&slug("crm")).unwrap();
        let other = pin(Some("a")).check_name(&slug("crm")).unwrap_err();
        assert!(other.detail.contains("which is crm"), "{other}");
    }
}
