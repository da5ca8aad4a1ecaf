//! Maps one batch: rows in, mapped records and issues out; or tells of one record how it came to be.
//!
//! Invariants: pure and deterministic, the time is that of the run's start; every row that the batch was made of is in exactly one
//! record; a row that cannot be read quarantines its record and nothing else.

use std::ops::Range;
use std::sync::Arc;

use tributary_formats::fault::RowFault;
use tributary_formats::pack::{Group, PackError, PackReader};
use tributary_formats::rows::{RowDecoder, RowReader};
use tributary_mapping::decimal::Decimal;
use tributary_mapping::{Date, Explanation, Plan, Row, Verdict, Worker};
use tributary_model::clock::UnixMillis;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Stage};
use tributary_model::problem::{Place, Problem};
use tributary_model::rows::{RowFormat, RowPosition};

use crate::cut::BatchInput;

/// A mapped batch.
#[derive(Debug, Default)]
pub struct MappedBatch {
    /// one line per record with the verdict `Mapped`
    pub ndjson: Vec<u8>,
    pub records: Vec<MappedRecord>,
    /// (index in `records`, issue): warnings too
    pub issues: Vec<(u32, Issue)>,
    /// source rows taken in
    pub rows: u64,
}

/// One record after mapping.
#[derive(Debug)]
pub struct MappedRecord {
    /// the record's own key; empty if it could not be read
    pub key: String,
    pub verdict: Verdict,
    /// its line in [`MappedBatch::ndjson`], with the line end
    pub line: Range<usize>,
    /// of the mapped content, without fields that the mapping excludes
    pub content_hash: [u8; 32],
    /// in the order of the plan's amount names
    pub amounts: Vec<Option<Decimal>>,
    /// in the order of the plan's date names
    pub dates: Vec<Option<Date>>,
    /// it breaks a rule with the severity `fail`
    pub stops_run: bool,
    /// where its first row stands in the source
    pub position: RowPosition,
}

/// A compiled mapping as one run uses it.
#[derive(Debug, Clone)]
pub struct PinnedPlan {
    pub plan: Arc<Plan>,
    /// when the run started, milliseconds since 1970: what `now()` and `today()` mean, also in a
    /// retry and a redrive
    pub started_ms: UnixMillis,
}

/// Maps the records of a batch, whose rows are in `bytes` as `input` says.
///
/// # Errors
/// A problem when the container is damaged or the plan does not fit its columns.
pub fn map_batch(
    pinned: &PinnedPlan,
    input: &BatchInput,
    bytes: &[u8],
) -> Result<MappedBatch, Problem> {
    let mut mapper = None;
    each_record(input, bytes, &mut |format, rows, fault| {
        let mapper = match &mut mapper {
            Some(mapper) => mapper,
            none => none.insert(Mapper::new(pinned, format)?),
        };
        mapper.record(rows, fault);
        Ok(true)
    })?;
    Ok(mapper.map(|mapper| mapper.batch).unwrap_or_default())
}

/// How one record of a batch came to be: the one at `ordinal`. `None` if there are not so many.
///
/// # Errors
/// As [`map_batch`].
pub fn explain_record(
    pinned: &PinnedPlan,
    input: &BatchInput,
    bytes: &[u8],
    ordinal: u32,
) -> Result<Option<Explanation>, Problem> {
    let (mut at, mut found) = (0, None);
    each_record(input, bytes, &mut |format, rows, fault| {
        if at < ordinal {
            at += 1;
            return Ok(true);
        }
        let mut mapper = Mapper::new(pinned, format)?;
        found = Some(match fault {
            None => mapper.worker.explain(rows),
            Some(mut fault) => {
                mapper.worker.veil(&mut fault);
                Explanation {
                    verdict: Verdict::Quarantined,
                    key: mapper.key_of_faulty(rows),
                    output: None,
                    fields: Vec::new(),
                    dropped: Vec::new(),
                    issues: vec![fault],
                }
            }
        });
        Ok(false)
    })?;
    Ok(found)
}

/// Takes the rows of one record, and why it is quarantined unseen, if it is; `false` ends the walk.
type Visit<'a> = dyn FnMut(&RowFormat, &[Row<'_>], Option<Issue>) -> Result<bool, Problem> + 'a;

