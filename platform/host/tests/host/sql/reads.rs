//! Ranges, ties, snapshots, breaks: no row may be lost, whatever happens beside the read.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use tributary_formats::page::Page;
use tributary_host::{PageSink, Selection};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::bed::{Bed, beds, lines};
use crate::support::Sink;

fn ids(rows: &[String]) -> Vec<i64> {
    let id = |row: &String| {
        let row: Value = serde_json::from_str(row).unwrap();
        row["id"].as_i64().unwrap()
    };
    rows.iter().map(id).collect()
}

fn counts(ids: &[i64]) -> BTreeMap<i64, usize> {
    let mut counts = BTreeMap::new();
    for id in ids {
        *counts.entry(*id).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_views_are_found_with_their_keys() {
    for bed in beds().await {
        bed.table("create table orders (b integer not null, a integer not null, note varchar(20), primary key (a, b))");
        bed.table("create view open_orders as select a, note from orders");
        let streams = bed
            .connector
            .discover(&bed.call(), &json!({}))
            .await
            .unwrap();
        let found = |name: &str| streams.iter().find(|stream| stream.name == name);
        let orders = found("orders").unwrap_or_else(|| panic!("{}: {streams:?}", bed.driver));
        assert_eq!(orders.primary_key, ["a", "b"], "{}", bed.driver);
        assert_eq!(
            orders.schema["properties"]["note"]["type"],
            json!(["string", "null"])
        );
        assert_eq!(orders.schema["properties"]["a"]["type"], json!("integer"));
        assert!(found("open_orders").unwrap().primary_key.is_empty());
        let steps = bed.connector.check(&bed.call(), &json!({})).await.unwrap();
        assert!(
            steps.iter().all(|step| step.ok),
            "{}: {steps:?}",
            bed.driver
        );
        // a stream is then read by its table's name
        bed.sql("insert into orders values (2, 1, 'x'), (1, 1, null)");
        let (rows, _) = bed
            .read(&json!({}), &Bed::select("orders", false, None))
            .await
            .unwrap();
        assert_eq!(
            rows,
            [
                r#"{"b":1,"a":1,"note":null}"#,
                r#"{"b":2,"a":1,"note":"x"}"#
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_of_a_key_hold_every_row_once() {
    for bed in beds().await {
        bed.table("create table n (id integer primary key, name varchar(20) not null unique)");
        bed.fill("insert into n select n * 7, concat('k', n)", 1, 5_000);
        for (config, least) in [
            (
                json!({"streams": {"s": {"table": "n", "partitions": 8}}}),
                8,
            ),
            (
                json!({"streams": {"s": {"table": "n", "key": ["name"], "partitions": 5}}}),
                5,
            ),
            (
                json!({"streams": {"s": {"query": "select * from n", "key": ["id"], "partitions": 3}}}),
                3,
            ),
            (
                json!({"streams": {"s": {"table": "n", "filter": "id < 0", "partitions": 3}}}),
                1,
            ),
        ] {
            let selection = Bed::select("s", false, None);
            let parts = bed
                .connector
                .partitions(&bed.call(), &config, &selection)
                .await
                .unwrap();
            assert_eq!(parts.len(), least, "{} {config}", bed.driver);
            let (rows, _) = bed.read(&config, &selection).await.unwrap();
            let wanted = if least == 1 { 0 } else { 5_000 };
            assert_eq!(rows.len(), wanted, "{}", bed.driver);
            assert_eq!(counts(&ids(&rows)).len(), wanted, "{}", bed.driver);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_share_the_newest_instant_are_not_lost() {
    for bed in beds().await {
        let kind = if bed.driver == "sqlite" {
            "text"
        } else {
            "timestamp(6)"
        };
        let kind = format!("{kind} null");
        bed.table(&format!(
            "create table c (id integer primary key, changed {kind}, v integer)"
        ));
        bed.sql("insert into c values (1, '2026-01-01 10:00:00', 1), (2, '2026-01-01 10:00:01.5', 1), (3, '2026-01-01 10:00:01.5', 1), (4, null, 1)");
        let config = json!({"streams": {"s": {"table": "c", "cursor": "changed"}}});
        let first = Bed::select("s", true, None);
        let (rows, states) = bed.read(&config, &first).await.unwrap();
        assert_eq!(ids(&rows), [1, 2, 3, 4], "{}", bed.driver);
        bed.sql(
            "insert into c values (5, '2026-01-01 10:00:01.5', 1), (6, '2026-01-01 10:00:02', 1)",
        );
        bed.sql("update c set v = 2, changed = '2026-01-01 10:00:03' where id = 1");
        let again = Bed::select("s", true, Some(Value::Array(states)));
        let (rows, states) = bed.read(&config, &again).await.unwrap();
        // what is as new as the newest comes again, and what has no instant each time
        assert_eq!(ids(&rows), [2, 3, 5, 6, 1, 4], "{}", bed.driver);
        let nothing = Bed::select("s", true, Some(Value::Array(states)));
        let (rows, _) = bed.read(&config, &nothing).await.unwrap();
        assert_eq!(ids(&rows), [1, 4], "{}", bed.driver);
        // an overlap goes back further
        let back = json!({"streams": {"s": {"table": "c", "cursor": "changed", "overlap": 2}}});
        let (rows, _) = bed.read(&back, &nothing).await.unwrap();
        assert_eq!(counts(&ids(&rows)).len(), 6, "{}: {rows:?}", bed.driver);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_read_in_ranges_is_what_changes_start_from() {
    for bed in beds().await {
        bed.table("create table w (id integer primary key, rev bigint not null)");
        bed.fill("insert into w select n, n * 10", 1, 100);
        let config = json!({"streams": {"s": {"table": "w", "cursor": "rev", "partitions": 4}}});
        let (rows, states) = bed
            .read(&config, &Bed::select("s", false, None))
            .await
            .unwrap();
        assert_eq!((rows.len(), states.len()), (100, 4));
        let newest = Bed::select("s", true, Some(Value::Array(states.clone())));
        let (rows, _) = bed.read(&config, &newest).await.unwrap();
        assert_eq!(ids(&rows), [100], "{}", bed.driver);
        // one range less is no whole read
        let some = Bed::select("s", true, Some(Value::Array(states[1..].to_vec())));
        let (rows, _) = bed.read(&config, &some).await.unwrap();
        assert_eq!(rows.len(), 100, "{}", bed.driver);
    }
}

/// 25,000 rows of which many share a cursor, on three pages.
fn ties(bed: &Bed) -> Value {
    bed.table("create table big (id integer primary key, at bigint not null, pad varchar(40))");
    bed.fill(
        "insert into big select n, n / 9000, concat('row ', n)",
        1,
        25_000,
    );
    json!({"streams": {
        "keyed": {"table": "big", "cursor": "at"},
        "view": {"query": "select id, at from big", "cursor": "at"},
        "whole": {"table": "big"},
    }})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_breaks_goes_on_behind_its_last_row() {
    for bed in beds().await {
        let config = ties(&bed);
        let call = bed.call();
        for (stream, incremental, doubled) in [
            ("keyed", true, 0),
            ("view", true, 25_000),
            ("whole", false, 0),
        ] {
            let selection = Bed::select(stream, incremental, None);
            let parts = bed
                .connector
                .partitions(&call, &config, &selection)
                .await
                .unwrap();
            let part = parts[0].clone();
            for fail_at in [1, 2] {
                let mut before = Sink {
                    fail_at: Some(fail_at),
                    ..Sink::default()
                };
                let asked = Selection {
                    partition: Some(part.clone()),
                    ..selection.clone()
                };
                let broken = bed
                    .connector
                    .read(&call, &config, &asked, &mut before)
                    .await;
                assert_eq!(broken.unwrap_err().code, ErrorCode::StorageFailed);
                let state = before.states().last().map(|state| (*state).clone());
                assert!(state.is_some(), "{} {stream}", bed.driver);
                let after = bed.part(
                    &call,
                    &config,
                    &selection,
                    part.clone(),
                    state,
                    Sink::default(),
                );
                let after = after.await.unwrap();
                let mut rows = lines(&before);
                rows.extend(lines(&after));
                let counts = counts(&ids(&rows));
                assert_eq!(counts.len(), 25_000, "{} {stream} {fail_at}", bed.driver);
                let twice = counts.values().filter(|count| **count > 1).count();
                assert!(twice <= doubled, "{} {stream}: {twice}", bed.driver);
            }
        }
    }
}

/// Changes the table after the first page.
struct Meddler<'a> {
    sink: Sink,
    bed: &'a Bed,
    done: bool,
}

#[async_trait]
impl PageSink for Meddler<'_> {
    async fn page(&mut self, page: Page) -> Result<(), Problem> {
        if !self.done {
            self.done = true;
            self.bed.sql("update big set pad = 'changed'");
            self.bed.sql("delete from big where id > 24000");
        }
        self.sink.page(page).await
    }

    async fn checkpoint(&mut self, state: Value) -> Result<(), Problem> {
        self.sink.checkpoint(state).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_sees_one_state_of_the_data() {
    for bed in beds().await {
        if bed.driver == "sqlite" {
            // otherwise the writer waits for the reader
            bed.sql("pragma journal_mode = wal");
        }
        let config = ties(&bed);
        let call = bed.call();
        let selection = Bed::select("whole", false, None);
        let parts = bed
            .connector
            .partitions(&call, &config, &selection)
            .await
            .unwrap();
        let mut meddler = Meddler {
            sink: Sink::default(),
            bed: &bed,
            done: false,
        };
        let asked = Selection {
            partition: Some(parts[0].clone()),
            ..selection
        };
        bed.connector
            .read(&call, &config, &asked, &mut meddler)
            .await
            .unwrap();
        let rows = lines(&meddler.sink);
        assert_eq!(rows.len(), 25_000, "{}", bed.driver);
        assert!(
            rows.iter().all(|row| row.contains("\"row ")),
            "{}",
            bed.driver
        );
        assert_eq!(
            bed.sql("select count(*) from big where pad = 'changed'")
                .trim(),
            "24000"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nobody_wants_ends_within_a_second_at_the_server_too() {
    for bed in beds().await {
        bed.table("create table x (a integer)");
        let query = match bed.driver {
            "postgres" => "select pg_sleep(60)::text as a",
            "mysql" => "select sleep(60) as a",
            _ => {
                "with recursive s(n) as (select 1 union all select n + 1 from s) select count(*) as a from s"
            }
        };
        let config = json!({"streams": {"s": {"query": query}}});
        let call = bed.call();
        let cancel = call.cancel.clone();
        let later = async move {
            tokio::time::sleep(Duration::from_millis(700)).await;
            cancel.cancel();
            Instant::now()
        };
        let checking = bed.connector.check(&call, &config);
        let (answer, cancelled) = tokio::join!(checking, later);
        let took = cancelled.elapsed();
        assert_eq!(
            answer.unwrap_err().code,
            ErrorCode::RunCancelled,
            "{}",
            bed.driver
        );
        assert!(took < Duration::from_secs(1), "{}: {took:?}", bed.driver);
        let running = match bed.driver {
            "postgres" => {
                "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()"
            }
            "mysql" => {
                "select count(*) from information_schema.processlist where info like 'select%sleep(60)%' and id <> connection_id()"
            }
            _ => continue,
        };
        let deadline = Instant::now() + Duration::from_secs(3);
        while bed.sql(running).trim() != "0" {
            assert!(Instant::now() < deadline, "{} still works", bed.driver);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
