//! Results of a run: what the target answered for each record, from the result objects of the
//! batches, one batch in memory at a time.
//!
//! NDJSON is the objects' lines as they are. CSV has the members of the first line as columns
//! (nested ones as JSON) and, so that nothing is lost when a later line has more, a last column
//! `more` with those as JSON.

use std::fmt;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use tributary_formats::export::{Cell, CsvWriter, ExportOptions};
use tributary_lake::Lake;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::{RunId, TenantId};
use tributary_store::TenantStore;
use tributary_vault::TenantVault;
use utoipa::IntoParams;

use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::download::{Pieces, download, slot};
use crate::request::format::Format;
use crate::request::parts::{Names, Query};
use crate::state::ApiState;
use crate::wire::run::RunPath;

/// Batches looked up at a time.
const PIECE: u32 = 100;

/// In which form.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ResultsQuery {
    /// `ndjson` or `csv`; else `Accept` decides, and NDJSON if it does not
    #[param(value_type = Option<String>)]
    format: Option<Format>,
}

/// Downloads what the target answered. Of a run that is under way, what is there by now.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}/runs/{run}/results",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("run" = String, Path, description = "id of the run"),
        ResultsQuery
    ),
    responses((status = 200, description = "one line a record", content(
        (String = "application/x-ndjson"),
        (String = "text/csv")
    )))
)]
pub(crate) async fn download_results(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<RunPath>,
    Query(query): Query<ResultsQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let run = scope.store.run(&path.run).await?;
    let run = run.ok_or_else(ApiError::not_found)?;
    let format = Format::wanted(query.format, &headers, Format::Ndjson);
    if format == Format::Json {
        return Err(ApiError::request("results come as ndjson or csv"));
    }
    let slot = slot(&state, &scope.tenant)?;
    let pieces = ResultPieces {
        vault: scope.vault(&state)?,
        lake: state.lake.clone(),
        store: scope.store,
        tenant: scope.tenant,
        run: run.id,
        after: None,
        objects: Vec::new().into_iter(),
        over: false,
        table: (format == Format::Csv).then(Table::new),
    };
    let name = format!("{}-results", pieces.run);
    Ok(download(pieces, slot, &name, format))
}

struct ResultPieces {
    store: TenantStore,
    lake: Lake,
    vault: TenantVault,
    tenant: TenantId,
    run: RunId,
    /// the last batch that was looked up
    after: Option<(u32, u32)>,
    /// objects that were looked up and not read yet
    objects: std::vec::IntoIter<String>,
    /// there are no more batches
    over: bool,
    table: Option<Table>,
}

impl Pieces for ResultPieces {
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            if let Some(object) = self.objects.next() {
                let lines = self.lake.get(&self.vault, &object, &self.tenant).await?;
                return match &mut self.table {
                    None => Ok(Some(lines)),
                    Some(table) => table.rows(&lines).map(Some),
                };
            }
            if self.over {
                return Ok(None);
            }
            let batches = self.store.batches(&self.run, self.after, PIECE).await?;
            self.over = batches.len() < PIECE as usize;
            self.after = batches.last().map(|batch| (batch.partition, batch.no));
            let objects: Vec<String> = batches
                .into_iter()
                .filter_map(|batch| batch.objects.results)
                .collect();
            self.objects = objects.into_iter();
        }
    }
}

/// Lines of JSON objects to rows of CSV.
struct Table {
    writer: CsvWriter,
    /// from the first line
    columns: Option<Vec<String>>,
}

impl Table {
    fn new() -> Self {
        Self {
            writer: CsvWriter::new(ExportOptions::default()),
            columns: None,
        }
    }

    fn rows(&mut self, lines: &[u8]) -> Result<Bytes, ApiError> {
        for line in lines.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            let members: Members<'_> = serde_json::from_slice(line)
                .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
            self.row(members.0)?;
        }
        Ok(self.writer.take().into())
    }

    fn row(&mut self, mut members: Vec<(String, &RawValue)>) -> Result<(), ApiError> {
        let columns = self.columns.get_or_insert_with(|| {
            let columns: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
            let names = columns.iter().map(|name| Cell::Text(name));
            self.writer.row(names.chain([Cell::Text("more")]));
            columns
        });
        let mut cells = Vec::with_capacity(columns.len() + 1);
        for name in columns {
            let found = members.iter().position(|(member, _)| member == name);
            cells.push(match found {
                Some(at) => cell_text(members.remove(at).1)?,
                None => (false, String::new()),
            });
        }
        cells.push((false, more(&members)));
        self.writer
            .row(cells.iter().map(|(number, text)| match number {
                true => Cell::Number(text),
                false => Cell::Text(text),
            }));
        Ok(())
    }
}

/// A JSON object in its own order, its values as they are written: a number that went through
/// a float would come out as another number.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Visit).map(Self)
    }
}

/// Members without a column, as a JSON object; empty if there are none.
fn more(members: &[(String, &RawValue)]) -> String {
    if members.is_empty() {
        return String::new();
    }
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name.as_str())))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Whether it is a number, and its text.
fn cell_text(value: &RawValue) -> Result<(bool, String), ApiError> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'n') => Ok((false, String::new())),
        Some(b'"') => serde_json::from_str(text)
            .map(|text| (false, text))
            .map_err(|error| ApiError::internal(ErrorCode::Internal, &error)),
        Some(b'-' | b'0'..=b'9') => Ok((true, text.to_owned())),
        _ => Ok((false, text.to_owned())),
    }
}

#[test]
fn members_that_come_late_are_not_lost_and_formulas_are_harmless() {
    let mut table = Table::new();
    let lines = b"{\"key\":\"=1+1\",\"tax\":-1.50,\"x\":{\"a\":1}}\n{\"key\":\"2\",\"new\":12345678901234567.10}\n";
    let text = String::from_utf8(table.rows(lines).unwrap().to_vec()).unwrap();
    let text = text.trim_start_matches('\u{feff}');
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows[0], "key,tax,x,more");
    assert_eq!(rows[1], "'=1+1,-1.50,\"{\"\"a\"\":1}\",");
    assert_eq!(rows[2], "2,,,\"{\"\"new\"\":12345678901234567.10}\"");
    assert!(table.rows(b"[1]\n").is_err());
}
