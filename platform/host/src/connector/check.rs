//! A connector's own check of a connection, step by step.

use std::time::Instant;

use serde_json::Value;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;

use super::{Connector, finished};
use crate::call::{CallContext, CheckStep};
use crate::exports::{Answer, Export};
use crate::session::{Purpose, Session};

/// What is shown of a check: steps, and characters of their names and messages.
const MAX_STEPS: usize = 100;
const MAX_NAME_CHARS: usize = 200;
pub(super) const MAX_MESSAGE_CHARS: usize = 2_000;
/// Where neither connector nor catalogue know better.
const NO_HINT: &str = "the connector's page says what it asks for in this step";

impl Connector {
    /// Tries the connection step by step; changes nothing on the other side.
    ///
    /// # Errors
    /// A [`Problem`] if the connector could not be asked or failed itself; a step that did not
    /// work is an answer.
    pub async fn check(
        &self,
        call: &CallContext,
        config: &Value,
    ) -> Result<Vec<CheckStep>, Problem> {
        let config = self.enter(call, config)?;
        let started = Instant::now();
        let mut session = Session::open(self, call, Purpose::Call).await?;
        let result = session.enter(&self.exports, &config, Export::Check).await;
        let Answer::Steps(steps) = finished(&session, result)? else {
            return Err(self.mixed_up());
        };
        let last = session.guest().last_problem.as_ref();
        let mut steps: Vec<CheckStep> = steps
            .into_iter()
            .take(MAX_STEPS)
            .map(|(name, ok, message)| told(&name, ok, &message, last))
            .collect();
        if let Some(step) = steps.last_mut() {
            step.took_ms = u64::try_from(started.elapsed().as_millis()).ok();
        }
        Ok(steps)
    }
}

/// A step as the connector told it. If it passes on what the host told the connector, code and hint
/// come with it; else they follow from the step's name.
fn told(name: &str, ok: bool, message: &str, last: Option<&Problem>) -> CheckStep {
    let mut step = CheckStep::worked(&shorten(name, MAX_NAME_CHARS), "");
    step.ok = ok;
    step.message = shorten(message, MAX_MESSAGE_CHARS);
    if ok {
        return step;
    }
    let passed_on = last.filter(|last| message.starts_with(last.detail.as_str()));
    let code = match name {
        "auth" => Some(ErrorCode::ConnectionAuth),
        "permission" => Some(ErrorCode::SourcePermission),
        "list" => Some(ErrorCode::SourceNotFound),
        "configuration" => Some(ErrorCode::ConfigInvalid),
        _ => None,
    };
    let code = passed_on.map(|problem| problem.code).or(code);
    step.hint = match passed_on {
        Some(problem) => Some(problem.hint.clone()),
        None => Some(code.map_or(NO_HINT, |code| code.info().hint).to_owned()),
    };
    step.code = code.map(|code| code.as_str().to_owned());
    step
}
