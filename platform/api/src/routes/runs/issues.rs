//! Issues of a run: a page as JSON, or all of them as NDJSON or CSV.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tributary_formats::export::{Cell, CsvWriter, ExportOptions};
use tributary_model::error_code::{ErrorCode, Owner};
use tributary_model::id::RunId;
use tributary_store::{IssueFilter, IssueRow, TenantStore};
use utoipa::IntoParams;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::download::{Pieces, download, slot};
use crate::request::format::Format;
use crate::request::page;
use crate::request::parts::{Names, Query};
use crate::state::ApiState;
use crate::wire::record::{IssuePage, RecordIssueView};
use crate::wire::run::RunPath;

/// Issues read at a time for a download.
const PIECE: u32 = 500;

/// Which issues, and how.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IssuesQuery {
    /// `json` (pages), `ndjson` or `csv` (everything); else `Accept` decides
    #[param(value_type = Option<String>)]
    format: Option<Format>,
    /// only this code
    #[param(value_type = Option<String>)]
    code: Option<ErrorCode>,
    /// only for this owner: customer, mapping, connection, connector, target, platform
    #[param(value_type = Option<String>)]
    owner: Option<Owner>,
    /// only of the record with this key
    key: Option<String>,
    /// of a JSON page, 1 to 1000, 100 if absent
    limit: Option<u32>,
    /// `next` of the page before
    after: Option<String>,
}

/// Issues in the order of the run's batches.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/runs/{run}/issues",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("run" = String, Path, description = "id of the run"),
        IssuesQuery
    ),
    responses((status = 200, description = "a page, or all", content(
        (IssuePage = "application/json"),
        (String = "application/x-ndjson"),
        (String = "text/csv")
    )))
)]
pub(crate) async fn list_issues(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<RunPath>,
    Query(query): Query<IssuesQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let run = scope.store.run(&path.run).await?;
    let run = run.ok_or_else(ApiError::not_found)?;
    let after = query.after.as_deref().map(page::decode).transpose()?;
    let filter = IssueFilter {
        code: query.code,
        owner: query.owner,
        key: query.key,
        after,
        limit: PIECE,
    };
    let format = Format::wanted(query.format, &headers, Format::Json);
    if format == Format::Json {
        let limit = page::limit(query.limit)?;
        let page = issue_page(&scope.store, &run.id, filter, limit).await?;
        return Ok(Json(page).into_response());
    }
    let slot = slot(&state, &scope.tenant)?;
    let pieces = IssuePieces {
        store: scope.store,
        run: run.id,
        filter: Some(filter),
        csv: (format == Format::Csv).then(csv_writer),
    };
    let name = format!("{}-issues", pieces.run);
    Ok(download(pieces, slot, &name, format))
}

async fn issue_page(
    store: &TenantStore,
    run: &RunId,
    mut filter: IssueFilter,
    limit: u32,
) -> Result<IssuePage, ApiError> {
    // one more, for `page::cut`
    filter.limit = limit + 1;
    let mut rows = store.issues(run, &filter).await?;
    let next = page::cut(&mut rows, limit, |row| (row.partition, row.batch, row.no));
    let items = rows.into_iter().map(Into::into).collect();
    Ok(IssuePage { items, next })
}

struct IssuePieces {
    store: TenantStore,
    run: RunId,
    /// `None` at the end
    filter: Option<IssueFilter>,
    csv: Option<CsvWriter>,
}

impl Pieces for IssuePieces {
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let Some(filter) = &mut self.filter else {
            return Ok(None);
        };
        let rows = self.store.issues(&self.run, filter).await?;
        match rows.last() {
            Some(last) if rows.len() == PIECE as usize => {
                filter.after = Some((last.partition, last.batch, last.no));
            }
            _ => self.filter = None,
        }
        match &mut self.csv {
            Some(writer) => {
                for row in rows {
                    csv_row(writer, row);
                }
                Ok(Some(writer.take().into()))
            }
            None => ndjson(rows).map(Some),
        }
    }
}

fn ndjson(rows: Vec<IssueRow>) -> Result<Bytes, ApiError> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, &RecordIssueView::from(row))
            .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}

const COLUMNS: [&str; 21] = [
    "key",
    "stage",
    "code",
    "severity",
    "owner",
    "message",
    "hint",
    "rule",
    "source_path",
    "target_path",
    "value",
    "source",
    "line",
    "offset",
    "partition",
    "batch",
    "ordinal",
    "column",
    "column_name",
    "value_from",
    "value_to",
];

fn csv_writer() -> CsvWriter {
    let mut writer = CsvWriter::new(ExportOptions::default());
    writer.row(COLUMNS.map(Cell::Text));
    writer
}

fn csv_row(writer: &mut CsvWriter, row: IssueRow) {
    let row = RecordIssueView::from(row);
    let issue = row.issue;
    let number = |number: u64| number.to_string();
    let (line, offset) = (issue.line.map(number), issue.offset.map(number));
    let [partition, batch, ordinal] =
        [row.partition, row.batch, row.ordinal].map(|n| n.to_string());
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (rule, source_path, target_path, value, source) = (
        text(&issue.rule),
        text(&issue.source_path),
        text(&issue.target_path),
        text(&issue.value),
        text(&row.source),
    );
    let optional = |number: &'_ Option<String>| number.clone().unwrap_or_default();
    let (line, offset) = (optional(&line), optional(&offset));
    let (column, name, bytes) = match issue.at {
        Some(at) => (at.column, at.name.unwrap_or_default(), at.bytes),
        None => Default::default(),
    };
    let column = column.map_or_else(String::new, |column| column.to_string());
    let [from, to] = bytes.map_or_else(Default::default, |ends| ends.map(number));
    writer.row([
        Cell::Text(&row.key),
        Cell::Text(issue.stage),
        Cell::Text(issue.code),
        Cell::Text(issue.severity),
        Cell::Text(&issue.owner),
        Cell::Text(&issue.message),
        Cell::Text(&issue.hint),
        Cell::Text(&rule),
        Cell::Text(&source_path),
        Cell::Text(&target_path),
        Cell::Text(&value),
        Cell::Text(&source),
        Cell::Number(&line),
        Cell::Number(&offset),
        Cell::Number(&partition),
        Cell::Number(&batch),
        Cell::Number(&ordinal),
        Cell::Number(&column),
        Cell::Text(&name),
        Cell::Number(&from),
        Cell::Number(&to),
    ]);
}
