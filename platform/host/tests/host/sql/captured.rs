//! Change capture against a real PostgreSQL: what was committed comes, all of it and in its order, as often
//! as a read breaks; what can't be told any more is an error.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tributary_counterparts::databases::{Kind, Options, USER};
use tributary_host::Selection;
use tributary_model::error_code::ErrorCode;

use super::bed::{Bed, lines};
use crate::support::Sink;

const TABLE: &str =
    "create table orders (id int primary key, note text, total numeric(12,4), at timestamptz,
    day date, took interval, tags text[], raw bytea, doc jsonb, ip inet, ratio float8)";
/// A row of every type; `n` is its key.
const ROW: &str = "n, 'note ' || n, n * 1.2345, timestamptz '2026-11-20 10:00:00.5+01', date '2026-11-20',
    interval '1 month -2 days 3.5 s', array['a', null, 'b\"c'], '\\x00ff', '{\"a\": [1, 2]}', '10.0.0.1', 0.1";

/// A server with an account that may, a table, its publication and slot.
async fn bed() -> Option<Bed> {
    let bed = Bed::server(Kind::Postgres, &Options::default()).await?;
    bed.table(TABLE);
    bed.sql(&format!("alter role {USER} replication"));
    bed.sql("create publication pub for table orders");
    slot(&bed);
    Some(bed)
}

fn slot(bed: &Bed) {
    bed.sql("select pg_create_logical_replication_slot('slot', 'pgoutput')");
}

fn config() -> Value {
    json!({ "streams": { "orders": {
        "table": "orders", "changes": { "slot": "slot", "publication": "pub" } } } })
}

async fn run(bed: &Bed, kept: &mut Vec<Value>) -> Vec<Value> {
    run_with(bed, &config(), kept).await
}

/// One incremental run; gives its rows and what the ledger keeps.
pub(super) async fn run_with(bed: &Bed, config: &Value, kept: &mut Vec<Value>) -> Vec<Value> {
    let state = (!kept.is_empty()).then(|| json!(kept));
    let selection = Bed::select("orders", true, state);
    let (rows, states) = bed.read(config, &selection).await.unwrap();
    // the ledger keeps one checkpoint of each key
    for state in states {
        kept.retain(|old| old["span"]["key"] != state["span"]["key"]);
        kept.push(state);
    }
    rows.iter()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect()
}

/// What somebody has who follows the rows.
#[derive(Default, PartialEq, Debug, Clone)]
pub(super) struct Follower(BTreeMap<i64, Map<String, Value>>);

impl Follower {
    pub(super) fn follow(&mut self, rows: &[Value]) {
        for row in rows {
            let mut row = row.as_object().unwrap().clone();
            let op = row.remove("_change_op").unwrap();
            let unchanged = row.remove("_change_unchanged").unwrap();
            row.retain(|name, _| !name.starts_with("_change_"));
            if op == "truncate" {
                self.0.clear();
                continue;
            }
            let id = row["id"].as_i64().unwrap();
            if op == "delete" {
                self.0.remove(&id);
                continue;
            }
            for name in unchanged.as_array().into_iter().flatten() {
                let name = name.as_str().unwrap();
                let before = self.0[&id][name].clone();
                assert!(row.insert(name.to_owned(), before).is_none());
            }
            self.0.insert(id, row);
        }
    }
}

/// The table as a query gives it.
pub(super) async fn table_of(bed: &Bed) -> Follower {
    let config = json!({ "streams": { "now": { "table": "orders" } } });
    let (rows, _) = bed
        .read(&config, &Bed::select("now", false, None))
        .await
        .unwrap();
    let rows = rows.iter().map(|row| {
        let row: Map<String, Value> = serde_json::from_str(row).unwrap();
        (row["id"].as_i64().unwrap(), row)
    });
    Follower(rows.collect())
}

