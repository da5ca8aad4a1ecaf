//! Change capture against a real MariaDB: what was committed comes, in its order, and goes on from each
//! checkpoint; what the binary log can't tell is an error.

use serde_json::{Value, json};
use tributary_counterparts::databases::{DATABASE, Kind, Options, USER};
use tributary_model::error_code::ErrorCode;

use super::bed::Bed;
use super::captured::{Follower, ops, resumes, table_of};

const TABLE: &str = "create table orders (id int unsigned primary key, note varchar(100), old varchar(20) character set latin1,
    total decimal(30,18), at timestamp(3) null, local_at datetime(6), day date, took time, y year, flags set('a','b','c'),
    kind enum('x','y''z'), raw binary(4), body blob, bits bit(9), ratio double, small float, big bigint unsigned,
    medium mediumint unsigned, text mediumtext) character set utf8mb4";
const ROW: &str = "n, concat('é ', n), 'ü€', n * -1.000000000000000001, '2026-11-20 10:00:00.5', '2026-11-20 09:33:45.000070',
    '2026-11-20', '-838:01:02', 2026, 'a,c', 'y''z', x'0100', x'00ff', b'100000001', 0.1, 0.1, 18446744073709551615 - n,
    16777215, repeat('t', 300)";

async fn bed() -> Option<Bed> {
    let bed = Bed::server(Kind::Mariadb, &Options::default()).await?;
    bed.sql(&format!(
        "grant replication slave on *.* to {USER}@'127.0.0.1'"
    ));
    bed.sql(TABLE);
    Some(bed)
}

fn config() -> Value {
    json!({ "streams": { "orders": { "table": "orders", "changes": {}, "partitions": 2 } } })
}

async fn run(bed: &Bed, kept: &mut Vec<Value>) -> Vec<Value> {
    super::captured::run_with(bed, &config(), kept).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_log_follows_a_whole_read() {
    let Some(bed) = bed().await else { return };
    bed.fill(&format!("insert into orders select {ROW}"), 1, 20);
    let (mut kept, mut follower) = (Vec::new(), Follower::default());
    follower.follow(&run(&bed, &mut kept).await);
    assert_eq!(follower, table_of(&bed).await);

    bed.sql("create table others (id int primary key); insert into others values (7)");
    bed.fill(&format!("insert into orders select {ROW}"), 30, 31);
    bed.sql("update orders set note = 'new', big = 1 where id = 1");
    bed.sql("begin; update orders set note = 'never' where id = 2; delete from orders; rollback");
    bed.sql("flush binary logs");
    bed.sql(
        "begin; delete from orders where id = 3; savepoint a; delete from orders where id = 4;
        rollback to a; update orders set id = 105 where id = 5; commit",
    );
    bed.sql("insert into orders (id) values (200)");
    let rows = run(&bed, &mut kept).await;
    let wanted = [
        "insert 30",
        "insert 31",
        "update 1",
        "delete 3",
        "delete 5",
        "update 105",
        "insert 200",
    ];
    assert_eq!(ops(&rows), wanted);
    follower.follow(&rows);
    assert_eq!(follower, table_of(&bed).await);
    assert!(run(&bed, &mut kept).await.is_empty());
    bed.sql("truncate orders");
    bed.sql("insert into orders (id) values (1)");
    let rows = run(&bed, &mut kept).await;
    assert_eq!(ops(&rows), ["truncate null", "insert 1"]);
    follower.follow(&rows);
    assert_eq!(follower, table_of(&bed).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_of_the_binary_log_goes_on_from_each_checkpoint() {
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

#[tokio::test(flavor = "multi_thread")]
async fn what_the_binary_log_does_not_tell_is_an_error() {
    let Some(bed) = bed().await else { return };
    bed.sql("insert into orders (id) values (1)");
    let mut kept = Vec::new();
    run(&bed, &mut kept).await;
    let failing = |kept: &[Value]| {
        let selection = Bed::select("orders", true, Some(json!(kept)));
        let bed = &bed;
        async move { bed.read(&config(), &selection).await.unwrap_err() }
    };
    bed.sql("insert into orders (id) values (2); alter table orders add column more int");
    let problem = failing(&kept).await;
    assert_eq!(problem.code, ErrorCode::ChangesGone, "{problem:?}");
    let (rows, states) = bed
        .read(&config(), &Bed::select("orders", false, None))
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    kept.extend(states);
    // a session that logs its statements as text
    bed.sql("set session binlog_format = 'STATEMENT'; insert into orders (id) values (3)");
    let problem = failing(&kept).await;
    assert_eq!(problem.code, ErrorCode::ChangesGone);
    assert!(
        problem.detail.contains("as a statement"),
        "{}",
        problem.detail
    );
    let (_, states) = bed
        .read(&config(), &Bed::select("orders", false, None))
        .await
        .unwrap();
    kept.extend(states);
    bed.sql("insert into orders (id) values (4)");
    assert_eq!(ops(&run(&bed, &mut kept).await), ["insert 4"]);
    bed.sql("insert into orders (id) values (5); flush binary logs; flush binary logs");
    bed.sql("purge binary logs before now() + interval 1 day");
    let problem = failing(&kept).await;
    assert_eq!(problem.code, ErrorCode::ChangesGone, "{problem:?}");
    assert!(
        problem.detail.contains("does not have"),
        "{}",
        problem.detail
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_the_binary_log_says_what_is_missing() {
    let Some(bed) = Bed::server(Kind::Mariadb, &Options::default()).await else {
        return;
    };
    bed.sql(TABLE);
    bed.sql("set global binlog_format = 'MIXED'; set global binlog_row_image = 'MINIMAL'");
    for (hint, mend) in [
        (
            "SET GLOBAL binlog_format = 'ROW'",
            "set global binlog_format = 'ROW'".to_owned(),
        ),
        (
            "SET GLOBAL binlog_row_image = 'FULL'",
            "set global binlog_row_image = 'FULL'".to_owned(),
        ),
        (
            "GRANT REPLICATION SLAVE ON *.*",
            format!("grant replication slave on *.* to {USER}@'127.0.0.1'"),
        ),
    ] {
        let steps = bed.connector.check(&bed.call(), &config()).await.unwrap();
        let last = steps.last().unwrap();
        assert!(!last.ok && last.message.contains(hint), "{hint}: {steps:?}");
        bed.sql(&mend);
    }
    let steps = bed.connector.check(&bed.call(), &config()).await.unwrap();
    assert!(steps.iter().all(|step| step.ok), "{steps:?}");
    bed.sql(&format!("alter table {DATABASE}.orders add column u uuid"));
    let mut kept = Vec::new();
    run(&bed, &mut kept).await;
    bed.sql("insert into orders (id) values (9)");
    let selection = Bed::select("orders", true, Some(json!(kept)));
    let problem = bed.read(&config(), &selection).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConfigInvalid);
    assert!(problem.detail.contains("uuid"), "{}", problem.detail);
}