fn each_record(input: &BatchInput, bytes: &[u8], visit: &mut Visit<'_>) -> Result<(), Problem> {
    match input {
        BatchInput::Groups { .. } => each_group(bytes, false, visit),
        BatchInput::TornGroups { .. } => each_group(bytes, true, visit),
        BatchInput::Page {
            format,
            first,
            skip,
            take,
            ..
        } => {
            let mut reader = RowReader::new(format, *first, bytes);
            let mut index = 0;
            while let Some(item) = reader.next() {
                index += 1;
                if index <= *skip {
                    continue;
                }
                if index > skip + take {
                    break;
                }
                let row = Row {
                    position: item.position,
                    bytes: &item.text,
                };
                if !visit(format, &[row], item.fault.as_ref().map(fault_issue))? {
                    break;
                }
            }
            Ok(())
        }
    }
}

/// The groups of a container, each a record; torn ones do not stand together in the source.
fn each_group(container: &[u8], torn: bool, visit: &mut Visit<'_>) -> Result<(), Problem> {
    let (format, mut reader) = PackReader::open(container).map_err(damaged)?;
    let mut decoder = RowDecoder::new(&format);
    let mut texts = Texts::default();
    while let Some(group) = reader.next_group() {
        let group = group.map_err(damaged)?;
        let fault = texts.read(&mut decoder, &group);
        let rows: Vec<Row<'_>> = texts.rows(&group).collect();
        let fault = match torn {
            true => Some(torn_issue(&rows)),
            false => fault.as_ref().map(fault_issue),
        };
        if !visit(&format, &rows, fault)? {
            break;
        }
    }
    Ok(())
}

fn damaged(error: PackError) -> Problem {
    Problem::new(
        ErrorCode::StorageFailed,
        format!("a stored batch cannot be read: {error}"),
    )
}

/// The texts of one group side by side, because each decoded row reuses the decoder's buffer.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// Decodes all rows; the first fault stands for the group.
    fn read(&mut self, decoder: &mut RowDecoder, group: &Group<'_>) -> Option<RowFault> {
        self.bytes.clear();
        self.ends.clear();
        let mut first = None;
        for row in &group.rows {
            let item = decoder.decode(row.position, row.raw);
            self.bytes.extend_from_slice(&item.text);
            self.ends.push(self.bytes.len());
            first = first.or(item.fault);
        }
        first
    }

    fn rows<'a>(&'a self, group: &'a Group<'_>) -> impl Iterator<Item = Row<'a>> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        let spans = starts.zip(self.ends.iter().copied());
        group.rows.iter().zip(spans).map(|(row, (start, end))| Row {
            position: row.position,
            bytes: self.bytes.get(start..end).unwrap_or_default(),
        })
    }
}

struct Mapper {
    worker: Worker,
    grouped: bool,
    batch: MappedBatch,
    scratch: Vec<u8>,
}

impl Mapper {
    fn new(pinned: &PinnedPlan, format: &RowFormat) -> Result<Self, Problem> {
        Ok(Self {
            worker: worker(pinned, format)?,
            grouped: pinned.plan.grouping().is_some(),
            batch: MappedBatch::default(),
            scratch: Vec::new(),
        })
    }

