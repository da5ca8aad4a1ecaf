//! Asking a target what became of rows whose call may have been done.

use bytes::Bytes;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;

use super::Connector;
use super::check::MAX_MESSAGE_CHARS;
use crate::bindings::contract::types::{Batch, Encoding};
use crate::bindings::lookup::exports::tributary::connector::lookup as contract;
use crate::call::{CallContext, Finding, RowFinding, TargetBatch, TargetCall};
use crate::connection::HttpResponse;
use crate::exports::{Answer, Export};

impl Connector {
    /// Whether it can be asked.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.exports.lookup.is_some()
    }

    /// The requests that ask for the rows of `batch`: GETs without a body, each row in exactly one.
    ///
    /// # Errors
    /// What the connector says, a limit that was hit, or [`ErrorCode::ConnectorFailed`] for an answer that
    /// breaks these rules.
    pub async fn inquire(
        &self,
        call: &CallContext,
        config: &serde_json::Value,
        batch: TargetBatch<'_>,
    ) -> Result<Vec<TargetCall>, Problem> {
        let config = self.enter(call, config)?;
        if !self.asks() {
            return Err(self.lacks("lookup"));
        }
        let rows = Batch {
            stream: batch.stream.to_owned(),
            encoding: Encoding::Ndjson,
            rows: batch.rows,
            data: batch.ndjson.to_vec(),
        };
        let export = Export::Inquire(rows, batch.keys.into());
        let Answer::Inquiries(inquiries) = self.once(call, &config, export).await? else {
            return Err(self.mixed_up());
        };
        let mut seen = vec![false; batch.rows as usize];
        for row in inquiries.iter().flat_map(|inquiry| &inquiry.rows) {
            match seen.get_mut(*row as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => {
                    return Err(
                        self.broke_contract(&format!("asked for row {row} twice or unasked"))
                    );
                }
            }
        }
        match seen.iter().position(|seen| !seen) {
            None => Ok(inquiries.into_iter().map(from_guest).collect()),
            Some(row) => Err(self.broke_contract(&format!("did not ask for row {row}"))),
        }
    }

    /// What the answer to an inquiry says of each of its rows, in its order.
    ///
    /// # Errors
    /// What the connector says, a limit that was hit, or [`ErrorCode::TargetAnswer`] if a row has no
    /// finding or two.
    pub async fn judge(
        &self,
        call: &CallContext,
        config: &serde_json::Value,
        inquiry: &TargetCall,
        response: &HttpResponse,
    ) -> Result<Vec<RowFinding>, Problem> {
        let config = self.enter(call, config)?;
        if !self.asks() {
            return Err(self.lacks("lookup"));
        }
        let export = Export::Judge(to_guest(inquiry), answer_to_guest(response));
        let Answer::Findings(found) = self.once(call, &config, export).await? else {
            return Err(self.mixed_up());
        };
        self.found_in_order(inquiry, found)
    }

    fn found_in_order(
        &self,
        inquiry: &TargetCall,
        found: Vec<contract::RowFinding>,
    ) -> Result<Vec<RowFinding>, Problem> {
        let mut by_row: Vec<Option<contract::Finding>> = vec![None; inquiry.rows.len()];
        for finding in found {
            let at = inquiry.rows.iter().position(|row| *row == finding.row);
            match at.and_then(|at| by_row.get_mut(at)) {
                Some(slot @ None) => *slot = Some(finding.finding),
                _ => return Err(self.judged_wrong(finding.row, "twice or unasked")),
            }
        }
        let mut ordered = Vec::with_capacity(by_row.len());
        for (row, finding) in inquiry.rows.iter().zip(by_row) {
            let finding = finding.ok_or_else(|| self.judged_wrong(*row, "not at all"))?;
            ordered.push(RowFinding {
                row: *row,
                finding: self.finding(finding)?,
            });
        }
        Ok(ordered)
    }

    fn judged_wrong(&self, row: u32, how: &str) -> Problem {
        let detail = format!("the connector {} judged row {row} {how}", self.title());
        Problem::new(ErrorCode::TargetAnswer, detail)
    }

    fn finding(&self, finding: contract::Finding) -> Result<Finding, Problem> {
        Ok(match finding {
            contract::Finding::There(there) => Finding::There {
                external_id: self.external_id(there.external_id)?,
                detail: match &there.detail {
                    Some(text) => Some(self.detail(text)?),
                    None => None,
                },
            },
            contract::Finding::Absent => Finding::Absent,
            contract::Finding::Unclear(message) => {
                Finding::Unclear(shorten(&message, MAX_MESSAGE_CHARS))
            }
            contract::Finding::Later(later) => Finding::Later {
                message: shorten(&later.message, MAX_MESSAGE_CHARS),
                retry_after_ms: later.retry_after_ms.map(u64::from),
            },
        })
    }
}

fn from_guest(inquiry: contract::Inquiry) -> TargetCall {
    TargetCall {
        method: "GET".to_owned(),
        path: inquiry.path,
        query: inquiry.query,
        headers: inquiry.headers,
        body: Bytes::new(),
        rows: inquiry.rows,
        idempotency_key: None,
        context: inquiry.context,
    }
}

fn to_guest(call: &TargetCall) -> contract::Inquiry {
    contract::Inquiry {
        path: call.path.clone(),
        query: call.query.clone(),
        headers: call.headers.clone(),
        rows: call.rows.clone(),
        context: call.context.clone(),
    }
}

fn answer_to_guest(response: &HttpResponse) -> contract::Answer {
    contract::Answer {
        status: response.status,
        headers: response.headers.clone(),
        body: response.body.to_vec(),
    }
}
