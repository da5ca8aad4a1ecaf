//! Records that programs push for an integration whose source is a connection of kind `push`.

mod check;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use tributary_model::clock::UnixMillis;
use tributary_store::Push;
use utoipa::ToSchema;

use crate::wire::time;

/// A row that was not accepted.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Refusal {
    /// which row: the line, or the element of the array, from 1
    row: u64,
    code: String,
    /// JSON Pointer (RFC 6901) into the row, if one place is wrong
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    detail: String,
}

/// A batch that was accepted.
#[derive(Serialize, ToSchema)]
pub(crate) struct PushView {
    id: String,
    integration: String,
    /// place in the integration's order, from 1
    number: u64,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "time::serialize")]
    received_at: UnixMillis,
    /// `accepted` and `refused` together
    rows: u64,
    accepted: u64,
    refused: u64,
    /// of the body as it came, hex
    sha256: String,
    /// the client that pushed it
    sent_by: String,
    /// the run that has it; absent: the next one takes it
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
}

/// The answer to a batch, the same again for the same key.
#[derive(Serialize, ToSchema)]
pub(crate) struct PushReceipt {
    #[serde(flatten)]
    push: PushView,
    /// why, for each refused row; the first 1000
    refusals: Vec<Refusal>,
}

fn view(push: Push) -> PushView {
    PushView {
        id: push.id,
        integration: push.integration.into(),
        number: push.seq,
        received_at: push.created_ms,
        rows: push.counts.rows,
        accepted: push.counts.accepted,
        refused: push.counts.refused,
        sha256: HEXLOWER.encode(&push.sha256),
        sent_by: push.sent_by,
        run: push.run.map(|run| run.to_string()),
    }
}