pub(super) fn ops(rows: &[Value]) -> Vec<String> {
    let op = |row: &Value| format!("{} {}", row["_change_op"].as_str().unwrap(), row["id"]);
    rows.iter().map(op).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_follow_a_whole_read_in_the_order_of_the_commits() {
    let Some(bed) = bed().await else { return };
    bed.fill(&format!("insert into orders select {ROW}"), 1, 20);
    let (mut kept, mut follower) = (Vec::new(), Follower::default());
    let whole = run(&bed, &mut kept).await;
    assert_eq!(whole.len(), 20);
    assert!(whole.iter().all(|row| row["_change_op"] == "read"));
    follower.follow(&whole);
    assert_eq!(follower, table_of(&bed).await);

    bed.sql("create table others (id int primary key); insert into others values (7)");
    bed.sql("update orders set note = 'new' where id = 1");
    bed.sql("begin; update orders set note = 'never' where id = 2; delete from orders; rollback");
    bed.sql(
        "begin; delete from orders where id = 3; savepoint a; delete from orders where id = 4;
        rollback to a; update orders set id = 105 where id = 5; commit",
    );
    bed.fill(&format!("insert into orders select {ROW}"), 200, 200);
    let rows = run(&bed, &mut kept).await;
    let wanted = [
        "update 1",
        "delete 3",
        "delete 5",
        "update 105",
        "insert 200",
    ];
    assert_eq!(ops(&rows), wanted);
    follower.follow(&rows);
    assert_eq!(follower, table_of(&bed).await);
    assert_eq!(rows[1]["note"], Value::Null);
    for row in &rows {
        assert_eq!(row["_change_table"], "orders");
        assert!(row["_change_time"].as_str().unwrap().ends_with('Z'));
    }

    assert!(run(&bed, &mut kept).await.is_empty());
    // the table changes its shape between two changes
    bed.sql(
        "update orders set note = 'before' where id = 6; alter table orders add column more int;
        update orders set more = 5 where id = 7; alter table orders drop column took;
        update orders set more = 6 where id = 8",
    );
    bed.sql("truncate orders");
    bed.sql("insert into orders (id, note) values (1, 'again')");
    let rows = run(&bed, &mut kept).await;
    assert_eq!(
        ops(&rows),
        [
            "update 6",
            "update 7",
            "update 8",
            "truncate null",
            "insert 1"
        ]
    );
    assert!(rows[0].get("more").is_none() && rows[0]["took"].is_string());
    assert!(rows[1]["more"] == 5 && rows[2].get("took").is_none());
    follower.follow(&rows);
    assert_eq!(follower, table_of(&bed).await);
    // one slot of the customer's, nothing else is left
    assert_eq!(
        bed.sql("select string_agg(slot_name, ',') from pg_replication_slots")
            .trim(),
        "slot"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_goes_on_from_each_checkpoint_without_loss() {
    let Some(bed) = bed().await else { return };
    bed.fill("insert into orders (id, note) select n, 'x'", 1, 1_000);
    let (mut kept, mut before) = (Vec::new(), Follower::default());
    before.follow(&run(&bed, &mut kept).await);
    bed.sql("update orders set note = 'y' where id <= 10");
    bed.fill(
        "insert into orders (id, note) select n, 'large'",
        1_001,
        51_000,
    );
    bed.sql("delete from orders where id % 1000 = 0");
    bed.sql("update orders set note = 'z' where id between 11 and 20");
    resumes(&bed, &config(), &kept, &before).await;
}

/// Reads what changed once, and then once more behind each of its checkpoints: as a process that was
/// killed there would.
pub(super) async fn resumes(bed: &Bed, config: &Value, kept: &[Value], before: &Follower) {
    let now = table_of(bed).await;
    let selection = Bed::select("orders", true, Some(json!(kept)));
    let call = bed.call();
    let parts = bed
        .connector
        .partitions(&call, config, &selection)
        .await
        .unwrap();
    assert_eq!(parts.len(), 1);
    let part = |state: Option<Value>| {
        let (call, selection, part) = (&call, &selection, parts[0].clone());
        async move {
            let read = bed.part(call, config, selection, part, state, Sink::default());
            read.await.unwrap()
        }
    };
    let sink = part(None).await;
    assert!(sink.pages().len() >= 5, "{}", sink.pages().len());
    let states: Vec<Value> = sink.states().into_iter().cloned().collect();
    assert!(states.len() >= 3, "{states:?}");
    assert_eq!(rows(&sink).len(), 10 + 50_000 + 51 + 10);
    // one that is told that its time is nearly over ends at the first of them
    let told = bed.call();
    told.stop.cancel();
    let selection = Selection {
        partition: Some(parts[0].clone()),
        state: None,
        ..selection.clone()
    };
    let mut cut = Sink::default();
    let read = bed.connector.read(&told, config, &selection, &mut cut);
    let ended = read.await.unwrap_err();
    assert_eq!(ended.code, ErrorCode::RunCancelled, "{ended}");
    assert_eq!(cut.states().len(), 1);
    assert_ne!(cut.states()[0]["done"], json!(true));
    for state in states {
        let mut follower = before.clone();
        follower.follow(&up_to(&sink, &state));
        let again = rows(&part(Some(state.clone())).await);
        follower.follow(&again);
        assert_eq!(follower.0.len(), now.0.len(), "{state}");
        assert!(follower == now, "{state}");
        assert!(state["done"] != true || again.is_empty(), "{state}");
    }
}

fn rows(sink: &Sink) -> Vec<Value> {
    lines(sink)
        .iter()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect()
}

/// The rows that were handed over before a checkpoint.
fn up_to(sink: &Sink, state: &Value) -> Vec<Value> {
    let mut before = Sink::default();
    for item in &sink.items {
        if matches!(item, crate::support::Item::State(other) if other == state) {
            break;
        }
        before.items.push(item.clone());
    }
    rows(&before)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_not_in_the_log_is_left_out_and_named() {
    let Some(bed) = bed().await else { return };
    // too large for its page, and not to be made smaller
    bed.sql(
        "alter table orders alter column note set storage external;
        insert into orders (id, note, total) values (1, repeat('x', 100000), 1)",
    );
    let (mut kept, mut follower) = (Vec::new(), Follower::default());
    follower.follow(&run(&bed, &mut kept).await);
    bed.sql("update orders set total = 2");
    let rows = run(&bed, &mut kept).await;
    assert_eq!(rows[0]["_change_unchanged"], json!(["note"]));
    assert!(rows[0].get("note").is_none());
    follower.follow(&rows);
    bed.sql(
        "alter table orders replica identity full; update orders set total = 3; delete from orders",
    );
    let rows = run(&bed, &mut kept).await;
    assert_eq!(ops(&rows), ["update 1", "delete 1"]);
    for row in &rows {
        assert_eq!(row["note"].as_str().unwrap().len(), 100_000);
        assert_eq!(row["_change_unchanged"], Value::Null);
    }
    follower.follow(&rows);
    assert_eq!(follower, table_of(&bed).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_an_error_and_a_full_run_mends_it() {
    let Some(bed) = bed().await else { return };
    bed.sql("insert into orders (id) values (1)");
    let mut kept = Vec::new();
    run(&bed, &mut kept).await;
    bed.sql("insert into orders (id) values (2)");
    let failing = |kept: &[Value]| {
        let selection = Bed::select("orders", true, Some(json!(kept)));
        let bed = &bed;
        async move { bed.read(&config(), &selection).await.unwrap_err() }
    };
    // somebody else moves the slot
    bed.sql("select pg_replication_slot_advance('slot', pg_current_wal_lsn())");
    let problem = failing(&kept).await;
    assert_eq!(problem.code, ErrorCode::ChangesGone, "{problem:?}");
    assert!(
        problem.detail.contains("keeps the log from"),
        "{}",
        problem.detail
    );
    // the slot is gone, then there is another one
    bed.sql("select pg_drop_replication_slot('slot')");
    let problem = failing(&kept).await;
    assert_eq!(problem.code, ErrorCode::ConfigInvalid);
    assert!(
        problem
            .hint
            .contains("pg_create_logical_replication_slot('slot', 'pgoutput')")
    );
    slot(&bed);
    assert_eq!(failing(&kept).await.code, ErrorCode::ChangesGone);

    let (rows, states) = bed
        .read(&config(), &Bed::select("orders", false, None))
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    kept.extend(states);
    bed.sql("insert into orders (id) values (3)");
    assert_eq!(ops(&run(&bed, &mut kept).await), ["insert 3"]);
    // a place that this server's log has not reached
    let last = kept.last_mut().unwrap();
    last["newest"] = json!("FFFF/0");
    let problem = failing(&kept).await;
    assert_eq!(problem.code, ErrorCode::ChangesGone);
    assert!(
        problem.detail.contains("another server"),
        "{}",
        problem.detail
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_is_missing_and_what_mends_it() {
    let Some(bed) = Bed::server(Kind::Postgres, &Options::default()).await else {
        return;
    };
    bed.table("create table orders (id int, note text not null)");
    let config = json!({ "streams": { "orders": { "table": "orders", "key": ["id"],
        "changes": { "slot": "slot", "publication": "pub" } } } });
    for (hint, mend) in [
        ("ALTER ROLE", format!("alter role {USER} replication")),
        (
            "CREATE PUBLICATION pub FOR TABLE",
            "create publication pub".to_owned(),
        ),
        (
            "ALTER PUBLICATION pub ADD TABLE",
            "alter publication pub add table orders".to_owned(),
        ),
        (
            "SELECT pg_create_logical_replication_slot('slot', 'pgoutput')",
            "select pg_create_logical_replication_slot('slot', 'pgoutput')".to_owned(),
        ),
        (
            "ALTER TABLE \"orders\" REPLICA IDENTITY FULL",
            "alter table orders replica identity full".to_owned(),
        ),
    ] {
        let steps = bed.connector.check(&bed.call(), &config).await.unwrap();
        let last = steps.last().unwrap();
        assert!(!last.ok && last.message.contains(hint), "{hint}: {steps:?}");
        bed.sql(&mend);
    }
    let steps = bed.connector.check(&bed.call(), &config).await.unwrap();
    assert!(steps.iter().all(|step| step.ok), "{steps:?}");
    let streams = bed.connector.discover(&bed.call(), &config).await.unwrap();
    assert!(streams[0].incremental);
    assert_eq!(streams[0].cursor_field.as_deref(), Some("_change_position"));
    assert!(streams[0].schema["properties"]["_change_op"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_looks_moves_no_slot() {
    let Some(bed) = bed().await else { return };
    let mut kept = Vec::new();
    run(&bed, &mut kept).await;
    bed.sql("insert into orders (id) values (1)");
    let place = || bed.sql("select confirmed_flush_lsn from pg_replication_slots");
    let before = place();
    let mut call = bed.call();
    let connection = Arc::into_inner(call.connection).unwrap();
    call.connection = Arc::new(connection.looking());
    let selection = Bed::select("orders", true, Some(json!(kept)));
    bed.connector
        .partitions(&call, &config(), &selection)
        .await
        .unwrap();
    assert_eq!(place(), before);
    assert_eq!(ops(&run(&bed, &mut kept).await), ["insert 1"]);
    run(&bed, &mut kept).await;
    assert_ne!(place(), before);
}
