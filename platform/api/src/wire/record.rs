//! Records: their issues and their life across runs.

use serde::Serialize;
use tributary_model::clock::UnixMillis;
use tributary_model::error_code::Owner;
use tributary_model::issue::{Issue, Severity};
use tributary_model::rows::ValuePlace;
use tributary_model::state::RecordState;
use tributary_store::{IssueRow, LifeEntry, Settlement};
use utoipa::ToSchema;

use super::time;

/// A page of issues.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IssuePage {
    pub(crate) items: Vec<RecordIssueView>,
    /// pass it as `after` for the next page; absent on the last one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// One problem of one record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IssueView {
    /// `extract`, `map` or `deliver`
    pub(crate) stage: &'static str,
    pub(crate) code: &'static str,
    /// `warning` or `error`
    pub(crate) severity: &'static str,
    /// who has to act
    pub(crate) owner: String,
    pub(crate) message: String,
    pub(crate) hint: String,
    /// node of the mapping or quality rule
    pub(crate) rule: Option<String>,
    /// path in the source record
    pub(crate) source_path: Option<String>,
    /// pointer in the target document
    pub(crate) target_path: Option<String>,
    /// as found; masked if the field is sensitive
    pub(crate) value: Option<String>,
    /// line in the source, from 1
    pub(crate) line: Option<u64>,
    /// byte in the source, from 0
    pub(crate) offset: Option<u64>,
    /// where in that row the value stands, if the issue is about one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<ValuePlaceView>,
}

/// Where a value stands in its row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ValuePlaceView {
    /// its first byte and the one behind its last, counted from 0 in the row as UTF-8, without quotes; absent for a
    /// masked value
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<[u64; 2]>,
    /// of CSV: number of the column, from 1
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<u32>,
    /// of CSV: name of the column
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// An issue in a list, with the record that has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordIssueView {
    /// the customer's own key of the record
    pub(crate) key: String,
    pub(crate) partition: u32,
    pub(crate) batch: u32,
    /// number of the record in its batch
    pub(crate) ordinal: u32,
    /// file, request or pushed batch that `line` is of
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    #[serde(flatten)]
    pub(crate) issue: IssueView,
}

/// What happened to one record, in all runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordLife {
    pub(crate) key: String,
    /// what is known of it at the target: `delivered`, `uncertain`, `rejected`; of a record that never
    /// got there its last outcome
    pub(crate) state: &'static str,
    /// what people found out about it, the newest first
    pub(crate) settlements: Vec<SettlementView>,
    /// the newest first
    pub(crate) items: Vec<RecordStep>,
}

/// A person's word on a record in doubt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettlementView {
    /// `delivered`, or `rejected`: the target does not have it
    pub(crate) state: &'static str,
    /// the target's id for it
    pub(crate) external_id: Option<String>,
    pub(crate) note: Option<String>,
    /// the API client that said so
    pub(crate) settled_by: String,
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: UnixMillis,
}

/// One outcome.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordStep {
    pub(crate) run: String,
    /// which try of the batch
    pub(crate) epoch: u64,
    pub(crate) partition: u32,
    pub(crate) batch: u32,
    pub(crate) ordinal: u32,
    /// `delivered`, `unchanged`, `quarantined`, …
    pub(crate) state: &'static str,
    /// hash of the mapped content, hex
    pub(crate) content_hash: String,
    /// the target's id for it
    pub(crate) external_id: Option<String>,
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: UnixMillis,
    pub(crate) issues: Vec<IssueView>,
}

/// The word of an owner.
pub(crate) fn owner_word(owner: Owner) -> String {
    serde_json::to_value(owner)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

impl From<ValuePlace> for ValuePlaceView {
    fn from(place: ValuePlace) -> Self {
        Self {
            bytes: place.bytes.map(|(from, to)| [from, to]),
            column: place.column,
            name: place.name,
        }
    }
}

impl From<Issue> for IssueView {
    fn from(issue: Issue) -> Self {
        Self {
            stage: issue.stage.as_str(),
            code: issue.code.as_str(),
            severity: match issue.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            owner: owner_word(issue.owner),
            message: issue.message,
            hint: issue.hint,
            rule: issue.rule,
            source_path: issue.source_path,
            target_path: issue.target_path,
            value: issue.value,
            line: issue.position.map(|position| position.line),
            offset: issue.position.map(|position| position.offset),
            at: issue.place.map(ValuePlaceView::from),
        }
    }
}

impl From<IssueRow> for RecordIssueView {
    fn from(row: IssueRow) -> Self {
        Self {
            key: row.key,
            partition: row.partition,
            batch: row.batch,
            ordinal: row.ordinal,
            source: row.source,
            issue: row.issue.into(),
        }
    }
}

impl From<Settlement> for SettlementView {
    fn from(settlement: Settlement) -> Self {
        Self {
            state: settlement.state.as_str(),
            external_id: settlement.external_id,
            note: settlement.note,
            settled_by: settlement.settled_by,
            at: settlement.settled_ms,
        }
    }
}

/// The life line of the record `key`.
pub(crate) fn life(
    key: String,
    state: RecordState,
    entries: Vec<LifeEntry>,
    settlements: Vec<Settlement>,
) -> RecordLife {
    let items = entries.into_iter().map(|entry| RecordStep {
        run: entry.run.to_string(),
        epoch: entry.epoch,
        partition: entry.partition,
        batch: entry.batch,
        ordinal: entry.ordinal,
        state: entry.state.as_str(),
        content_hash: data_encoding::HEXLOWER.encode(&entry.content_hash),
        external_id: entry.external_id,
        at: entry.at_ms,
        issues: entry.issues.into_iter().map(Into::into).collect(),
    });
    RecordLife {
        key,
        state: state.as_str(),
        settlements: settlements.into_iter().map(Into::into).collect(),
        items: items.collect(),
    }
}
