//! Calls into API targets. They are pure: the engine sends what `prepare` answers through
//! [`crate::Connection::send`] and gives the answers to `settle`.

use bytes::Bytes;
use serde_json::Value;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;

use super::{Connector, finished};
use crate::bindings::contract::types::{Batch, Encoding};
use crate::bindings::target::exports::tributary::connector::target as contract;
use crate::call::{CallContext, Outcome, RetryReason, RowOutcome, TargetBatch, TargetCall};
use crate::connection::HttpResponse;
use crate::exports::{Answer, Export};
use crate::session::{Purpose, Session};

/// Longest message and code of a target that is kept, characters.
const MAX_TEXT_CHARS: usize = 2_000;
/// Longest pointer to a field, characters.
const MAX_FIELD_CHARS: usize = 500;
/// Longest name that a target gives a record.
const MAX_EXTERNAL_ID_BYTES: usize = 1_000;

/// One instance for the calls of one batch: cheaper than an instance per call, and still one per
/// batch and tenant. After an error it is of no more use.
pub struct TargetSession<'a> {
    connector: &'a Connector,
    session: Session,
    config: String,
}

impl Connector {
    /// Opens a session for the calls of one batch.
    ///
    /// # Errors
    /// A config that does not fit, a limit that was hit, cancellation.
    pub async fn target_session(
        &self,
        call: &CallContext,
        config: &Value,
    ) -> Result<TargetSession<'_>, Problem> {
        let config = self.enter(call, config)?;
        if self.exports.target.is_none() {
            return Err(self.lacks("target"));
        }
        let mut session = Session::open(self, call, Purpose::Call).await?;
        let made = session.enter(&self.exports, &config, Export::Start).await;
        finished(&session, made)?;
        Ok(TargetSession {
            connector: self,
            session,
            config,
        })
    }

    /// Turns a batch of records into calls, in a session of its own.
    ///
    /// # Errors
    /// As [`TargetSession::prepare`].
    pub async fn prepare(
        &self,
        call: &CallContext,
        config: &Value,
        batch: TargetBatch<'_>,
    ) -> Result<Vec<TargetCall>, Problem> {
        self.target_session(call, config)
            .await?
            .prepare(batch)
            .await
    }

    /// Reads the answer to one call, in a session of its own.
    ///
    /// # Errors
    /// As [`TargetSession::settle`].
    pub async fn settle(
        &self,
        call: &CallContext,
        config: &Value,
        target_call: &TargetCall,
        response: &HttpResponse,
    ) -> Result<Vec<RowOutcome>, Problem> {
        let mut session = self.target_session(call, config).await?;
        session.settle(target_call, response).await
    }
}

