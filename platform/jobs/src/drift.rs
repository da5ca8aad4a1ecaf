//! Whether the source still has what the mapping reads: the names of the first page of each partition
//! are compared with those of the mapping's source schema, or with those of the last good run.
//!
//! Invariants: it is looked at before a batch is cut from the page, so nothing of a changed file is
//! delivered; no request is made for it. A renaming is a guess and said to be one.
//!
//! Deliberately absent: types and values (the mapping's readers judge each of them).

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::OnceCell;
use tributary_formats::drift::{self, Drift};
use tributary_formats::page::Page;
use tributary_formats::shown;
use tributary_mapping::schema::Schema;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::Slug;
use tributary_model::problem::Problem;
use tributary_model::rows::RowFormat;
use tributary_model::source_shape::{DriftFinding, DriftKind, DriftPolicy, SourceShape};

use crate::context::RunContext;
use crate::services::store_problem;

/// Rows of a page without a header that are looked at.
const LOOKED_AT: usize = 200;

/// Where a row of change capture names the columns that it leaves out because they did not change (the
/// contract's `changes`): they are there all the same.
const UNCHANGED: &str = "_change_unchanged";

/// What a run remembers of it between its partitions.
#[derive(Debug, Default)]
pub(crate) struct DriftState {
    expected: OnceCell<Option<Expected>>,
    /// what was noted already; none: nothing yet
    noted: Mutex<Option<BTreeSet<String>>>,
}

/// What the names are held against.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expected {
    names: Vec<String>,
    /// those that each row must have
    always: BTreeSet<String>,
    /// `the schema "orders"`, `the last good run`
    from: String,
}

/// Looks at the first page of a partition.
///
/// # Errors
/// `source_drift` for a name that the mapping reads and that is gone, if the integration does not say
/// to go on; `csv_header` for a column that was never seen.
pub(crate) async fn check(context: &RunContext, page: &Page) -> Result<(), Problem> {
    let read: BTreeSet<&str> = context.plan().source_names().collect();
    let Some((names, always, header)) = names(page, &read) else {
        return Ok(());
    };
    let source = &context.integration.source;
    let shape = SourceShape {
        connection: source.connection.clone(),
        stream: source.stream.clone(),
        names,
        always,
        header,
    };
    let state = &context.drift;
    let expected = state.expected.get_or_try_init(|| expected(context));
    let expected = expected.await?.as_ref();
    let found = compare(&shape, expected, &read, &page.source);
    note(context, &shape, &found).await?;
    let missing: Vec<&DriftFinding> = found
        .iter()
        .filter(|finding| finding.kind == DriftKind::Missing)
        .collect();
    match missing.first() {
        Some(first) if context.integration.drift == DriftPolicy::Fail => {
            Err(problem(first, missing.len(), expected.is_some()))
        }
        _ => Ok(()),
    }
}

/// The names at the top of the page's rows, those that every row has, and whether a header says so; none if there
/// are no rows to tell.
fn names(page: &Page, read: &BTreeSet<&str>) -> Option<(Vec<String>, Vec<String>, bool)> {
    let columns = match &page.format {
        RowFormat::Csv(csv) => return Some((csv.columns.clone(), csv.columns.clone(), true)),
        _ => page.columns.clone(),
    };
    let seen = members(&shown::values(page, LOOKED_AT));
    if columns.is_empty() {
        return seen.map(|(names, always)| (names, always, false));
    }
    // A cell of a sheet may stand under no header and is called by its letters: it is there if a row has it.
    let mut names = columns.clone();
    let (beside, _) = seen.unwrap_or_default();
    names.extend(
        beside
            .into_iter()
            .filter(|name| read.contains(name.as_str()) && !columns.contains(name)),
    );
    Some((names, columns, true))
}

