//! A target tried once with some rows: the calls that it prepares, what it makes of the answers, and what it
//! is told when it asks.
//!
//! Invariants: nothing is sent unless the caller says so; calls go out one after the other, and none after
//! one whose rows got no outcome. Deliberately absent: retries, halving and resends (the engine's).

use serde_json::Value;
use tributary_host::{CallContext, Connector, Finding, Outcome, SendError, TargetCall};
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::DeliveryCapability;
use tributary_model::problem::Problem;

use crate::batch::{CaseBatch, Rows};
use crate::side::{Event, Listener, line};

const NO_DELIVERY: &str = "no row was delivered, and the check `settle` wants one that is: \
    record again with a row that the target takes";
const NO_REFUSAL: &str = "no row was refused; with one that the target refuses, \
    the battery sees what becomes of a refusal, too";
const NONE_THERE: &str = "no look-up found a row, and the check `lookup` wants one that is there: \
    record again with a row that the target takes, or add the answer that the target gives later to `cassette.http`, \
    behind the one to the same GET";
const NONE_ABSENT: &str = "every row was there before it was sent, and the check `lookup` wants one that is not: \
    record again with a row that is new to the target";

/// What a target is tried with.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    pub batch: &'a CaseBatch,
    /// send the calls; without it they are only told
    pub send: bool,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub calls: Vec<TargetCall>,
    /// of each row, in order
    pub rows: Vec<RowTried>,
    /// what the target said of each row before it was sent; empty if it was not asked
    pub before: Vec<Option<Finding>>,
    /// the same afterwards
    pub after: Vec<Option<Finding>>,
    /// why it could not be asked afterwards
    pub unasked: Option<Problem>,
}

/// What came of one row.
#[derive(Debug, Clone)]
pub enum RowTried {
    /// nothing was sent, or something before it went wrong
    Unsent,
    /// no answer came to its call
    Lost(SendError),
    /// the connector could not read the answer to its call
    Unsettled(Problem),
    Settled(Outcome),
}

impl Attempt {
    /// What the battery would want and not find in a recording of this, one sentence each.
    #[must_use]
    pub fn lacks(&self) -> Vec<&'static str> {
        let settled = |fits: fn(&Outcome) -> bool| {
            let fits = |row: &RowTried| matches!(row, RowTried::Settled(outcome) if fits(outcome));
            self.rows.iter().any(fits)
        };
        let found = |fits: fn(&Finding) -> bool| {
            let mut findings = self.before.iter().chain(&self.after).flatten();
            findings.any(fits)
        };
        let asked = !self.before.is_empty();
        let wanted = [
            (
                settled(|outcome| matches!(outcome, Outcome::Delivered { .. })),
                NO_DELIVERY,
            ),
            (
                settled(|outcome| matches!(outcome, Outcome::Rejected { .. })),
                NO_REFUSAL,
            ),
            (
                !asked || found(|finding| matches!(finding, Finding::There { .. })),
                NONE_THERE,
            ),
            (
                !asked || found(|finding| matches!(finding, Finding::Absent)),
                NONE_ABSENT,
            ),
        ];
        let lacking = wanted.into_iter().filter(|(there, _)| !there);
        lacking.map(|(_, sentence)| sentence).collect()
    }

    /// Why the first row without an outcome has none, unless it is that nothing was sent.
    #[must_use]
    pub fn failure(&self) -> Option<(usize, &Problem)> {
        let mut rows = self.rows.iter().enumerate();
        rows.find_map(|(row, tried)| match tried {
            RowTried::Lost(lost) => Some((row, &lost.problem)),
            RowTried::Unsettled(problem) => Some((row, problem)),
            RowTried::Unsent | RowTried::Settled(_) => None,
        })
    }
}

/// Whether the platform asks this target what became of rows, under this configuration.
pub(crate) fn asks(connector: &Connector, config: &Value) -> bool {
    let delivery = connector.manifest().delivery.as_ref();
    let terms = delivery.map(|delivery| delivery.under(config));
    connector.asks()
        && terms.is_some_and(|terms| {
            terms.capability == DeliveryCapability::Lookup || terms.lookup_after_window
        })
}

/// A target with its connection, its configuration, and who listens.
pub(crate) struct Trial<'a> {
    pub(crate) connector: &'a Connector,
    pub(crate) call: &'a CallContext,
    pub(crate) config: &'a Value,
    pub(crate) listener: &'a Listener,
}

impl Trial<'_> {
    pub(crate) async fn with(&self, sending: Sending<'_>) -> Result<Attempt, Problem> {
        let rows = Rows::of(sending.batch);
        let prepared = self
            .connector
            .prepare(self.call, self.config, rows.batch())
            .await;
        let mut attempt = Attempt {
            calls: prepared.map_err(explained)?,
            rows: vec![RowTried::Unsent; rows.keys.len()],
            before: Vec::new(),
            after: Vec::new(),
            unasked: None,
        };
        for (number, call) in (1..).zip(&attempt.calls) {
            let (what, call) = (line(&call.request(None)), call.clone());
            (self.listener)(&Event::Prepared { number, what, call });
        }
        if !sending.send {
            return Ok(attempt);
        }
        let asks = asks(self.connector, self.config);
        if asks {
            attempt.before = self.look_up(&rows).await?;
        }
        for call in &attempt.calls {
            if !self.send(call, &mut attempt.rows).await {
                break;
            }
        }
        if asks {
            match self.look_up(&rows).await {
                Ok(found) => attempt.after = found,
                Err(problem) => attempt.unasked = Some(problem),
            }
        }
        Ok(attempt)
    }

    /// Whether the call's rows have an outcome now.
    async fn send(&self, call: &TargetCall, rows: &mut [RowTried]) -> bool {
        let mut place = |row: u32, what: RowTried| {
            if let Some(place) = rows.get_mut(row as usize) {
                *place = what;
            }
        };
        let answer = match self.call.connection.send(call.request(None)).await {
            Ok(answer) => answer,
            Err(lost) => {
                for row in &call.rows {
                    place(*row, RowTried::Lost(lost.clone()));
                }
                return false;
            }
        };
        let (connector, config) = (self.connector, self.config);
        match connector.settle(self.call, config, call, &answer).await {
            Ok(outcomes) => {
                for outcome in outcomes {
                    place(outcome.row, RowTried::Settled(outcome.outcome));
                }
                true
            }
            Err(problem) => {
                for row in &call.rows {
                    place(*row, RowTried::Unsettled(problem.clone()));
                }
                false
            }
        }
    }

    /// What the target says of each row; `None` of those to which no answer came.
    async fn look_up(&self, rows: &Rows) -> Result<Vec<Option<Finding>>, Problem> {
        let (connector, config) = (self.connector, self.config);
        let inquiries = connector.inquire(self.call, config, rows.batch()).await?;
        let mut found = vec![None; rows.keys.len()];
        for inquiry in &inquiries {
            // The listener was told why.
            let Ok(answer) = self.call.connection.send(inquiry.request(None)).await else {
                continue;
            };
            let judged = connector.judge(self.call, config, inquiry, &answer).await?;
            for row in judged {
                if let Some(place) = found.get_mut(row.row as usize) {
                    *place = Some(row.finding);
                }
            }
        }
        Ok(found)
    }
}

/// A connector that broke the contract, in words for its author.
fn explained(problem: Problem) -> Problem {
    match problem.code {
        ErrorCode::ConnectorFailed => problem
            .hint("look at `prepare`: each row of the batch is in exactly one call, and rows count from 0"),
        _ => problem,
    }
}