    /// Maps one record; with `fault` it is quarantined unseen.
    fn record(&mut self, rows: &[Row<'_>], fault: Option<Issue>) {
        self.batch.rows += rows.len() as u64;
        let position = rows.first().map(|row| row.position).unwrap_or_default();
        let index = u32::try_from(self.batch.records.len()).unwrap_or(u32::MAX);
        if let Some(mut fault) = fault {
            self.worker.veil(&mut fault);
            let key = self.key_of_faulty(rows);
            self.batch.issues.push((index, fault));
            self.batch.records.push(MappedRecord {
                key,
                verdict: Verdict::Quarantined,
                line: 0..0,
                content_hash: [0; 32],
                amounts: Vec::new(),
                dates: Vec::new(),
                stops_run: false,
                position,
            });
            return;
        }
        let start = self.batch.ndjson.len();
        let outcome = self.worker.map(rows, &mut self.batch.ndjson);
        for issue in outcome.issues {
            self.batch.issues.push((index, issue.clone()));
        }
        self.batch.records.push(MappedRecord {
            key: outcome.key.to_owned(),
            verdict: outcome.verdict,
            line: start..start,
            content_hash: outcome.content_hash(&self.batch.ndjson),
            amounts: outcome.amounts.to_vec(),
            dates: outcome.dates.to_vec(),
            stops_run: outcome.stops_run,
            position,
        });
        let end = self.batch.ndjson.len();
        if let Some(record) = self.batch.records.last_mut() {
            record.line = start..end;
        }
    }

    /// A faulty row may still show which record it belongs to.
    fn key_of_faulty(&mut self, rows: &[Row<'_>]) -> String {
        self.scratch.clear();
        let readable = self.grouped
            && rows
                .first()
                .is_some_and(|row| self.worker.group_key(row, &mut self.scratch).is_ok());
        if readable {
            String::from_utf8_lossy(&self.scratch).into_owned()
        } else {
            String::new()
        }
    }
}

/// A worker of the plan for rows of `format`, at the run's time.
///
/// # Errors
/// A problem `csv_header` that names the columns which the mapping misses.
pub fn worker(pinned: &PinnedPlan, format: &RowFormat) -> Result<Worker, Problem> {
    let bound = pinned.plan.worker(format).map_err(|diagnostics| {
        let mut problem = Problem::new(
            ErrorCode::CsvHeader,
            "the source does not have the columns that the mapping reads",
        );
        problem.errors = diagnostics
            .into_iter()
            .map(|diagnostic| Place {
                pointer: diagnostic.pointer,
                detail: diagnostic.message,
            })
            .collect();
        if let Some(first) = problem.errors.first() {
            problem.detail = format!("{}: {}", problem.detail, first.detail);
        }
        problem
    })?;
    Ok(bound.started_at(pinned.started_ms))
}

fn fault_issue(fault: &RowFault) -> Issue {
    Issue::error(Stage::Extract, fault.code, fault.message.clone())
        .with_value(&fault.value)
        .at(fault.position)
}

/// Most lines that a message names.
const LINES: usize = 5;

fn torn_issue(rows: &[Row<'_>]) -> Issue {
    let position = rows.first().map(|row| row.position).unwrap_or_default();
    let mut last = position.line;
    let mut lines = vec![last.to_string()];
    for row in rows {
        let line = row.position.line;
        if line > last.saturating_add(1) {
            lines.push(line.to_string());
        }
        last = line;
    }
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    let mut message = format!(
        "the rows of this group do not stand together; see line {}",
        lines.join(", ")
    );
    if more > 0 {
        message.push_str(&format!(" and {more} more"));
    }
    let mut issue = Issue::error(Stage::Map, ErrorCode::GroupConflict, message).at(position);
    issue.hint = "sort the source by the group's key, or say \"input\": \"any\" in the \
                  mapping's group"
        .to_owned();
    issue
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use tributary_mapping::Environment;

    use super::*;

    const CANARY: &str = "DE811CANARY";

    /// Neither the issues nor the explanations of a run show what the document calls sensitive: not through an
    /// argument, not as the excerpt of a row that the reader refuses.
    #[test]
    fn nothing_of_a_run_shows_a_sensitive_value() {
        let document = json!({
            "version": 1, "name": "x", "source": { "format": "json", "key": ["$.id"] },
            "fields": [
                { "id": "vat", "to": "vat", "type": "string", "from": "$.vat", "sensitive": true },
                { "id": "n", "to": "n", "type": "int", "from": "$.name",
                  "do": [{ "fn": "ensure_prefix", "text": { "from": "$.vat" } }, { "fn": "to_int" }] }
            ]
        });
        let document = tributary_mapping::parse(document.to_string().as_bytes()).unwrap();
        let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
        let environment = Environment::new(&lookups, &params);
        let pinned = PinnedPlan {
            plan: tributary_mapping::compile(&document, &environment).unwrap(),
            started_ms: 0,
        };
        let input = BatchInput::Page {
            object: String::new(),
            source: String::new(),
            format: RowFormat::Ndjson,
            first: RowPosition { line: 1, offset: 0 },
            skip: 0,
            take: 99,
        };
        let mut rows =
            format!("{{\"id\":\"1\",\"name\":\"-a\",\"vat\":\"{CANARY}\"}}\n").into_bytes();
        rows.extend_from_slice(format!("{{\"vat\":\"{CANARY}").as_bytes());
        rows.extend_from_slice(b"\xff\"}\n");
        let batch = map_batch(&pinned, &input, &rows).unwrap();
        assert_eq!(batch.issues.len(), 2, "{:?}", batch.issues);
        let mut told = serde_json::to_string(&batch.issues).unwrap();
        for ordinal in 0..2 {
            let story = explain_record(&pinned, &input, &rows, ordinal).unwrap();
            told.push_str(&serde_json::to_string(&story).unwrap());
        }
        assert!(!told.contains(CANARY), "{told}");
    }
}