/// All names of the rows' members in order, and those that every row has.
fn members(rows: &[Value]) -> Option<(Vec<String>, Vec<String>)> {
    let objects: Vec<_> = rows.iter().filter_map(Value::as_object).collect();
    if objects.is_empty() {
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for object in &objects {
        let left_out = object.get(UNCHANGED).and_then(Value::as_array);
        let left_out = left_out.into_iter().flatten().filter_map(Value::as_str);
        for name in object.keys().map(String::as_str).chain(left_out) {
            if seen.insert(name) {
                names.push(name.to_owned());
            }
        }
    }
    let everywhere = |name: &&String| objects.iter().all(|object| object.contains_key(*name));
    let always = names.iter().filter(everywhere).cloned().collect();
    Some((names, always))
}

/// The mapping's source schema comes before what an earlier run saw: a person wrote it.
async fn expected(context: &RunContext) -> Result<Option<Expected>, Problem> {
    if let Some(name) = &context.mapping.source_schema
        && let Ok(slug) = Slug::parse(name)
    {
        let stored = context.store.schema(&slug, None).await;
        let stored = stored.map_err(|error| store_problem(&error))?;
        let document = stored.and_then(|stored| serde_json::from_str(&stored.content).ok());
        let schema = document.map(|document: Value| Schema::from_json_schema(&document));
        if let Some(schema) = schema.filter(|schema| !schema.root.children.is_empty()) {
            let required = schema.root.children.iter().filter(|node| node.required);
            return Ok(Some(Expected {
                always: required.map(|node| node.name.clone()).collect(),
                names: schema.member_names(),
                from: format!("the schema {name:?}"),
            }));
        }
    }
    let last = context.store.last_shape(&context.integration.name).await;
    let last = last.map_err(|error| store_problem(&error))?;
    let source = &context.integration.source;
    // an integration that reads something else now is no drift
    let same = |shape: &SourceShape| {
        shape.connection == source.connection && shape.stream == source.stream
    };
    Ok(last.filter(same).map(|shape| Expected {
        names: shape.names,
        always: shape.always.into_iter().collect(),
        from: "the last good run".to_owned(),
    }))
}

/// What is different. Of rows without a header a name is only missing if every row must have it: what
/// is optional may be absent from a whole page.
fn compare(
    shape: &SourceShape,
    expected: Option<&Expected>,
    read: &BTreeSet<&str>,
    source: &str,
) -> Vec<DriftFinding> {
    let mut names: Vec<String> = expected.map_or_else(Vec::new, |one| one.names.clone());
    let known = names.len();
    for name in read.iter().filter(|_| shape.header) {
        if !names.iter().any(|other| other == name) {
            names.push((*name).to_owned());
        }
    }
    let drift = drift::compare(&names, &shape.names);
    let must = |name: &str| {
        let always = expected.is_some_and(|expected| expected.always.contains(name));
        read.contains(name) && (shape.header || always)
    };
    let mut found = Vec::new();
    for (name, to) in gone(&drift) {
        if must(name) {
            found.push(missing(name, to, expected, source));
        } else if shape.header && expected.is_some() {
            let message = format!("{source} no longer has {name:?}, which nothing reads");
            found.push(finding(DriftKind::Lost, name, to, source, message));
        }
    }
    if let Some(expected) = expected {
        for column in &drift.added {
            let message = format!(
                "{source} has {:?}, which {} did not have",
                column.name, expected.from
            );
            found.push(finding(
                DriftKind::Added,
                &column.name,
                None,
                source,
                message,
            ));
        }
        let moved = drift
            .moved
            .iter()
            .filter(|moved| shape.header && moved.from <= known);
        for moved in moved {
            let message = format!(
                "{source} has {:?} as column {} and not as column {}",
                moved.name, moved.to, moved.from
            );
            found.push(finding(
                DriftKind::Moved,
                &moved.name,
                None,
                source,
                message,
            ));
        }
    }
    found
}

/// Names that are not there, with the one that they probably have now.
fn gone(drift: &Drift) -> impl Iterator<Item = (&str, Option<&str>)> {
    let renamed = drift.renamed.iter();
    let renamed = renamed.map(|one| (one.from.as_str(), Some(one.to.as_str())));
    renamed.chain(drift.removed.iter().map(|one| (one.name.as_str(), None)))
}

fn missing(
    name: &str,
    to: Option<&str>,
    expected: Option<&Expected>,
    source: &str,
) -> DriftFinding {
    let was = match expected.filter(|expected| expected.names.iter().any(|other| other == name)) {
        Some(expected) => format!("; {} has it", expected.from),
        None => String::new(),
    };
    let now = match to {
        Some(to) => format!("; it is probably called {to:?} now"),
        None => String::new(),
    };
    let message = format!("{source} does not have {name:?}, which the mapping reads{was}{now}");
    finding(DriftKind::Missing, name, to, source, message)
}

fn finding(
    kind: DriftKind,
    name: &str,
    renamed_to: Option<&str>,
    source: &str,
    message: String,
) -> DriftFinding {
    DriftFinding {
        kind,
        name: name.to_owned(),
        renamed_to: renamed_to.map(str::to_owned),
        source: source.to_owned(),
        message,
    }
}

fn problem(first: &DriftFinding, count: usize, drifted: bool) -> Problem {
    let more = match count {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let code = match drifted {
        true => ErrorCode::SourceDrift,
        false => ErrorCode::CsvHeader,
    };
    let problem = Problem::new(code, format!("{}{more}", first.message));
    match &first.renamed_to {
        Some(to) => problem.hint(format!(
            "if {to:?} is the same, let the mapping read it, or let the sender give it its old name; then start a new run"
        )),
        None => problem,
    }
}

/// Keeps what is new: the names once a run, each difference once.
async fn note(
    context: &RunContext,
    shape: &SourceShape,
    found: &[DriftFinding],
) -> Result<(), Problem> {
    let new: Vec<DriftFinding> = {
        let noted = context.drift.noted.lock();
        let mut noted = noted.unwrap_or_else(PoisonError::into_inner);
        let first = noted.is_none();
        let known = noted.get_or_insert_default();
        let new = found.iter().filter(|finding| {
            known.len() < tributary_store::MOST_FINDINGS
                && known.insert(format!("{:?} {}", finding.kind, finding.name))
        });
        let new: Vec<DriftFinding> = new.cloned().collect();
        if new.is_empty() && !first {
            return Ok(());
        }
        new
    };
    for finding in &new {
        tracing::info!(run.id = %context.run.id, drift = ?finding.kind, name = finding.name, "the source differs");
    }
    let noted = context.store.run_shape_note(&context.run.id, shape, &new);
    noted.await.map_err(|error| store_problem(&error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tributary_model::rows::RowPosition;

    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn shape(text: &str, header: bool) -> SourceShape {
        SourceShape {
            connection: Slug::parse("erp").unwrap(),
            stream: "orders".to_owned(),
            names: names(text),
            always: names(text),
            header,
        }
    }

    fn expected(all: &str, always: &str) -> Expected {
        Expected {
            names: names(all),
            always: names(always).into_iter().collect(),
            from: "the last good run".to_owned(),
        }
    }

    /// A page of a sheet with these columns; rows have no member for an empty cell.
    fn sheet(columns: &str, rows: &str) -> Page {
        Page {
            stream: "orders".to_owned(),
            source: "a.xlsx".to_owned(),
            format: RowFormat::Ndjson,
            first: RowPosition { line: 2, offset: 0 },
            rows: 2,
            bytes: rows.to_owned().into(),
            columns: names(columns),
        }
    }

    #[test]
    fn a_sheet_is_judged_by_its_header_and_not_by_the_cells_that_are_full() {
        let read = BTreeSet::from(["nr", "note", "H"]);
        let rows = "{\"nr\":1,\"H\":5,\"J\":6}\n{\"nr\":2}\n";
        let page = sheet("nr note amount", rows);
        let (all, always, header) = super::names(&page, &read).unwrap();
        assert_eq!(
            (all, always, header),
            (names("nr note amount H"), names("nr note amount"), true)
        );
        let before = expected("nr note amount", "nr note amount");
        let judged = |columns: &str, read: &[&str]| {
            let read = read.iter().copied().collect();
            let (names, always, header) = super::names(&sheet(columns, rows), &read).unwrap();
            let now = SourceShape {
                names,
                always,
                ..shape("", header)
            };
            told(&compare(&now, Some(&before), &read, "a.xlsx"))
        };
        assert!(judged("nr note amount", &["nr", "note"]).is_empty());
        assert_eq!(
            judged("nr notes amount", &["nr", "note"]),
            ["Missing note notes"]
        );
        assert_eq!(
            judged("nr note extra", &["nr"]),
            ["Lost amount -", "Added extra -"]
        );
        assert_eq!(judged("amount nr note", &["nr"]), ["Moved amount -"]);
        let plain = sheet("", rows);
        let (all, always, header) = super::names(&plain, &read).unwrap();
        assert_eq!((all, always, header), (names("nr H J"), names("nr"), false));
        assert!(super::names(&sheet("", "!a cell holds an error\n"), &read).is_none());
        assert!(super::names(&sheet("nr", "!a cell holds an error\n"), &read).is_some());
    }

    fn told(found: &[DriftFinding]) -> Vec<String> {
        let told = found.iter().map(|one| {
            let to = one.renamed_to.as_deref().unwrap_or("-");
            format!("{:?} {} {to}", one.kind, one.name)
        });
        told.collect()
    }

    #[test]
    fn a_renamed_column_that_is_read_is_missing_and_others_are_told() {
        let read = BTreeSet::from(["nr", "amount"]);
        let before = expected("nr note amount", "nr note amount");
        let now = shape("amount_eur nr extra", true);
        let found = compare(&now, Some(&before), &read, "a.csv");
        assert_eq!(
            told(&found),
            ["Missing amount amount_eur", "Lost note -", "Added extra -"]
        );
        let text = &found[0].message;
        assert!(
            text.contains("which the mapping reads; the last good run has it"),
            "{text}"
        );
        assert!(text.contains("probably called \"amount_eur\""), "{text}");
        let problem = problem(&found[0], 1, true);
        assert_eq!(problem.code, ErrorCode::SourceDrift);
        assert!(problem.hint.contains("start a new run"), "{problem:?}");
        let same = shape("nr note amount", true);
        assert!(compare(&same, Some(&before), &read, "a.csv").is_empty());
        let moved = shape("note nr amount", true);
        let found = compare(&moved, Some(&before), &read, "a.csv");
        assert!(
            found.iter().all(|one| one.kind == DriftKind::Moved),
            "{found:?}"
        );
    }

    #[test]
    fn a_first_run_knows_only_what_the_mapping_reads() {
        let read = BTreeSet::from(["amount"]);
        let found = compare(&shape("nr Amount", true), None, &read, "a.csv");
        assert_eq!(told(&found), ["Missing amount Amount"]);
        assert_eq!(problem(&found[0], 1, false).code, ErrorCode::CsvHeader);
        assert!(compare(&shape("amount more", true), None, &read, "a").is_empty());
    }

    #[test]
    fn a_member_that_may_be_absent_is_not_missing() {
        let read = BTreeSet::from(["id", "note"]);
        let before = expected("id note", "id");
        let found = compare(&shape("id", false), Some(&before), &read, "page 1");
        assert!(found.is_empty(), "{found:?}");
        let found = compare(&shape("Id note", false), Some(&before), &read, "page 1");
        assert_eq!(told(&found), ["Missing id Id"]);
        let rows = [json!({"id": 1, "note": "x"}), json!({"id": 2})];
        let (all, always) = members(&rows).unwrap();
        assert_eq!((all, always), (names("id note"), names("id")));
        assert!(members(&[]).is_none());
        let rows = [json!({"id": 1, "_change_unchanged": ["note"]})];
        let (all, always) = members(&rows).unwrap();
        assert!(all.contains(&"note".to_owned()) && !always.contains(&"note".to_owned()));
    }
}