impl TargetSession<'_> {
    /// Turns a batch of records into calls. Each row is in exactly one call, and no call has more
    /// rows than the manifest says.
    ///
    /// # Errors
    /// What the connector says, a limit that was hit, or [`ErrorCode::ConnectorFailed`] for an
    /// answer that breaks these rules.
    pub async fn prepare(&mut self, batch: TargetBatch<'_>) -> Result<Vec<TargetCall>, Problem> {
        if batch.keys.len() != batch.rows as usize {
            let detail = format!("{} rows came with {} keys", batch.rows, batch.keys.len());
            return Err(Problem::new(ErrorCode::Internal, detail));
        }
        let rows = Batch {
            stream: batch.stream.to_owned(),
            encoding: Encoding::Ndjson,
            rows: batch.rows,
            data: batch.ndjson.to_vec(),
        };
        let export = Export::Prepare(rows, batch.keys.into());
        let Answer::Calls(calls) = self.enter(export).await? else {
            return Err(self.connector.mixed_up());
        };
        self.check_calls(&calls, batch.rows)?;
        Ok(calls.into_iter().map(from_guest).collect())
    }

    /// Reads the answer to one call: one outcome for each of its rows, in the call's order.
    ///
    /// # Errors
    /// What the connector says, a limit that was hit, or [`ErrorCode::TargetAnswer`] if a row has
    /// no outcome or two.
    pub async fn settle(
        &mut self,
        call: &TargetCall,
        response: &HttpResponse,
    ) -> Result<Vec<RowOutcome>, Problem> {
        let export = Export::Settle(to_guest(call), answer_to_guest(response));
        let Answer::Outcomes(outcomes) = self.enter(export).await? else {
            return Err(self.connector.mixed_up());
        };
        self.in_order(call, outcomes)
    }

    async fn enter(&mut self, export: Export<'_>) -> Result<Answer, Problem> {
        self.session.renew();
        let exports = &self.connector.exports;
        let result = self.session.enter(exports, &self.config, export).await;
        finished(&self.session, result)
    }

    fn check_calls(&self, calls: &[contract::Call], rows: u32) -> Result<(), Problem> {
        let delivery = self.connector.manifest.delivery.as_ref();
        let most = delivery.map_or(1, |delivery| delivery.max_rows_per_call) as usize;
        let mut seen = vec![false; rows as usize];
        for call in calls {
            if call.rows.is_empty() || call.rows.len() > most {
                let count = call.rows.len();
                let what = format!("prepared a call with {count} rows; 1 to {most} are allowed");
                return Err(self.connector.broke_contract(&what));
            }
            for row in &call.rows {
                match seen.get_mut(*row as usize) {
                    Some(seen) if !*seen => *seen = true,
                    _ => {
                        let what = format!("prepared row {row} twice, or it is not in the batch");
                        return Err(self.connector.broke_contract(&what));
                    }
                }
            }
        }
        match seen.iter().position(|seen| !seen) {
            None => Ok(()),
            Some(row) => Err(self
                .connector
                .broke_contract(&format!("left out row {row}"))),
        }
    }

    fn in_order(
        &self,
        call: &TargetCall,
        outcomes: Vec<contract::RowOutcome>,
    ) -> Result<Vec<RowOutcome>, Problem> {
        let wrong = |what: String| {
            let detail = format!("the connector {} {what}", self.connector.title());
            Problem::new(ErrorCode::TargetAnswer, detail)
        };
        let mut by_row: Vec<Option<contract::Outcome>> = vec![None; call.rows.len()];
        for outcome in outcomes {
            let at = call.rows.iter().position(|row| *row == outcome.row);
            match at.and_then(|at| by_row.get_mut(at)) {
                Some(slot @ None) => *slot = Some(outcome.outcome),
                _ => {
                    return Err(wrong(format!(
                        "settled row {} twice or unasked",
                        outcome.row
                    )));
                }
            }
        }
        let mut ordered = Vec::with_capacity(by_row.len());
        for (row, outcome) in call.rows.iter().zip(by_row) {
            let outcome = outcome.ok_or_else(|| wrong(format!("did not settle row {row}")))?;
            ordered.push(RowOutcome {
                row: *row,
                outcome: self.outcome(outcome)?,
            });
        }
        Ok(ordered)
    }

    fn outcome(&self, outcome: contract::Outcome) -> Result<Outcome, Problem> {
        Ok(match outcome {
            contract::Outcome::Delivered(delivered) => Outcome::Delivered {
                external_id: self.connector.external_id(delivered.external_id)?,
                detail: match &delivered.detail {
                    Some(text) => Some(self.connector.detail(text)?),
                    None => None,
                },
            },
            contract::Outcome::Rejected(rejected) => Outcome::Rejected {
                code: shorten(&rejected.code, 200),
                message: shorten(&rejected.message, MAX_TEXT_CHARS),
                field: rejected
                    .field
                    .as_deref()
                    .map(|field| shorten(field, MAX_FIELD_CHARS)),
            },
            contract::Outcome::Retry(retry) => Outcome::Retry {
                reason: match retry.kind {
                    contract::RetryKind::Transient => RetryReason::Transient,
                    contract::RetryKind::RateLimited => RetryReason::RateLimited,
                    contract::RetryKind::Split => RetryReason::Split,
                },
                message: shorten(&retry.message, MAX_TEXT_CHARS),
                retry_after_ms: retry.retry_after_ms.map(u64::from),
            },
        })
    }
}

impl Connector {
    /// A name that was cut would name nothing, so a long one is refused.
    pub(super) fn external_id(&self, id: Option<String>) -> Result<Option<String>, Problem> {
        match id {
            Some(id) if id.len() > MAX_EXTERNAL_ID_BYTES => {
                let what = format!(
                    "answered an external id of {} bytes; {MAX_EXTERNAL_ID_BYTES} are kept",
                    id.len()
                );
                Err(self.broke_contract(&what))
            }
            id => Ok(id),
        }
    }
}

fn from_guest(call: contract::Call) -> TargetCall {
    TargetCall {
        method: call.method,
        path: call.path,
        query: call.query,
        headers: call.headers,
        body: Bytes::from(call.body),
        rows: call.rows,
        idempotency_key: call.idempotency_key,
        context: call.context,
    }
}

/// The body stays out: it may be a megabyte, and `settle` has `context`.
fn to_guest(call: &TargetCall) -> contract::Call {
    contract::Call {
        method: call.method.clone(),
        path: call.path.clone(),
        query: call.query.clone(),
        headers: call.headers.clone(),
        body: Vec::new(),
        rows: call.rows.clone(),
        idempotency_key: call.idempotency_key.clone(),
        context: call.context.clone(),
    }
}

fn answer_to_guest(response: &HttpResponse) -> contract::Response {
    contract::Response {
        status: response.status,
        headers: response.headers.clone(),
        body: response.body.to_vec(),
    }
}
